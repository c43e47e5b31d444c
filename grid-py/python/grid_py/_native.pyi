"""The compiled part of ``grid_py``; import ``grid_py`` instead."""

import datetime
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, Self, SupportsIndex, TypeAlias, TypeVar, final

import numpy as np
import pandas
import polars
from numpy.typing import ArrayLike, NDArray
from typing_extensions import disjoint_base

from .results import (
    Advances,
    ArrayBalance,
    Backtest,
    Compensation,
    Completeness,
    Evidence,
    Imported,
    Ingested,
    Issued,
    LevelsLoaded,
    MeterFile,
    RegisterReports,
    Registered,
    Remark,
    Shared,
    Substituted,
    Substitution,
)

__all__ = [
    "ApiKey",
    "Balance",
    "Bill",
    "Chart",
    "Energy",
    "ForecastTable",
    "Forecaster",
    "LogKey",
    "Money",
    "Power",
    "Price",
    "Principal",
    "Recording",
    "Series",
    "Settlement",
    "Share",
    "SharedSecret",
    "SigningKey",
    "Statement",
    "Store",
    "Table",
    "Tariff",
    "Total",
    "advances",
    "apportion",
    "balance",
    "chart_battery_health",
    "chart_bill_parts",
    "chart_capacity_over_cycles",
    "chart_community_month",
    "chart_depth_of_discharge",
    "chart_energy_day",
    "chart_forecast",
    "chart_incremental_capacity",
    "chart_load_by_band",
    "chart_member_day",
    "chart_state_of_charge",
    "chart_voltage_current",
    "generate_key",
    "hash_password",
    "inspect_token",
    "issue_token",
    "read_battery",
    "read_readings",
    "reconcile",
    "reconcile_forecasts",
    "rules_colombia_month",
    "rules_italy_premium",
    "rules_on_day",
    "rules_spain_coefficients",
    "rules_spain_compensate",
    "settle",
    "share",
    "substitute",
    "summarise_battery",
    "validate",
    "verify_consistency",
    "verify_password",
    "verify_statement",
    "verify_token",
]

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class _Readable(Protocol):
    def read(self) -> bytes: ...

class _Columns(Protocol):
    def keys(self) -> Any: ...
    def __getitem__(self, name: Any, /) -> Any: ...

_TableLike: TypeAlias = _ArrowStream | _Columns | Mapping[str, Any]
"""A table that goes in: an object with the Arrow stream interface, or a mapping of arrays."""
_Amount = TypeVar("_Amount", int, Energy)
_Instant: TypeAlias = str | datetime.datetime | np.datetime64
_Id: TypeAlias = str | uuid.UUID
_Rounding: TypeAlias = Literal["half_up", "half_even", "down", "up", "floor", "ceiling"]
_Source: TypeAlias = str | os.PathLike[str] | bytes
_Theme: TypeAlias = Literal["auto", "light", "dark"]
_Language: TypeAlias = Literal["en", "es"]
_Word: TypeAlias = Literal["proportional", "equal", "static", "priority"]
_Key: TypeAlias = _Word | list[Any] | tuple[Any, ...] | dict[str, Any]
"""A sharing key: a word, a list of steps, or a dictionary in the form of the HTTP API."""
_Shares: TypeAlias = Sequence[Share | str | float] | NDArray[Any] | Mapping[int, Share | str | float]
_Groups: TypeAlias = Sequence[Sequence[Any]]
_Model: TypeAlias = Literal[
    "auto",
    "seasonal_naive",
    "seasonal_naive_week",
    "drift",
    "weekday_mean",
    "nearest_days",
    "holt_winters",
    "decomposition",
    "ridge",
    "elastic_net",
    "trees",
    "profile",
]
_Document: TypeAlias = str | Mapping[str, Any]
_WithoutPattern: TypeAlias = Literal["leave_missing", "spread_evenly"]
_Missing: TypeAlias = Literal["refuse", "leave_out"]
_PublicKey: TypeAlias = str | dict[str, Any] | LogKey

