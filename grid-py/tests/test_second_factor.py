"""The second factor of a running server, with an authenticator that others wrote: pyotp."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pyotp

from serving import Server, serving


def ask(server: Server, method: str, path: str, **body: str) -> tuple[int, Any]:
    """The status and the answer, whatever they are."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.token}"}
    address = f"http://127.0.0.1:{server.port}/api/v1/auth/{path}"
    request = urllib.request.Request(address, data=json.dumps(body).encode(), headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_an_authenticator_of_others_logs_in(tmp_path: Path) -> None:
    with serving(f"sqlite://{tmp_path / 'grid.db'}") as server:
        server.log_in()
        kat = {"username": server.ask("/api/v1/auth/me")["username"], "password": "correct horse"}
        status, begun = ask(server, "POST", "totp", password=kat["password"])
        assert status == 200
        authenticator = pyotp.parse_uri(begun["uri"])
        assert isinstance(authenticator, pyotp.TOTP)
        assert (authenticator.secret, authenticator.name) == (begun["secret"], kat["username"])
        now = int(time.time())
        status, confirmed = ask(server, "PUT", "totp", code=authenticator.at(now))
        assert (status, len(confirmed["recovery_codes"])) == (200, 10)

        assert ask(server, "POST", "login", **kat)[0] == 401
        assert ask(server, "POST", "login", **kat, totp=authenticator.at(now))[0] == 401
        code = authenticator.at(now, counter_offset=1)
        assert ask(server, "POST", "login", **kat, totp=code)[0] == 200
        assert ask(server, "POST", "login", **kat, totp=code)[0] == 401
