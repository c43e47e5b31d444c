"""The server's whole suite over every way to a database: `ways.py KIND... -- COMMAND...`, where a kind is `mysql` or `postgres`
and the command runs the suite.

A private server takes connections of one kind alone at a time, so that nothing can go by another way: over TCP with TLS and the
certificate checked, then over the Unix socket; and once more over TLS with a server that may read and write rows and nothing else,
with the rights of `docs/deploy/database.md`. Over TCP without TLS is how the suite runs anyway.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

from private_servers import KINDS, SERVES, PrivateServer

OWNER = "grid_test:grid_test"
DATABASE = "grid_test"


def prepared(server: PrivateServer) -> None:
    """The user who makes a database for each test, and the database that it logs in to."""
    if server.kind == "mysql":
        for host in ("127.0.0.1", "localhost"):
            server.tell(
                f"CREATE USER 'grid_test'@'{host}' IDENTIFIED BY 'grid_test';"
                f"GRANT ALL ON `grid\\_test%`.* TO 'grid_test'@'{host}';"
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON `grid\\_test%`.* TO 'grid_serve'@'{host}';"
            )
        server.tell(f"CREATE DATABASE {DATABASE}; SET GLOBAL innodb_flush_log_at_trx_commit = 2;")
    else:
        server.tell("CREATE ROLE grid_test LOGIN CREATEDB PASSWORD 'grid_test';")
        server.tell(f"CREATE DATABASE {DATABASE} OWNER grid_test;")


def only(server: PrivateServer, way: str) -> None:
    """Turns away who comes by another way."""
    if server.kind == "mysql":
        # Whoever comes over TCP is from 127.0.0.1 here, and over the socket from localhost.
        over_tcp, over_socket = "REQUIRE SSL ACCOUNT UNLOCK", "ACCOUNT LOCK"
        if way == "socket":
            over_tcp, over_socket = "ACCOUNT LOCK", "ACCOUNT UNLOCK"
        for user in ("grid_test", "grid_serve"):
            server.tell(f"ALTER USER '{user}'@'127.0.0.1' {over_tcp}; ALTER USER '{user}'@'localhost' {over_socket};")
    else:
        taken = "hostssl all all 127.0.0.1/32 scram-sha-256" if way == "TLS" else "local all all scram-sha-256"
        (server.cluster / "pg_hba.conf").write_text(f"local all postgres trust\n{taken}\n")
        server.tell("SELECT pg_reload_conf();")
    began = time.monotonic()
    while not all(refused(server, url) for url in (server.plain(OWNER), server.by_socket(OWNER) if way == "TLS" else server.verified(OWNER))):
        if time.monotonic() - began > 10:
            sys.exit(f"{server.kind} takes connections that are not over {way}")
        time.sleep(0.1)


def refused(server: PrivateServer, url: str) -> bool:
    """Whether the suite's user is turned away by an address."""
    url = of_suite(url)
    if server.kind == "postgres":
        return subprocess.run(["psql", "--no-psqlrc", url, "-c", ""], capture_output=True).returncode != 0
    told = ["--socket", str(server.socket)] if "socket=" in url else ["--host=127.0.0.1", f"--port={server.port}"]
    # The client encrypts on its own where the server can.
    told += ["--ssl-ca", str(server.folder / "ca.pem")] if "VERIFY" in url else ["--skip-ssl"]
    client = ["mariadb", "--no-defaults", *told, "--user=grid_test", "--password=grid_test", "--execute=SELECT 1", DATABASE]
    return subprocess.run(client, capture_output=True).returncode != 0


def of_suite(url: str) -> str:
    """The address of the database that the suite logs in to."""
    return url.replace("/GRID?", f"/{DATABASE}?").replace("/grid?", f"/{DATABASE}?")


def main() -> None:
    told = sys.argv[1:]
    kinds, command = (told[: told.index("--")], told[told.index("--") + 1 :]) if "--" in told else (told, [])
    if not kinds or not command or not set(kinds) <= set(KINDS):
        sys.exit(f"expected kinds of databases of {', '.join(KINDS)}, `--` and a command, got {told}")
    wrong = []
    for kind in kinds:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            with KINDS[kind](pathlib.Path(folder, "server")) as server:
                prepared(server)
                for name, way, url, serves in [
                    ("over TLS, the certificate checked", "TLS", server.verified(OWNER), None),
                    ("over the Unix socket", "socket", server.by_socket(OWNER), None),
                    ("over TLS, as a user of rows alone", "TLS", server.verified(OWNER), SERVES),
                ]:
                    only(server, way)
                    variables = os.environ | {f"GRID_TEST_{kind.upper()}_URL": of_suite(url), "GRID_TEST_SERVER_DATABASE": kind}
                    variables.pop("GRID_TEST_SERVE_AS", None)
                    variables |= {"GRID_TEST_SERVE_AS": serves} if serves else {}
                    print(f"{kind} {name}", flush=True)
                    began = time.monotonic()
                    if subprocess.run(command, env=variables).returncode:
                        wrong.append(f"{kind} {name}")
                    print(f"{kind} {name}: {time.monotonic() - began:.0f} s", flush=True)
    if wrong:
        sys.exit(f"failed: {'; '.join(wrong)}")


main()
