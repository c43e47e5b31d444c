"""The forecaster in the manner of scikit-learn: parameters, clones, pickles, files."""

import copy
import datetime
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import grid_py as grid

HOURS = np.arange("2026-01-01", "2026-03-01", dtype="datetime64[h]")
NOISE = np.random.default_rng(7).random(len(HOURS))
LOAD: dict[str, Any] = {"ds": HOURS, "y": 1.0 + np.arange(len(HOURS)) % 24 / 24 + NOISE}
PARAMETERS: dict[str, Any] = {
    "model": "ridge",
    "frequency": "1h",
    "time_zone": "Europe/Madrid",
    "holidays": [datetime.date(2026, 1, 6), "2026-02-28"],
    "latitude": 40.4,
    "longitude": -3.7,
    "past_regressors": ["wind"],
}


def same(one: grid.Table, other: grid.Table) -> None:
    """Every value of two tables, to the last bit."""
    assert one.columns == other.columns
    for name in one.columns:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_clone_has_the_very_same_parameters_and_has_learnt_nothing() -> None:
    forecaster = grid.Forecaster(**PARAMETERS)
    assert forecaster.get_params() == PARAMETERS == forecaster.get_params(deep=False)
    cloned = clone(forecaster.set_params(past_regressors=None).fit(LOAD))
    assert cloned == forecaster
    assert cloned.get_params() == {**PARAMETERS, "past_regressors": None}
    with pytest.raises(grid.InvalidError, match="not been fitted"):
        cloned.predict(24)
    assert clone(grid.Forecaster()).get_params() == grid.Forecaster().get_params()


def test_parameters_can_be_set_and_are_checked() -> None:
    forecaster = grid.Forecaster()
    assert forecaster.get_params()["model"] == "auto"
    assert forecaster.set_params(model="drift", frequency="15min") is forecaster
    assert forecaster == grid.Forecaster("drift", "15min")
    for wrong in (
        {"modle": "ridge"},
        {"model": "oracle"},
        {"latitude": 40.0},
        {"longitude": 3.0},
        {"latitude": 91.0, "longitude": 0.0},
        {"holidays": ["Easter"]},
    ):
        with pytest.raises(grid.InvalidError):
            forecaster.set_params(**wrong)
    assert forecaster == grid.Forecaster("drift", "15min"), "a refused change changes nothing"


def test_what_was_learnt_outlives_a_change_of_parameters() -> None:
    forecaster = grid.Forecaster("seasonal_naive").fit(LOAD)
    before = forecaster.predict(24)
    same(forecaster.set_params(model="ridge", frequency="15min").predict(24), before)


def test_forecasters_are_equal_where_their_parameters_are() -> None:
    assert grid.Forecaster(holidays=["2026-01-06"]) == grid.Forecaster(holidays=[datetime.date(2026, 1, 6)])
    assert grid.Forecaster(holidays=[np.datetime64("2026-01-06")]) == grid.Forecaster(holidays=["2026-01-06"])
    assert grid.Forecaster() != grid.Forecaster("ridge")
    assert grid.Forecaster() != "auto"
    with pytest.raises(TypeError, match="unhashable"):
        hash(grid.Forecaster())


def test_a_forecaster_is_shown_as_it_is_written() -> None:
    assert repr(grid.Forecaster()) == "Forecaster(model='auto', frequency='1h', time_zone='UTC')"
    for parameters in ({}, PARAMETERS):
        forecaster = grid.Forecaster(**parameters)
        assert eval(repr(forecaster), {"Forecaster": grid.Forecaster, "datetime": datetime}) == forecaster


@pytest.mark.parametrize("model", ["auto", "ridge", "seasonal_naive"])
def test_a_pickle_and_a_file_forecast_the_same_to_the_last_bit(model: Any, tmp_path: Path) -> None:
    forecaster = grid.Forecaster(model, holidays=["2026-01-06"])
    unfitted = pickle.loads(pickle.dumps(forecaster))
    assert unfitted == forecaster and unfitted.get_params() == forecaster.get_params()
    forecast = forecaster.fit(LOAD).predict(48)
    forecaster.save(tmp_path / "forecaster")
    for again in (
        pickle.loads(pickle.dumps(forecaster)),
        copy.deepcopy(forecaster),
        grid.Forecaster.load(tmp_path / "forecaster"),
    ):
        assert again == forecaster
        same(again.predict(48), forecast)


def test_a_file_keeps_every_parameter_and_which_clock_it_is(tmp_path: Path) -> None:
    instants = [f"{hour}:00Z" for hour in HOURS]
    forecaster = grid.Forecaster(**PARAMETERS).fit({"ds": instants, "y": LOAD["y"], "wind": NOISE})
    forecaster.save(str(tmp_path / "forecaster"))
    again = grid.Forecaster.load(str(tmp_path / "forecaster"))
    assert again == forecaster
    assert again.predict(2).to_pandas()["ds"].dt.tz is not None
    with pytest.raises(OSError):
        grid.Forecaster.load(tmp_path / "nothing")
    with pytest.raises(OSError):
        forecaster.save(tmp_path / "no" / "folder")
    (tmp_path / "other").write_text("{}")
    with pytest.raises(grid.InvalidError, match="saved by this library"):
        grid.Forecaster.load(tmp_path / "other")
    with pytest.raises(grid.InvalidError, match="not been fitted"):
        grid.Forecaster().save(tmp_path / "unfitted")


@pytest.mark.parametrize("model", ["seasonal_naive", "ridge", "auto"])
def test_an_update_goes_on_with_the_new_rows_alone(model: Any) -> None:
    until = len(HOURS) - 48
    early = {name: column[:until] for name, column in LOAD.items()}
    late = {name: column[until:] for name, column in LOAD.items()}
    forecaster = grid.Forecaster(model).fit(early)
    assert forecaster.predict(1)["ds"][0] == HOURS[until]
    assert forecaster.update(late) is forecaster
    updated = forecaster.predict(24)
    assert updated["ds"][0] == HOURS[-1] + 1
    # The whole table says the same.
    same(grid.Forecaster(model).fit(early).update(LOAD).predict(24), updated)
    if model == "seasonal_naive":
        np.testing.assert_array_equal(updated["mean"], LOAD["y"][-24:])


def test_an_update_of_one_series_leaves_the_others_and_an_unknown_one_is_refused() -> None:
    two = {"unique_id": ["a", "b"] * 72, "ds": np.repeat(HOURS[:72], 2), "y": np.arange(144.0)}
    forecaster = grid.Forecaster("seasonal_naive").fit(two)
    forecaster.update({"unique_id": ["b"], "ds": HOURS[72:73], "y": [7.0]})
    assert forecaster.predict(1)["ds"].tolist() == [HOURS[72], HOURS[73]]
    with pytest.raises(grid.InvalidError, match="got `c`"):
        forecaster.update({"unique_id": ["c"], "ds": HOURS[72:73], "y": [7.0]})
    with pytest.raises(grid.InvalidError, match="series `a`: expected the history from"):
        forecaster.update({"unique_id": ["a"], "ds": HOURS[:1] - 24, "y": [7.0]})
    with pytest.raises(grid.InvalidError, match="column `y`"):
        forecaster.update({"unique_id": ["a"], "ds": HOURS[72:73]})
    with pytest.raises(grid.InvalidError, match="time zone"):
        forecaster.update({"unique_id": ["a"], "ds": ["2026-01-04T00:00Z"], "y": [7.0]})
