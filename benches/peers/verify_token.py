"""Verifies the token of `benches/tokens.rs` with PyJWT: the same signature, issuer, audience and required claims."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from timing import report

REQUIRED = ["exp", "nbf", "iat", "iss", "aud", "sub", "jti"]


def main() -> None:
    """Prints one line."""
    folder = Path(os.environ.get("GRID_BENCH_INPUTS", "target/tmp"))
    try:
        token = (folder / "token.txt").read_text()
        key = Ed25519PublicKey.from_public_bytes((folder / "token_key.bin").read_bytes())
    except FileNotFoundError as missing:
        sys.exit(f"{missing.filename} is not there: run `make bench-rust` first")
    # The token was issued for a fixed hour; the leeway spares the peer a clock of its own.
    options = {"require": REQUIRED}
    leeway = timedelta(days=36_500)

    def verify() -> object:
        return jwt.decode(
            token, key, algorithms=["EdDSA"], issuer="grid", audience="grid-api", leeway=leeway, options=options
        )

    print(f"PyJWT {jwt.__version__}")
    report("jwt.decode, EdDSA", verify, runs=20, calls=200)


main()
