"""Long work on many series: it can be followed and stopped, and what came of it adds up and can be drawn."""

import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pandas
import pytest

import grid_py as grid

HOURS = np.arange("2026-01-01", "2026-04-01", dtype="datetime64[h]")
RANDOM = np.random.default_rng(3)
SHAPE = 1.0 + np.arange(len(HOURS)) % 24 / 24


def homes(count: int, days: int = 90) -> dict[str, Any]:
    hours = HOURS[: 24 * days]
    return {
        "unique_id": np.repeat([f"home {number:03}" for number in range(count)], len(hours)),
        "ds": np.tile(hours, count),
        "y": np.concatenate([SHAPE[: len(hours)] + RANDOM.random(len(hours)) for _ in range(count)]),
    }


def test_progress_goes_up_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    forecaster = grid.Forecaster("ridge").fit(homes(5), progress=lambda *done: told.append(done))
    assert told[-1] == (5, 5) and told == sorted(told)
    told.clear()
    forecaster.backtest(homes(2), HOURS[-72::24], 24, progress=lambda *done: told.append(done))
    assert told[-1] == (6, 6) and told == sorted(told)


def test_an_exception_of_progress_stops_the_work_and_leaves_what_was_learnt() -> None:
    forecaster = grid.Forecaster("auto").fit(homes(1, 7))
    before = forecaster.predict(1)["ds"][0]

    def enough(done: int, total: int) -> None:
        raise RuntimeError("enough")

    start = time.perf_counter()
    with pytest.raises(RuntimeError, match="enough"):
        forecaster.fit(homes(300), progress=enough)
    print(f"stopped after {time.perf_counter() - start:.2f} s")
    assert forecaster.predict(1)["ds"][0] == before


def test_ctrl_c_stops_a_long_fit() -> None:
    many = homes(400)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        while True:
            grid.Forecaster("auto").fit(many)
    print(f"interrupted after {time.perf_counter() - start:.2f} s")
    timer.join()


def test_one_series_of_many_that_fails_is_named() -> None:
    table = homes(3)
    short = {name: np.concatenate([column, column[:10]]) for name, column in table.items()}
    short["unique_id"][-10:] = "attic"
    with pytest.raises(grid.InvalidError, match="series `attic`: ridge needs 28 days") as caught:
        grid.Forecaster("ridge").fit(short)
    assert caught.value.hint is not None and "auto" in caught.value.hint
    assert len(grid.Forecaster("auto").fit(short).predict(24)) == 4 * 24


def test_members_weigh_one_in_all_and_a_model_alone_is_its_own() -> None:
    members = grid.Forecaster().fit(homes(2)).members().to_pandas()
    assert members.columns.tolist() == ["unique_id", "model", "weight"]
    np.testing.assert_allclose(members.groupby("unique_id")["weight"].sum(), 1.0)
    assert "ridge" in members["model"].tolist()
    alone = grid.Forecaster("drift").fit(homes(1)).members()
    assert (alone["model"].tolist(), alone["weight"].tolist()) == (["drift"], [1.0])


@pytest.mark.parametrize("model", ["auto", "ridge", "drift"])
def test_the_amounts_of_an_explanation_add_up_to_the_mean(model: Any) -> None:
    forecaster = grid.Forecaster(model).fit(homes(2))
    explained = forecaster.explain(24).to_pandas()
    assert explained.columns.tolist() == ["unique_id", "ds", "group", "amount"]
    assert (explained.groupby(["unique_id", "ds"])["group"].first() == "average").all()
    forecast = forecaster.predict(24).to_pandas().set_index(["unique_id", "ds"])["mean"]
    np.testing.assert_allclose(explained.groupby(["unique_id", "ds"])["amount"].sum(), forecast, rtol=1e-9)


