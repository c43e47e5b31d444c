"""Takes the database away from a running server in every way that happens, and looks what its clients see.

`faults.py BINARY URL...`; `sqlite` is a file of its own. MySQL and PostgreSQL are reached through a proxy that refuses, cuts,
swallows and delays; locks and refused connections are made with `mariadb` and `psql`, as the administrator of a server on this
machine. What nobody should do to a server of others is done to one of its own: it is killed and started again, comes later than
the program, has no connection left, is made read-only, and its disk is filled. During each fault every request is answered within
three seconds, by 503 with `Retry-After` and not a word of the driver, or well, where it needs no database or only reads;
afterwards the same process works again, and every reading that was acknowledged is there. `/metrics` answers all the time, and
says whether the database does. What was asked for under an `Idempotency-Key` meanwhile is done once or not at all.
Beside all that, readers of events who take nothing are cut.
"""

import contextlib
import itertools
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from urllib.parse import urlsplit

from holders import NO_CONNECTION_LEFT, NotHeld, held
from private_servers import KINDS, MIGRATES, SERVES, filled
from proxy import Proxy
from readers import stalled
from served import RECOVERS_SECONDS, Server, Wrong, wait_until
from soak import Lost

MOST_SECONDS = 3.0
# What only a driver or an operating system would say.
DRIVER_WORDS = re.compile(
    rb"sqlx|rustls|os error|connection refused|broken pipe|reset by peer|deadlock|SQLSTATE|code: [0-9]|panick"
    rb"|SELECT |INSERT |UPDATE |pool timed|database is locked|disk is full|disk I/O|read-only|readonly",
    re.IGNORECASE,
)


def database_up(server: Server) -> bool:
    """What the figures say of the database."""
    began = time.monotonic()
    status, _, said = server.ask("GET", "/metrics")
    found = re.search(rb"^grid_database_up ([01])$", said, re.MULTILINE)
    if status != 200 or not found or time.monotonic() - began > MOST_SECONDS:
        raise Wrong(f"/metrics: {status} after {time.monotonic() - began:.2f} s: {said[:300]!r}")
    return found[1] == b"1"


