"""Series: energy over time, where missing is never zero."""

import datetime
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

import grid_py as grid

NAN = float("nan")


def quarters(values: list[float]) -> grid.Series:
    return grid.Series(values, start="2026-01-01T00:00:00Z", resolution="15min")


def test_a_gap_shows_in_every_sum_above_it() -> None:
    series = quarters([1.0, NAN, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    hours = series.resample("1h")
    assert hours.values.tolist() == [3.0, 4.0]
    assert hours.quality.tolist() == ["missing", "measured"]
    assert hours.completeness.tolist() == [0.75, 1.0]
    utc = datetime.timezone.utc
    gap = (datetime.datetime(2026, 1, 1, 0, 15, tzinfo=utc), datetime.datetime(2026, 1, 1, 0, 30, tzinfo=utc))
    assert series.gaps() == [gap]
    total = series.sum()
    assert (total.energy, total.quality, total.completeness) == (grid.Energy("7 kWh"), "missing", 0.875)
    assert float(total) == total.kwh == 7.0


def test_nothing_known_is_not_zero() -> None:
    total = quarters([NAN, NAN]).sum()
    assert total.energy is None
    assert np.isnan(total.kwh)


@pytest.mark.parametrize(("date", "slots"), [("2026-03-28", 96), ("2026-03-29", 92), ("2026-10-25", 100)])
def test_a_local_day_has_92_96_or_100_quarter_hours(date: str, slots: int) -> None:
    start = datetime.datetime.fromisoformat(date).replace(tzinfo=ZoneInfo("Europe/Madrid"))
    day = grid.Series(np.full(slots, 0.1), start=start, resolution="15min", time_zone="Europe/Madrid").resample("day")
    assert len(day) == 1
    assert day.sum().completeness == 1.0
    assert day.sum().energy == grid.Energy.from_mwh(slots * 100_000)


def test_an_instant_comes_in_every_form_that_python_has() -> None:
    forms: list[Any] = [
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00+01:00",
        datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
        datetime.datetime(2026, 1, 1, 1, tzinfo=ZoneInfo("Europe/Madrid")),
        np.datetime64("2026-01-01T00:00"),
        pandas.Timestamp("2026-01-01T01:00", tz="Europe/Madrid"),
    ]
    assert all(grid.Series([1.0], start=form, resolution="1h") == grid.Series([1.0], start=forms[0], resolution="1h") for form in forms)
    for naive in ("2026-01-01T00:00:00", datetime.datetime(2026, 1, 1)):
        with pytest.raises(grid.InvalidError) as caught:
            grid.Series([1.0], start=naive, resolution="1h")
        assert caught.value.hint is not None


def test_units_are_converted_and_whole_milliwatt_hours_kept() -> None:
    kwargs: dict[str, Any] = {"start": "2026-01-01T00:00:00Z", "resolution": "1h"}
    assert grid.Series([250.0], unit="Wh", **kwargs) == grid.Series([0.25], **kwargs)
    assert grid.Series([0.00025], unit="MWh", **kwargs) == grid.Series([0.25], **kwargs)
    most = np.array([2**53 + 1, 7], dtype=np.int64)
    exact = grid.Series(most, unit="mWh", **kwargs)
    assert exact.sum().energy == grid.Energy.from_mwh(2**53 + 8)
    with pytest.raises(grid.InvalidError, match="expected the unit to be"):
        grid.Series([1.0], unit="horses", **kwargs)  # type: ignore[arg-type]


def test_what_cannot_be_is_refused_with_its_place() -> None:
    with pytest.raises(grid.InvalidError, match="`values`, row 1"):
        quarters([1.0, float("inf")])
    with pytest.raises(grid.InvalidError, match="slot 0"):
        grid.Series([1.0], start="2026-01-01T00:00:00Z", resolution="1h", quality=["missing"])
    with pytest.raises(grid.InvalidError, match="coarser"):
        quarters([1.0]).resample("1min")
    with pytest.raises(grid.InvalidError, match="expected numbers"):
        grid.Series(["a"], start="2026-01-01T00:00:00Z", resolution="1h", unit="Wh")
    with pytest.raises(grid.InvalidError, match="Europe/Atlantis"):
        grid.Series([1.0], start="2026-01-01T00:00:00Z", resolution="1h", time_zone="Europe/Atlantis")


@given(st.lists(st.one_of(st.integers(0, 10**12), st.none()), min_size=1, max_size=200))
def test_values_come_back_to_the_milliwatt_hour(counts: list[int | None]) -> None:
    kwh = np.array([NAN if count is None else count / 1e6 for count in counts])
    series = quarters(kwh.tolist())
    np.testing.assert_array_equal(series.values, kwh)
    known = [count for count in counts if count is not None]
    assert series.sum().energy == (grid.Energy.from_mwh(sum(known)) if known else None)
    assert series.resample("day").sum().energy == series.sum().energy


def test_series_on_the_same_slots_add_up() -> None:
    both = quarters([1.0, 2.0]) + quarters([0.5, NAN])
    np.testing.assert_array_equal(both.values, [1.5, NAN])
    with pytest.raises(grid.InvalidError, match="same slots"):
        quarters([1.0]) + quarters([1.0, 2.0])


TABLES: dict[str, Callable[[grid.Table], Any]] = {
    "ours": lambda table: table,
    "numpy": lambda table: table.to_numpy(),
    "pandas": lambda table: table.to_pandas(),
    "polars": lambda table: table.to_polars(),
    "arrow": lambda table: pyarrow.table(table),
    "lists": lambda table: {
        "start": [str(at) + "Z" for at in table["start"]],
        "end": [str(at) + "Z" for at in table["end"]],
        "energy_kwh": table["energy_kwh"].tolist(),
        "quality": table["quality"].tolist(),
    },
    "only the interface": lambda table: OnlyTheInterface(table),
}


class OnlyTheInterface:
    """What a library that this project has never heard of would offer."""

    def __init__(self, table: grid.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("form", TABLES)
def test_a_table_goes_out_and_comes_back_in_every_form(form: str) -> None:
    series = grid.Series(
        [0.25, NAN, 0.5, 0.1], start="2026-03-29T00:30:00Z", resolution="15min", time_zone="Europe/Madrid",
        quality=["measured", "missing", "estimated", "substituted"],
    )
    table = TABLES[form](series.to_table())
    assert grid.Series.from_dataframe(table, time_zone="Europe/Madrid") == series


def test_frames_whose_times_have_no_zone_are_refused() -> None:
    frame = pandas.DataFrame({"start": pandas.to_datetime(["2026-01-01T00:00"]), "energy_kwh": [1.0]})
    for table in (frame, polars.from_pandas(frame), pyarrow.Table.from_pandas(frame)):
        with pytest.raises(grid.InvalidError, match="time zone") as caught:
            grid.Series.from_dataframe(table, resolution="1h")
        assert caught.value.hint is not None and "tz_localize" in caught.value.hint
    aware = frame.assign(start=frame["start"].dt.tz_localize("Europe/Madrid"))
    assert str(grid.Series.from_dataframe(aware, resolution="1h").start) == "2025-12-31 23:00:00+00:00"


def test_a_reading_over_midnight_is_spread_over_both_days() -> None:
    # 22:00 to 04:00 in Bogota: two of six hours lie on the first day.
    table = {"start": ["2026-05-01T22:00:00-05:00"], "end": ["2026-05-02T04:00:00-05:00"], "energy_kwh": ["6.000001"]}
    days = grid.Series.from_dataframe(table, resolution="day", time_zone="America/Bogota")
    assert days.values.tolist() == [2.0, 4.000001]


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(grid.InvalidError, match="expected a column `energy_kwh`, got the columns `start`, `kwh`"):
        grid.Series.from_dataframe({"start": ["2026-01-01T00:00:00Z"], "kwh": [1.0]}, resolution="1h")


def test_a_table_is_read_by_pandas_polars_and_arrow() -> None:
    table = quarters([0.25, NAN]).to_table()
    assert list(table) == table.columns == table.keys()
    assert len(table) == 2
    assert "energy_kwh" in table
    assert "horses" not in table
    with pytest.raises(KeyError):
        table["horses"]
    frame = table.to_pandas()
    assert str(frame["start"].dtype) == "datetime64[us, UTC]"
    assert polars.DataFrame(table).equals(table.to_polars())
    assert pyarrow.table(table).schema.field("start").type == pyarrow.timestamp("us", "UTC")
    assert table.to_numpy()["start"].dtype == np.dtype("datetime64[us]")
