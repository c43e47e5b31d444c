"""A grid-server that runs beside the tests, as its users meet it: the program, over real sockets."""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skipping import skip

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).parents[2] / "target"))
PROGRAM = Path(os.environ.get("GRID_SERVER", TARGET / "debug" / "grid-server"))
PASSWORD = "correct horse"
TRIES = 10


class Server:
    """A running grid-server and whoever is logged in."""

    def __init__(self, url: str, settings: Mapping[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.database = url
        self.token = ""
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [PROGRAM, "--database-url", url, "serve"],
            env={**os.environ, **settings, "PORT": str(self.port)},
            stdout=self.log,
            stderr=self.log,
        )

    def ask(self, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        return json.loads(self.read(path, body, kind))

    def read(self, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        headers = {"Content-Type": kind, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        request = urllib.request.Request(f"{self.address}{path}", data=body, headers=headers)
        for left in reversed(range(TRIES)):
            try:
                return self._send(request)
            except urllib.error.HTTPError as refused:
                after = refused.headers.get("Retry-After")
                # As every client is told: a disk that is busy for two seconds is no fault of the server's.
                if refused.code == 503 and after and left and path != "/readyz":
                    time.sleep(float(after))
                    continue
                refused.add_note(f"{refused.read().decode(errors='replace')}\n{self._last_lines()}")
                raise
        raise AssertionError("no try was made")

    @staticmethod
    def _send(request: urllib.request.Request) -> bytes:
        with urllib.request.urlopen(request, timeout=120) as answer:
            content: bytes = answer.read()
            return content

    def _last_lines(self) -> str:
        # Not by `read`, whose place in the file is also where the server writes.
        log = os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size, 0)
        return "\n".join(log.decode(errors="replace").splitlines()[-20:])

    def wait(self) -> None:
        for _ in range(600):
            try:
                self.ask("/readyz")
                return
            except OSError:
                assert self.process.poll() is None, "the server ended"
                time.sleep(0.1)
        pytest.fail("the server was not ready within a minute")

    def register(self) -> str:
        """Registers somebody new, whose password is `PASSWORD`, and gives their name."""
        name = f"ana-{uuid.uuid4()}"
        person = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        try:
            self.ask("/api/v1/auth/register", json.dumps(person).encode())
        except urllib.error.HTTPError as refused:
            # A name that nobody else has is taken where the first of several tries was done and not answered.
            if refused.code != 409:
                raise
        return name

    def log_in(self) -> None:
        login = {"username": self.register(), "password": PASSWORD}
        self.token = self.ask("/api/v1/auth/login", json.dumps(login).encode())["access_token"]

    def community(self) -> str:
        body = json.dumps({"name": "Seventeen homes", "time_zone": "Etc/GMT+8"}).encode()
        identity: str = self.ask("/api/v1/communities", body)["id"]
        return identity


@contextmanager
def serving(url: str, **settings: str) -> Iterator[Server]:
    """Starts a server on a database, with settings from the environment, and stops it again."""
    if not PROGRAM.exists():
        skip(f"the program is not built (`{PROGRAM}`; `cargo build -p grid-server` builds it)")
    running = Server(url, settings)
    try:
        running.wait()
        yield running
    finally:
        running.process.terminate()
        status = running.process.wait(timeout=20)
        running.log.close()
        assert status == 0
