"""Passwords, API keys and access tokens."""

import base64
import datetime
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import grid_py as grid

USER = "0198c0de-0000-7000-8000-000000000007"
NOW = datetime.datetime(2026, 3, 29, 1, tzinfo=datetime.timezone.utc)
KEY = grid.generate_key()
SECRET = "a secret of the old system, 32 bytes and more"
SHARED = grid.SharedSecret(SECRET)


def token(**changes: object) -> str:
    arguments: dict[str, object] = {"user_id": USER, "username": "kat", "scope": "readings:write", "now": NOW}
    return grid.issue_token(KEY, **(arguments | changes))  # type: ignore[arg-type]


def test_a_token_is_verified_with_public_keys_alone() -> None:
    for keys in (KEY.jwks(), json.dumps(KEY.jwks()), KEY):
        caller = grid.verify_token(token(), keys, NOW)
        assert (caller.user_id, caller.username, caller.scopes) == (USER, "kat", ["readings:write"])
        assert (caller.issued_at, caller.expires_at) == (NOW, NOW + datetime.timedelta(minutes=15))
        assert caller.session_id is None
    assert "d" not in KEY.jwks()["keys"][0], "the private part stays here"
    assert grid.verify_token(grid.issue_token(KEY, user_id=USER, username="kat"), KEY).username == "kat"


def test_each_wrong_token_is_refused_with_a_reason() -> None:
    later = NOW + datetime.timedelta(minutes=15)
    head, claims, signature = token().split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"username": "eve"}
    swapped = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
    for wrong, at in (
        ("", NOW),
        ("a.b", NOW),
        (f"{head}.{swapped}.{signature}", NOW),
        (f"{head}.{claims}.", NOW),
        (token(issuer="https://elsewhere.example"), NOW),
        (token(audience="another"), NOW),
        (token(), later),
        (token(now=later + datetime.timedelta(hours=1)), NOW),
    ):
        with pytest.raises(grid.UnauthenticatedError):
            grid.verify_token(wrong, KEY, at)
        inspected = grid.inspect_token(wrong, KEY, at)
        assert inspected["valid"] is False
        assert inspected["reason"]
    with pytest.raises(grid.UnauthenticatedError):
        grid.verify_token(token(), grid.generate_key(), NOW)


@given(st.text())
def test_any_text_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(grid.UnauthenticatedError):
        grid.verify_token(text, KEY, NOW)
    assert grid.inspect_token(text)["valid"] is False


def test_a_token_is_explained_check_by_check() -> None:
    inspected = grid.inspect_token(token(), KEY, NOW)
    assert inspected["valid"] is True
    assert inspected["seconds_left"] == 900
    assert inspected["claims"]["username"] == "kat"
    assert {check["outcome"] for check in inspected["checks"]} == {"passed"}
    without = grid.inspect_token(token(), now=NOW)
    assert without["valid"] is False
    assert "skipped" in {check["outcome"] for check in without["checks"]}


def test_a_token_names_its_session_where_it_has_one() -> None:
    session = "0198c0de-0000-7000-8000-000000000009"
    for key in (KEY, SHARED):
        issued = grid.issue_token(key, user_id=USER, username="kat", session_id=session, now=NOW)
        assert grid.verify_token(issued, key, NOW).session_id == session
    with pytest.raises(grid.InvalidError):
        token(session_id="the first")


def test_no_mode_takes_a_token_of_the_other() -> None:
    old = grid.issue_token(SHARED, user_id=USER, username="kat", now=NOW)
    assert grid.verify_token(old, SHARED, NOW).username == "kat"
    public = KEY.jwks()["keys"][0]["x"]
    confused = grid.SharedSecret(base64.urlsafe_b64decode(public + "="))
    for wrong, keys in (
        (old, KEY),
        (old, KEY.jwks()),
        (token(), SHARED),
        (old, grid.SharedSecret(SECRET[::-1])),
        # RFC 8725 section 2.1: a token signed with the public key as the secret of an HMAC.
        (grid.issue_token(confused, user_id=USER, username="eve", now=NOW), KEY),
    ):
        with pytest.raises(grid.UnauthenticatedError):
            grid.verify_token(wrong, keys, NOW)
        assert grid.inspect_token(wrong, keys, NOW)["valid"] is False
    with pytest.raises(grid.InvalidError):
        grid.verify_token(old, SECRET, NOW)  # text is a key set, never a secret


