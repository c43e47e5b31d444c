"""Forecasts of real homes and grids, by the same protocol as in the core."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas
import polars
import pytest

import grid_py as grid

HOURS = np.arange("2026-01-01", "2026-03-01", dtype="datetime64[h]")
LOAD: dict[str, Any] = {"ds": HOURS, "y": 1.0 + np.arange(len(HOURS)) % 24 / 24}


def panel(shared: Callable[[str], Path], name: str) -> tuple[pandas.DataFrame, list[str], int]:
    manifest = json.loads(shared("forecast/manifest.json").read_text())[name]
    frame = pandas.read_csv(shared(f"forecast/{name}.csv.gz"), parse_dates=["ds"])
    frame = frame[frame["unique_id"].isin(manifest["scored"])].rename(columns={"obs": "observed"})
    return frame, manifest["origins"], manifest["h"]


@pytest.mark.parametrize("name", ["uci_home", "pjm_aep"])
def test_ridge_beats_yesterday_by_a_fifth(name: str, shared: Callable[[str], Path]) -> None:
    frame, origins, horizon = panel(shared, name)
    mase = {}
    models: tuple[Literal["seasonal_naive", "ridge"], ...] = ("seasonal_naive", "ridge")
    for model in models:
        report = grid.Forecaster(model).backtest(frame, origins, horizon)
        assert report.scores["origins"].tolist() == [36]
        mase[model] = report.scores["mase"][0]
        covered = report.scores["coverage_80"][0]
        print(f"{name}: {model} MASE {mase[model]:.3f}, the interval of 80 % covers {covered:.2f}")
        assert len(report.forecasts) == 36 * horizon
    assert mase["ridge"] <= 0.8 * mase["seasonal_naive"]


def test_a_perfect_rhythm_is_forecast_and_quantiles_never_fall() -> None:
    forecaster = grid.Forecaster("ridge", frequency="1h")
    forecast = forecaster.fit(LOAD).predict(24, levels=[50, 80])
    assert forecast.columns == ["unique_id", "ds", "mean", "q10", "q25", "q50", "q75", "q90"]
    np.testing.assert_array_equal(forecast["ds"], np.arange("2026-03-01", "2026-03-02", dtype="datetime64[h]"))
    np.testing.assert_allclose(forecast["mean"], LOAD["y"][:24], atol=1e-6)
    quantiles = np.stack([forecast[name] for name in ("q10", "q25", "q50", "q75", "q90")])
    assert (np.diff(quantiles, axis=0) >= 0).all()
    assert forecaster.predict(1, levels=[95]).columns == ["unique_id", "ds", "mean", "q025", "q50", "q975"]


def test_evidence_is_that_of_the_last_seven_days() -> None:
    grows = {"ds": HOURS, "y": np.arange(len(HOURS)) // 24 * 1.0}
    evidence = grid.Forecaster("seasonal_naive").fit(grows).evidence()
    assert evidence.columns == ["unique_id", "mae", "mase", "wql", "coverage_50", "coverage_80", "origins", "scored"]
    assert (evidence["mae"].tolist(), evidence["mase"].tolist()) == ([1.0], [1.0])
    assert (evidence["origins"].tolist(), evidence["scored"].tolist()) == ([7], [168])
    day = {"ds": HOURS[:24], "y": LOAD["y"][:24]}
    nothing = grid.Forecaster().fit(day).evidence([90])
    assert nothing["origins"].tolist() == [0] and np.isnan(nothing["mae"]).all()
    with pytest.raises(grid.InvalidError):
        grid.Forecaster().evidence()


def test_many_series_come_back_by_name_whatever_the_order_of_the_rows() -> None:
    days = {name: {"unique_id": [name] * len(HOURS), "ds": HOURS, "y": LOAD["y"] * factor} for name, factor in (("b", 2.0), ("a", 1.0))}
    frame = pandas.concat([pandas.DataFrame(day) for day in days.values()]).sample(frac=1, random_state=7)
    forecast = grid.Forecaster().fit(frame).predict(2).to_pandas()
    assert forecast["unique_id"].tolist() == ["a", "a", "b", "b"]
    again = grid.Forecaster().fit(polars.from_pandas(frame.reset_index(drop=True))).predict(2).to_pandas()
    pandas.testing.assert_frame_equal(again, forecast)


def test_instants_come_back_as_instants_over_the_change_of_the_clock() -> None:
    starts = pandas.date_range("2026-01-01", "2026-03-29", freq="h", tz="Europe/Madrid", inclusive="left")
    frame = pandas.DataFrame({"ds": starts, "y": starts.hour.astype(float)})
    forecast = grid.Forecaster("ridge", time_zone="Europe/Madrid").fit(frame).predict(24)
    local = forecast.to_pandas()["ds"].dt.tz_convert("Europe/Madrid")
    assert len(local) == 23, "the day that loses an hour"
    np.testing.assert_allclose(forecast["mean"], local.dt.hour, atol=1e-6)


def test_a_missing_hour_is_not_a_zero() -> None:
    y = LOAD["y"].copy()
    y[-24:-20] = np.nan
    kept = np.ones(len(HOURS), dtype=bool)
    kept[100:110] = False
    frame = {"ds": HOURS[kept], "y": y[kept]}
    forecast = grid.Forecaster("seasonal_naive").fit(frame).predict(24)
    assert (forecast["mean"] > 0.9).all()


def test_what_cannot_be_forecast_is_refused() -> None:
    forecaster = grid.Forecaster()
    for refused in (
        lambda: grid.Forecaster("oracle"),  # type: ignore[arg-type]
        lambda: grid.Forecaster(frequency="day").fit(LOAD),
        lambda: grid.Forecaster(time_zone="Europe/Atlantis"),
        lambda: forecaster.predict(24),
        lambda: forecaster.fit({"ds": [], "y": []}),
        lambda: forecaster.fit({"ds": HOURS}),
        lambda: forecaster.fit({"ds": HOURS, "y": [1.0]}),
        lambda: forecaster.fit(LOAD).predict(0),
        lambda: forecaster.fit(LOAD).predict(24, levels=[100]),
        lambda: forecaster.backtest(LOAD, [], 24),
        lambda: forecaster.backtest(LOAD, ["2030-01-01"], 24),
        lambda: forecaster.backtest(LOAD, ["2026-02-01T00:00:00Z"], 24),
    ):
        with pytest.raises(grid.InvalidError):
            refused()
