"""What some calls answer: tuples with named fields."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._native import Energy, Money, Series, Statement, Table

__all__ = [
    "Advances",
    "ArrayBalance",
    "Backtest",
    "Compensation",
    "Evidence",
    "Imported",
    "Ingested",
    "Issued",
    "MeterFile",
    "Remark",
    "Shared",
    "Substituted",
]


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


class Evidence(NamedTuple):
    """One judgement about how a file was understood."""

    what: str
    """What was judged, such as ``format``, ``delimiter``, ``decimal_mark``, ``column``, ``sign``, ``ignored``."""
    found: str
    """What it was taken for."""
    why: str
    """By what sign in the file."""
    confidence: float
    """How sure that is, from 0 to 1."""


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


class Issued(NamedTuple):
    """What issuing a settlement did."""

    id: str | None
    """The id of the settlement, a UUID; ``None`` where all that was settled had been issued before."""
    documents: list[Statement]
    """What was issued now: statements, and corrections of those that were issued before."""
    unchanged: int
    """How many members' statements had been issued before, and stand."""


class Advances(NamedTuple):
    """What a register counted between the looks at it."""

    readings: Table
    """A row from one look to the next: ``start, end, energy_kwh, quality``."""
    faults: Table
    """What does not fit: ``fault, at, message``."""


class MeterFile(NamedTuple):
    """The readings of a file, and how it was understood."""

    readings: Table
    """A row a reading: ``meter, channel, start, end, energy_kwh, quality``."""
    format: str
    """The format that it was read as, such as ``csv`` or ``green_button``."""
    evidence: list[str]
    """How it was understood and why, what was assumed and what was left out; a sentence each."""


class Substituted(NamedTuple):
    """A series whose gaps were filled."""

    series: Series
    """The series; what was filled has the quality ``substituted``."""
    fills: Table
    """A row a slot that was filled: ``start, end, energy_kwh, method``."""
    remarks: list[dict[str, Any]]
    """What does not fit between the series and the register."""


class Compensation(NamedTuple):
    """A surplus set against the energy from the grid."""

    grid_value: Money
    """What the energy from the grid costs."""
    surplus_value: Money
    """What the surplus is worth."""
    compensated: Money
    """What is taken off the bill: at most what the energy costs."""
    energy_term: Money
    """What is left to pay for energy."""
    forfeited: Money
    """What of the surplus' value is lost."""
