"""The program on a database, and what its clients were told, to be compared with what is there."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import time
import uuid

RECOVERS_SECONDS = 20.0
PASSWORD = "a long password of a user who is none"


class Wrong(Exception):
    """A client saw what it should not."""


class Server:
    """The program on a database."""

    def __init__(self, binary: str, database: str, folder: str):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        self.token, self.log, self.binary = None, pathlib.Path(folder, "log"), binary
        self.settings = settings = os.environ | {
            "GRID_DATABASE_URL": database,
            "PORT": str(self.port),
            "GRID_TOKEN_MINUTES": "1440",
            "GRID_PASSWORD_MEMORY_KIB": "64",
            "GRID_PASSWORD_PASSES": "1",
            "GRID_ACCOUNT_TRIES": "100000",
            "GRID_ADDRESS_TRIES": "100000",
        }
        self.user = f"fault{time.time_ns()}"
        made = [binary, "user", "create", self.user, "--email", f"{self.user}@grid.example"]
        subprocess.run(made, env=settings, input=f"{PASSWORD}\n", text=True, check=True, capture_output=True)
        self.start()
        wait_until(lambda: self.ask("GET", "/readyz")[0] == 200, 30, "the server is not ready")
        login = self.ask("POST", "/api/v1/auth/login", {"username": self.user, "password": PASSWORD})
        self.token = json.loads(login[2])["access_token"]
        self.id = json.loads(self.ask("GET", "/api/v1/auth/me")[2])["user_id"]
        device = {"name": "meter", "kind": "meter", "time_zone": "UTC"}
        made = json.loads(self.ask("POST", "/api/v1/devices", device)[2])
        # More than is stored in the time of a request, the same each time, of a device that nothing else is written for.
        hours = [f"2025-{month:02}-{day:02}T{hour:02}" for month in (1, 3) for day in range(1, 31) for hour in range(23)]
        self.many = [
            {"channel": "import", "start": f"{at}:00:00Z", "end": f"{at}:30:00Z", "energy_kwh": "0.1"} for at in hours
        ]
        self.meter = json.loads(self.ask("POST", "/api/v1/devices", device)[2])["id"]
        self.readings, self.hour, self.kept = f"/api/v1/devices/{made['id']}/readings", 0, []
        # Key of a request, its body, and how it was answered during a fault.
        self.keyed: dict[str, tuple[dict, int, bytes]] = {}

    def start(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen([self.binary, "serve"], env=self.settings, stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def keep(self) -> None:
        """Writes one reading and remembers that it was acknowledged."""
        reading = self.reading()
        status, _, said = self.ask("POST", self.readings, reading)
        if not 200 <= status < 300:
            raise Wrong(f"a write without a fault: {status}: {said[:300]!r}")
        self.kept.append(reading["start"])

    def has_all(self, fault: str) -> None:
        status, _, said = self.ask("GET", f"{self.readings}?from=2026-01-01&to=2026-12-31&limit=10000")
        there = {item["start"] for item in json.loads(said)["items"]} if status == 200 else set()
        if lost := set(self.kept) - there:
            raise Wrong(f"{fault}: acknowledged, and not there: {sorted(lost)}")

    def begin_once(self) -> tuple[str, dict]:
        """A request that is to be done once: its key, and a device that nobody has."""
        key = str(uuid.uuid4())
        return key, {"name": f"once {key}", "kind": "meter", "time_zone": "UTC"}

    def was_done_once(self, fault: str) -> None:
        """What was asked for under a key during a fault was done or not, the key says which or that nobody knows, and it is
        not done twice."""
        for key, (body, status, said) in self.keyed.items():
            answers = []

            def is_known(key=key, body=body, answers=answers) -> bool:
                answers[:] = self.ask("POST", "/api/v1/devices", body, key)
                # It waits for what may still be running.
                return not (answers[0] == 503 or (answers[0] == 409 and answers[1].get("Retry-After")))

            wait_until(is_known, RECOVERS_SECONDS, f"{fault}: a request under a key has no end")
            again, headers, told = answers
            count = sum(device["name"] == body["name"] for device in self.devices())
            where = f"{fault}: under a key {status}, then {again}, and {count} were made: {told[:300]!r}"
            replayed = headers.get("Idempotency-Replayed") == "true"
            if status == 201 and not (again == 201 and replayed and told == said and count == 1):
                raise Wrong(f"{where}: it was acknowledged")
            if status != 201 and not (again == 201 and count == 1) and not (again == 409 and count <= 1):
                raise Wrong(f"{where}: neither done once nor not known")
        self.keyed.clear()

    def devices(self) -> list[dict]:
        found, after = [], ""
        while after is not None:
            page = json.loads(self.ask("GET", f"/api/v1/devices?limit=1000{after and f'&after={after}'}")[2])
            found, after = found + page["items"], page["next"]
        return found

    def ask(self, method: str, path: str, body=None, key: str | None = None):
        """Status, headers and body; none of them where the server did not answer in twenty seconds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            if key:
                headers["Idempotency-Key"] = key
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except OSError:
            return 0, {}, b""
        finally:
            connection.close()

    def reading(self) -> dict:
        self.hour += 1
        day, hour = divmod(self.hour, 23)
        start = f"2026-{day // 28 + 1:02}-{day % 28 + 1:02}T{hour:02}:00:00Z"
        end = f"2026-{day // 28 + 1:02}-{day % 28 + 1:02}T{hour + 1:02}:00:00Z"
        return {"channel": "import", "start": start, "end": end, "energy_kwh": "0.250000", "quality": "measured"}

    def requests(self):
        """What clients do: name, method, path and body."""
        login = {"username": self.user, "password": PASSWORD}
        return [
            ("live", "GET", "/healthz", None),
            ("ready", "GET", "/readyz", None),
            ("list", "GET", "/api/v1/devices", None),
            ("write", "POST", self.readings, self.reading()),
            ("read", "GET", f"{self.readings}?from=2026-01-01&to=2026-02-01", None),
            ("sum", "GET", f"{self.readings}?from=2026-01-01&to=2026-02-01&resolution=day", None),
            ("battery", "POST", "/battery/status", {"energy_available_kW": 4, "battery_capacity_kW": 10}),
            ("communities", "GET", "/api/v1/communities", None),
            ("old sum", "GET", f"/api/v1/consumption_generation/get-value-by-delta?user_id={self.id}&delta=day", None),
            ("many", "POST", f"/api/v1/devices/{self.meter}/readings", self.many),
            ("login", "POST", "/api/v1/auth/login", login),
            ("log", "GET", "/api/v1/log/head", None),
        ]


def wait_until(is_so, seconds: float, otherwise: str) -> float:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if is_so():
            return time.monotonic() - began
        time.sleep(0.05)
    raise Wrong(otherwise)
