"""What GRID raises, one class per sort of refusal.

Every error is a :class:`GridError`, and also the built-in class that a Python programmer would catch: an
:class:`InvalidError` is a :class:`ValueError`, a :class:`NotFoundError` a :class:`LookupError`. The message says what
was expected and what came; ``hint`` says what to do about it, ``places`` where in the input the faults lie.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, final

__all__ = [
    "ConflictError",
    "ForbiddenError",
    "GridError",
    "InternalError",
    "InvalidError",
    "LimitedError",
    "NotFoundError",
    "Place",
    "StaleError",
    "TooLargeError",
    "UnauthenticatedError",
    "UnavailableError",
]


@final
@dataclass(frozen=True, slots=True)
class Place:
    """Where in the input a fault lies, and what stood there."""

    pointer: str | None
    """JSON pointer or column header of the faulty value."""
    line: int | None
    """Line in the input, counted from 1."""
    column: int | None
    """Field of the line, counted from 1."""
    expected: str
    """What was expected there."""
    got: str
    """What was found there."""


class GridError(Exception):
    """Any refusal of GRID."""

    kind: ClassVar[str] = "internal"
    """The sort of refusal, as HTTP clients see it too."""

    hint: str | None
    """What the caller can do about it, if anything."""
    places: tuple[Place, ...]
    """Where the faults lie, if the input has places."""
    retry_after: float | None
    """Seconds to wait before the same call may succeed, if that is known."""

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        places: Iterable[Place] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.places = tuple(places)
        self.retry_after = retry_after
        if hint is not None:
            self.add_note(f"hint: {hint}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.hint, self.places, self.retry_after)


class InvalidError(GridError, ValueError):
    """The input breaks a rule."""

    kind = "invalid"


class UnauthenticatedError(GridError, PermissionError):
    """Nobody, or nobody that can be believed, is asking."""

    kind = "unauthenticated"


class ForbiddenError(GridError, PermissionError):
    """The caller is known and may not."""

    kind = "forbidden"


class NotFoundError(GridError, LookupError):
    """There is no such thing."""

    kind = "not_found"


class ConflictError(GridError):
    """The input contradicts what is stored."""

    kind = "conflict"


class StaleError(GridError):
    """The caller's copy is out of date."""

    kind = "stale"


class TooLargeError(GridError, ValueError):
    """The input, or what was asked for, is larger than the limit."""

    kind = "too_large"


class LimitedError(GridError):
    """The caller asks too often."""

    kind = "limited"


class UnavailableError(GridError, ConnectionError):
    """Something that GRID needs, such as the database, cannot be reached now."""

    kind = "unavailable"


class InternalError(GridError, RuntimeError):
    """A fault of GRID's own."""

    kind = "internal"
