"""What else is known beside the series: the weather, a clear sky, holidays."""

from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import grid_py as grid

DAYS, AHEAD = 70, 3
HOURS = np.arange("2026-01-01", "2026-03-15", dtype="datetime64[h]")[: 24 * (DAYS + AHEAD)].astype("datetime64[us]")
RANDOM = np.random.default_rng(11)
WARMTH = np.repeat(RANDOM.normal(8.0, 5.0, DAYS + AHEAD), 24) + np.sin(np.arange(len(HOURS)) / 24 * 2 * np.pi)
LOAD = 5.0 - 0.2 * WARMTH + np.arange(len(HOURS)) % 24 / 24 + 0.05 * RANDOM.normal(size=len(HOURS))
PAST = 24 * DAYS


def frame(until: int, rows: int) -> dict[str, Any]:
    """The load up to a slot and the warmth for some rows more."""
    y = LOAD[:rows].copy()
    y[until:] = np.nan
    return {"ds": HOURS[:rows], "y": y, "warmth": WARMTH[:rows]}


FUTURE = {"ds": HOURS[PAST:], "warmth": WARMTH[PAST:]}


def error(forecast: grid.Table) -> float:
    return float(np.abs(forecast["mean"] - LOAD[PAST : PAST + len(forecast)]).mean())


@pytest.mark.parametrize("model", ["ridge", "auto"])
def test_a_regressor_explains_what_the_past_does_not(model: Any) -> None:
    without = grid.Forecaster(model).fit({"ds": HOURS[:PAST], "y": LOAD[:PAST]}).predict(24)
    forecast = grid.Forecaster(model).fit(frame(PAST, PAST)).predict(24, regressors=FUTURE)
    print(f"{model}: mean absolute error {error(without):.3f} without the warmth, {error(forecast):.3f} with it")
    assert error(forecast) < 0.7 * error(without)


def test_the_future_may_come_with_the_past_or_afterwards() -> None:
    afterwards = grid.Forecaster("ridge").fit(frame(PAST, PAST)).predict(24, regressors=FUTURE)
    with_the_past = grid.Forecaster("ridge").fit(frame(PAST, len(HOURS))).predict(24)
    by_update = grid.Forecaster("ridge").fit(frame(PAST, PAST)).update(FUTURE).predict(24)
    for other in (with_the_past, by_update):
        assert other["ds"][0] == HOURS[PAST]
        np.testing.assert_array_equal(other["mean"], afterwards["mean"])
        np.testing.assert_array_equal(other["q90"], afterwards["q90"])


@pytest.mark.parametrize("of", [pandas.DataFrame, polars.DataFrame, pyarrow.table])
def test_any_data_frame_brings_regressors(of: Any) -> None:
    by_mapping = grid.Forecaster("ridge").fit(frame(PAST, PAST)).predict(24, regressors=FUTURE)
    by_frame = grid.Forecaster("ridge").fit(of(frame(PAST, PAST))).predict(24, regressors=of(FUTURE))
    np.testing.assert_array_equal(by_frame["mean"], by_mapping["mean"])


def test_what_is_missing_of_the_future_is_named_with_its_slots() -> None:
    forecaster = grid.Forecaster("ridge").fit(frame(PAST, PAST))
    said = "expected `warmth` for the 24 slots from 2026-03-12T00:00:00 on, got none for"
    with pytest.raises(grid.InvalidError, match=f"{said} 24 of them, from 2026-03-12T00:00:00 to 2026-03-12T23:00:00"):
        forecaster.predict(24)
    half = {"ds": HOURS[PAST : PAST + 12], "warmth": WARMTH[PAST : PAST + 12]}
    with pytest.raises(grid.InvalidError, match=f"{said} 12 of them, from 2026-03-12T12:00:00"):
        forecaster.predict(24, regressors=half)
    hole = {"ds": FUTURE["ds"], "warmth": FUTURE["warmth"].copy()}
    hole["warmth"][5] = np.nan
    for ask in (forecaster.predict, forecaster.explain, forecaster.sample):
        with pytest.raises(grid.InvalidError, match=f"{said} 1 of them, from 2026-03-12T05:00:00 to 2026-03-12T05:00"):
            ask(24, regressors=hole)
    with pytest.raises(grid.InvalidError, match="expected a horizon of 1 to 336 slots"):
        forecaster.predict(10**9, regressors=FUTURE)


