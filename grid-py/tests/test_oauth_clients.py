"""Authlib, PyJWT and python-jose against a running server: they log in, refresh, log out and verify each other's tokens.

The faults of the system that GRID replaces are named in the tests that hold them shut: it answered 500 "Not enough
segments" to a token that was none, and 403 "Not authenticated" to a good one.
"""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from typing import Any

import jwt
import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from jose import jwt as jose

from serving import PASSWORD, Server, serving

LOGIN, REFRESH, REVOKE = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/revoke"
ME, LOGOUT, SESSIONS = "/api/v1/auth/me", "/api/v1/auth/logout", "/api/v1/auth/sessions"
SECRET = "a secret of the old system, 32 bytes and more"


def asked(server: Server, path: str, authorization: str | None) -> tuple[int, dict[str, Any], Message]:
    """What a path answers to an `Authorization` header, byte for byte as it is given."""
    headers = {} if authorization is None else {"Authorization": authorization}
    request = urllib.request.Request(server.address + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers


def refused(server: Server, token: str) -> str:
    """Why the server does not take a token."""
    status, problem, headers = asked(server, ME, f"Bearer {token}")
    assert (status, headers["Content-Type"]) == (401, "application/problem+json"), problem
    assert 'error="invalid_token"' in headers["WWW-Authenticate"]
    detail: str = problem["detail"]
    return detail


def good_for(server: Server, name: str, token: str) -> None:
    status, profile, _ = asked(server, ME, f"Bearer {token}")
    assert (status, profile.get("username")) == (200, name), profile


# --- Authlib, an OAuth 2.0 client that knows nothing of GRID ---------------------------------------------------------


def nothing(_client: OAuth2Session, _method: str, uri: str, headers: Any, body: str) -> tuple[str, Any, str]:
    """The request as it is: no name of the client, no password of it."""
    return uri, headers, body


def client(server: Server, how: str) -> OAuth2Session:
    """A client as its user sets it up: without a name, with one, and with a name and a secret."""
    at = {"token_endpoint": server.address + REFRESH, "revocation_endpoint": server.address + REVOKE}
    match how:
        case "nameless":
            # Authlib writes `client_id=None` for a client without a name, unless it is told to write nothing.
            return OAuth2Session(token_endpoint_auth_method=nothing, revocation_endpoint_auth_method=nothing, **at)
        case "public":
            return OAuth2Session("notebook", token_endpoint_auth_method="none", **at)
        case _:
            # Authlib's default where there is a secret: client_secret_basic.
            return OAuth2Session("notebook", "a secret that nobody checks", **at)


@pytest.fixture(params=["nameless", "public", "confidential"])
def session(request: pytest.FixtureRequest, running: Server) -> Iterator[OAuth2Session]:
    with client(running, request.param) as session:
        yield session


def log_in(session: OAuth2Session, server: Server, name: str, **more: str) -> dict[str, Any]:
    token: dict[str, Any] = session.fetch_token(
        server.address + LOGIN, grant_type="password", username=name, password=PASSWORD, **more
    )
    return token


def test_authlib_logs_in_refreshes_and_logs_out(session: OAuth2Session, running: Server) -> None:
    name = running.register()
    first = log_in(session, running, name)
    assert (first["token_type"], first["expires_in"], first["scope"]) == ("bearer", 900, "read write")
    assert first["acces_token"] == first["access_token"], "as clients of the old system spell it"
    assert session.get(running.address + ME).json()["username"] == name
    listed = session.get(running.address + SESSIONS).json()["items"]
    assert [entry["client_id"] for entry in listed] == [session.client_id or ""]

    second = session.refresh_token(running.address + REFRESH, refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert session.token["access_token"] == second["access_token"] != first["access_token"]
    assert session.get(running.address + ME).status_code == 200
    assert len(session.get(running.address + SESSIONS).json()["items"]) == 1, "the session is still the same"

    assert session.post(running.address + LOGOUT).status_code == 204
    assert "revoked" in refused(running, second["access_token"])
    assert session.get(running.address + ME).status_code == 401
    with pytest.raises(OAuthError) as ended:
        session.refresh_token(running.address + REFRESH, refresh_token=second["refresh_token"])
    assert ended.value.error == "invalid_grant"


def test_authlib_refreshes_by_itself_once_the_token_has_expired(session: OAuth2Session, running: Server) -> None:
    name = running.register()
    first = log_in(session, running, name)
    session.token = {**first, "expires_at": int(time.time()) - 1}
    assert session.get(running.address + ME).json()["username"] == name
    assert session.token["access_token"] != first["access_token"]


def test_authlib_revokes_a_session_by_its_refresh_token(session: OAuth2Session, running: Server) -> None:
    token = log_in(session, running, running.register())
    answer = session.revoke_token(
        running.address + REVOKE, token=token["refresh_token"], token_type_hint="refresh_token"
    )
    assert answer.status_code == 200
    refused(running, token["access_token"])
    with pytest.raises(OAuthError) as ended:
        session.refresh_token(running.address + REFRESH, refresh_token=token["refresh_token"])
    assert ended.value.error == "invalid_grant"
    # RFC 7009, section 2.2: of a token that is not good there is nothing left to revoke.
    assert session.revoke_token(running.address + REVOKE, token="rubbish").status_code == 200


def test_authlib_revokes_an_access_token_and_its_session_lives_on(session: OAuth2Session, running: Server) -> None:
    name = running.register()
    token = log_in(session, running, name)
    answer = session.revoke_token(running.address + REVOKE, token=token["access_token"], token_type_hint="access_token")
    assert answer.status_code == 200
    refused(running, token["access_token"])
    again = session.refresh_token(running.address + REFRESH, refresh_token=token["refresh_token"])
    good_for(running, name, again["access_token"])


def test_authlib_asks_for_less_and_gets_less(session: OAuth2Session, running: Server) -> None:
    token = log_in(session, running, running.register(), scope="read")
    assert token["scope"] == "read"
    assert session.get(running.address + "/api/v1/devices").status_code == 200
    device = {"name": "roof", "kind": "solar", "time_zone": "UTC"}
    assert session.post(running.address + "/api/v1/devices", json=device).status_code == 403


def test_authlib_raises_the_errors_of_rfc_6749(session: OAuth2Session, running: Server) -> None:
    name, address = running.register(), running.address
    right = {"grant_type": "password", "username": name, "password": PASSWORD}
    for path, changes, error in (
        (LOGIN, {"password": "wrong horse"}, "invalid_grant"),
        (LOGIN, {"username": "nobody"}, "invalid_grant"),
        (LOGIN, {"grant_type": "client_credentials"}, "unsupported_grant_type"),
        (LOGIN, {"scope": "nothing-like-it"}, "invalid_scope"),
        (REFRESH, {"grant_type": "authorization_code", "code": "abc"}, "unsupported_grant_type"),
        (REFRESH, {"grant_type": "refresh_token"}, "invalid_request"),
        (REFRESH, {"grant_type": "refresh_token", "refresh_token": "rubbish"}, "invalid_grant"),
    ):
        with pytest.raises(OAuthError) as raised:
            session.fetch_token(address + path, **(right | changes))
        assert raised.value.error == error, (path, changes)
        assert raised.value.description, (path, changes)


# --- PyJWT, a service that reads the published keys ------------------------------------------------------------------


def test_pyjwt_verifies_a_login_by_the_published_keys(running: Server) -> None:
    name = running.register()
    with client(running, "nameless") as session:
        token = log_in(session, running, name)
    keys = jwt.PyJWKClient(running.address + "/.well-known/jwks.json")

    def read(text: str, audience: str = "grid-api") -> dict[str, Any]:
        # What RFC 9068, section 2.2, asks of an access token.
        required = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]
        return jwt.decode(
            text,
            keys.get_signing_key_from_jwt(text),
            algorithms=["EdDSA"],
            issuer="grid",
            audience=audience,
            options={"require": required},
        )

    claims = read(token["access_token"])
    assert (claims["sub"], claims["id"], claims["username"]) == (token["user_id"], token["user_id"], name)
    assert claims["exp"] - claims["iat"] == token["expires_in"]
    assert claims["scope"] == token["scope"]
    header = jwt.get_unverified_header(token["access_token"])
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    with pytest.raises(jwt.InvalidAudienceError):
        read(token["access_token"], audience="another")
    head, _, signature = token["access_token"].split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims | {"sub": name}).encode()).decode().rstrip("=")
    with pytest.raises(jwt.InvalidSignatureError):
        read(f"{head}.{other}.{signature}")


