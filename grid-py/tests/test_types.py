"""The package's own types, and these tests, pass the strictest checks; `make test-python` runs stubtest besides."""

from pathlib import Path

from mypy import api

PROJECT = Path(__file__).parents[1]


def test_the_package_and_its_tests_are_typed(tmp_path: Path) -> None:
    options = ["--config-file", str(PROJECT / "pyproject.toml"), "--cache-dir", str(tmp_path)]
    output, errors, status = api.run([*options, str(PROJECT / "python" / "grid_py"), str(PROJECT / "tests")])
    assert status == 0, output + errors
