"""Database servers of a test's own, which may be killed, filled, and asked for TLS: MariaDB and PostgreSQL from the
programs of this machine, each in a folder, on a port and a socket of its own, with the users that `docs/deploy/database.md` gives.
"""

import contextlib
import glob
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIGRATES, SERVES = "grid_migrate:one", "grid_serve:another"


class Missing(Exception):
    """A program that the machine does not have."""


def program(name: str, *folders: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))
    if not found:
        raise Missing(name)
    return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def documented(kind: str) -> str:
    """The statements of the page for operators that make the database and its two users."""
    page = (ROOT / "docs/deploy/database.md").read_text()
    blocks = re.findall(r"^```sql\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    (block,) = [block for block in blocks if ("CREATE USER" if kind == "mysql" else "CREATE ROLE") in block]
    return block


def certificates(folder: pathlib.Path) -> None:
    """`ca.pem` and what it signed for this machine, `server.pem` and `server.key`; `other.pem` has signed nothing."""

    def openssl(*arguments: str) -> None:
        subprocess.run([program("openssl"), *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "other"):
        made = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        openssl("req", "-x509", *key, "-days", "2", "-subj", f"/CN=GRID tests, {name}", *made)
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", *signed)


class PrivateServer:
    """What the two have in common: a folder, a process, and how it is told to end."""

    kind = ""

    def __init__(self, folder: pathlib.Path, tls: bool = True, megabytes: int = 0):
        self.folder, self.tls, self.port, self.process = folder, tls, free_port(), None
        self.mounted = False
        self.is_small = megabytes > 0
        folder.mkdir(parents=True)
        # The server may run as another user than the test.
        for parent in (folder, folder.parent):
            parent.chmod(0o755)
        self.data = folder / "data"
        self.data.mkdir()
        if megabytes:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "grid", self.data]
            self.mounted = subprocess.run(mount, capture_output=True).returncode == 0
        certificates(folder)
        self.make()
        self.start()
        self.tell(self.setup())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.data], check=False)

    def start(self) -> None:
        """Starts it and waits until it takes connections; after a kill, once those of before are gone."""
        for _ in range(20):
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, **self.as_whom())
            since = time.monotonic()
            while self.process.poll() is None and time.monotonic() - since < 60:
                if self.answers():
                    return
                time.sleep(0.05)
            time.sleep(0.5)
        raise RuntimeError(f"{self.kind} does not start: {(self.folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """SIGKILL, as the machine's own hand does it when memory runs out."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def answers(self) -> bool:
        return subprocess.run(self.client(), input="SELECT 1;", text=True, capture_output=True).returncode == 0

    def tell(self, statements: str) -> str:
        """As the administrator, by the socket."""
        told = subprocess.run(self.client(), input=statements, text=True, capture_output=True)
        if told.returncode:
            raise RuntimeError(f"{self.kind}: {told.stderr}")
        return told.stdout

    def as_whom(self) -> dict:
        return {}


class MariaDb(PrivateServer):
    kind = "mysql"

    def make(self) -> None:
        # Beside its socket and its files it needs no rights, so it may run as whoever tests, root too.
        self.whom = ["--user=root"] if os.geteuid() == 0 else []
        install = [program("mariadb-install-db", "/usr/sbin"), "--no-defaults", f"--datadir={self.data}", *self.whom]
        install += ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        install += ["--innodb-log-file-size=8M"]
        subprocess.run(install, check=True, capture_output=True)
        self.socket = self.folder / "socket"

    def command(self) -> list:
        command = [program("mariadbd", "/usr/sbin"), "--no-defaults", f"--datadir={self.data}", *self.whom]
        command += [f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.socket}"]
        command += ["--skip-name-resolve", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M"]
        if self.tls:
            command += [f"--ssl-{part}={self.folder}/{name}" for part, name in TLS_FILES]
        return command

    def client(self) -> list:
        return ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names"]

    def setup(self) -> str:
        statements = documented("mysql")
        by_socket = [line for line in statements.splitlines() if "@" in line]
        return statements.replace("10.0.0.%", "127.0.0.1") + "\n".join(by_socket).replace("10.0.0.%", "localhost")

    def url(self, user: str, encrypted: str = "DISABLED") -> str:
        """`DISABLED`, `REQUIRED` or `VERIFY_IDENTITY`."""
        checked = f"&ssl-ca={self.folder}/ca.pem" if encrypted.startswith("VERIFY") else ""
        return f"mysql://{user}@127.0.0.1:{self.port}/GRID?ssl-mode={encrypted}{checked}"

    def plain(self, user: str) -> str:
        return self.url(user, "DISABLED")

    def required(self, user: str) -> str:
        return self.url(user, "REQUIRED")

    def verified(self, user: str) -> str:
        return self.url(user, "VERIFY_IDENTITY")

    def by_socket(self, user: str) -> str:
        return f"mysql://{user}@localhost/GRID?socket={self.socket}"


class Postgres(PrivateServer):
    kind = "postgres"

    def make(self) -> None:
        folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
        self.bin = folders
        # It refuses to run as root.
        self.whom = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self.cluster = self.data / "cluster"
        self.socket = self.folder / "sockets"
        self.socket.mkdir()
        if self.whom:
            for path in (self.data, self.socket, self.folder / "server.key"):
                shutil.chown(path, "postgres", "postgres")
        initdb = [program("initdb", *self.bin), f"--pgdata={self.cluster}", "--username=postgres", "--encoding=UTF8"]
        initdb += ["--locale=C", "--auth=trust", "--wal-segsize=1", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd="/", **self.whom)
        by_password = ["local all postgres trust", "local all all scram-sha-256", "host all all 127.0.0.1/32 scram-sha-256"]
        (self.cluster / "pg_hba.conf").write_text("\n".join(by_password) + "\n")

    def command(self) -> list:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.socket,
            "shared_buffers": "16MB",
            "autovacuum": "off",
        }
        if self.is_small:
            settings |= {"min_wal_size": "2MB", "max_wal_size": "16MB"}
        if self.tls:
            settings |= {"ssl": "on"} | {f"ssl_{part}_file": self.folder / name for part, name in TLS_FILES}
        command = [program("postgres", *self.bin), "-D", self.cluster]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def as_whom(self) -> dict:
        return {"cwd": "/"} | self.whom

    def client(self) -> list:
        command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        return [*command, f"--host={self.socket}", f"--port={self.port}", "--username=postgres", "postgres"]

    def setup(self) -> str:
        return documented("postgres")

    def url(self, user: str, encrypted: str) -> str:
        checked = f"&sslrootcert={self.folder}/ca.pem" if encrypted.startswith("verify") else ""
        return f"postgres://{user}@127.0.0.1:{self.port}/grid?sslmode={encrypted}{checked}"

    def plain(self, user: str) -> str:
        return self.url(user, "disable")

    def required(self, user: str) -> str:
        return self.url(user, "require")

    def verified(self, user: str) -> str:
        return self.url(user, "verify-full")

    def by_socket(self, user: str) -> str:
        return f"postgres://{user}@localhost:{self.port}/grid?host={self.socket}"


TLS_FILES = [("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server.key")]
KINDS = {"mysql": MariaDb, "postgres": Postgres}


@contextlib.contextmanager
def filled(server: PrivateServer):
    """Not a byte is left on the small file system that the server's files are on."""
    fillers = [server.data / f"filler{size}" for size in (65536, 512)]
    try:
        for filler, size in zip(fillers, (65536, 512), strict=True):
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(size))
        yield
    finally:
        for filler in fillers:
            filler.unlink(missing_ok=True)
