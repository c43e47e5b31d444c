"""A grid-server that runs beside the tests, as its users meet it: the program, over real sockets."""

import json
import os
import socket
import subprocess
import time
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


class Server:
    """A running grid-server and whoever is logged in."""

    def __init__(self, url: str, settings: Mapping[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.database = url
        self.token = ""
        self.process = subprocess.Popen(
            [PROGRAM, "--database-url", url, "serve"],
            env={**os.environ, **settings, "PORT": str(self.port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        return json.loads(self.read(path, body, kind))

    def read(self, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        headers = {"Content-Type": kind, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        request = urllib.request.Request(f"{self.address}{path}", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            content: bytes = answer.read()
            return content

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
        self.ask("/api/v1/auth/register", json.dumps(person).encode())
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
        assert running.process.wait(timeout=20) == 0