@final
class Energy:
    """An amount of electrical energy, exact to one milliwatt-hour."""

    def __new__(cls, text: str) -> Self: ...
    @staticmethod
    def from_mwh(mwh: int) -> Energy:
        """Makes an energy of whole milliwatt-hours."""
    @staticmethod
    def from_kwh(kwh: float) -> Energy:
        """Rounds kilowatt-hours to the nearest milliwatt-hour, halves to even."""
    @property
    def mwh(self) -> int:
        """The milliwatt-hours, exactly."""
    @property
    def kwh(self) -> float:
        """The kilowatt-hours, as the nearest float."""
    def __add__(self, other: Energy, /) -> Energy: ...
    def __radd__(self, other: int, /) -> Energy:
        """``sum()`` starts from the number zero."""
    def __sub__(self, other: Energy, /) -> Energy: ...
    def __rsub__(self, other: Energy, /) -> Energy: ...
    def __bool__(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Energy, /) -> bool: ...
    def __le__(self, other: Energy, /) -> bool: ...
    def __gt__(self, other: Energy, /) -> bool: ...
    def __ge__(self, other: Energy, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs__(self) -> tuple[str]: ...

@final
class Power:
    """An electrical power, exact to one milliwatt."""

    def __new__(cls, text: str) -> Self: ...
    @staticmethod
    def from_milliwatt(milliwatt: int) -> Power:
        """Makes a power of whole milliwatts."""
    @property
    def milliwatt(self) -> int:
        """The milliwatts, exactly."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Power, /) -> bool: ...
    def __le__(self, other: Power, /) -> bool: ...
    def __gt__(self, other: Power, /) -> bool: ...
    def __ge__(self, other: Power, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs__(self) -> tuple[str]: ...

@final
class Share:
    """A part of a whole, exact to one part per million."""

    def __new__(cls, text: str) -> Self: ...
    @staticmethod
    def from_ppm(ppm: int) -> Share:
        """Makes a share of parts per million, from 0 to 1000000."""
    @property
    def ppm(self) -> int:
        """The parts per million, exactly."""
    def __float__(self) -> float: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Share, /) -> bool: ...
    def __le__(self, other: Share, /) -> bool: ...
    def __gt__(self, other: Share, /) -> bool: ...
    def __ge__(self, other: Share, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs__(self) -> tuple[str]: ...

@final
class Money:
    """An amount of money, exact to a millionth of its currency's unit, never without its currency.

    Amounts in two currencies are never equal and have no order: comparing them with ``<`` raises ``InvalidError``.
    """

    def __new__(cls, text: str) -> Self: ...
    @staticmethod
    def from_micros(micros: int, currency: str) -> Money:
        """Makes an amount of millionths of the currency's unit."""
    @property
    def micros(self) -> int:
        """The millionths of the currency's unit, exactly."""
    @property
    def amount(self) -> str:
        """The amount as decimal text, without the currency."""
    @property
    def currency(self) -> str:
        """The currency's ISO 4217 code."""
    def rounded(self, rounding: _Rounding = "half_up") -> Money:
        """Rounds to the decimals that an invoice in this currency has."""
    def __add__(self, other: Money, /) -> Money: ...
    def __radd__(self, other: Money, /) -> Money: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Money, /) -> bool: ...
    def __le__(self, other: Money, /) -> bool: ...
    def __gt__(self, other: Money, /) -> bool: ...
    def __ge__(self, other: Money, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs__(self) -> tuple[str]: ...

@final
class Price:
    """A price of energy: an amount of money per kilowatt-hour."""

    def __new__(cls, text: str) -> Self: ...
    @property
    def micros_per_kwh(self) -> int:
        """The millionths of the currency's unit per kilowatt-hour, exactly."""
    @property
    def currency(self) -> str:
        """The currency's ISO 4217 code."""
    def of(self, energy: Energy, rounding: _Rounding = "half_up") -> Money:
        """What an energy costs at this price, rounded to a millionth of the currency's unit."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Price, /) -> bool: ...
    def __le__(self, other: Price, /) -> bool: ...
    def __gt__(self, other: Price, /) -> bool: ...
    def __ge__(self, other: Price, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs__(self) -> tuple[str]: ...

@final
class Series:
    """Energy on a regular grid of slots, each with a quality, on the calendar of one zone."""

    def __new__(
        cls,
        values: ArrayLike,
        *,
        start: _Instant,
        resolution: str,
        time_zone: str = "UTC",
        unit: Literal["kWh", "Wh", "MWh", "mWh"] = "kWh",
        quality: Sequence[str] | NDArray[np.str_] | None = None,
    ) -> Self: ...
    @staticmethod
    def from_dataframe(
        data: _TableLike, *, value: str = "energy_kwh", resolution: str | None = None, time_zone: str = "UTC"
    ) -> Series:
        """Lays the rows of a table onto a regular grid."""
    @property
    def values(self) -> NDArray[np.float64]:
        """The energy of each slot in kWh, as the nearest float, NaN where missing; shape (len,)."""
    @property
    def quality(self) -> NDArray[np.str_]:
        """The quality of each slot, as text; shape (len,)."""
    @property
    def completeness(self) -> NDArray[np.float64]:
        """How much of the time of each slot is known, from 0 to 1; shape (len,)."""
    @property
    def starts(self) -> NDArray[np.datetime64]:
        """The start of each slot, in UTC; shape (len,)."""
    @property
    def start(self) -> datetime.datetime | None:
        """The start of the first slot, in UTC, or ``None`` where there is no slot."""
    @property
    def end(self) -> datetime.datetime | None:
        """The end of the last slot, in UTC, or ``None`` where there is no slot."""
    @property
    def resolution(self) -> str:
        """The slots' length, like ``15min`` or ``day``."""
    @property
    def time_zone(self) -> str:
        """The IANA zone whose days and months the series follows."""
    def resample(self, resolution: str) -> Series:
        """Sums up to coarser slots, such as ``1h``, ``day``, ``month`` or ``year`` of the series' own zone."""
    def sum(self) -> Total:
        """The sum of what is known, with its quality and how complete it is."""
    def gaps(self) -> list[tuple[datetime.datetime, datetime.datetime]]:
        """The stretches without any value, as pairs of start and end in UTC."""
    def to_table(self) -> Table:
        """The slots as a table with the columns ``start, end, energy_kwh, quality, completeness``."""
    def __add__(self, other: Series, /) -> Series: ...
    def __radd__(self, other: Series, /) -> Series: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@final
class Total:
    """The sum of a series: what is known, how far it can be trusted, and how complete it is."""

    @property
    def energy(self) -> Energy | None:
        """The sum of what is known, exactly; ``None`` where nothing is."""
    @property
    def kwh(self) -> float:
        """The sum of what is known in kWh, as the nearest float; NaN where nothing is."""
    @property
    def quality(self) -> str:
        """The worst quality of the slots."""
    @property
    def completeness(self) -> float:
        """How much of the time is known, from 0 to 1."""
    def __float__(self) -> float: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@disjoint_base
class Table:
    """A table with named columns of equal length."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
    def keys(self) -> list[str]:
        """The names of the columns, in order."""
    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """The columns as a ``dict`` of NumPy arrays, each of shape (len,)."""
    def to_pandas(self) -> pandas.DataFrame:
        """The table as a ``pandas.DataFrame``; instants are in UTC."""
    def to_polars(self) -> polars.DataFrame:
        """The table as a ``polars.DataFrame``; instants are in UTC."""
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The Arrow PyCapsule interface: the table as a stream of record batches."""
    def __len__(self) -> int: ...
    def __contains__(self, name: str, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def __getitem__(self, name: str, /) -> NDArray[Any]: ...

@final
class SigningKey:
    """An Ed25519 key that signs access tokens. Keep what ``to_pkcs8()`` gives secret."""

    @staticmethod
    def from_pkcs8(pkcs8: bytes) -> SigningKey:
        """Reads a key in PKCS#8 (DER)."""
    def to_pkcs8(self) -> bytes:
        """The key in PKCS#8 (DER); a secret."""
    @property
    def key_id(self) -> str:
        """The key's name, its thumbprint (RFC 7638)."""
    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517), which verifiers need."""

@final
class SharedSecret:
    """A secret that services share, of at least 32 bytes, for the tokens of the old system (HS256)."""

    def __new__(cls, secret: str | bytes) -> Self: ...

@final
class ApiKey:
    """A key of a device or a program: ``gridkey_``, 32 random characters and 6 of checksum."""

    @staticmethod
    def generate() -> ApiKey:
        """Makes a key from the operating system's generator."""
    @staticmethod
    def parse(text: str) -> ApiKey:
        """Takes a text as a key; one with another form or a wrong checksum raises ``UnauthenticatedError``."""
    def expose(self) -> str:
        """The key itself; a secret."""
    def hash(self) -> bytes:
        """The SHA-256 of the key, 32 bytes, by which it is known again."""
    @property
    def hint(self) -> str:
        """The beginning of the key, by which its owner knows it again."""

@final
class Principal:
    """Who is asking, as a verified token says."""

    @property
    def user_id(self) -> str:
        """The user's id, a UUID."""
    @property
    def username(self) -> str:
        """The user's name when the token was issued."""
    @property
    def scopes(self) -> list[str]:
        """What the token allows, in the order of the alphabet."""
    @property
    def token_id(self) -> str:
        """The token's own id, a UUID."""
    @property
    def session_id(self) -> str | None:
        """The id of the session that the token belongs to, a UUID; ``None`` where it names none."""
    @property
    def issued_at(self) -> datetime.datetime | None:
        """When the token was issued, in UTC; ``None`` where it does not say so, as the old system's do not."""
    @property
    def expires_at(self) -> datetime.datetime:
        """The first instant at which the token is no longer valid, in UTC."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@final
class Recording:
    """A recording of a battery, as columns of equal length; a missing cell is NaN."""

    @property
    def format(self) -> str:
        """The layout that was recognised, such as ``arbin``, ``maccor``, ``neware``, ``bdf`` or ``generic``."""
    @property
    def evidence(self) -> list[Evidence]:
        """How the file was understood, and why."""
    @property
    def remarks(self) -> list[Remark]:
        """What was odd and what was done about it."""
    @property
    def started_at(self) -> datetime.datetime | None:
        """When it started, as the file says, without a zone; ``None`` where it does not say."""
    @property
    def time_s(self) -> NDArray[np.float64]:
        """Seconds since the start; shape (len,)."""
    @property
    def voltage_v(self) -> NDArray[np.float64]:
        """Voltage in V; shape (len,)."""
    @property
    def current_a(self) -> NDArray[np.float64]:
        """Current in A, charging positive; shape (len,)."""
    @property
    def power_w(self) -> NDArray[np.float64] | None:
        """Power in W, charging positive; ``None`` where it was not recorded."""
    @property
    def temperature_c(self) -> NDArray[np.float64] | None:
        """Temperature in degrees Celsius; ``None`` where it was not recorded."""
    @property
    def state_of_charge(self) -> NDArray[np.float64] | None:
        """State of charge, as recorded; ``None`` where it was not."""
    @property
    def charge_capacity_ah(self) -> NDArray[np.float64] | None:
        """The vendor's counter of charge that went in, in Ah; ``None`` where there is none."""
    @property
    def discharge_capacity_ah(self) -> NDArray[np.float64] | None:
        """The vendor's counter of charge that came out, in Ah; ``None`` where there is none."""
    @property
    def capacity_ah(self) -> NDArray[np.float64] | None:
        """The vendor's counter of charge in both directions, in Ah; ``None`` where there is none."""
    @property
    def charge_energy_wh(self) -> NDArray[np.float64] | None:
        """The vendor's counter of energy that went in, in Wh; ``None`` where there is none."""
    @property
    def discharge_energy_wh(self) -> NDArray[np.float64] | None:
        """The vendor's counter of energy that came out, in Wh; ``None`` where there is none."""
    @property
    def energy_wh(self) -> NDArray[np.float64] | None:
        """The vendor's counter of energy in both directions, in Wh; ``None`` where there is none."""
    @property
    def cycle_index(self) -> NDArray[np.int64] | None:
        """The vendor's number of the cycle; ``None`` where there is none."""
    @property
    def step_index(self) -> NDArray[np.int64] | None:
        """The vendor's number of the step; ``None`` where there is none."""
    @property
    def channels(self) -> dict[str, NDArray[np.float64]]:
        """Further columns of a home battery's log by their name with its unit, such as ``solar_power_w``."""
    @property
    def cycles(self) -> Table:
        """The cycles as a table."""
    @property
    def steps(self) -> Table:
        """The steps as a table."""
    def analysis(self, *, nominal_ah: float | None = None, end_of_life: float = 0.8) -> dict[str, Any]:
        """What the recording says beyond its cycles: health, remaining life, resistances, swings, flags."""
    def incremental_capacity(
        self, *, step_v: float | None = None, window: int = 11, order: int = 3
    ) -> Table:
        """dQ/dV and dV/dQ of each cycle on one grid of voltages, as a table."""
    def charge_levels(self, *, nominal_ah: float | None = None) -> NDArray[np.float64]:
        """The state of charge of each row from 0 to 1, recorded or else counted; shape (len,)."""
    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the recording as ``.csv`` or ``.parquet`` of the Battery Data Format, or as ``.json``."""
    def _repr_html_(self) -> str: ...
    def __len__(self) -> int: ...

@final
class ForecastTable(Table):
    """Forecasts as a table, which a notebook draws: the first three series, each with the week before it."""

    def chart(
        self,
        unique_id: str | None = None,
        *,
        unit: str = "kWh",
        width: int = 960,
        height: int = 480,
        theme: _Theme = "auto",
        language: str = "en",
        title: str | None = None,
    ) -> Chart:
        """Draws the forecast of one series (the first, where none is named), after the last week that is known."""
    def _repr_html_(self) -> str: ...

@final
class Forecaster:
    """Forecasts one or many series, with quantiles, in the manner of scikit-learn."""

    def __new__(
        cls,
        model: _Model = "auto",
        frequency: str = "1h",
        time_zone: str = "UTC",
        *,
        holidays: Iterable[str | datetime.date | np.datetime64] | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
        past_regressors: Sequence[str] | None = None,
    ) -> Self: ...
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name, as they were given."""
    def set_params(self, **params: Any) -> Self:
        """Changes parameters by name; what was learnt stays as it was learnt, until the next ``fit``."""
    def fit(self, data: _TableLike, progress: Callable[[int, int], object] | None = None) -> Self:
        """Learns from a table with ``ds``, ``y``, regressors and, where it holds several series, ``unique_id``."""
    def update(self, data: _TableLike) -> Self:
        """Goes on from what was learnt with what came since."""
    def predict(
        self, horizon: int, levels: Sequence[int] = (50, 80), regressors: _TableLike | None = None
    ) -> ForecastTable:
        """Forecasts the ``horizon`` slots after the end of each series."""
    def sample(
        self, horizon: int, count: int = 100, seed: int = 0, regressors: _TableLike | None = None
    ) -> Table:
        """Draws ``count`` whole paths of the ``horizon`` slots after the end of each series."""
    def explain(self, horizon: int, regressors: _TableLike | None = None) -> Table:
        """Says why the first slots are expected to be as they are, one day at most."""
    def members(self) -> Table:
        """The models that the forecast of each series is made by, with their weights."""
    def anomalies(self, data: _TableLike, level: int = 80, false_alarms_per_year: float = 12.0) -> Table:
        """Finds what is not as it should be in readings that came after what was learnt from."""
    def evidence(self, levels: Sequence[int] = (50, 80)) -> Table:
        """Asks how good the model would have been in the last days of what was learnt from."""
    def backtest(
        self,
        data: _TableLike,
        origins: Sequence[_Instant] | NDArray[np.datetime64],
        horizon: int,
        levels: Sequence[int] = (50, 80),
        at_most_days: int = 400,
        issued_before: int = 0,
        progress: Callable[[int, int], object] | None = None,
    ) -> Backtest:
        """Asks how good the forecasts would have been."""
    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the forecaster and what it has learnt to a file."""
    @staticmethod
    def load(path: str | os.PathLike[str]) -> Forecaster:
        """Reads a forecaster that ``save`` wrote."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

def reconcile_forecasts(
    forecasts: _TableLike,
    parents: dict[str, str | None] | dict[str, str],
    method: Literal["top_down", "bottom_up", "min_t"] = "top_down",
    *,
    errors: _TableLike | None = None,
) -> Table:
    """Moves the forecasts of devices, members and their community so that in each slot the parts add up to the whole."""

@final
class Chart:
    """A chart; a notebook shows it by itself."""

    def svg(self) -> str:
        """The chart as SVG text."""
    def png(self, scale: int = 2) -> bytes:
        """The chart as a PNG, ``scale`` times as many pixels a side as it was drawn for."""
    def _repr_svg_(self) -> str: ...

@final
class Balance:
    """What a community consumed, generated and shared in a period."""

    @property
    def start(self) -> datetime.datetime:
        """The first instant of the first slot, in UTC."""
    @property
    def end(self) -> datetime.datetime:
        """The first instant after the last slot, in UTC."""
    @property
    def resolution(self) -> str:
        """The length of the slots in which generation was set against consumption."""
    @property
    def consumption_kwh(self) -> Energy | None:
        """What the loads used."""
    @property
    def generation_kwh(self) -> Energy | None:
        """What was generated."""
    @property
    def charge_kwh(self) -> Energy | None:
        """What was put into batteries."""
    @property
    def discharge_kwh(self) -> Energy | None:
        """What was taken out of batteries."""
    @property
    def self_consumed_kwh(self) -> Energy | None:
        """Supply that members used on the spot, each behind their own connection point."""
    @property
    def shared_kwh(self) -> Energy | None:
        """Surplus of some members that others used in the same slot."""
    @property
    def import_kwh(self) -> Energy | None:
        """What came from outside the community."""
    @property
    def export_kwh(self) -> Energy | None:
        """What went outside the community."""
    @property
    def self_consumption(self) -> float | None:
        """The part of the generation that stayed in the community, from 0 to 1."""
    @property
    def self_sufficiency(self) -> float | None:
        """The part of the consumption that the community met itself, from 0 to 1."""
    @property
    def completeness(self) -> float:
        """The part of the members' slots in which all their registers are known, from 0 to 1."""
    @property
    def quality(self) -> str:
        """The worst quality of any reading."""
    @property
    def members(self) -> Table:
        """The same for each member."""
    @property
    def slots(self) -> Table:
        """The same for each slot, which ``chart.energy_day`` takes."""
    def to_dict(self) -> dict[str, Any]:
        """The balance as the HTTP API answers it: energies as decimal text of kWh under the same keys."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@final
class Tariff:
    """Prices as data: what each kilowatt-hour, kilowatt, day and tax costs, and from when on."""

    def __new__(cls, document: _Document) -> Self: ...
    @property
    def id(self) -> str:
        """Its id."""
    @property
    def name(self) -> str:
        """What people call it, in English where it has a name in English; its id where it has none."""
    @property
    def names(self) -> dict[str, str]:
        """What people call it, by language."""
    @property
    def currency(self) -> str:
        """The ISO 4217 code of the currency of every price."""
    @property
    def valid_from(self) -> datetime.date:
        """The first local day on which it is valid."""
    def to_dict(self) -> dict[str, Any]:
        """The document, every number as decimal text and every default left out."""
    def price(
        self,
        usage: Mapping[str, Any],
        *,
        start: _Instant | None = None,
        resolution: str | None = None,
        time_zone: str = "UTC",
        prices: Mapping[str, Any] | None = None,
        contracted: Mapping[str, Power | str] | None = None,
        starting_at: Mapping[str, Energy | str] | None = None,
    ) -> Bill:
        """Prices the energies of one member."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs__(self) -> tuple[str]: ...

@final
class Bill:
    """What a tariff makes of one member's energies: lines that are rounded, and their sums."""

    @property
    def lines(self) -> Table:
        """The lines, in the order of the tariff's components."""
    @property
    def net(self) -> Money:
        """The sum of the lines that are no taxes."""
    @property
    def taxes(self) -> Money:
        """The sum of the taxes."""
    @property
    def total(self) -> Money:
        """The sum of all lines."""
    def to_dict(self) -> dict[str, Any]:
        """The bill with its lines, amounts as decimal text."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@final
class Statement:
    """What one member used, shared and owes in a period: an immutable document."""

    def __new__(cls, document: _Document) -> Self: ...
    @property
    def id(self) -> str:
        """Its id, a UUID that follows from its content."""
    @property
    def kind(self) -> str:
        """``statement``, or ``correction`` of one that was issued before."""
    @property
    def corrects(self) -> str | None:
        """The id of the statement that a correction is of."""
    @property
    def member(self) -> str:
        """What people call the member."""
    @property
    def member_id(self) -> str:
        """The member's id, a UUID."""
    @property
    def start(self) -> datetime.datetime:
        """The first instant of the period, in UTC."""
    @property
    def end(self) -> datetime.datetime:
        """The first instant after the period, in UTC."""
    @property
    def energy(self) -> dict[str, Energy]:
        """The energies by name, such as ``import_kwh``."""
    @property
    def completeness(self) -> float:
        """How much of the period is known, from 0 to 1."""
    @property
    def quality(self) -> str:
        """The worst quality of the readings."""
    @property
    def net(self) -> Money:
        """The sum of the lines that are no taxes."""
    @property
    def taxes(self) -> Money:
        """The sum of the taxes."""
    @property
    def total(self) -> Money:
        """What is due; below zero, what the member gets."""
    @property
    def lines(self) -> Table:
        """The lines, with exact amounts."""
    def to_dict(self) -> dict[str, Any]:
        """The statement as a dictionary."""
    def to_json(self) -> str:
        """The statement as JSON text, as the HTTP API answers it within a settlement."""
    def canonical_json(self) -> str:
        """The statement as canonical JSON (RFC 8785): the text whose hash is in the log."""
    def html(self, language: _Language = "en") -> str:
        """The statement as a page to read and print."""
    def pdf(self, language: _Language = "en") -> bytes:
        """The statement as a PDF."""
    def csv(self) -> str:
        """The lines as CSV text, for a spreadsheet."""
    def _repr_html_(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs__(self) -> tuple[str]: ...
    __hash__: None  # type: ignore[assignment]

@final
class Settlement:
    """A settled period: a statement for each member, and the community's account, which they add up to."""

    @property
    def account(self) -> dict[str, Any]:
        """What all statements come to."""
    @property
    def statements(self) -> list[Statement]:
        """One statement for each member that has registers, by member id."""
    @property
    def lines(self) -> Table:
        """All lines of all statements."""
    def csv(self) -> str:
        """All lines as CSV text, for a spreadsheet."""
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@final
class LogKey:
    """An Ed25519 key that signs the heads of a log of statements. Keep what ``to_pkcs8()`` gives secret."""

    @staticmethod
    def generate() -> LogKey:
        """Makes a new key from the operating system's generator."""
    @staticmethod
    def from_pem(text: str) -> LogKey:
        """Reads a key from the PEM that ``openssl genpkey -algorithm ed25519`` writes."""
    @staticmethod
    def from_pkcs8(pkcs8: bytes) -> LogKey:
        """Reads a key in PKCS#8 (DER)."""
    def to_pkcs8(self) -> bytes:
        """The key in PKCS#8 (DER); a secret."""
    @property
    def public_key(self) -> str:
        """The public half, with which anybody verifies."""
    @property
    def public_pem(self) -> str:
        """The public half as PEM (RFC 8410), for other programs."""
    @property
    def key_id(self) -> str:
        """The key's id, which heads name."""

@final
class Store:
    """A community's readings in a database; every call waits."""

    def __new__(cls, url: str, *, migrate: bool = True, quotas: Mapping[str, SupportsIndex] | None = None) -> Self: ...
    @property
    def url(self) -> str:
        """The address, without the password."""
    def close(self) -> None:
        """Closes all connections."""
    def __enter__(self) -> Self: ...
    def __exit__(self, _kind: object, _error: object, _traceback: object) -> None: ...
    def create_user(self, username: str, email: str, password: str, *, now: _Instant | None = None) -> str:
        """Creates a user, whose password is kept as an Argon2id hash, and returns their id.

        The password has 8 to 128 characters and is none of the most common ones.
        """
    def find_user(self, name: str) -> str | None:
        """The id of the user with that name or e-mail address, or ``None``."""
    def audit(self, *, actor: _Id | None = None, action: str | None = None) -> Table:
        """The trail of what was done, the newest first."""
    def export(self, path: str | os.PathLike[str], *, now: _Instant | None = None) -> dict[str, int]:
        """Writes everything that the store keeps into one archive, a ``tar.gz`` of CSV and JSON lines, and returns the rows
        of each table. ``restore`` fills a store of any kind with it.

        The file has people's data, the hashes of their passwords and the keys of tokens and statements: it is made for its
        owner alone. One that is there is not written over.
        """
    def restore(self, path: str | os.PathLike[str]) -> dict[str, int]:
        """Fills the store, which has to be without rows, from an archive that ``export`` wrote, all of it or nothing, and
        returns the rows of each table.
        """
    def export_user(
        self, user: _Id, path: str | os.PathLike[str], *, now: _Instant | None = None
    ) -> dict[str, int]:
        """Writes all that the store knows of a user into one archive for that user, and returns the rows of each file."""
    def erase_user(self, user: _Id, *, now: _Instant | None = None) -> dict[str, int]:
        """Forgets a user: account, logins, household, devices with their readings, recordings, forecasts. What others'
        accounts stand on stays without a name; the answer says how much.
        """
    def create_community(self, name: str, *, owner: _Id, time_zone: str, now: _Instant | None = None) -> str:
        """Creates a community that ``owner``, a user, runs, and returns its id."""
    def communities(self) -> Table:
        """All communities: a table with ``id, name, time_zone``."""
    def add_member(
        self,
        community: _Id,
        name: str,
        *,
        user: _Id | None = None,
        role: Literal["member", "operator"] = "member",
        now: _Instant | None = None,
    ) -> str:
        """Adds a member to a community and returns the member's id."""
    def members(self, community: _Id) -> Table:
        """The members of a community: a table with ``id, name, user, role``."""
    def create_device(
        self,
        name: str,
        *,
        owner: _Id,
        kind: Literal["meter", "pv", "battery", "load", "ev_charger", "other"],
        time_zone: str,
        rated_power: Power | None = None,
        now: _Instant | None = None,
    ) -> str:
        """Creates a device of ``owner``, a user, and returns its id."""
    def add_device(
        self,
        community: _Id,
        device: _Id,
        member: _Id,
        *,
        valid_from: _Instant | None = None,
        now: _Instant | None = None,
    ) -> None:
        """Puts a device into a community, as one of a member's from ``valid_from`` on."""
    def move_device(
        self,
        community: _Id,
        device: _Id,
        member: _Id,
        *,
        valid_from: _Instant | None = None,
        now: _Instant | None = None,
    ) -> None:
        """Lets a device count for another member of its community from ``valid_from`` on."""
    def remove_device(
        self, community: _Id, device: _Id, *, until: _Instant | None = None, now: _Instant | None = None
    ) -> None:
        """Takes a device out of a community from ``until`` on; what it counted until then stays."""
    def placements(self, community: _Id, device: _Id) -> Table:
        """All that was ever said of whom a device counts for in a community."""
    def delete_device(self, device: _Id) -> None:
        """Deletes a device that has no readings; one that has raises ``ConflictError``."""
    def devices(
        self, community: _Id | None = None, *, ended: bool = False, as_of: _Instant | None = None
    ) -> Table:
        """All devices, or those of a community that count now or later; with ``ended=True`` all that ever did."""
    def channels(self, device: _Id) -> Table:
        """The channels of a device with their first start and last end."""
    def ingest(self, data: _TableLike, *, now: _Instant | None = None) -> Ingested:
        """Takes in readings, all of them or none."""
    def import_community(
        self, community: _Id, data: _TableLike | _Source, *, owner: _Id | None = None, now: _Instant | None = None
    ) -> Imported:
        """Takes in a community's readings, all of them or none, with the devices and members that are new."""
    def readings(
        self, device: _Id, channel: str, start: _Instant, end: _Instant, as_of: _Instant | None = None
    ) -> Table:
        """The readings of a register, as they stand now or as they stood at ``as_of``."""
    def history(self, device: _Id, channel: str, start: _Instant, end: _Instant) -> Table:
        """The readings of a register that others have replaced."""
    def load_battery_levels(self, owner: _Id, file: _Source, *, time_zone: str = "UTC") -> LevelsLoaded:
        """Keeps how full a user's battery was, from a CSV file."""
    def battery_levels(self, owner: _Id, start: _Instant, end: _Instant, *, limit: int | None = None) -> Table:
        """How full a user's battery was, by time."""
    def delete_battery_levels(self, owner: _Id, start: _Instant, end: _Instant) -> int:
        """Removes how full a user's battery was, and gives how many rows there were."""
    def record_register(
        self,
        device: _Id,
        channel: str,
        reads: _TableLike | None = None,
        *,
        events: Sequence[Mapping[str, Any]] | None = None,
        withdrawn: Sequence[_Instant] | None = None,
        digits: int | None = None,
        multiplier: str | float | None = None,
        store: bool | Literal["reads"] = True,
        now: _Instant | None = None,
    ) -> Registered:
        """Takes in what a cumulative register showed, and stores what was used between the looks."""
    def register_advances(self, device: _Id, channel: str, start: _Instant, end: _Instant) -> Advances:
        """What a register counted between its looks."""
    def findings(
        self,
        device: _Id,
        start: _Instant,
        end: _Instant,
        *,
        channel: str | None = None,
        resolution: str | None = None,
        now: _Instant | None = None,
    ) -> Table:
        """Says what looks wrong in a device's readings."""
    def completeness(
        self, device: _Id, start: _Instant, end: _Instant, *, channel: str | None = None
    ) -> Completeness:
        """Says how much of a time a device's readings cover."""
    def register_reports(self, community: _Id, start: _Instant, end: _Instant) -> RegisterReports:
        """Says how complete the registers of a community are, and what to ask again."""
    def substitute(
        self,
        device: _Id,
        channel: str,
        start: _Instant,
        end: _Instant,
        *,
        resolution: str | None = None,
        advances: _TableLike | None = None,
        holidays: Sequence[str | datetime.date] | None = None,
        without_pattern: _WithoutPattern = "leave_missing",
        store: bool = False,
        now: _Instant | None = None,
    ) -> Substitution:
        """Fills the missing slots of a register, and stores them where ``store`` is true."""
    def fill_missing(
        self, device: _Id, channel: str, data: _TableLike, *, now: _Instant | None = None
    ) -> Ingested:
        """Takes in substitutes where nothing is known."""
    def sums(
        self,
        *,
        device: _Id | None = None,
        owner: _Id | None = None,
        community: _Id | None = None,
        channel: str | None = None,
        start: _Instant,
        end: _Instant,
        resolution: str = "day",
        time_zone: str | None = None,
    ) -> Table:
        """Sums the readings of a device, of a user's devices or of a community per slot, channel by channel."""
    def set_key(
        self,
        community: _Id,
        key: _Key,
        *,
        valid_from: _Instant,
        shares: Mapping[str, Share | str | float] | None = None,
        groups: _Groups | None = None,
        now: _Instant | None = None,
    ) -> None:
        """Sets how a community shares from ``valid_from`` on."""
    def set_coefficients(
        self,
        community: _Id,
        source: _Source,
        year: int,
        *,
        valid_from: _Instant | None = None,
        now: _Instant | None = None,
    ) -> None:
        """Sets how a community shares from the file of coefficients of a year (Spain, RD 244/2019)."""
    def coefficients(self, community: _Id, year: int) -> bytes:
        """A community's fixed shares of a year as the file for Spain's distributor."""
    def set_contract(
        self, community: _Id, contract: _Document, *, valid_from: _Instant, now: _Instant | None = None
    ) -> None:
        """Sets by what a community settles from ``valid_from`` on."""
    def contracts(self, community: _Id) -> list[dict[str, Any]]:
        """All contracts of a community, by when they begin."""
    def add_tariff(
        self,
        community: _Id,
        tariff: Tariff | _Document,
        member: _Id | None = None,
        *,
        now: _Instant | None = None,
    ) -> str:
        """Adds a tariff, for one ``member`` or for all who have none of their own, and returns its id."""
    def tariffs(self, community: _Id) -> list[dict[str, Any]]:
        """All tariffs of a community, in the order in which they were added."""
    def add_prices(
        self,
        community: _Id,
        name: str,
        data: _TableLike | _Source,
        *,
        currency: str = "EUR",
        now: _Instant | None = None,
    ) -> int:
        """Adds prices to a series of a community, by the name that tariffs call it, and returns how many."""
    def settle(
        self,
        community: _Id,
        month: str,
        *,
        compare: _Key | None = None,
        missing: _Missing = "refuse",
        as_of: _Instant | None = None,
        issued_at: _Instant | None = None,
    ) -> Settlement:
        """Settles a local month from what is stored, and keeps nothing."""
    def issue(
        self,
        settlement: Settlement,
        log_key: LogKey | None = None,
        origin: str = "grid",
        *,
        sealing_key: str | None = None,
        now: _Instant | None = None,
    ) -> Issued:
        """Issues a settlement: each statement becomes an entry of the log, and never changes."""
    def statements(self, community: _Id, month: str | None = None, member: _Id | None = None) -> list[Statement]:
        """The statements and corrections that were issued, in the order of the log."""
    def statement(self, id: _Id) -> Statement:
        """A statement or correction that was issued."""
    def statement_proof(self, id: _Id) -> str:
        """A statement with the proof that it is in the log, as JSON text."""
    def events(
        self,
        reader: _Id,
        *,
        after: int = 0,
        limit: int = 100,
        device: _Id | None = None,
        community: _Id | None = None,
    ) -> list[dict[str, Any]]:
        """What ``reader``, a user, may be told of, after the event with the id ``after``, the oldest first."""
    def log_key(self, sealing_key: str | None = None) -> LogKey | None:
        """The key that the database keeps for its log, or ``None`` while it keeps none."""
    def log_head(self, size: int | None = None) -> dict[str, Any] | None:
        """The newest signed head of the log, or the one it had at ``size``."""
    def log_consistency(self, old: int, new: int) -> list[str]:
        """The hashes that lead from the log of ``old`` entries to that of ``new`` ones."""
    def balance(self, community: _Id, start: _Instant, end: _Instant, *, resolution: str | None = None) -> Balance:
        """Balances a community from ``start`` to ``end``."""

def apportion(total: _Amount, weights: ArrayLike | Sequence[Share | str | float]) -> list[_Amount]:
    """Splits ``total`` in proportion to ``weights``, so that the parts add up to it exactly."""

def share(
    generation: ArrayLike,
    demand: ArrayLike,
    key: _Key | None = None,
    shares: _Shares | None = None,
    rounding: Literal["exact", "operator"] = "exact",
    *,
    groups: _Groups | None = None,
    coefficients: ArrayLike | None = None,
    unit: Literal["mWh", "kWh"] = "mWh",
    out: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> Shared:
    """Shares what plants generated among members, interval by interval, to the last milliwatt-hour."""

def settle(
    community: _Id | Mapping[Any, Mapping[str, Any]],
    month: str,
    *,
    store: Store | None = None,
    tariff: Tariff | _Document | Sequence[Tariff | _Document] | None = None,
    member_tariffs: Mapping[Any, Any] | None = None,
    key: _Key | None = None,
    shares: Mapping[Any, Share | str | float] | None = None,
    groups: _Groups | None = None,
    contract: _Document | None = None,
    prices: Mapping[str, Any] | None = None,
    compare: _Key | None = None,
    missing: _Missing = "refuse",
    as_of: _Instant | None = None,
    issued_at: _Instant | None = None,
    time_zone: str | None = None,
    community_id: _Id | None = None,
    name: str | None = None,
) -> Settlement:
    """Settles a month: shares what was generated, prices it, and makes a statement for each member."""

def verify_statement(
    statement: Statement | str | bytes | dict[str, Any],
    public_key: _PublicKey,
    proof: str | bytes | dict[str, Any] | None = None,
) -> bool:
    """Verifies that a statement is unchanged and in the log, with the public key alone and without a network."""

def verify_consistency(
    old_head: str | bytes | dict[str, Any] | None,
    new_head: str | bytes | dict[str, Any] | None,
    path: Sequence[str],
    public_key: _PublicKey,
) -> bool:
    """Verifies that a log only grew from one signed head to another, and that nothing in it was rewritten."""

def reconcile(
    generation: ArrayLike,
    demand: ArrayLike,
    *,
    allocated: ArrayLike,
    surplus: ArrayLike,
    key: _Key | None = None,
    shares: _Shares | None = None,
    groups: _Groups | None = None,
    tolerance_mwh: int = 1,
    most_findings: int = 100,
    unit: Literal["kWh", "mWh"] = "kWh",
) -> dict[str, Any]:
    """Checks a grid operator's figures against what was generated and used, and against the key."""

def advances(
    reads: _TableLike,
    *,
    events: Sequence[Mapping[str, Any]] | None = None,
    digits: int | None = None,
    multiplier: str | float | None = None,
    rated_power: Power | None = None,
) -> Advances:
    """Turns what a register showed into what was used between two looks at it."""

def read_readings(
    source: _Source, *, time_zone: str | None = None, channel: str | None = None, meter: str | None = None
) -> MeterFile:
    """Reads a file of readings in any format that is known."""

def validate(
    readings: Series | _TableLike,
    *,
    resolution: str | None = None,
    time_zone: str | None = None,
    start: _Instant | None = None,
    end: _Instant | None = None,
    rated_power: Power | None = None,
    off: Sequence[str] | None = None,
    now: _Instant | None = None,
) -> Table:
    """Names what looks wrong in readings."""

def substitute(
    series: Series,
    advances: _TableLike | None = None,
    *,
    start: _Instant | None = None,
    end: _Instant | None = None,
    holidays: Sequence[str | datetime.date] | None = None,
    without_pattern: _WithoutPattern = "leave_missing",
) -> Substituted:
    """Fills what is missing in a series, and marks it."""

def balance(consumption: ArrayLike, generation: ArrayLike, *, unit: Literal["kWh", "mWh"] = "kWh") -> ArrayBalance:
    """Sets generation against consumption, interval by interval."""

def generate_key() -> SigningKey:
    """Makes a new Ed25519 key from the operating system's generator."""

def issue_token(
    key: SigningKey | SharedSecret,
    *,
    user_id: _Id,
    username: str,
    scope: str = "",
    session_id: _Id | None = None,
    issuer: str = "grid",
    audience: str = "grid-api",
    lifetime_s: float | None = None,
    now: _Instant | None = None,
) -> str:
    """Issues an access token (a JWT) and returns it as text."""

def verify_token(
    token: str,
    keys: SigningKey | SharedSecret | str | Mapping[str, Any],
    now: _Instant | None = None,
    *,
    issuer: str = "grid",
    audience: str = "grid-api",
) -> Principal:
    """Verifies an access token and returns who is asking; public keys are enough."""

def inspect_token(
    token: str,
    keys: SigningKey | SharedSecret | str | Mapping[str, Any] | None = None,
    now: _Instant | None = None,
    *,
    issuer: str = "grid",
    audience: str = "grid-api",
) -> dict[str, Any]:
    """Explains a token check by check; nothing in the answer is to be believed unless ``valid`` is ``True``."""

def hash_password(password: str, *, memory_kib: int = 19456, passes: int = 2, lanes: int = 1) -> str:
    """Hashes a password of 8 to 128 characters with Argon2id, as a PHC string; it may be one of the most common."""

def verify_password(password: str, hash: str) -> bool:
    """Whether a password is the one that was hashed, at the cost that the hash names."""

def read_battery(
    source: _Source | _Readable,
    *,
    format: str | None = None,
    progress: Callable[[int, int | None], object] | None = None,
) -> Recording:
    """Reads a battery recording of any vendor; the layout is found in the file."""

def summarise_battery(
    source: _Source | _Readable | Recording,
    *,
    format: str | None = None,
    progress: Callable[[int, int | None], object] | None = None,
) -> dict[str, Any]:
    """Sums a battery recording up in constant memory: rows, ranges, charge and energy in all, cycles, steps."""

def chart_energy_day(
    data: _TableLike,
    *,
    time_zone: str = "UTC",
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws the energy of a local day slot by slot."""

def chart_voltage_current(
    recording: Recording,
    *,
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws voltage and current of a battery recording over time."""

def chart_capacity_over_cycles(
    recording: Recording,
    *,
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws the charge that went in and came out of a battery, cycle by cycle."""

def chart_incremental_capacity(
    recording: Recording,
    *,
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws dQ/dV over voltage, coloured from the first cycle to the last."""

def chart_state_of_charge(
    recording: Recording,
    *,
    nominal_ah: float | None = None,
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws the state of charge over days."""

def chart_depth_of_discharge(
    recording: Recording,
    *,
    nominal_ah: float | None = None,
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws how deep a battery was cycled: a histogram of its swings."""

def chart_battery_health(
    recording: Recording,
    *,
    nominal_ah: float | None = None,
    end_of_life: float = 0.8,
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws the state of health over cycles with what is to be expected."""

def chart_forecast(
    data: _TableLike,
    history: _TableLike | None = None,
    *,
    time_zone: str = "UTC",
    unit: str = "kWh",
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws a forecast of one series with its bands of 50 and 80 percent."""

def chart_member_day(
    data: _TableLike,
    *,
    time_zone: str = "UTC",
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws a member's local day."""

def chart_community_month(
    data: _TableLike,
    *,
    month: str | None = None,
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws a community's month, day by day and by source."""

def chart_bill_parts(
    data: Statement | _TableLike,
    *,
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws the parts of a bill, from the first line to what is due."""

def chart_load_by_band(
    data: _TableLike,
    *,
    bands: Sequence[str] | None = None,
    time_zone: str = "UTC",
    width: int = 960,
    height: int = 480,
    theme: _Theme = "auto",
    language: str = "en",
    title: str | None = None,
) -> Chart:
    """Draws how much was used in each band of the day."""

def rules_on_day(law: str, day: str | datetime.date) -> dict[str, Any]:
    """The rules of a law that are in force on a day."""

def rules_spain_compensate(grid_value: Money, surplus_value: Money) -> Compensation:
    """Spain: sets the value of a month's surplus against that of the energy from the grid, at most to zero."""

def rules_spain_coefficients(source: _Source) -> Table:
    """Spain: reads a file of coefficients, ``<CAU>_<YYYY>.txt``, from its path or ``bytes``."""

def rules_colombia_month(injected: ArrayLike, imported: ArrayLike) -> dict[str, Any]:
    """Colombia: exchanges a month's injections against its imports, hour by hour."""

def rules_italy_premium(
    power: Power | str,
    zone: str,
    zonal_price: Price,
    *,
    source: str = "photovoltaic",
    grant: Share | str | float | None = None,
) -> Price:
    """Italy: the premium of one hour for energy that is shared, per kilowatt-hour."""
