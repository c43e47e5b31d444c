"""Forecasts the series of `benches/forecast.rs` a day ahead with intervals of 50 and 80 %, as it does.

statsforecast takes one series after the other: MSTL (the seasons of the day and of the week, the trend by AutoETS without
one) and AutoETS with the season of the day. mlforecast learns one LightGBM from all series of a group at once: lags of one
to seven days, means of a day and of a week, hour, weekday and month, each series scaled, conformal intervals of two windows.
Time is that of the processor, a series, fit with forecast and intervals, all on one thread; imports and the first run,
in which numba compiles, are not counted. GRID_BENCH_INPUTS is where the bench wrote the series.
"""

import os

# Before they are imported, for they look only then.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[threads] = "1"

import itertools
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from lightgbm import LGBMRegressor
from mlforecast import MLForecast
from mlforecast.lag_transforms import RollingMean
from mlforecast.target_transforms import LocalStandardScaler
from mlforecast.utils import PredictionIntervals
from statsforecast import StatsForecast
from statsforecast.models import MSTL, AutoETS

from timing import report

HORIZON, LEVELS = 24, [50, 80]


def one(model: object, series: pd.DataFrame) -> int:
    """Fits one series with statsforecast and forecasts it; gives the number of hours."""
    made = StatsForecast(models=[model], freq="h", n_jobs=1).forecast(df=series, h=HORIZON, level=LEVELS)
    assert made.shape[1] == 3 + 2 * len(LEVELS) and not made.isna().any(axis=None)
    return len(made)


def all_at_once(series: pd.DataFrame) -> int:
    """Fits one LightGBM to all series and forecasts them; gives the number of hours."""
    learner = MLForecast(
        models={"lightgbm": LGBMRegressor(verbosity=-1, n_jobs=1)},
        freq="h",
        lags=[24 * day for day in range(1, 8)],
        lag_transforms={24: [RollingMean(24), RollingMean(168)]},
        date_features=["hour", "dayofweek", "month"],
        target_transforms=[LocalStandardScaler()],
        num_threads=1,
    )
    learner.fit(series, prediction_intervals=PredictionIntervals(n_windows=2, h=HORIZON))
    made = learner.predict(HORIZON, level=LEVELS)
    assert made.shape[1] == 3 + 2 * len(LEVELS) and not made.isna().any(axis=None)
    return len(made)


def main() -> None:
    """Prints one line a model and group: made series, then real ones where the bench had them."""
    path = Path(os.environ.get("GRID_BENCH_INPUTS", "target/tmp")) / "forecast_series.csv"
    if not path.exists():
        sys.exit(f"no {path}: run `make bench-rust` first")
    names = ("statsforecast", "mlforecast", "lightgbm")
    print(", ".join(f"{name} {version(name)}" for name in names) + ", processor time a series")
    table = pd.read_csv(path, parse_dates=["ds"])
    made = table["unique_id"].str.startswith("made/")
    for group, series in (("made", table[made]), ("real", table[~made])):
        each = [part.reset_index(drop=True) for _, part in series.groupby("unique_id")]
        if not each:
            continue
        trend = AutoETS(model="ZZN")
        for name, model, runs in (
            ("statsforecast MSTL", MSTL(season_length=[24, 168], trend_forecaster=trend), 3),
            ("statsforecast AutoETS", AutoETS(season_length=24), 1),
        ):
            turns = itertools.cycle(each)
            report(
                f"{name}, {len(each)} {group} series",
                lambda: one(model, next(turns)),
                runs=runs,
                calls=len(each),
                clock=time.process_time,
            )
        report(
            f"mlforecast LightGBM, {len(each)} {group} series",
            lambda: all_at_once(series),
            runs=3,
            clock=time.process_time,
            of=len(each),
        )


main()