def test_a_regressor_is_never_silently_ignored() -> None:
    with pytest.raises(grid.InvalidError, match="`seasonal_naive`, got `warmth`") as caught:
        grid.Forecaster("seasonal_naive").fit(frame(PAST, PAST))
    assert caught.value.hint is not None
    with pytest.raises(grid.InvalidError, match="column `place`: expected numbers"):
        grid.Forecaster().fit({**frame(PAST, PAST), "place": ["Madrid"] * PAST})
    with pytest.raises(grid.InvalidError, match="got `wind`"):
        grid.Forecaster("ridge").fit(frame(PAST, PAST)).predict(24, regressors={**FUTURE, "wind": FUTURE["warmth"]})
    with pytest.raises(grid.InvalidError, match="expected a column `wind`"):
        grid.Forecaster(past_regressors=["wind"]).fit(frame(PAST, PAST))


def test_what_is_known_only_afterwards_is_not_asked_of_the_future_and_not_read_from_it() -> None:
    forecaster = grid.Forecaster("ridge", past_regressors=["warmth"])
    forecast = forecaster.fit(frame(PAST, PAST)).predict(24)
    assert np.isfinite(forecast["mean"]).all()
    # Whatever comes later, it was not known; what is known ahead was.
    origin = PAST - 24
    changed = frame(PAST, PAST)
    changed["warmth"] = np.where(np.arange(PAST) < origin, changed["warmth"], 30.0)
    for past_regressors, alike in ((["warmth"], True), (None, False)):
        forecaster = grid.Forecaster("ridge", past_regressors=past_regressors)
        one, other = (forecaster.backtest(table, [HOURS[origin]], 24) for table in (frame(PAST, PAST), changed))
        assert np.array_equal(one.forecasts["mean"], other.forecasts["mean"]) == alike


def test_a_backtest_takes_regressors_and_forecasts_as_a_fit_of_that_day_does() -> None:
    report = grid.Forecaster("ridge").backtest(frame(PAST, PAST), [HOURS[PAST - 48], HOURS[PAST - 24]], 24)
    last = grid.Forecaster("ridge").fit(frame(PAST - 24, PAST)).predict(24)
    np.testing.assert_array_equal(report.forecasts["mean"][24:], last["mean"])


def test_instants_over_the_change_of_the_clock_need_no_hour_that_never_comes() -> None:
    starts = pandas.date_range("2026-01-01", "2026-03-31", freq="h", tz="Europe/Madrid", inclusive="left")
    warmth = pandas.Series(np.cos(np.arange(len(starts))))
    y = warmth + starts.hour / 24.0
    y[starts >= pandas.Timestamp("2026-03-29", tz="Europe/Madrid")] = np.nan
    forecaster = grid.Forecaster("ridge", time_zone="Europe/Madrid")
    forecast = forecaster.fit(pandas.DataFrame({"ds": starts, "y": y, "warmth": warmth})).predict(24)
    assert len(forecast) == 23, "the day that loses an hour"


def test_a_place_adds_the_clear_sky() -> None:
    # Generation of a panel that follows a cosine by day, and clouds that nobody foresees.
    hour = np.arange(len(HOURS)) % 24
    sun = np.clip(np.cos((hour - 13) / 12 * np.pi), 0.0, None)
    generation = sun * np.repeat(RANDOM.uniform(0.3, 1.0, DAYS + AHEAD), 24)
    panel = grid.Forecaster("ridge", time_zone="Europe/Madrid", latitude=40.4, longitude=-3.7)
    forecaster = panel.fit({"ds": HOURS[:PAST], "y": generation[:PAST]})
    forecast = forecaster.predict(24 * 14)
    assert (forecast["mean"] >= 0.0).all()
    assert "clear_sky" in forecaster.explain(24)["group"]
    # It is known as far as ever after an update.
    forecaster.update({"ds": HOURS[PAST : PAST + 48], "y": generation[PAST : PAST + 48]})
    assert len(forecaster.predict(24 * 14)) == 24 * 14
    with pytest.raises(grid.InvalidError, match="two of `clear_sky`"):
        panel.fit({"ds": HOURS, "y": generation, "clear_sky": sun})


def test_a_holiday_is_known_when_it_is_told() -> None:
    # On holidays nobody works.
    days = HOURS[:PAST].astype("datetime64[D]")
    holidays = [np.datetime64(day) for day in ("2026-01-06", "2026-01-19", "2026-02-03", "2026-02-17", "2026-03-04")]
    tomorrow = np.datetime64("2026-03-12")
    load = 3.0 + 0.01 * RANDOM.normal(size=PAST) - 2.0 * np.isin(days, holidays)
    table = {"ds": HOURS[:PAST], "y": load}
    plain = grid.Forecaster("ridge").fit(table).predict(24)["mean"].mean()
    told = grid.Forecaster("ridge", holidays=[*holidays, tomorrow]).fit(table).predict(24)["mean"].mean()
    assert told < plain - 0.5