# --- HS256, with services of the old system --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that shares a secret with services of the old system."""
    url = f"sqlite://{tmp_path_factory.mktemp('old') / 'grid.db'}"
    with serving(url, GRID_JWT_HS256_SECRET=SECRET) as server:
        yield server


def logged_in(server: Server) -> tuple[str, dict[str, Any]]:
    name = server.register()
    login = json.dumps({"username": name, "password": PASSWORD}).encode()
    return name, server.ask("/login", login)


def test_others_verify_a_login_of_the_hs256_mode(old: Server) -> None:
    name, tokens = logged_in(old)
    text = tokens["access_token"]
    by_pyjwt = jwt.decode(text, SECRET, algorithms=["HS256"], options={"require": ["exp"]})
    by_jose = jose.decode(text, SECRET, algorithms=["HS256"], options={"require_exp": True})
    assert by_pyjwt == by_jose
    assert (by_pyjwt["username"], by_pyjwt["id"]) == (name, tokens["user_id"])
    assert 0 < by_pyjwt["exp"] - time.time() <= tokens["expires_in"]
    good_for(old, name, text)


def test_the_hs256_mode_takes_tokens_that_others_made(old: Server) -> None:
    name, tokens = logged_in(old)
    claims = {"username": name, "id": tokens["user_id"], "exp": int(time.time()) + 60}
    good_for(old, name, jwt.encode(claims, SECRET, algorithm="HS256"))
    good_for(old, name, jose.encode(claims, SECRET, algorithm="HS256"))