def test_paths_follow_the_quantiles_and_the_seed() -> None:
    forecaster = grid.Forecaster("ridge").fit(homes(2))
    paths = forecaster.sample(24, count=400, seed=5)
    assert paths.columns == ["unique_id", "path", "ds", "value"]
    values = paths["value"].reshape(2, 400, 24)
    np.testing.assert_array_equal(paths["path"].reshape(2, 400, 24)[:, :, 0], [range(400)] * 2)
    forecast = forecaster.predict(24)
    np.testing.assert_array_equal(paths["ds"][:24], forecast["ds"][:24])
    inside = (values > forecast["q10"].reshape(2, 1, 24)) & (values < forecast["q90"].reshape(2, 1, 24))
    assert abs(inside.mean() - 0.8) < 0.03
    np.testing.assert_array_equal(forecaster.sample(24, count=400, seed=5)["value"], paths["value"])
    assert (forecaster.sample(24, count=400, seed=6)["value"] != paths["value"]).any()
    with pytest.raises(grid.InvalidError):
        forecaster.sample(24, count=0)


def test_what_is_odd_is_found_and_what_is_usual_is_not() -> None:
    usual = homes(2)
    later = np.arange("2026-04-01", "2026-04-04", dtype="datetime64[h]")
    y = np.tile(SHAPE[: len(later)] + 0.5, 2)
    y[len(later) + 30 : len(later) + 33] = 9.0
    table = {"unique_id": np.repeat(["home 000", "home 001"], len(later)), "ds": np.tile(later, 2), "y": y}
    found = grid.Forecaster().fit(usual).anomalies(table)
    assert found.columns == ["unique_id", "kind", "start", "end", "expected", "observed", "severity"]
    assert (found["unique_id"].tolist(), found["kind"].tolist()) == (["home 001"], ["above"])
    assert (found["start"][0], found["end"][0]) == (later[30], later[33])
    assert found["observed"][0] == 27.0 and 0.0 < found["expected"][0] < 27.0
    with pytest.raises(grid.InvalidError, match="series `home 000`: expected at least 1633"):
        grid.Forecaster().fit(homes(1, 40)).anomalies({**table, "unique_id": ["home 000"] * len(y)})


def test_forecasts_of_a_community_add_up() -> None:
    table = pandas.DataFrame(homes(3))
    whole = table.groupby("ds", as_index=False)["y"].sum().assign(unique_id="community")
    forecast = grid.Forecaster("ridge").fit(pandas.concat([table, whole])).predict(24)
    parents = {name: "community" for name in sorted(set(table["unique_id"]))}

    def parts(reconciled: grid.Table, column: str = "mean") -> Any:
        wide = reconciled.to_pandas().pivot(index="ds", columns="unique_id", values=column)
        return wide["community"], wide.drop(columns="community").sum(axis=1)

    own, of_parts = parts(forecast)
    assert not np.allclose(own, of_parts, rtol=1e-6)
    for method, kept in (("top_down", own), ("bottom_up", of_parts)):
        reconciled = grid.reconcile_forecasts(forecast, parents, method=method)  # type: ignore[arg-type]
        assert reconciled.columns == forecast.columns and len(reconciled) == len(forecast)
        whole_mean, sum_of_parts = parts(reconciled)
        np.testing.assert_allclose(whole_mean, sum_of_parts, rtol=1e-12)
        np.testing.assert_allclose(whole_mean, kept, rtol=1e-12)
    errors = {name: RANDOM.normal(size=60) for name in [*parents, "community"]}
    moved, sum_of_parts = parts(grid.reconcile_forecasts(forecast.to_polars(), parents, "min_t", errors=errors))
    np.testing.assert_allclose(moved, sum_of_parts, rtol=1e-12)
    for nodes, method, of_nodes in (
        (parents, "min_t", None),
        (parents, "top_down", errors),
        (parents, "middle_out", None),
        ({**parents, "attic": "community"}, "top_down", None),
        ({"home 000": "community"}, "top_down", None),
    ):
        with pytest.raises(grid.InvalidError):
            grid.reconcile_forecasts(forecast, nodes, method, errors=of_nodes)  # type: ignore[arg-type]