def look(server: Server, fault: str, works=(), may_write: bool = False, is_up: bool | None = None, each: int = 1) -> None:
    """Every request, all at once and twice, during a fault in which the requests named in `works` are answered well; `each` of
    them by as many clients.

    Where it is certain whether the database answers, `is_up` says so.
    """
    slowest, problems, refused = 0.0, [], 0
    lock = threading.Lock()

    def one(name, method, path, body, key=None) -> None:
        nonlocal slowest, refused
        began = time.monotonic()
        status, headers, said = server.ask(method, path, body, key)
        seconds = time.monotonic() - began
        with lock:
            if key:
                server.keyed[key] = body, status, said
            slowest = max(slowest, seconds)
            refused += status == 503
            where = f"{fault}: {name}: {status} after {seconds:.2f} s: {said[:300]!r}"
            if seconds > MOST_SECONDS:
                problems.append(f"{where}: longer than {MOST_SECONDS} s")
            if DRIVER_WORDS.search(said):
                problems.append(f"{where}: the driver's words")
            if status == 503 and not headers.get("Retry-After"):
                problems.append(f"{where}: no Retry-After")
            if name == "live" and status != 200:
                problems.append(f"{where}: it lives")
            if not (200 <= status < 300 or status == 503 or (name == "log" and status == 404)):
                problems.append(f"{where}: neither done nor 503")
            if name in works and status not in (200, 404):
                problems.append(f"{where}: it needs nothing that the fault took away")
            if name in ("write", "once") and 200 <= status < 300 and not may_write:
                problems.append(f"{where}: a write that cannot have been stored was acknowledged")
            if name == "write" and 200 <= status < 300:
                server.kept.append(body["start"])

    count = 0
    for _ in range(2):
        requests = []
        for _ in range(each):
            key, device = server.begin_once()
            requests += [*server.requests(), ("once", "POST", "/api/v1/devices", device, key)]
        count += len(requests)
        threads = [threading.Thread(target=one, args=request) for request in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    up = database_up(server)
    if is_up is not None and up != is_up:
        problems.append(f"{fault}: /metrics says grid_database_up {up:d}")
    if refused == 0 and not may_write:
        problems.append(f"{fault}: nothing was refused, so there was no fault")
    if problems:
        raise Wrong("\n".join(problems))
    print(f"  {fault}: {refused} of {count} refused, the slowest answer after {slowest:.2f} s", flush=True)


def s63_recovers(server: Server, fault: str) -> None:
    """Every request works again, in the same process, once the fault is over."""

    def works() -> bool:
        return all(200 <= server.ask(*request[1:])[0] < 300 for request in server.requests() if request[0] != "log")

    seconds = wait_until(works, RECOVERS_SECONDS, f"{fault}: no recovery in {RECOVERS_SECONDS} s")
    if server.process.poll() is not None:
        raise Wrong(f"{fault}: the server ended")
    wait_until(lambda: database_up(server), 5, f"{fault}: /metrics does not say that the database is up again")
    server.has_all(fault)
    server.was_done_once(fault)
    server.keep()
    print(f"  {fault}: works again after {seconds:.2f} s", flush=True)


def over_a_line(binary: str, database: str, folder: str) -> None:
    """The faults of MySQL and PostgreSQL."""
    url = urlsplit(database)
    proxy = Proxy(url.hostname, url.port)
    # What is said is looked at.
    plain = {"mysql": "ssl-mode=DISABLED", "postgres": "sslmode=disable"}[url.scheme]
    address = f"{url.username}:{url.password}@127.0.0.1:{proxy.port}"
    through = url._replace(netloc=address, query=plain).geturl()
    name = url.path.strip("/")
    server = Server(binary, through, folder)
    try:
        server.keep()
        for fault, manner in [
            ("refused and cut", "refuse"),
            ("swallowed", "swallow"),
            ("slower than anybody waits", "slow"),
        ]:
            proxy.set(manner)
            look(server, fault, is_up=False)
            proxy.set("pass")
            s63_recovers(server, fault)
        for fault, manner, may_write in SLOW:
            for each in (1, CROWD):
                proxy.set(manner)
                look(server, fault, may_write=may_write, each=each)
                proxy.set("pass")
                s63_recovers(server, fault)
        unanswered_commits(server, proxy)
        in_the_middle(server, proxy)
        for fault, begin, end, is_up in by_an_administrator(url.scheme, name):
            try:
                with begin():
                    look(server, fault, is_up=is_up)
            finally:
                end()
            s63_recovers(server, fault)
    except Wrong:
        print(server.log.read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        server.kill()


# Whatever is asked for takes several answers, and each comes; or none does, of a server that takes connections.
SLOW = (
    ("each packet late by 200 to 900 ms", "late", True),
    ("takes connections and does nothing", "drowsy", False),
    ("says that it is there and does nothing", "busy", False),
)
# So many clients of each sort make some forty at once.
CROWD = 5


def unanswered_commits(server: Server, proxy: Proxy) -> None:
    """The database does what it is told, and nobody hears of it: what was asked for is not said to be undone, a repetition
    under its key is not done again, and one without a key, which is the same reading, changes nothing."""
    fault, devices = "commits that are not answered", "/api/v1/devices"
    reading, keyed, ours = server.reading(), server.reading(), str(uuid.uuid4())
    key, device = server.begin_once()
    # A key is claimed by a commit of its own, which is answered; the next one is that of the request.
    for name, path, body, named in [
        ("a reading", server.readings, reading, None),
        ("a reading under a key", server.readings, keyed, ours),
        ("a device under a key", devices, device, key),
    ]:
        proxy.set("mute", spared=1 if named else 0)
        began = time.monotonic()
        status, headers, said = server.ask("POST", path, body, named)
        seconds = time.monotonic() - began
        where = f"{fault}: {name}: {status} after {seconds:.2f} s: {said[:300]!r}"
        if seconds > MOST_SECONDS or status != 503 or not headers.get("Retry-After") or DRIVER_WORDS.search(said):
            raise Wrong(where)
        if b"is not known" not in said:
            raise Wrong(f"{where}: it may have been stored")
        print(f"  {fault}: {name}: not known after {seconds:.2f} s", flush=True)
        # Once commits are answered it is written down that nobody knows, and no commit of that takes the place of the next one's.
        proxy.set("pass")
        if named:
            wait_until(
                lambda: b"is not known" in server.ask("POST", path, body, named)[2],
                RECOVERS_SECONDS,
                f"{fault}: {name}: still said to be running",
            )
    server.keyed[key] = device, 503, b""
    s63_recovers(server, fault)
    # The one without a key is the same again; the one with it is not run again.
    status, _, said = server.ask("POST", server.readings, reading)
    if status != 200 or json.loads(said)["unchanged"] != 1:
        raise Wrong(f"{fault}: the same reading again: {status}: {said[:300]!r}")
    status, _, said = server.ask("POST", server.readings, keyed, ours)
    if status != 409 or b"is not known" not in said:
        raise Wrong(f"{fault}: the same reading under its key again: {status}: {said[:300]!r}")
    page = json.loads(server.ask("GET", f"{server.readings}?from=2026-01-01&to=2026-12-31&limit=10000")[2])["items"]
    stored = [sum(item["start"] == one["start"] for item in page) for one in (reading, keyed)]
    made = sum(one["name"] == device["name"] for one in server.devices())
    if stored != [1, 1] or made != 1:
        raise Wrong(f"{fault}: the readings were stored {stored} times, the device was made {made} times")


def in_the_middle(server: Server, proxy: Proxy) -> None:
    """The database goes while a long file is stored: whoever sent it is told within three seconds, and of the file everything
    is there afterwards or nothing."""
    halves = [f"{hour:02}:{minute}:00Z" for hour in range(24) for minute in ("00", "30")]
    days = [f"{year}-{month:02}-{day:02}" for year in range(2000, 2005) for month in range(1, 13) for day in range(1, 29)]
    rows = [
        {"channel": "import", "start": f"{day}T{start}", "end": f"{day}T{end}", "energy_kwh": f"0.{number % 997:06}"}
        for number, day in enumerate(days)
        for start, end in itertools.pairwise(halves)
    ]
    for fault, manner in [("refused and cut in the middle", "refuse"), ("swallowed in the middle", "swallow")]:
        seconds = 0.0
        for _ in range(5):
            device = {"name": "long", "kind": "meter", "time_zone": "UTC"}
            made = json.loads(server.ask("POST", "/api/v1/devices", device)[2])["id"]
            path, answers = f"/api/v1/devices/{made}/readings", []
            begin = proxy.sent
            # Under a key, whose row at the same database is written once more at the end.
            sender = threading.Thread(
                target=lambda: answers.append((*server.ask("POST", path, rows, key=made), time.monotonic()))
            )
            sender.start()
            # What is asked of the database before the first rows is shorter than that.
            while proxy.sent < begin + 50_000 and sender.is_alive():
                time.sleep(0.001)
            began = time.monotonic()
            proxy.set(manner)
            sender.join()
            proxy.set("pass")
            [(status, headers, said, ended)] = answers
            seconds = ended - began
            if status != 200 or seconds > 0:
                break
        where = f"{fault}: {status} after {seconds:.2f} s: {said[:300]!r}"
        if status != 503 or seconds > MOST_SECONDS or not headers.get("Retry-After") or DRIVER_WORDS.search(said):
            raise Wrong(where)
        print(f"  {fault}: told after {seconds:.2f} s", flush=True)
        s63_recovers(server, fault)
        there = json.loads(server.ask("GET", f"{path}?from=1999-01-01&to=2011-01-01&limit=100000")[2])["items"]
        if len(there) not in (0, len(rows)):
            raise Wrong(f"{fault}: {len(there)} of {len(rows)} readings are there")
        status, _, said = server.ask("POST", path, rows)
        done = json.loads(said)
        if status != 200 or done["inserted"] + done["unchanged"] != len(rows) or done["unchanged"] != len(there):
            raise Wrong(f"{fault}: the same file again: {status}: {said[:300]!r}")


def by_an_administrator(scheme: str, name: str):
    """Faults that the database's own administrator makes: name, how it begins, what to do when it is over, and whether the
    database answers meanwhile."""
    if scheme == "mysql":
        client = ["mariadb", "--user=root", "--unbuffered", "--batch", "--skip-column-names", name]
        lock = "LOCK TABLES reading_days WRITE, devices WRITE, users WRITE; SELECT 'held';\n"
        return [("under a lock", lambda: held(client, lock), lambda: None, True)]
    client = ["psql", "--host=127.0.0.1", "--username=postgres", "--no-password"]
    if subprocess.run([*client, "--command=SELECT 1", "postgres"], capture_output=True).returncode:
        # A server that asks for a password over the network takes its own user by the socket.
        client = ["runuser", "-u", "postgres", "--", "psql"]
    client += ["--no-psqlrc", "--quiet", "--tuples-only", name]
    lock = "BEGIN; LOCK TABLE reading_days, devices, users IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n"
    ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid();"

    def told(*statements: str):
        for statement in statements:
            subprocess.run([*client[:-1], "postgres"], input=statement, text=True, check=True, capture_output=True)

    @contextlib.contextmanager
    def full():
        # What a server says that has no connection left for this database.
        told(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0;', ended)
        yield

    return [
        ("under a lock", lambda: held(client, lock), lambda: None, True),
        ("out of connections", full, lambda: told(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1;'), False),
    ]


# What only reads goes on where nothing can be written.
READS = ("ready", "list", "read", "log")


def on_a_server_of_its_own(binary: str, kind: str, folder: str) -> None:
    """The faults of a server that is nobody else's."""
    with KINDS[kind](pathlib.Path(folder, "private"), megabytes=160) as database:
        migrates = os.environ | {"GRID_DATABASE_URL": database.plain(MIGRATES)}
        subprocess.run([binary, "migrate"], env=migrates, check=True, capture_output=True)
        server = Server(binary, database.plain(SERVES), folder)
        try:
            server.keep()
            database.kill()
            look(server, "killed", is_up=False)
            database.start()
            s63_recovers(server, "killed and started again")

            server.kill()
            database.kill()
            server.start()
            wait_until(lambda: server.ask("GET", "/healthz")[0] == 200, 5, "the server does not live")
            look(server, "started before its database", is_up=False)
            database.start()
            s63_recovers(server, "started before its database")

            for fault, begin, end in NO_CONNECTION_LEFT[kind](database):
                with begin:
                    look(server, fault, is_up=False)
                end()
                s63_recovers(server, fault)

            database.tell(READ_ONLY[kind][0])
            look(server, "read-only", works=READS, is_up=True)
            database.tell(READ_ONLY[kind][1])
            s63_recovers(server, "read-only")

            if not database.mounted:
                print("  not run here: a full disk (no right to mount a small file system)")
                return
            with filled(database):
                exhaust(server)
                # What is small may still find room in what the database had set aside.
                look(server, "full", may_write=True)
            if database.process.poll() is not None:
                database.start()
            s63_recovers(server, "full")
        except Wrong:
            print(server.log.read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            server.kill()


READ_ONLY = {
    # Who has no right to write in spite of it, which the user who serves has not.
    "mysql": ("SET GLOBAL read_only = 1;", "SET GLOBAL read_only = 0;"),
    # As a copy of another server is that did not become the first yet.
    "postgres": (
        "ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf();",
        "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf();",
    ),
}


def exhaust(server: Server) -> None:
    """Writes until there is no room for more, in what the database had set aside too."""
    device = {"name": "large", "kind": "meter", "time_zone": "UTC"}
    for number in range(400):
        status, headers, said = server.ask("POST", "/api/v1/devices", device)
        if refused_well(status, headers, said):
            return
        path = f"/api/v1/devices/{json.loads(said)['id']}/readings"
        day = f"2025-{number % 12 + 1:02}-01T"
        rows = [
            {
                "channel": channel,
                "start": f"{day}{minute // 60:02}:{minute % 60:02}:00Z",
                "end": f"{day}{(minute + 1) // 60:02}:{(minute + 1) % 60:02}:00Z",
                "energy_kwh": f"{(number * 7919 + minute * 104729) % 999983 / 1000000:.6f}",
                "quality": "measured",
            }
            for channel in ("import", "export", "generation", "consumption")
            for minute in range(1439)
        ]
        if refused_well(*server.ask("POST", path, rows)):
            return
    raise Wrong("full: four hundred devices found room on a full disk")


def refused_well(status: int, headers, said: bytes) -> bool:
    """Whether it was refused; as it has to be, or not at all."""
    if status == 503 and headers.get("Retry-After") and not DRIVER_WORDS.search(said):
        return True
    if not 200 <= status < 300:
        raise Wrong(f"full: {status}: {said[:300]!r}")
    return False


def remount(folder: pathlib.Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", folder], check=True, capture_output=True)


@contextlib.contextmanager
def locks(file: pathlib.Path, seconds: float, between: float, times: int):
    """Another program holds the lock of a file for a while, and lets go."""
    held = threading.Event()

    def hold() -> None:
        other = sqlite3.connect(file, isolation_level=None, timeout=20)
        for _ in range(times):
            other.execute("BEGIN IMMEDIATE")
            held.set()
            time.sleep(seconds)
            other.execute("ROLLBACK")
            time.sleep(between)
        other.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        yield
    finally:
        holder.join()


def in_a_file(binary: str, folder: str) -> None:
    """The faults of SQLite."""
    data = pathlib.Path(folder, "data")
    data.mkdir()
    small = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "grid", data], capture_output=True).returncode == 0
    server = Server(binary, f"sqlite://{data}/grid.db", folder)
    try:
        server.keep()
        other = sqlite3.connect(data / "grid.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            look(server, "locked by another program")
        finally:
            other.close()
        s63_recovers(server, "locked by another program")
        for fault, seconds, between, times in [
            ("locked for 2.5 s", 2.5, 0, 1),
            ("locked again and again", 0.9, 0.01, 5),
        ]:
            with locks(data / "grid.db", seconds, between, times):
                look(server, fault, may_write=True, each=CROWD)
            s63_recovers(server, fault)
        if small:
            filler = data / "filler"
            with filler.open("wb") as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(65536))
                    file.flush()
            with contextlib.suppress(OSError), (data / "filler2").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(512))
            look(server, "full")
            filler.unlink()
            (data / "filler2").unlink()
            s63_recovers(server, "full")
            server.kill()
            remount(data, "ro")
            server.start()
            wait_until(lambda: server.ask("GET", "/healthz")[0] == 200, 5, "the server does not live")
            look(server, "read-only since before the start")
            remount(data, "rw")
            s63_recovers(server, "read-only since before the start")
        else:
            print("  not run here: a full disk, and a read-only one (no right to mount a small file system)")
    except Wrong:
        print(server.log.read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        server.kill()
        if small:
            subprocess.run(["umount", data], check=False)


def main() -> None:
    binary, *databases = sys.argv[1:]
    binary = os.path.abspath(binary)
    wrong, readers = [], []

    def stalled_readers() -> None:
        # It takes as long as the server is patient, and needs no fault.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                readers.append(stalled(binary, folder))
            except Lost as found:
                wrong.append(str(found))

    beside = threading.Thread(target=stalled_readers)
    beside.start()
    for database in databases:
        print(database.split(":")[0], flush=True)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                if database == "sqlite":
                    in_a_file(binary, folder)
                else:
                    over_a_line(binary, database, folder)
                    on_a_server_of_its_own(binary, database.split(":")[0], folder)
            except (Wrong, NotHeld) as found:
                wrong.append(str(found))
    beside.join()
    print(*readers, sep="\n", flush=True)
    if wrong:
        sys.exit("wrong:\n" + "\n".join(wrong))
    if not readers:
        sys.exit("what became of the readers is not known")


main()
