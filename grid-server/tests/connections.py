"""One story over every way to a database: `connections.py BINARY KIND...`, where a kind is `mysql` or `postgres`.

A private server with the users of `docs/deploy/database.md` migrates as the first of them and serves as the second, who may
read and write rows and nothing else; who serves before that waits for it, and says so. Then there is one story: over TCP without TLS, over TCP with TLS and the server's certificate checked, and over
the Unix socket. Each time somebody logs in, a meter's days come in, a community is settled, and its statements are verified
offline. The server's own view says that the connections were of that kind. What must be refused is: another authority's
certificate, TLS where the server has none, no TLS where the user needs it, and a table that the second user would make. In the
end PostgreSQL gets the optional statements of `deploy/sql`, and what was stored before is still there.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

from private_servers import KINDS, MIGRATES, ROOT, SERVES, Missing, PrivateServer
from soak import PASSWORD, Lost, Meter, Operator, Server

# How a database says that its user may not make a table.
MISSING_RIGHT = {"mysql": "CREATE command denied to user", "postgres": "permission denied for schema public"}


class Wrong(Exception):
    """A connection did not do what it must, or did what it must not."""


def story(binary: str, url: str, folder: str, seen) -> tuple[Server, Meter, Operator]:
    """From the login to the proof; `seen` looks at the connections meanwhile. The server is stopped then."""
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
    return server, meter, operator


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


def until(is_so, seconds: float, otherwise: str) -> None:
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > seconds:
            raise Wrong(otherwise)
        time.sleep(0.05)


def waits_for_tables(binary: str, database: PrivateServer, folder: str) -> None:
    """Who may make no table serves on a database without tables: it lives, says what it waits for, and goes on by itself."""
    server = Server(binary, database.verified(SERVES), folder)
    log = pathlib.Path(folder, "log")

    def status_of(path: str) -> int:
        try:
            return server.ask("GET", path)[0]
        except OSError:
            return 0

    server.begin()
    try:
        until(lambda: status_of("/healthz") == 200, 5, "it does not live without tables")
        until(lambda: MISSING_RIGHT[database.kind] in log.read_text(), 10, f"the log names no right: {log.read_text()[-2000:]}")
        status, ready = server.ask("GET", "/readyz")
        if status != 503 or ready["checks"]["migrations"] != "waiting":
            raise Wrong(f"/readyz without tables: {status} {ready}")
        began = time.monotonic()
        wanted = {"username": "ana", "password": PASSWORD}
        status, headers, said = server.answer("POST", "/api/v1/auth/login", wanted)
        if status != 503 or not headers.get("Retry-After") or time.monotonic() - began > 3:
            raise Wrong(f"a login without tables: {status} {headers.items()} {said}")
        if "denied" in str(said):
            raise Wrong(f"a login without tables: the driver's words: {said}")
        looked = run(binary, database.verified(SERVES), "doctor")
        if looked.returncode != 1 or "may not make tables" not in looked.stderr or "GRANT CREATE" not in looked.stderr:
            raise Wrong(f"doctor without tables: {looked.returncode} {looked.stdout} {looked.stderr}")
        migrated = run(binary, database.verified(MIGRATES), "migrate")
        if migrated.returncode:
            raise Wrong(f"migrate: {migrated.stderr}")
        # It tries again after ten seconds at most.
        until(lambda: status_of("/readyz") == 200, 20, f"tables do not make it ready: {log.read_text()[-2000:]}")
        if server.process.poll() is not None:
            raise Wrong("another process became ready")
        if server.ask("POST", "/api/v1/auth/login", wanted)[0] != 401:
            raise Wrong("a login of nobody is not refused as one")
    finally:
        server.kill()
    print("  without tables: lives, says which right is missing, and is ready once they are there", flush=True)


def months(server: Server, meter: Meter) -> dict[str, Decimal]:
    """The energy of each month, by its start."""
    span = "from=2025-01-01T00:00:00Z&to=2027-01-01T00:00:00Z"
    said = server.good("GET", f"{meter.path}?channel=import&resolution=month&{span}")
    return {item["start"]: Decimal(item["energy_kwh"]) for item in said["items"] if item["energy_kwh"] is not None}


def optional_statements(database: PrivateServer, server: Server, meter: Meter, operator: Operator) -> None:
    """Partitions by month under what is stored already; what needs an extension is left alone without it."""

    def psql(file: str, *options: str) -> str:
        command = ["psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", *options, "-f", str(ROOT / "deploy/sql" / file)]
        told = subprocess.run([*command, database.plain(MIGRATES)], text=True, capture_output=True)
        if told.returncode:
            raise Wrong(f"{file}: {told.stderr}")
        return told.stderr

    def partitions() -> int:
        return int(database.tell("\\connect grid\nSELECT count(*) FROM pg_inherits WHERE inhparent = 'reading_days'::regclass;"))

    def sent() -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        for day in meter.acknowledged:
            start = meter.rows(day)[0][0]
            month = f"{start[:8]}01T00:00:00Z"
            sums[month] = sums.get(month, Decimal(0)) + sum(map(Decimal, meter.energies(day)))
        return sums

    counts = []
    for _ in range(2):
        psql("partitions.sql", "--single-transaction")
        counts.append(partitions())
        server.start()
        try:
            meter.check(server, all_days=True)
            operator.check(server, all_statements=True)
            if months(server, meter) != sent():
                raise Wrong(f"the months in partitions: {months(server, meter)}, sent: {sent()}")
            # A day beyond all partitions, one in the first of them, and one in the next month.
            for meter.next in (-40 - len(counts), 20 + len(counts), 32 + len(counts)):
                meter.send(server)
            meter.check(server, all_days=True)
            operator.issue(server)
            operator.check(server, all_statements=True)
        finally:
            server.kill()
    if counts[0] != counts[1] or counts[0] < 24:
        raise Wrong(f"partitions after the first and the second time: {counts}")
    for name, extension in (("citus.sql", "citus"), ("timescale.sql", "timescaledb")):
        if f"skipped: this server has no {extension}" not in psql(name):
            raise Wrong(f"{name} does not say that it is skipped")
    print(f"  {counts[0]} partitions under what was stored, twice; what needs an extension is skipped", flush=True)


def all_ways(binary: str, kind: str, folder: str) -> None:
    with KINDS[kind](pathlib.Path(folder, "tls")) as server:
        waits_for_tables(binary, server, folder)
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
            last = story(binary, url, folder, only(expected))
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
        if not mysql:
            optional_statements(server, *last)
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
            except Missing as missing:
                print(f"skipped: the story over TLS and sockets on {kind} ({missing})", flush=True)
    if wrong:
        sys.exit("wrong:\n" + "\n".join(wrong))


main()