def test_a_token_of_the_old_system_is_explained_check_by_check() -> None:
    old = grid.issue_token(SHARED, user_id=USER, username="kat", lifetime_s=60, now=NOW)
    inspected = grid.inspect_token(old, SHARED, NOW)
    assert (inspected["valid"], inspected["seconds_left"]) == (True, 60)
    assert {check["outcome"] for check in inspected["checks"]} == {"passed"}
    later = grid.inspect_token(old, SHARED, NOW + datetime.timedelta(seconds=61))
    assert (later["valid"], later["reason"], later["seconds_left"]) == (False, "token_expired", -1)


def test_a_shared_secret_is_long_and_is_not_shown() -> None:
    assert SECRET[:8] not in repr(SHARED) + str(SHARED)
    same = grid.SharedSecret(SECRET.encode())
    old = grid.issue_token(same, user_id=USER, username="kat", now=NOW)
    assert grid.verify_token(old, SHARED, NOW).username == "kat", "text counts as its UTF-8"
    for short in ("", b"x" * 31, "ñ" * 15):
        with pytest.raises(grid.InvalidError):
            grid.SharedSecret(short)
    assert grid.SharedSecret("ñ" * 16)
    for other in (7, [1] * 32, None):
        with pytest.raises(TypeError):
            grid.SharedSecret(other)  # type: ignore[arg-type]


def test_an_api_key_is_known_by_its_hash_and_refused_when_it_is_changed() -> None:
    key = grid.ApiKey.generate()
    text = key.expose()
    assert key.hash() == hashlib.sha256(text.encode()).digest() == grid.ApiKey.parse(text).hash()
    assert text.startswith("gridkey_")
    assert key.hint == text[:12] + "…"
    assert text[12:] not in repr(key)
    assert grid.ApiKey.generate().hash() != key.hash()
    for wrong in ("", "gridkey_", text[:-1], text + "0", text[:-1] + ("1" if text[-1] == "0" else "0")):
        with pytest.raises(grid.UnauthenticatedError):
            grid.ApiKey.parse(wrong)


def test_a_key_survives_its_file() -> None:
    twin = grid.SigningKey.from_pkcs8(KEY.to_pkcs8())
    assert twin.key_id == KEY.key_id
    assert grid.verify_token(token(), twin, NOW).username == "kat"
    with pytest.raises(grid.GridError):
        grid.SigningKey.from_pkcs8(b"not a key")


def test_what_cannot_be_issued_is_refused() -> None:
    for changes in ({"user_id": "kat"}, {"lifetime_s": 10**6}, {"scope": "a\nb"}):
        with pytest.raises(grid.InvalidError):
            token(**changes)
    for lifetime_s in (0.5, 10**6):
        with pytest.raises(grid.InvalidError):
            grid.issue_token(SHARED, user_id=USER, username="kat", lifetime_s=lifetime_s, now=NOW)
    with pytest.raises(ValueError):
        token(lifetime_s=-1.0)


def test_a_password_is_kept_as_argon2id_at_the_cost_that_owasp_recommends() -> None:
    phc = grid.hash_password("correct horse")
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert grid.hash_password("correct horse") != phc, "each hash has its own salt"
    assert grid.verify_password("correct horse", phc)
    assert not grid.verify_password("Correct horse", phc)
    assert not grid.verify_password("short", phc)
    with pytest.raises(grid.InvalidError):
        grid.hash_password("short")
    assert grid.hash_password("Password1"), "what a researcher gives is hashed"
    # The tests of passlib 1.7.4, which have it from John the Ripper.
    bcrypt = "$2a$05$c92SVSfjeiCD6F2nAD6y0uBpJDjdRkt0EgeC4/31Rf2LUZbDRDE.O"
    assert grid.verify_password("U*U*U*U*", bcrypt)
    assert not grid.verify_password("U*U*U*U+", bcrypt)
    with pytest.raises(grid.GridError):
        grid.verify_password("correct horse", "not a hash")


def test_the_cost_of_a_hash_is_a_choice_within_bounds() -> None:
    phc = grid.hash_password("noon on the roof", memory_kib=64, passes=3, lanes=2)
    assert phc.startswith("$argon2id$v=19$m=64,t=3,p=2$")
    assert grid.verify_password("noon on the roof", phc), "the cost is that of the hash"
    for cost in ({"memory_kib": 7}, {"passes": 0}, {"lanes": 0}, {"memory_kib": 2**22}):
        with pytest.raises(grid.InvalidError):
            grid.hash_password("noon on the roof", **cost)
