"""Kills the server again and again while it is written to: `soak.py BINARY ROUNDS URL...`; `sqlite` is a file of its own.

Each round several meters send days of readings and an operator issues statements; at a random moment the server gets
SIGKILL and is started again. Then every day that was acknowledged is there, to the last digit; one that was not is there
whole or not at all; every statement that was acknowledged verifies offline; and the log that was is the beginning of the log
that is. The seed of the random moments is printed, and GRID_SOAK_SEED repeats it.
"""

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

WRITERS = 4
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

    def start(self) -> float:
        """Starts it and gives the seconds until it was ready."""
        began = time.monotonic()
        log = open(f"{self.folder}/log", "a")
        self.process = subprocess.Popen([self.binary, "serve"], env=self.settings, stdout=log, stderr=log)
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
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Content-Type": kind} if body is not None else {}
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            text = body if isinstance(body, str) or body is None else json.dumps(body)
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said) if said.startswith((b"{", b"[")) else said.decode()
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


class Meter:
    """A device, the days that were acknowledged and those that may or may not be there."""

    def __init__(self, server: Server, number: int):
        made = server.good("POST", "/api/v1/devices", {"name": f"meter {number}", "kind": "meter", "time_zone": "UTC"})
        self.path, self.number, self.next = f"/api/v1/devices/{made['id']}/readings", number, 0
        self.acknowledged: set[int] = set()
        self.open: set[int] = set()

    def energies(self, day: int) -> list[str]:
        return [f"{(self.number * 7919 + day * 24 + hour) % 5000 / 1000:.6f}" for hour in range(24)]

    def send(self, server: Server) -> None:
        day = self.next
        self.next += 1
        self.open.add(day)
        begin = FIRST + timedelta(days=day)
        hours = [stamp(begin + timedelta(hours=hour)) for hour in range(25)]
        rows = zip(hours, hours[1:], self.energies(day), strict=False)
        # Every other day as a file, which is stored on another way.
        if day % 2:
            lines = [f"{start},{end},import,{energy},measured" for start, end, energy in rows]
            body, kind = "\n".join(["start,end,channel,energy_kwh,quality", *lines]) + "\n", "text/csv"
        else:
            body = json.dumps(
                [
                    {"channel": "import", "start": start, "end": end, "energy_kwh": energy, "quality": "measured"}
                    for start, end, energy in rows
                ]
            )
            kind = "application/json"
        status, said = server.ask("POST", self.path, body, kind)
        if 200 <= status < 300:
            self.open.discard(day)
            self.acknowledged.add(day)
        elif status != 503:
            raise Lost(f"a day was answered {status}: {said}")

    def check(self, server: Server, all_days: bool) -> None:
        days = self.acknowledged | self.open if all_days else self.fresh()
        if not days:
            return
        begin, end = FIRST + timedelta(days=min(days)), FIRST + timedelta(days=max(days) + 1)
        found: dict[int, list[str]] = {}
        after = ""
        while True:
            said = server.good("GET", f"{self.path}?channel=import&from={stamp(begin)}&to={stamp(end)}&limit=10000{after}")
            for item in said["items"]:
                start = datetime.fromisoformat(item["start"].replace("Z", "+00:00"))
                found.setdefault((start - FIRST).days, []).append(item["energy_kwh"])
            if said["next"] is None:
                break
            after = f"&after={said['next']}"
        for day in days:
            got, sent = found.get(day, []), self.energies(day)
            if got != sent and (day in self.acknowledged or got):
                what = "acknowledged" if day in self.acknowledged else "not acknowledged"
                raise Lost(f"meter {self.number}, day {day}, {what}: expected {sent}, found {got}")
        # What was open is known now.
        self.acknowledged |= {day for day in self.open if day in found}
        self.open.clear()
        self.seen = self.next

    seen = 0

    def fresh(self) -> set[int]:
        return {day for day in self.acknowledged | self.open if day >= self.seen - 1}


class Operator:
    """A community whose hours are settled one after the other."""

    def __init__(self, server: Server):
        made = server.good("POST", "/api/v1/communities", {"name": "Soak", "time_zone": "UTC"})
        self.path, self.hour, self.statements, self.head = f"/api/v1/communities/{made['id']}", 0, [], None
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
        key = server.good("GET", "/api/v1/log/key")["public_key"]
        for id in self.statements if all_statements else self.statements[-3:]:
            proof = server.good("GET", f"/api/v1/statements/{id}/proof")
            told = server.run("verify", "-", "--key", key, input=proof if isinstance(proof, str) else json.dumps(proof))
            if told.returncode:
                raise Lost(f"statement {id}: {told.stderr}")


def load(server: Server, meters: list[Meter], operator: Operator, stop: threading.Event, failed: list) -> None:
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

    works = [meter.send for meter in meters] + [operator.issue]
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
            meters, operator = [Meter(server, number) for number in range(WRITERS)], Operator(server)
            shown = time.monotonic()
            for number in range(rounds):
                stop, failed = threading.Event(), []
                work = threading.Thread(target=load, args=(server, meters, operator, stop, failed))
                work.start()
                time.sleep(chance.uniform(0.02, 0.6))
                server.kill()
                stop.set()
                work.join()
                if failed:
                    raise failed[0]
                starts.append(server.start())
                last = number == rounds - 1
                for meter in meters:
                    meter.check(server, all_days=last)
                operator.check(server, all_statements=last)
                if time.monotonic() - shown > 2:
                    shown = time.monotonic()
                    print(f"  {name}: killed {number + 1} of {rounds} times", file=sys.stderr)
            days = sum(len(meter.acknowledged) for meter in meters)
            print(
                f"{name}: killed {rounds} times; {days} days of 24 readings and {len(operator.statements)} statements"
                f" are there; ready again after {max(starts):.2f} s at most",
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