def test_the_hs256_mode_refuses_with_a_reason_what_it_cannot_believe(old: Server) -> None:
    name, tokens = logged_in(old)
    claims = {"username": name, "id": tokens["user_id"], "exp": int(time.time()) + 60}
    expired = claims | {"exp": int(time.time()) - 1}
    nobody = claims | {"id": "0198c0de-0000-7000-8000-000000000007"}
    endless = {key: value for key, value in claims.items() if key != "exp"}
    for token, word in (
        (jwt.encode(expired, SECRET, algorithm="HS256"), "expired"),
        (jose.encode(expired, SECRET, algorithm="HS256"), "expired"),
        (jwt.encode(endless, SECRET, algorithm="HS256"), "exp"),
        (jwt.encode(claims, SECRET[::-1], algorithm="HS256"), "signature"),
        (jose.encode(claims, SECRET[::-1], algorithm="HS256"), "signature"),
        # What is not HS256 is looked at as a token of the first mode, whose type it lacks, or only claims to have.
        (jwt.encode(claims, "", algorithm="none"), "`at+jwt`"),
        (jwt.encode(claims, "", algorithm="none", headers={"typ": "at+jwt"}), "`none`"),
        (jwt.encode(claims, SECRET * 2, algorithm="HS512", headers={"typ": "at+jwt"}), "`HS512`"),
        (jwt.encode(nobody, SECRET, algorithm="HS256"), "not there"),
    ):
        assert word in refused(old, token), token


def test_a_server_without_the_secret_takes_no_hs256_token(running: Server) -> None:
    name, tokens = logged_in(running)
    claims = {"username": name, "id": tokens["user_id"], "exp": int(time.time()) + 60}
    token = jwt.encode(claims, SECRET, algorithm="HS256", headers={"typ": "at+jwt"})
    assert "`HS256`" in refused(running, token)
    assert "`at+jwt`" in refused(running, jwt.encode(claims, SECRET, algorithm="HS256"))


# --- faults of the old system ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["running", "old"])
def test_fault_1_a_valid_token_is_never_403(mode: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(mode)
    _, tokens = logged_in(server)
    # The path with a slash too many was redirected, and clients drop the header on the way.
    for path in (ME, ME + "/", "/api/v1/devices", "/api/v1/devices/", "/api/v1/communities", SESSIONS):
        for spelling in ("access_token", "acces_token"):
            answer = requests.get(
                server.address + path,
                headers={"Authorization": f"Bearer {tokens[spelling]}"},
                allow_redirects=False,
                timeout=60,
            )
            assert answer.status_code == 200, (path, answer.text)


@pytest.mark.parametrize("mode", ["running", "old"])
@pytest.mark.parametrize(
    ("authorization", "word"),
    [
        ("Bearer undefined", "undefined"),
        ("Bearer null", "null"),
        ("Bearer not-a-token", "segments"),
        ("Bearer a.b", "segments"),
        ("Bearer ..", ""),
        ("Bearer", ""),
        ("undefined", ""),
        (None, ""),
    ],
)
def test_fault_2_a_token_that_is_none_is_401_with_a_reason_and_never_500(
    mode: str, authorization: str | None, word: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(mode)
    for path in (ME, "/api/v1/devices"):
        status, problem, headers = asked(server, path, authorization)
        assert status == 401, problem
        assert word in problem["detail"]
        assert problem["detail"] and headers["WWW-Authenticate"].startswith("Bearer")
