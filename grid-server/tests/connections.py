"""One story over every way to a database: `connections.py BINARY KIND...`, where a kind is `mysql` or `postgres`.

A private server with the users of `docs/deploy/database.md` migrates as the first of them and serves as the second, who may
read and write rows and nothing else: over TCP without TLS, over TCP with TLS and the server's certificate checked, and over
the Unix socket. Each time somebody logs in, a meter's days come in, a community is settled, and its statements are verified
offline. The server's own view says that the connections were of that kind. What must be refused is: another authority's
certificate, TLS where the server has none, no TLS where the user needs it, and a table that the second user would make.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

from private_servers import KINDS, MIGRATES, SERVES, PrivateServer
from soak import PASSWORD, Lost, Meter, Operator, Server


class Wrong(Exception):
    """A connection did not do what it must, or did what it must not."""


def story(binary: str, url: str, folder: str, seen) -> None:
    """From the login to the proof; `seen` looks at the connections meanwhile."""
    server = Server(binary, url, folder)
    name = f"story{time.time_ns()}"
    made = server.run("user", "create", name, "--email", f"{name}@grid.example", input=f"{PASSWORD}\n")
    if made.returncode:
        raise Wrong(made.stderr)
    server.start()
    try:
        server.token = server.good("POST", "/api/v1/auth/login", {"username": name, "password": PASSWORD})["access_token"]
        meter, operator = Meter(server, 1), Operator(server)
        for _ in range(4):
            meter.send(server)
        meter.check(server, all_days=True)
        period = "from=2026-01-01&to=2026-01-02&resolution=1h"
        balance = server.good("GET", f"{operator.path}/balance?{period}")
        # 24 hours of 1.25 kWh, and nothing generated.
        if balance["import_kwh"] != "30.000000":
            raise Wrong(f"the balance: {balance}")
        for _ in range(3):
            operator.issue(server)
        if len(operator.statements) != 3:
            raise Wrong(f"three hours were issued as {operator.statements}")
        operator.check(server, all_statements=True)
        seen()
    finally:
        server.kill()


def run(binary: str, url: str, *arguments: str) -> subprocess.CompletedProcess:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRID_")}
    return subprocess.run([binary, *arguments], env=kept | {"GRID_DATABASE_URL": url}, text=True, capture_output=True)


def refused(binary: str, url: str, step: str, why: str) -> None:
    """`doctor` stops at a step, and `migrate` does not begin."""
    for command in (["doctor"], ["migrate"]):
        ended = run(binary, url, *command)
        said = ended.stdout + ended.stderr
        if ended.returncode == 0:
            raise Wrong(f"{why}: `{command[0]}` went through: {said}")
        if command == ["doctor"] and f"error: {step}: " not in ended.stderr:
            raise Wrong(f"{why}: expected a stop at {step}, got {said}")
        if SERVES.split(":")[1] + "@" in said:
            raise Wrong(f"{why}: the password is told: {said}")
    print(f"  refused: {why}", flush=True)


def connections_of(server: PrivateServer) -> list:
    """How the second user is connected, one line a connection: by TCP or by the socket, and for PostgreSQL with TLS or without."""
    if server.kind == "mysql":
        said = server.tell("SELECT IF(host = 'localhost', 'socket', 'TCP') FROM information_schema.processlist WHERE user = 'grid_serve';")
    else:
        said = server.tell(
            "SELECT CASE WHEN client_addr IS NULL THEN 'socket' WHEN ssl THEN 'TLS' ELSE 'TCP' END"
            " FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename = 'grid_serve';"
        )
    return said.split()


def all_ways(binary: str, kind: str, folder: str) -> None:
    with KINDS[kind](pathlib.Path(folder, "tls")) as server:
        migrated = run(binary, server.verified(MIGRATES), "migrate")
        if migrated.returncode:
            raise Wrong(f"migrate: {migrated.stderr}")
        not_allowed = run(binary, server.plain(SERVES), "migrate", "--check")
        if not_allowed.returncode:
            raise Wrong(f"what the first user made, the second does not find: {not_allowed.stderr}")

        def only(expected: str):
            def seen() -> None:
                found = set(connections_of(server))
                if found != {expected}:
                    raise Wrong(f"expected connections by {expected} alone, found {found}")

            return seen

        mysql = kind == "mysql"
        for way, url, expected in [
            ("TCP without TLS", server.plain(SERVES), "TCP"),
            ("TCP with TLS, the certificate checked", server.verified(SERVES), "TCP" if mysql else "TLS"),
            ("the Unix socket", server.by_socket(SERVES), "socket"),
        ]:
            # MariaDB does not show how others are connected, but turns away who does not encrypt.
            if mysql and "checked" in way:
                server.tell("ALTER USER 'grid_serve'@'127.0.0.1' REQUIRE SSL;")
                refused(binary, server.plain(SERVES), "login", "no TLS, where the user needs it")
            story(binary, url, folder, only(expected))
            print(f"  {way}: from the login to the proof, as a user of rows alone", flush=True)
        of_another = server.verified(SERVES).replace("/ca.pem", "/other.pem")
        refused(binary, of_another, "TLS", "the certificate of another authority")
        by_another_name = server.verified(SERVES).replace("/ca.pem", "/missing.pem")
        if run(binary, by_another_name, "migrate").returncode == 0:
            raise Wrong("an authority that is not there was believed")
        database = "GRID" if mysql else "grid"
        a_table = "DROP TABLE reading_days;" if mysql else "CREATE TABLE not_allowed (id BIGINT);"
        if mysql:
            client = ["mariadb", "--no-defaults", f"--socket={server.socket}", "--user=grid_serve", "--password=another", database]
            told = subprocess.run(client, input=a_table, text=True, capture_output=True)
        else:
            told = subprocess.run(["psql", "--no-psqlrc", server.by_socket(SERVES).replace("localhost", ""), "-c", a_table], text=True, capture_output=True)
        if told.returncode == 0 or "denied" not in told.stderr:
            raise Wrong(f"the second user may do more than rows: {told.stderr}")
        print("  refused: a change of a table by the user of rows", flush=True)
    with KINDS[kind](pathlib.Path(folder, "plain"), tls=False) as server:
        refused(binary, server.required(SERVES), "TLS", "TLS where the server has none")


def main() -> None:
    binary, *kinds = sys.argv[1:] or [""]
    if not kinds or not set(kinds) <= set(KINDS):
        sys.exit(f"expected the program and kinds of databases of {', '.join(KINDS)}, got {kinds}")
    wrong = []
    for kind in kinds:
        print(kind, flush=True)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                all_ways(os.path.abspath(binary), kind, folder)
            except (Wrong, Lost) as found:
                wrong.append(f"{kind}: {found}")
    if wrong:
        sys.exit("wrong:\n" + "\n".join(wrong))


main()