def test_instants_are_reconciled_as_instants() -> None:
    starts = pandas.date_range("2026-10-25", periods=25, freq="h", tz="Europe/Madrid")
    frame = pandas.concat([pandas.DataFrame({"unique_id": node, "ds": starts, "mean": mean}) for node, mean in
                           (("all", 6.0), ("a", 1.0), ("b", 2.0))])
    reconciled = grid.reconcile_forecasts(frame, {"all": None, "a": "all", "b": "all"}).to_pandas()
    assert (reconciled["ds"].dt.tz_convert("Europe/Madrid") == pandas.concat([pandas.Series(starts)] * 3, ignore_index=True)).all()
    assert reconciled.groupby("unique_id")["mean"].first().tolist() == [2.0, 6.0, 4.0]


def test_scores_are_those_of_their_definitions() -> None:
    table = homes(1)
    report = grid.Forecaster("ridge").backtest(table, HOURS[-120::24], 24)
    scores, forecast = report.scores, report.forecasts
    actual = table["y"][-120:]
    yesterday = table["y"][-144:-24]
    median, mean = forecast["q50"], forecast["mean"]
    mae = np.abs(actual - median).mean()
    np.testing.assert_allclose(scores["mae"], mae)
    np.testing.assert_allclose(scores["rmse"], np.sqrt(((actual - mean) ** 2).mean()))
    np.testing.assert_allclose(scores["wape"], mae / np.abs(actual).mean())
    np.testing.assert_allclose(scores["skill"], 1 - mae / np.abs(actual - yesterday).mean())
    within = (actual >= forecast["q10"]) & (actual <= forecast["q90"])
    np.testing.assert_allclose(scores["coverage_80"], within.mean())
    assert 0.0 < scores["crps"][0] < scores["mae"][0]
    lead = report.by_lead_time
    assert lead.columns == ["unique_id", "slots_ahead", "mae", "rmse", "bias", "scored"]
    np.testing.assert_array_equal(lead["slots_ahead"], range(1, 25))
    np.testing.assert_allclose(lead["mae"], np.abs(actual - median).reshape(5, 24).mean(axis=0))
    np.testing.assert_allclose(lead["bias"], (median - actual).reshape(5, 24).mean(axis=0))


def test_a_forecast_issued_earlier_knows_less() -> None:
    table = {"ds": HOURS, "y": np.arange(len(HOURS)) // 24 * 1.0}
    naive = grid.Forecaster("seasonal_naive")
    assert naive.backtest(table, [HOURS[-24]], 24).scores["mae"].tolist() == [1.0]
    assert naive.backtest(table, [HOURS[-24]], 24, issued_before=24).scores["mae"].tolist() == [2.0]


def test_a_notebook_draws_the_first_series_and_names_the_rest() -> None:
    forecast = grid.Forecaster("seasonal_naive").fit(homes(5)).predict(24)
    assert isinstance(forecast, grid.Table)
    html = forecast._repr_html_()
    assert html.count("<svg") == 3 and "home 002" in html and "home 003" not in html and "2 more" in html
    chart = forecast.chart("home 004", unit="kW", theme="dark", width=640, height=360)
    assert "home 004" in chart.svg() and "kW" in chart.svg()
    with pytest.raises(grid.InvalidError, match="got `attic`"):
        forecast.chart("attic")
    odd = grid.Forecaster("seasonal_naive").fit(homes(1)).predict(24, levels=[95])
    assert odd._repr_html_().count("<svg") == 1
    report = grid.Forecaster("seasonal_naive").backtest(homes(2), [HOURS[-48]], 24)
    assert "home 001" in report.chart("home 001").svg()
    assert report._repr_html_().count("<svg") == 2
