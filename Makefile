# `make run` does the main job, `make test` proves it; `make help` lists the rest.
# The steps share one target folder and one profile, so that a dependency is compiled once.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

PORT ?= 8080
export PORT

# Features of grid-core that are checked one by one; nothing and `full` besides.
FEATURES := auth chart chart-png forecast parquet proof sqlite mysql postgres

# The first Python of at least 3.11; `make PYTHON=... test` names another.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
endif
VENV := $(CURDIR)/.venv
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
# cargo's target folder, wherever the environment or a config file has put it.
TARGET = $(shell cargo metadata --format-version 1 --no-deps --locked | sed -E 's/.*"target_directory":"([^"]*)".*/\1/')

# The server as the Rust tests build it: alone it would have other features, and all of the library would be compiled once more.
# What was built is on the disk before a server has to be prompt: to write gigabytes out keeps a commit of SQLite for seconds.
SERVER = cargo test --quiet --workspace --locked --test it --no-run && sync

.PHONY: help run test lint features format clippy clippy-features rustdoc test-rust test-databases test-outside test-fuzz test-python test-api soak test-soak test-faults test-connections test-ways suite develop \
	test-wheel test-image fuzz bench bench-rust \
	bench-python bench-http bench-fill accuracy openapi readme clean

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

# --- the main job --------------------------------------------------------------------------------------------------

run: ## build the server and start it with a demo community, on PORT (8080)
	@command -v cargo >/dev/null || { echo "Rust 1.94 or later is needed: https://rustup.rs" >&2; exit 1; }
	cargo build --profile quick -p grid-server --locked
	exec cargo run --quiet --profile quick -p grid-server --locked -- demo

# --- everything ----------------------------------------------------------------------------------------------------

test: lint features test-rust test-fuzz test-python test-api test-soak test-faults test-connections test-wheel test-image ## run every check and every test

lint: format clippy rustdoc ## formatting, clippy, rustdoc; no warning passes

format:
	cargo fmt --all --check
	cargo fmt --manifest-path examples/outside/Cargo.toml --check
	cargo fmt --manifest-path grid-core/fuzz/Cargo.toml --check

clippy:
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy -p grid-core --all-targets --locked -- -D warnings

# Each keeps little more than one core busy, and each has a target folder of its own: side by side they take half the time.
# Where make would lend cargo its own two places, cargo is to take its own.
features: ## clippy for each feature of grid-core, and test-outside
	@$(MAKE) --jobs 2 --output-sync=target clippy-features test-outside

clippy-features:
	unset MAKEFLAGS MFLAGS; for feature in $(FEATURES); do \
		echo "clippy: grid-core with $$feature"; \
		cargo clippy -p grid-core --lib --locked --features "$$feature" -- -D warnings; \
	done

rustdoc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# nextest hides what passing tests print; a skipped suite must be seen, so it is read back from its report.
JUNIT = $(TARGET)/nextest/default/junit.xml
TOLD = grep -hoE '(skipped|not run here): [^<&]*' $(JUNIT) | sort -u || true

test-rust: ## Rust tests and doctests; databases by GRID_TEST_MYSQL_URL and GRID_TEST_POSTGRES_URL
ifeq ($(NEXTEST),yes)
	rm -f $(JUNIT)
	cargo nextest run --workspace --locked --no-run && sync
	cargo nextest run --workspace --locked --no-fail-fast
	@$(TOLD)
else
	cargo test --workspace --locked --no-fail-fast --lib --bins --tests -- --show-output
endif
	@$(MAKE) test-databases
	cargo test --workspace --locked --doc

# Modules of the server's suite that ask for no database, or bring their own.
NO_DATABASE := battery_command doctor

# Modules that are run once more as a user who may read and write rows and nothing else, of docs/deploy/database.md.
ROWS_ALONE := access auth communities compat events forecasts idempotency readings settlements users
# Its name and password, on the servers of GRID_TEST_MYSQL_URL and GRID_TEST_POSTGRES_URL; nothing where there is none.
SERVE_AS ?= grid_serve:grid_serve

empty :=
AROUND = package(grid-server) & binary(it) & not test(/^($(subst $(empty) ,|,$(strip $(NO_DATABASE))))::/)

