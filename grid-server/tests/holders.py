"""Clients of a database that hold what others need: a lock, or every connection that there may be."""

import contextlib
import subprocess

from private_servers import SERVES


class NotHeld(Exception):
    """A client did not get what it should hold."""


@contextlib.contextmanager
def held(command: list, statement: str):
    """A client of the database that has said something and holds its connection."""
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        client.stdin.write(statement)
        client.stdin.flush()
        for line in client.stdout:
            if "held" in line:
                break
            if "ERROR" in line:
                raise NotHeld(f"{command[0]}: {line.strip()}")
        else:
            raise NotHeld(f"{command[0]} could not hold: {statement}")
        yield
    finally:
        client.kill()
        client.wait()


def mysql_has_no_connection_left(database):
    """What it says to a user who has as many as this user may have, and to everybody when there are as many as there may be."""
    user, password = SERVES.split(":")
    client = ["mariadb", "--no-defaults", "--unbuffered", "--batch", "--skip-column-names", f"--user={user}"]
    client.append(f"--password={password}")
    by_network = [*client, "--host=127.0.0.1", f"--port={database.port}"]
    by_socket = [*client, f"--socket={database.socket}"]
    hold = "SELECT 'held';\n"

    @contextlib.contextmanager
    def all_of(holder: list, count: int):
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                take(stack, holder)
            yield

    def take(stack, holder: list) -> None:
        for _ in range(20):
            # Those of the server go, so that there is a place; it may be quicker to take it again.
            database.tell(f"KILL CONNECTION USER {user}@'127.0.0.1';")
            with contextlib.suppress(NotHeld):
                stack.enter_context(held(holder, hold))
                return
        raise NotHeld("no place could be taken")

    def limited(most: int) -> None:
        database.tell(f"ALTER USER {user}@'127.0.0.1' WITH MAX_USER_CONNECTIONS {most};")

    @contextlib.contextmanager
    def of_the_user():
        limited(1)
        with all_of(by_network, 1):
            yield

    @contextlib.contextmanager
    def of_all():
        # The fewest that it can be told; the administrator has one beside them.
        database.tell("SET GLOBAL max_connections = 10;")
        with all_of(by_socket, 10):
            yield

    return [
        ("out of the user's connections", of_the_user(), lambda: limited(0)),
        ("out of all connections", of_all(), lambda: database.tell("SET GLOBAL max_connections = 151;")),
    ]


def postgres_has_no_connection_left(database):
    """What it says to a user who may have none."""
    user = SERVES.split(":")[0]

    @contextlib.contextmanager
    def of_the_user():
        database.tell(
            f"ALTER ROLE {user} CONNECTION LIMIT 0;"
            f" SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}';"
        )
        yield

    return [("out of the user's connections", of_the_user(), lambda: database.tell(f"ALTER ROLE {user} CONNECTION LIMIT -1;"))]


NO_CONNECTION_LEFT = {"mysql": mysql_has_no_connection_left, "postgres": postgres_has_no_connection_left}
