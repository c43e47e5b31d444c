"""Tokens and passwords of GRID with PyJWT, python-jose and bcrypt: each takes what the other made, and refuses the same.

The other programs check times against this machine's clock, so the tokens here are of now.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import bcrypt
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwt as jose
from jose.exceptions import JOSEError

import grid_py as grid

from published import PATH, published

USER = "0198c0de-0000-7000-8000-000000000007"
SESSION = "0198c0de-0000-7000-8000-000000000009"
ISSUER, AUDIENCE = "https://grid.example", "grid-api"
KEY = grid.generate_key()
SECRET = "a secret of the old system, 32 bytes and more"
SHARED = grid.SharedSecret(SECRET)


def read_by_pyjwt(token: str) -> dict[str, Any]:
    return jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["exp"]})


def read_by_jose(token: str) -> dict[str, Any]:
    return jose.decode(token, SECRET, algorithms=["HS256"], options={"require_exp": True})


def made_by_pyjwt(claims: dict[str, Any], secret: str = SECRET) -> str:
    return jwt.encode(claims, secret, algorithm="HS256")


def made_by_jose(claims: dict[str, Any], secret: str = SECRET) -> str:
    return jose.encode(claims, secret, algorithm="HS256")


Read = Callable[[str], dict[str, Any]]
Made = Callable[..., str]
readers = pytest.mark.parametrize("read", [read_by_pyjwt, read_by_jose])
makers = pytest.mark.parametrize("made", [made_by_pyjwt, made_by_jose])


def changed(token: str) -> Iterator[str]:
    """The token with one letter of each of its segments changed, and without its signature."""
    head, claims, signature = token.split(".")
    for segments in ((swap(head), claims, signature), (head, swap(claims), signature), (head, claims, swap(signature))):
        yield ".".join(segments)
    yield f"{head}.{claims}."


def swap(segment: str) -> str:
    """Another letter in the middle, where each one is six whole bits."""
    middle = len(segment) // 2
    return segment[:middle] + ("A" if segment[middle] != "A" else "B") + segment[middle + 1 :]


# --- HS256, the tokens of the old system -----------------------------------------------------------------------------


@readers
def test_others_take_our_token(read: Read) -> None:
    token = grid.issue_token(SHARED, user_id=USER, username="kat", scope="read write", session_id=SESSION)
    claims = read(token)
    assert {name: claims[name] for name in ("username", "id", "sid", "scope")} == {
        "username": "kat",
        "id": USER,
        "sid": SESSION,
        "scope": "read write",
    }
    assert claims["exp"] - claims["iat"] == 15 * 60


@readers
def test_others_refuse_our_token_once_it_is_changed_or_expired(read: Read) -> None:
    token = grid.issue_token(SHARED, user_id=USER, username="kat")
    hour_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    expired = grid.issue_token(SHARED, user_id=USER, username="kat", now=hour_ago)
    stranger = grid.issue_token(grid.SharedSecret(SECRET[::-1]), user_id=USER, username="kat")
    for wrong in (*changed(token), expired, stranger, grid.issue_token(KEY, user_id=USER, username="kat")):
        with pytest.raises((jwt.PyJWTError, JOSEError)):
            read(wrong)


@makers
def test_we_take_the_token_of_others(made: Made) -> None:
    exp = int(time.time()) + 900
    caller = grid.verify_token(made({"username": "kat", "id": USER, "exp": exp}), SHARED)
    assert (caller.username, caller.user_id, caller.issued_at, caller.session_id) == ("kat", USER, None, None)
    assert caller.expires_at.timestamp() == exp
    assert caller.scopes == ["read", "write"], "what a user of the old system could do"


@makers
def test_we_refuse_the_token_of_others_once_it_is_changed_or_expired(made: Made) -> None:
    claims = {"username": "kat", "id": USER, "exp": int(time.time()) + 900}
    for wrong, reason in (
        (made(claims | {"exp": int(time.time()) - 1}), "token_expired"),
        (made({"username": "kat", "id": USER}), "claim_missing"),
        (made(claims, secret=SECRET[::-1]), "bad_signature"),
    ):
        with pytest.raises(grid.UnauthenticatedError):
            grid.verify_token(wrong, SHARED)
        assert grid.inspect_token(wrong, SHARED)["reason"] == reason
    for wrong in changed(made(claims)):
        with pytest.raises(grid.UnauthenticatedError):
            grid.verify_token(wrong, SHARED)


def test_we_refuse_what_pyjwt_makes_with_another_algorithm() -> None:
    claims = {"username": "kat", "id": USER, "exp": int(time.time()) + 900}
    long = grid.SharedSecret(SECRET * 2)
    for algorithm in ("HS384", "HS512"):
        token = jwt.encode(claims, SECRET * 2, algorithm=algorithm)
        assert grid.inspect_token(token, long)["reason"] == "wrong_algorithm"
    none = jwt.encode(claims, "", algorithm="none")
    for keys in (SHARED, KEY):
        with pytest.raises(grid.UnauthenticatedError):
            grid.verify_token(none, keys)


# --- EdDSA, by the public keys that a service finds at an address ----------------------------------------------------


def issued(**changes: Any) -> str:
    arguments: dict[str, Any] = {"user_id": USER, "username": "kat", "issuer": ISSUER, "audience": AUDIENCE}
    return grid.issue_token(KEY, **(arguments | changes))


def read_by_address(client: jwt.PyJWKClient, token: str) -> dict[str, Any]:
    key = client.get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=["EdDSA"], issuer=ISSUER, audience=AUDIENCE)


def test_pyjwt_takes_our_token_by_the_published_keys() -> None:
    keys = {"keys": [*grid.generate_key().jwks()["keys"], *KEY.jwks()["keys"]]}
    token = issued(scope="read", session_id=SESSION)
    with published(keys) as address:
        claims = read_by_address(jwt.PyJWKClient(address + PATH), token)
    assert (claims["sub"], claims["username"], claims["scope"], claims["sid"]) == (USER, "kat", "read", SESSION)
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"


def test_pyjwt_refuses_our_token_once_it_is_changed_expired_or_meant_for_another() -> None:
    hour_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    stranger = grid.issue_token(grid.generate_key(), user_id=USER, username="kat", issuer=ISSUER, audience=AUDIENCE)
    with published(KEY.jwks()) as address:
        client = jwt.PyJWKClient(address + PATH)
        for wrong in (
            *changed(issued()),
            issued(now=hour_ago),
            issued(audience="another"),
            issued(issuer="https://elsewhere.example"),
            stranger,
            grid.issue_token(SHARED, user_id=USER, username="kat"),
        ):
            with pytest.raises(jwt.PyJWTError):
                read_by_address(client, wrong)


def test_we_take_what_pyjwt_signs_if_it_has_every_claim() -> None:
    private = Ed25519PrivateKey.generate()
    key = grid.SigningKey.from_pkcs8(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": USER,
        "aud": AUDIENCE,
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "jti": SESSION,
        "client_id": "a service",
        "scope": "read",
        "username": "kat",
        "id": USER,
    }
    headers = {"kid": key.key_id, "typ": "at+jwt"}

    def signed(claims: dict[str, Any], headers: dict[str, Any] = headers) -> str:
        return jwt.encode(claims, private, algorithm="EdDSA", headers=headers)

    def reason(token: str) -> Any:
        return grid.inspect_token(token, key.jwks(), issuer=ISSUER, audience=AUDIENCE).get("reason")

    assert grid.verify_token(signed(claims), key.jwks(), issuer=ISSUER, audience=AUDIENCE).username == "kat"
    assert reason(signed(claims, {"kid": key.key_id, "typ": "JWT"})) == "wrong_type"
    assert reason(signed(claims, {"typ": "at+jwt"})) == "key_id_missing"
    for claim in claims:
        without = {name: value for name, value in claims.items() if name != claim}
        # Who is not allowed anything in particular has no scope.
        assert reason(signed(without)) == (None if claim == "scope" else "claim_missing"), claim


# --- bcrypt, the hashes of the old system ----------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", [b"2a", b"2b"])
def test_we_verify_what_bcrypt_hashed(prefix: bytes) -> None:
    for password in ("noon on the roof", "mediodía en el tejado", "x" * 72):
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4, prefix=prefix)).decode()
        assert grid.verify_password(password, hashed)
        assert not grid.verify_password(password[:-1] + "y", hashed)
        assert not grid.verify_password(password.swapcase(), hashed)


def test_we_refuse_what_bcrypt_refuses_to_read() -> None:
    hashed = bcrypt.hashpw(b"noon on the roof", bcrypt.gensalt(rounds=4)).decode()
    for wrong in (hashed[:20], hashed.replace("$04$", "$03$"), hashed.replace("$2b$", "$2c$"), ""):
        with pytest.raises(ValueError, match="Invalid salt"):
            bcrypt.checkpw(b"noon on the roof", wrong.encode())
        with pytest.raises(grid.GridError):
            grid.verify_password("noon on the roof", wrong)
