"""Kills the server again and again while it is written to: `soak.py BINARY ROUNDS URL...`; `sqlite` is a file of its own.

Each round several meters send days of readings, small ones and large ones, somebody imports files of a community that found
its devices, and an operator issues statements; at a random moment the server gets SIGKILL and is started again. Then every
day that was acknowledged is there, to the last digit; one that was not is there whole, in all of its channels and devices, or
not at all; every statement that was acknowledged verifies offline; and the log that was is the beginning of the log that is, by
the path that `/log/consistency` gives, which is checked here and not by the program. The seed of the random moments is printed,
and GRID_SOAK_SEED repeats it.
"""

import abc
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone

from merkle import only_grew

METERS = 4
FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
PASSWORD = "a long password of a user who is none"
TARIFF = """id = "soak"
currency = "EUR"
valid_from = 2026-01-01
name = "Soak"
[[components]]
id = "grid"
kind = "energy"
quantity = "import"
price_per_kwh = 0.20
"""


class Lost(Exception):
    """Something acknowledged is not there, or something is there by halves."""


class Server:
    """The program on a database, which can be killed and started again."""

    def __init__(self, binary: str, database: str, folder: str):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        self.binary, self.folder, self.token = binary, folder, None
        self.settings = os.environ | {
            "GRID_DATABASE_URL": database,
            "PORT": str(self.port),
            "GRID_LOG": "warn",
            "GRID_TOKEN_MINUTES": "1440",
            "GRID_PASSWORD_MEMORY_KIB": "64",
            "GRID_PASSWORD_PASSES": "1",
        }

    def run(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run([self.binary, *arguments], env=self.settings, text=True, capture_output=True, **options)

    def begin(self) -> None:
        """Starts it and does not wait."""
        with open(f"{self.folder}/log", "a") as log:
            self.process = subprocess.Popen([self.binary, "serve"], env=self.settings, stdout=log, stderr=log)

    def start(self) -> float:
        """Starts it and gives the seconds until it was ready."""
        began = time.monotonic()
        self.begin()
        while time.monotonic() - began < 60:
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return time.monotonic() - began
            except OSError:
                if self.process.poll() is not None:
                    break
            time.sleep(0.02)
        raise Lost(f"the server did not start again: {pathlib.Path(self.folder, 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, method: str, path: str, body=None, kind: str = "application/json"):
        """Status and body; OSError where the server is gone."""
        status, _, said = self.answer(method, path, body, kind)
        return status, said

    def answer(self, method: str, path: str, body=None, kind: str = "application/json"):
        """Status, headers and body; OSError where the server is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Content-Type": kind} if body is not None else {}
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            text = body if isinstance(body, str) or body is None else json.dumps(body)
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, answer.headers, json.loads(said) if said.startswith((b"{", b"[")) else said.decode()
        except (http.client.HTTPException, json.JSONDecodeError) as broken:
            raise OSError("the answer broke off") from broken
        finally:
            connection.close()

    def good(self, method: str, path: str, body=None, kind: str = "application/json"):
        status, said = self.ask(method, path, body, kind)
        if not 200 <= status < 300:
            raise Lost(f"{method} {path}: {status} {said}")
        return said


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


class Writer(abc.ABC):
    """Somebody who sends one day after the other: the days that were acknowledged, and those that may or may not be there."""

    STEP = timedelta(hours=1)

    def __init__(self, number: int):
        self.number, self.next, self.seen = number, 0, 0
        self.acknowledged: set[int] = set()
        self.open: set[int] = set()

    def energies(self, day: int, place: int = 0) -> list[str]:
        steps = timedelta(days=1) // self.STEP
        return [f"{((self.number + place) * 7919 + day * steps + step) % 5000 / 1000:.6f}" for step in range(steps)]

    def rows(self, day: int, place: int = 0) -> list[tuple[str, str, str]]:
        """Start, end and energy."""
        energies = self.energies(day, place)
        times = [stamp(FIRST + timedelta(days=day) + step * self.STEP) for step in range(len(energies) + 1)]
        return list(zip(times, times[1:], energies, strict=False))

    @abc.abstractmethod
    def request(self, day: int) -> tuple[str, str, str]:
        """Path, body and media type of a day's upload."""

    @abc.abstractmethod
    def registers(self, server: Server, day: int) -> list[tuple[str | None, str, list[str]]]:
        """What a day's upload consists of: path of the readings, channel and energies; no path where there is no device."""

    def send(self, server: Server) -> None:
        day = self.next
        self.next += 1
        self.open.add(day)
        status, said = server.ask("POST", *self.request(day))
        if 200 <= status < 300:
            self.open.discard(day)
            self.acknowledged.add(day)
        elif status != 503:
            raise Lost(f"a day was answered {status}: {said}")

    def check(self, server: Server, all_days: bool) -> None:
        days = self.acknowledged | self.open if all_days else self.fresh()
        wanted = {day: self.registers(server, day) for day in days}
        asked: dict[tuple[str, str], list[int]] = {}
        for day, registers in wanted.items():
            for path, channel, _ in registers:
                if path:
                    asked.setdefault((path, channel), []).append(day)
        found = {}
        for register, of in asked.items():
            found |= {(*register, day): energies for day, energies in stored(server, *register, of).items()}
        there = set()
        for day, registers in wanted.items():
            parts = [(found.get((path, channel, day), []), sent) for path, channel, sent in registers]
            whole, nothing = all(got == sent for got, sent in parts), not any(got for got, _ in parts)
            if not whole and (day in self.acknowledged or not nothing):
                what = "acknowledged" if day in self.acknowledged else "not acknowledged"
                raise Lost(f"{type(self).__name__} {self.number}, day {day}, {what}: expected and found {parts}")
            if whole:
                there.add(day)
        # What was open is known now.
        self.acknowledged |= self.open & there
        self.open.clear()
        self.seen = self.next

    def fresh(self) -> set[int]:
        return {day for day in self.acknowledged | self.open if day >= self.seen - 1}


def stored(server: Server, path: str, channel: str, days: list[int]) -> dict[int, list[str]]:
    """The energies of a channel by day, from the first to the last of some days."""
    begin, end = stamp(FIRST + timedelta(days=min(days))), stamp(FIRST + timedelta(days=max(days) + 1))
    found: dict[int, list[str]] = {}
    after = ""
    while True:
        said = server.good("GET", f"{path}?channel={channel}&from={begin}&to={end}&limit=10000{after}")
        for item in said["items"]:
            start = datetime.fromisoformat(item["start"].replace("Z", "+00:00"))
            found.setdefault((start - FIRST).days, []).append(item["energy_kwh"])
        if said["next"] is None:
            return found
        after = f"&after={said['next']}"


class Meter(Writer):
    """A device whose day is small: uploads of it are stored together with those of others."""

    CHANNELS = ["import"]

    def __init__(self, server: Server, number: int):
        super().__init__(number)
        made = server.good("POST", "/api/v1/devices", {"name": f"meter {number}", "kind": "meter", "time_zone": "UTC"})
        self.path = f"/api/v1/devices/{made['id']}/readings"

    def request(self, day: int) -> tuple[str, str, str]:
        rows = [(channel, *row) for place, channel in enumerate(self.CHANNELS) for row in self.rows(day, place)]
        # Every other day as a file, which is read on another way.
        if day % 2:
            lines = [f"{start},{end},{channel},{energy},measured" for channel, start, end, energy in rows]
            return self.path, "\n".join(["start,end,channel,energy_kwh,quality", *lines]) + "\n", "text/csv"
        names = ("channel", "start", "end", "energy_kwh")
        readings = [dict(zip(names, row, strict=True)) | {"quality": "measured"} for row in rows]
        return self.path, json.dumps(readings), "application/json"

    def registers(self, server: Server, day: int) -> list[tuple[str | None, str, list[str]]]:
        return [(self.path, channel, self.energies(day, place)) for place, channel in enumerate(self.CHANNELS)]


class LargeMeter(Meter):
    """A device whose day is more than is stored with that of others, or arrives at once: four channels, each five minutes."""

    STEP = timedelta(minutes=5)
    CHANNELS = ["import", "export", "consumption", "generation"]

    def request(self, day: int) -> tuple[str, str, str]:
        path, body, kind = super().request(day)
        if len(body) <= 64 << 10:
            raise Lost(f"a day of {len(body)} bytes is not a large one")
        return path, body, kind


class Importer(Writer):
    """Files of a community, which found some of the devices that they name: these and their readings are there, or neither."""

    FILES_A_HOUSE = 3

    def __init__(self, server: Server, number: int):
        super().__init__(number)
        made = server.good("POST", "/api/v1/communities", {"name": "Import", "time_zone": "UTC"})
        self.path, self.devices = f"/api/v1/communities/{made['id']}/readings", {}

    def parts(self, day: int) -> list[tuple[str, str]]:
        """Names of devices and their channels."""
        house = f"{self.number}, {day // self.FILES_A_HOUSE}"
        return [(f"house {house}", "consumption"), (f"roof {house}", "generation")]

    def request(self, day: int) -> tuple[str, str, str]:
        lines = ["device,member,channel,start,end,energy_kwh,quality"]
        for place, (name, channel) in enumerate(self.parts(day)):
            lines += [f'"{name}",Ana,{channel},{start},{end},{energy},measured' for start, end, energy in self.rows(day, place)]
        return self.path, "\n".join(lines) + "\n", "text/csv"

    def registers(self, server: Server, day: int) -> list[tuple[str | None, str, list[str]]]:
        if any(name not in self.devices for name, _ in self.parts(day)):
            self.look(server)
        return [
            (self.devices.get(name), channel, self.energies(day, place))
            for place, (name, channel) in enumerate(self.parts(day))
        ]

    def look(self, server: Server) -> None:
        """Learns which devices there are."""
        after = ""
        while after is not None:
            said = server.good("GET", f"/api/v1/devices?limit=1000{after and f'&after={after}'}")
            for device in said["items"]:
                path = f"/api/v1/devices/{device['id']}/readings"
                if self.devices.setdefault(device["name"], path) != path:
                    raise Lost(f"the device `{device['name']}` is there twice")
            after = said["next"]


class Operator:
    """A community whose hours are settled one after the other."""

    def __init__(self, server: Server):
        made = server.good("POST", "/api/v1/communities", {"name": "Soak", "time_zone": "UTC"})
        self.path, self.hour, self.statements = f"/api/v1/communities/{made['id']}", 0, []
        self.head, self.key = None, None
        lines = ["device,member,channel,start,end,energy_kwh,quality"]
        for hour in range(4000):
            start = FIRST + timedelta(hours=hour)
            lines.append(f"casa,Ana,consumption,{stamp(start)},{stamp(start + timedelta(hours=1))},1.25,measured")
        server.good("POST", f"{self.path}/readings", "\n".join(lines) + "\n", "text/csv")
        contract = {"contract": {"resolution": "1h"}, "valid_from": "2026-01-01"}
        server.good("POST", f"{self.path}/contracts", contract)
        server.good("POST", f"{self.path}/tariffs", TARIFF, "application/toml")

    def issue(self, server: Server) -> None:
        start = FIRST + timedelta(hours=self.hour)
        self.hour += 1
        wanted = {"from": stamp(start), "to": stamp(start + timedelta(hours=1)), "issue": True}
        status, said = server.ask("POST", f"{self.path}/settlements", wanted)
        if status in (200, 201):
            self.statements += [statement["id"] for statement in said["statements"]]
        elif status != 503:
            raise Lost(f"a settlement was answered {status}: {said}")

    def check(self, server: Server, all_statements: bool) -> None:
        status, head = server.ask("GET", "/api/v1/log/head")
        if status == 404 and not self.statements:
            return
        if status != 200:
            raise Lost(f"the head of the log: {status} {head}")
        if head["tree_size"] < len(self.statements):
            raise Lost(f"{len(self.statements)} statements were acknowledged, and the log has {head['tree_size']}")
        key = server.good("GET", "/api/v1/log/key")["public_key"]
        if self.head:
            self.follows(server, head)
            if key != self.key:
                raise Lost(f"the log has another key: {key} after {self.key}")
        self.head, self.key = head, key
        for id in self.statements if all_statements else self.statements[-3:]:
            proof = server.good("GET", f"/api/v1/statements/{id}/proof")
            told = server.run("verify", "-", "--key", key, input=proof if isinstance(proof, str) else json.dumps(proof))
            if told.returncode:
                raise Lost(f"statement {id}: {told.stderr}")
            bundle = json.loads(proof) if isinstance(proof, str) else proof
            if bundle["proof"]["head"] != head:
                raise Lost(f"statement {id} is proved by another head than the newest: {bundle['proof']['head']}, {head}")

    def follows(self, server: Server, head: dict) -> None:
        """The log that was is the beginning of the log that is."""
        old = self.head
        sizes = f"from={old['tree_size']}&to={head['tree_size']}"
        told = server.good("GET", f"/api/v1/log/consistency?{sizes}")
        if told["head"] != head or not only_grew(old, head, told["path"]):
            raise Lost(f"the log did not only grow: {old}, then {head}, and {told}")
        # Another past would not pass.
        if only_grew(old | {"root_hash": "00" * 32}, head, told["path"]):
            raise Lost("a log of any past at all passes")


def load(server: Server, writers: list[Writer], operator: Operator, stop: threading.Event, failed: list) -> None:
    """Writes until it is told to stop or the server is gone."""

    def keep(work) -> None:
        while not stop.is_set():
            try:
                work(server)
            except OSError:
                if stop.wait(0.01):
                    return
            except Lost as lost:
                failed.append(lost)
                return

    works = [writer.send for writer in writers] + [operator.issue]
    threads = [threading.Thread(target=keep, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def soak(binary: str, rounds: int, database: str, chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        name = database.split(":")[0]
        address = f"sqlite://{folder}/grid.db" if database == "sqlite" else database
        server = Server(binary, address, folder)
        user = f"soak{time.time_ns()}"
        made = server.run("user", "create", user, "--email", f"{user}@grid.example", input=f"{PASSWORD}\n")
        if made.returncode:
            raise Lost(made.stderr)
        starts = [server.start()]
        try:
            login = server.good("POST", "/api/v1/auth/login", {"username": user, "password": PASSWORD})
            server.token = login["access_token"]
            writers: list[Writer] = [Meter(server, number) for number in range(METERS)]
            writers += [LargeMeter(server, METERS), Importer(server, METERS + 1)]
            operator = Operator(server)
            shown = time.monotonic()
            for number in range(rounds):
                stop, failed = threading.Event(), []
                work = threading.Thread(target=load, args=(server, writers, operator, stop, failed))
                work.start()
                time.sleep(chance.uniform(0.02, 0.6))
                server.kill()
                stop.set()
                work.join()
                if failed:
                    raise failed[0]
                starts.append(server.start())
                last = number == rounds - 1
                for writer in writers:
                    writer.check(server, all_days=last)
                operator.check(server, all_statements=last)
                if time.monotonic() - shown > 2:
                    shown = time.monotonic()
                    print(f"  {name}: killed {number + 1} of {rounds} times", file=sys.stderr)
            small, (large, imported) = writers[:METERS], writers[METERS:]
            counts = [sum(len(writer.acknowledged) for writer in of) for of in (small, [large], [imported])]
            if not all(counts) or not operator.statements:
                raise Lost(f"somebody wrote nothing: {counts}, {len(operator.statements)} statements")
            print(
                f"{name}: killed {rounds} times; {counts[0]} days of 24 readings, {counts[1]} of 1152, {counts[2]} files of a"
                f" community and {len(operator.statements)} statements are there; ready again after {max(starts):.2f} s at most",
                flush=True,
            )
        finally:
            server.kill()


if __name__ == "__main__":
    binary, rounds, *databases = sys.argv[1:]
    seed = int(os.environ.get("GRID_SOAK_SEED", time.time_ns() % 1_000_000))
    print(f"seed {seed}")
    try:
        for database in databases:
            soak(os.path.abspath(binary), int(rounds), database, random.Random(seed))
    except Lost as lost:
        sys.exit(f"lost: {lost}")
