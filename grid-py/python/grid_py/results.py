"""What some calls answer: tuples with named fields."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._native import Energy, Table

__all__ = ["ArrayBalance", "Backtest", "Imported", "Ingested", "Remark", "Shared"]


class Shared(NamedTuple):
    """Who got what of the generation, to the milliwatt-hour."""

    allocated: NDArray[np.int64]
    """What each member got, in mWh; shape (intervals, members)."""
    surplus: NDArray[np.int64]
    """What no member took of each plant, in mWh; shape (intervals, plants)."""


class ArrayBalance(NamedTuple):
    """Generation set against consumption, interval by interval."""

    own: NDArray[Any]
    """Generation used on the spot, in the unit of the input; shape (intervals,)."""
    surplus: NDArray[Any]
    """Generation left over; shape (intervals,)."""
    residual: NDArray[Any]
    """Consumption that the generation did not meet; shape (intervals,)."""
    own_total: Energy
    """The sum of ``own`` where both are known, exactly."""
    surplus_total: Energy
    """The sum of ``surplus``, exactly."""
    residual_total: Energy
    """The sum of ``residual``, exactly."""
    self_consumption: float | None
    """The part of the generation that was used on the spot, from 0 to 1; ``None`` without generation."""
    self_sufficiency: float | None
    """The part of the consumption that was met on the spot, from 0 to 1; ``None`` without consumption."""
    completeness: float
    """The part of the intervals in which both are known, from 0 to 1."""


class Remark(NamedTuple):
    """Something odd that was noticed while reading a file, and what was done about it."""

    code: str
    """A stable name, for programs, such as ``time_backward``."""
    message: str
    """A sentence, for people."""
    line: int | None
    """The line in the file, counted from 1, where one line is meant."""


class Backtest(NamedTuple):
    """How good the forecasts of some series would have been."""

    scores: Table
    """A row per series: ``unique_id, mae, mase, wql, coverage_50, coverage_80, origins, scored``."""
    forecasts: Table
    """The forecasts from each origin: ``unique_id, origin, ds, mean`` and the quantiles."""


class Ingested(NamedTuple):
    """What readings did to those that were there."""

    inserted: int
    """How many were new."""
    unchanged: int
    """How many were there already."""
    superseded: int
    """How many replaced another value."""


class Imported(NamedTuple):
    """What an import of a community's readings did."""

    devices_created: int
    """How many devices were new."""
    members_created: int
    """How many members were new."""
    inserted: int
    """How many readings were new."""
    unchanged: int
    """How many readings were there already."""
    superseded: int
    """How many readings replaced another value."""