OF_ROWS = package(grid-server) & binary(it) & test(/^($(subst $(empty) ,|,$(strip $(ROWS_ALONE))))::/)

# The same binary and the same tests: only the database that each of them gets is another.
test-databases: ## the server's suite again, on MySQL or MariaDB and on PostgreSQL
	@for database in mysql postgres; do \
		variable=GRID_TEST_$${database^^}_URL; \
		if [ -z "$${!variable:-}" ]; then \
			echo "skipped: the server's suite on $$database ($$variable is not set)"; \
			continue; \
		fi; \
		echo "the server's suite on $$database"; \
		export GRID_TEST_SERVER_DATABASE=$$database; \
		$(SUITE); \
		if [ -z "$(SERVE_AS)" ]; then \
			echo "skipped: the server's suite on $$database as a user of rows alone (SERVE_AS is empty)"; \
			continue; \
		fi; \
		echo "some of it as a user of rows alone"; \
		(export GRID_TEST_SERVE_AS="$(SERVE_AS)"; $(ROWS_SUITE)); \
	done

ifeq ($(NEXTEST),yes)
SUITE = rm -f $(JUNIT); cargo nextest run --workspace --locked --no-fail-fast -E '$(AROUND)'; $(TOLD)
ROWS_SUITE = rm -f $(JUNIT); cargo nextest run --workspace --locked --no-fail-fast -E '$(OF_ROWS)'; $(TOLD)
else
FOUND = suite=$$(cargo test --workspace --locked --test it --no-run --message-format json 2>/dev/null \
	| sed -nE '/grid-server\/Cargo.toml/ s/.*"executable":"([^"]*\/it-[^"]*)".*/\1/p')
SUITE = $(FOUND); (cd grid-server; "$$suite" $(NO_DATABASE:%=--skip %::) --show-output)
ROWS_SUITE = $(FOUND); (cd grid-server; "$$suite" $(ROWS_ALONE:%=%::) --show-output)
endif

# A stranger's crate: its own workspace, grid-core by path, each feature alone, with the versions of our lock file.
test-outside: export CARGO_TARGET_DIR = $(TARGET)/outside
test-outside: ## a crate outside the workspace, with default features and with each
	cp Cargo.lock examples/outside/Cargo.lock
	unset MAKEFLAGS MFLAGS; cargo run --quiet --manifest-path examples/outside/Cargo.toml
	unset MAKEFLAGS MFLAGS; for feature in $(FEATURES) full; do \
		echo "outside: grid-core with $$feature"; \
		cargo check --quiet --manifest-path examples/outside/Cargo.toml --features "$$feature"; \
	done

# --- fuzzing -------------------------------------------------------------------------------------------------------

FUZZ_TARGETS := token_verify api_key_parse statement_verify battery_read
FUZZ_SECONDS ?= 60
# What `cargo fuzz build --sanitizer none` tells the compiler: count edges and compares. The stable one can do that much,
# and there is no unsafe code here for a sanitizer to watch.
FUZZ_FLAGS := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares

# With a target named, the flags are kept from build scripts and macros. What is found goes to grid-core/fuzz/corpus, and
# an input that fails to grid-core/fuzz/artifacts.
fuzz: export CARGO_TARGET_DIR = $(TARGET)
fuzz: ## look for inputs that break auth, proof or battery files, FUZZ_SECONDS (60) a target
	cp Cargo.lock grid-core/fuzz/Cargo.lock
	host=$$(rustc -vV | sed -n 's/^host: //p'); \
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --quiet --manifest-path grid-core/fuzz/Cargo.toml --target "$$host"; \
	cd grid-core/fuzz; \
	for target in $(FUZZ_TARGETS); do \
		mkdir -p "corpus/$$target" "artifacts/$$target"; \
		"$$CARGO_TARGET_DIR/$$host/debug/$$target" "corpus/$$target" "seeds/$$target" -max_total_time=$(FUZZ_SECONDS) \
			-max_len=9000 -len_control=20 -verbosity=0 -print_final_stats=1 -artifact_prefix="artifacts/$$target/" 2>&1 \
			| sed -E "/WARNING: Failed to find function|^#* .*dictionary|# Uses: /d; s/^/$$target: /"; \
	done

