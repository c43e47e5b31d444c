"""GRID, an engine for energy communities: from the meter to the bill."""

from ._native import Energy, Money, Power, Price, Series, Share, Table, Total
from .errors import (
    ConflictError,
    ForbiddenError,
    GridError,
    InternalError,
    InvalidError,
    LimitedError,
    NotFoundError,
    Place,
    StaleError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)

__all__ = [
    "ConflictError",
    "Energy",
    "ForbiddenError",
    "GridError",
    "InternalError",
    "InvalidError",
    "LimitedError",
    "Money",
    "NotFoundError",
    "Place",
    "Power",
    "Price",
    "Series",
    "Share",
    "StaleError",
    "Table",
    "Total",
    "TooLargeError",
    "UnauthenticatedError",
    "UnavailableError",
]
