"""Verifies the tokens of `benches/tokens.rs` with PyJWT (EdDSA, HS256) and python-jose (HS256; it has no EdDSA).

The same signatures, and the same claims are required. The tokens were issued for a fixed hour; a leeway of a century
spares the peers a clock of their own.
"""

import os
import sys
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jose import jwt as jose

from timing import report

REQUIRED = ["exp", "nbf", "iat", "iss", "aud", "sub", "jti"]
LEEWAY = timedelta(days=36_500)


def main() -> None:
    """Prints one line a peer and algorithm."""
    folder = Path(os.environ.get("GRID_BENCH_INPUTS", "target/tmp"))
    try:
        token = (folder / "token.txt").read_text()
        key = Ed25519PublicKey.from_public_bytes((folder / "token_key.bin").read_bytes())
        old_token = (folder / "token_hs256.txt").read_text()
        secret = (folder / "token_secret.bin").read_bytes()
    except FileNotFoundError as missing:
        sys.exit(f"{missing.filename} is not there: run `make bench-rust` first")

    def pyjwt_eddsa() -> dict[str, object]:
        return jwt.decode(
            token,
            key,
            algorithms=["EdDSA"],
            issuer="grid",
            audience="grid-api",
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )

    def pyjwt_hs256() -> dict[str, object]:
        return jwt.decode(old_token, secret, algorithms=["HS256"], leeway=LEEWAY, options={"require": ["exp"]})

    def jose_hs256() -> dict[str, object]:
        options = {"require_exp": True, "leeway": LEEWAY}
        return jose.decode(old_token, secret, algorithms=["HS256"], options=options)

    for name, decode in (
        (f"PyJWT {version('PyJWT')}, EdDSA", pyjwt_eddsa),
        (f"PyJWT {version('PyJWT')}, HS256", pyjwt_hs256),
        (f"python-jose {version('python-jose')}, HS256", jose_hs256),
    ):
        if decode()["username"] != "kat":
            sys.exit(f"{name} read another token")
        report(name, decode, runs=20, calls=200)


main()