test-fuzz: ## the same, 10 seconds a target
	@$(MAKE) fuzz FUZZ_SECONDS=10

# One block of README.md.
story = sed -n '/<!-- story:$(1):start -->/,/<!-- story:$(1):end -->/p' README.md | grep -vE '^(```|<!--)'

# --- Python --------------------------------------------------------------------------------------------------------

$(VENV)/.ready: grid-py/requirements-test.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later with venv is needed (Debian: python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r grid-py/requirements-test.txt
	touch $@

# maturin wants to stand in the virtual environment.
develop: export VIRTUAL_ENV = $(VENV)
develop: $(VENV)/.ready ## build grid_py into .venv
	$(VENV)/bin/maturin develop --quiet --locked --manifest-path grid-py/Cargo.toml

test-python: develop ## Python tests, and the stubs against the module
	$(SERVER)
	cd grid-py; $(VENV)/bin/python -m pytest -q
	cd grid-py; $(VENV)/bin/python -m mypy.stubtest --mypy-config-file pyproject.toml grid_py

$(VENV)/schemathesis/.ready: $(VENV)/.ready grid-server/tests/schemathesis/requirements.txt
	$(PYTHON) -m venv $(VENV)/schemathesis
	$(VENV)/schemathesis/bin/python -m pip install --quiet --disable-pip-version-check -r grid-server/tests/schemathesis/requirements.txt
	touch $@

# GRID_TEST_API_DATABASES names databases for this alone, separated by spaces, beside the SQLite file that is always there.
test-api: $(VENV)/schemathesis/.ready ## schemathesis over the server, on SQLite and on GRID_TEST_API_DATABASES
	$(SERVER)
	@test -n "$${GRID_TEST_API_DATABASES:-}" || echo "skipped: schemathesis over MySQL and PostgreSQL (GRID_TEST_API_DATABASES is not set)"
	$(VENV)/schemathesis/bin/python grid-server/tests/schemathesis/run.py $(TARGET)/debug/grid-server sqlite $${GRID_TEST_API_DATABASES:-}

SOAK_ROUNDS ?= 200

soak: ## kill the server SOAK_ROUNDS (200) times under load on each database, and look that nothing acknowledged is lost
	$(SERVER)
	$(PYTHON) grid-server/tests/soak.py $(TARGET)/debug/grid-server $(SOAK_ROUNDS) sqlite $${GRID_TEST_API_DATABASES:-}

test-soak: ## the same, 10 times
	@$(MAKE) soak SOAK_ROUNDS=10

test-faults: ## take the database away from a running server in every way, and look what clients see
	$(SERVER)
	$(PYTHON) grid-server/tests/faults.py $(TARGET)/debug/grid-server sqlite $${GRID_TEST_API_DATABASES:-}

test-connections: ## one story over TCP, TLS and the Unix socket of MariaDB and PostgreSQL, as a user of rows alone
	$(SERVER)
	$(PYTHON) grid-server/tests/connections.py $(TARGET)/debug/grid-server mysql postgres

# Longer than `make test` may take: `test-connections` is its part of this. Of the two kinds of databases, those that are wanted.
WAYS ?= mysql postgres

test-ways: ## the server's whole suite over TLS, over the Unix socket and as a user of rows alone, on MariaDB and PostgreSQL
	$(PYTHON) grid-server/tests/ways.py $(WAYS) -- $(MAKE) suite

# The server's suite on the database that the environment names.
suite:
	@$(SUITE)

# `pip wheel` builds as `pip install ./grid-py` does, in the profile of the tests; the wheel is then used far from here.
test-wheel: export MATURIN_PEP517_ARGS = --profile dev --locked
test-wheel: $(VENV)/.ready ## the wheel, in a clean environment outside the workspace
	@outside=$$(mktemp -d); trap 'rm -rf "$$outside"' EXIT; \
	$(VENV)/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$$outside" ./grid-py; \
	$(PYTHON) -m venv "$$outside/venv"; \
	"$$outside/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$$outside"/*.whl; \
	$(call story,python) > "$$outside/story.py"; \
	cd "$$outside"; ./venv/bin/python story.py; echo "README.md runs on the wheel, outside the workspace"

# The image's last stage around the server of the tests; deploy/try-image.sh says what is looked at.
test-image: ## the container image, read-only and without rights; needs buildah and root
	@command -v buildah >/dev/null && unshare --mount true 2>/dev/null || { \
		echo "not run here: the image (it needs buildah, and the right to mount)"; exit 0; }; \
	$(SERVER); \
	deploy/try-image.sh $(TARGET)/debug/grid-server

# --- measurements --------------------------------------------------------------------------------------------------

bench: bench-rust bench-python ## measure, with the Python peers in the same run

# The server of the bench `logins` stands beside it, in the release profile of all benches; it takes some 1,100 open files.
bench-rust: ## measure the Rust side
	cargo build --release -p grid-server --locked
	cargo bench -p grid-benches --locked

$(VENV)/.peers: $(VENV)/.ready benches/peers/requirements.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r benches/peers/requirements.txt
	touch $@

accuracy: ## score every forecast model on the real sets beside the checkout; writes benches/ACCURACY.md
	@export GRID_SHARED_DATA="$${GRID_SHARED_DATA:-$(CURDIR)/../shared/data}"; \
	if [ ! -f "$$GRID_SHARED_DATA/forecast/manifest.json" ]; then \
		echo "skipped: no forecast/manifest.json under GRID_SHARED_DATA ($$GRID_SHARED_DATA)" >&2; exit 0; \
	fi; \
	trap 'rm -f benches/ACCURACY.md.new' EXIT; \
	cargo run --release --locked -p grid-core --example accuracy --features forecast > benches/ACCURACY.md.new; \
	mv benches/ACCURACY.md.new benches/ACCURACY.md

$(VENV)/pyprobe/.ready: $(VENV)/.ready benches/peers/requirements-pyprobe.txt
	$(PYTHON) -m venv $(VENV)/pyprobe
	$(VENV)/pyprobe/bin/python -m pip install --quiet --disable-pip-version-check -r benches/peers/requirements-pyprobe.txt
	touch $@

$(VENV)/http/.ready: benches/peers/requirements-http.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later with venv is needed (Debian: python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)/http
	$(VENV)/http/bin/python -m pip install --quiet --disable-pip-version-check -r benches/peers/requirements-http.txt
	touch $@

# GRID_BENCH_POSTGRES_SERVER (postgres://user:password@host:5432) names a PostgreSQL on this machine whose user may make
# databases; psql's programs are used for that. Without it there is SQLite alone.
bench-http: export GRID_BENCH_HTTP_PEER = $(VENV)/http/bin/python
bench-http: $(VENV)/http/.ready ## measure the server beside one of FastAPI, on SQLite and GRID_BENCH_POSTGRES_SERVER
	cargo build --release -p grid-server --locked
	cargo bench -p grid-benches --bench http --locked

bench-fill: export GRID_BENCH_FILL = 1
bench-fill: ## store 100 million readings on GRID_BENCH_POSTGRES_SERVER and ask for users' months; GRID_BENCH_KEEP keeps them
	@test -n "$${GRID_BENCH_POSTGRES_SERVER:-}" || { echo "GRID_BENCH_POSTGRES_SERVER is not set" >&2; exit 1; }
	cargo build --release -p grid-server --locked
	cargo bench -p grid-benches --bench fill --locked

bench-python: export GRID_BENCH_PYPROBE = $(VENV)/pyprobe/bin/python
bench-python: $(VENV)/.peers $(VENV)/pyprobe/.ready ## measure the Python peers
	for peer in read_csv summarise_csv share forecast verify_token; do GRID_BENCH_INPUTS="$(TARGET)/tmp" $(VENV)/bin/python benches/peers/$$peer.py; done

# --- what is generated ---------------------------------------------------------------------------------------------

openapi: ## write grid-server/openapi.json from the routes
	cargo run --quiet --locked -p grid-server -- openapi > grid-server/openapi.json.new
	mv grid-server/openapi.json.new grid-server/openapi.json

readme: ## write the tables of README.md from the routes and the settings
	cargo run --quiet --locked -p grid-server -- readme < README.md > README.md.new
	mv README.md.new README.md

clean: ## remove what was built, but not grid-data
	cargo clean
	rm -rf $(VENV) examples/outside/Cargo.lock
