"""Readers of events who take nothing of what they are told: others hear everything meanwhile, and the server cuts them, so that
others find a place."""

import http.client
import socket
import threading
import time
from datetime import timedelta

from soak import FIRST, PASSWORD, Lost, Server, stamp

# How many streams one user may have, how many devices a file names, and how many files are sent: some four megabytes of events,
# which is more than the system keeps for a reader.
SEATS, DEVICES, FILES = 8, 400, 40
# The server waits half a minute for a reader, and looks at it when it has something to say.
CUT_SECONDS = 75


def stream(server: Server, room: int | None = None) -> tuple[int, socket.socket]:
    """Status and connection of a stream, of which nothing but the head was read; with a buffer of so many bytes."""
    connection = socket.socket()
    if room:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", server.port))
    head = ["GET /api/v1/events HTTP/1.1", "Host: localhost", "Accept: text/event-stream", f"Authorization: Bearer {server.token}"]
    connection.sendall("\r\n".join([*head, "", ""]).encode())
    said = b""
    while b"\r\n" not in said:
        more = connection.recv(1)
        if not more:
            raise Lost("a stream ended before it began")
        said += more
    return int(said.split()[1]), connection


def file(day: int) -> str:
    lines = ["device,member,channel,start,end,energy_kwh,quality"]
    start, end = stamp(FIRST + timedelta(days=day)), stamp(FIRST + timedelta(days=day, hours=1))
    lines += [f"house {device},ana,consumption,{start},{end},0.5,measured" for device in range(DEVICES)]
    return "\n".join(lines) + "\n"


def heard(connection: socket.socket) -> int:
    """How many events a reader is told who takes all of them, up to the last one."""
    count, rest = 0, b""
    while count < FILES * (DEVICES + 1):
        more = connection.recv(1 << 16)
        if not more:
            break
        *lines, rest = (rest + more).split(b"\n")
        count += sum(line.startswith(b"event: ") for line in lines)
    return count


def stalled(binary: str, folder: str) -> str:
    """What became of readers who read nothing, in a sentence."""
    server = Server(binary, f"sqlite://{folder}/grid.db", folder)
    made = server.run("user", "create", "ana", "--email", "ana@grid.example", input=f"{PASSWORD}\n")
    if made.returncode:
        raise Lost(made.stderr)
    server.start()
    connections = []
    try:
        server.token = server.good("POST", "/api/v1/auth/login", {"username": "ana", "password": PASSWORD})["access_token"]
        community = server.good("POST", "/api/v1/communities", {"name": "Readers", "time_zone": "UTC"})["id"]
        for number in range(SEATS):
            status, connection = stream(server, room=4096 if number else None)
            connections.append(connection)
            if status != 200:
                raise Lost(f"a stream was refused: {status}")
        counts: list[int] = []
        reader = threading.Thread(target=lambda: counts.append(heard(connections[0])))
        reader.start()
        status, refused = stream(server)
        refused.close()
        if status != 429:
            raise Lost(f"one stream too many: {status}")
        for day in range(FILES):
            began = time.monotonic()
            server.good("POST", f"/api/v1/communities/{community}/readings", file(day), "text/csv")
            if time.monotonic() - began > 20:
                raise Lost("an upload waited for readers who take nothing")
        reader.join()
        if counts != [FILES * (DEVICES + 1)]:
            raise Lost(f"beside readers who take nothing another heard {counts} events of {FILES * (DEVICES + 1)}")
        began = time.monotonic()
        while True:
            status, connection = stream(server)
            connections.append(connection)
            if status == 200:
                break
            connections.pop().close()
            if time.monotonic() - began > CUT_SECONDS:
                raise Lost(f"readers who take nothing keep their places for more than {CUT_SECONDS} s")
            time.sleep(0.5)
        took = time.monotonic() - began
        server.good("GET", "/api/v1/devices")
        return f"readers of events who take nothing are cut after {took:.0f} s"
    except (OSError, http.client.HTTPException) as broken:
        raise Lost(f"a reader that takes nothing: {broken}") from broken
    finally:
        for connection in connections:
            connection.close()
        server.kill()
