"""What schemathesis cannot know of the API: how to log in, and how to write the media types that are not its own."""

import json
import os
import urllib.request
import uuid

import schemathesis

ENDS_A_LOGIN = ("logout", "/sessions/", "/revoke", "/password", "/totp", "/refresh")


def log_in() -> str:
    body = {"username": os.environ["GRID_API_USER"], "password": os.environ["GRID_API_PASSWORD"]}
    request = urllib.request.Request(
        os.environ["GRID_API_URL"] + "/api/v1/auth/login",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["access_token"]


@schemathesis.auth(refresh_interval=None)
class Login:
    """One login for all; a case that may end the login has one of its own."""

    token: str | None = None

    def get(self, case, context):
        if any(word in case.path for word in ENDS_A_LOGIN):
            return log_in()
        if Login.token is None:
            Login.token = log_in()
        return Login.token

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.serializer("application/x-ndjson")
def ndjson(context, value):
    rows = value if isinstance(value, list) else [value]
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode(errors="replace")


@schemathesis.serializer("application/toml")
def toml(context, value):
    return (value if isinstance(value, str) else json.dumps(value)).encode(errors="replace")


@schemathesis.hook
def map_headers(context, headers):
    """A key of a request's own: under one that was used before, what was made then is answered, and may be gone since."""
    key = (headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key.strip()) <= 200 and not key.strip().startswith('"'):
        headers["Idempotency-Key"] = f"{key.strip()}{uuid.uuid4()}"
    return headers


@schemathesis.hook
def filter_case(context, case):
    """Clients of the old system send fields that nobody knows, so a form of any text is one without those that are known: there is
    no form that logging out refuses."""
    is_form = case.media_type == "application/x-www-form-urlencoded"
    return not (is_form and case.path.endswith("/auth/logout") and case.meta and case.meta.generation.mode.is_negative)
