"""Runs schemathesis over the server on each database: `run.py BINARY URL...`; `sqlite` is a file of its own.

The server starts with a user and an administrator, as an operator would start it. The user asks for everything; the administrator
for what only administrators may see, where the user finds nothing but 403. Each run has a fixed seed, so that what it finds is
found again. The exit code is that of the first run that found something.
"""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
PASSWORD = "a long password of a user who is none"
EXAMPLES = os.environ.get("GRID_API_EXAMPLES", "5")
# Who asks, and for which paths.
ROLES = {"user": None, "administrator": "/(users|audit|auth/introspect)"}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def run(binary: str, database: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        name = database.split(":")[0]
        if database == "sqlite":
            database = f"sqlite://{folder}/grid.db"
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        settings = os.environ | {
            "GRID_DATABASE_URL": database,
            "PORT": str(port),
            # Thousands of logins from one address, and none that is worth protecting.
            "GRID_ACCOUNT_TRIES": "1000000",
            "GRID_ADDRESS_TRIES": "1000000",
            "GRID_PASSWORD_MEMORY_KIB": "64",
            "GRID_PASSWORD_PASSES": "1",
        }
        names = {}
        for role in ROLES:
            # A database may have seen an earlier run.
            names[role] = user = f"schemathesis{time.time_ns()}"
            made = [binary, "user", "create", user, "--email", f"{user}@grid.example"]
            made += ["--admin"] if role == "administrator" else []
            subprocess.run(made, env=settings, input=f"{PASSWORD}\n", text=True, check=True, stdout=subprocess.DEVNULL)
        with open(f"{folder}/log", "w+") as log:
            server = subprocess.Popen([binary, "serve"], env=settings, stdout=log, stderr=log, cwd=folder)
            try:
                wait_for(f"{url}/readyz", server)
                code = 0
                for role, paths in ROLES.items():
                    told = {"GRID_API_URL": url, "GRID_API_USER": names[role], "GRID_API_PASSWORD": PASSWORD}
                    st = pathlib.Path(sys.executable).parent / "st"
                    wanted = [st, "--config-file", HERE / "schemathesis.toml", "run", f"{url}/openapi.json", "--seed", "7"]
                    wanted += ["--max-examples", EXAMPLES, "--continue-on-failure", "--warnings", "off"]
                    wanted += ["--include-path-regex", paths] if paths else []
                    print(f"schemathesis over {name}, as {role}", flush=True)
                    code = subprocess.run(wanted, env=os.environ | told, cwd=HERE).returncode or code
                if server.poll() is not None:
                    print(f"the server ended with {server.returncode}", file=sys.stderr)
                    code = code or 1
                if code:
                    log.seek(0)
                    print("".join(log.readlines()[-40:]), file=sys.stderr)
                return code
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(20)


def wait_for(url: str, server: subprocess.Popen) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    sys.exit(f"the server is not ready at {url}")


if __name__ == "__main__":
    binary, *databases = sys.argv[1:]
    codes = [run(os.path.abspath(binary), database) for database in databases]
    sys.exit(next((code for code in codes if code), 0))
