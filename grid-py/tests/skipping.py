"""What a test does that cannot run here."""

import os
from typing import NoReturn

import pytest


def skip(reason: str) -> NoReturn:
    """Skips the test and says why; where GRID_TEST_NO_SKIP is set, whatever to, the test fails, as in Rust."""
    print(f"skipped: {reason}")
    if "GRID_TEST_NO_SKIP" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)
