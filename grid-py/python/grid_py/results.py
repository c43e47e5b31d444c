"""What some calls answer: tuples with named fields."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._native import Chart, Energy, ForecastTable, Money, Series, Statement, Table

__all__ = [
    "Advances",
    "ArrayBalance",
    "Backtest",
    "Compensation",
    "Completeness",
    "Evidence",
    "Imported",
    "Ingested",
    "Issued",
    "LevelsLoaded",
    "MeterFile",
    "RegisterReports",
    "Registered",
    "Remark",
    "Shared",
    "Substituted",
    "Substitution",
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
    """How good the forecasts of some series would have been; a notebook draws the last ones over what came."""

    scores: Table
    """A row per series: ``unique_id, mae, mase, wql, coverage_50, coverage_80, rmse, wape, crps, skill, origins, scored``."""
    forecasts: ForecastTable
    """The forecasts from each origin: ``unique_id, origin, ds, mean`` and the quantiles."""
    by_lead_time: Table
    """The errors of the median by how far a slot lies ahead: ``unique_id, slots_ahead, mae, rmse, bias, scored``."""

    def chart(self, unique_id: str | None = None, **options: Any) -> Chart:
        """Draws the forecast of one series from the last origin, over what came; options as for ``ForecastTable.chart``."""
        return self.forecasts.chart(unique_id, **options)

    def _repr_html_(self) -> str:
        return self.forecasts._repr_html_()


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


class Registered(NamedTuple):
    """What the reads of a register that was recorded came to."""

    inserted: int
    """How many readings were new."""
    unchanged: int
    """How many readings were there already."""
    superseded: int
    """How many readings were corrected, or made place for finer ones."""
    reads: Ingested
    """What became of the reads and events themselves."""
    readings: Table
    """A row from one look to the next, from the last that was stored before to the first after: ``start, end, energy_kwh,
    quality``."""
    faults: Table
    """What does not fit: ``fault, at, message``."""


class Completeness(NamedTuple):
    """How much of a time a device's readings cover."""

    channels: Table
    """A row a channel: ``channel, start, end, completeness, quality`` and how many readings are ``measured, estimated,
    substituted, missing``."""
    gaps: Table
    """A row a stretch without a known energy: ``channel, start, end``."""


class RegisterReports(NamedTuple):
    """How complete a community's registers are, and what to ask again."""

    registers: Table
    """A row a register: ``device, channel, time_zone, resolution, start, end, expected, known, completeness`` and how many
    slots are ``measured, estimated, substituted, missing``."""
    gaps: Table
    """A row a stretch of slots that are not known: ``device, channel, start, end``."""
    ask_again: Table
    """A row a stretch to ask again, missing or only substituted: ``device, channel, start, end``."""
    request: str | None
    """What can be sent to whoever reads the meters; ``None`` where nothing is missing."""


class LevelsLoaded(NamedTuple):
    """What became of a file that says how full a battery was."""

    rows: int
    """Rows of the file."""
    new: int
    """Instants of which nothing was known before."""


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


class Substitution(NamedTuple):
    """What was filled in a register of a store."""

    resolution: str
    """How long a slot is, such as ``15min``."""
    fills: Table
    """A row a slot that was filled: ``start, end, energy_kwh, method``."""
    remarks: list[dict[str, Any]]
    """Where an advance of the register could not be kept to."""
    stored: Ingested | None
    """What was stored; ``None`` where nothing was to be."""


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
