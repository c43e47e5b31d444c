# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # GRID from a notebook
#
# From the meter to what each neighbour gets: every cell runs as it stands, with NumPy alone. Open the file as a notebook
# in an editor that knows the percent format, or run it as a script.

# %%
import numpy as np

import grid_py as grid

# %% [markdown]
# ## Energy is exact, and missing is never zero
#
# A series lies on the calendar of a zone. The last Sunday of March has 23 hours in Madrid, so 92 quarter-hours.

# %%
load = np.full(92, 0.1)
load[40:44] = np.nan  # the meter was silent for an hour
day = grid.Series(load, start="2026-03-29T00:00:00+01:00", resolution="15min", time_zone="Europe/Madrid")
total = day.sum()
assert total.energy == grid.Energy("8.8 kWh")
assert len(day.resample("1h")) == 23
print(f"{total.energy}, {total.completeness:.1%} known, gaps: {day.gaps()}")

# %% [markdown]
# ## Sharing, to the last milliwatt-hour
#
# Ten kilowatt-hours of a roof for three neighbours, in proportion to what each needs, and by fixed shares.

# %%
generation = [[10_000_000]]  # mWh: one interval, one plant
demand = [[2_000_000, 5_000_000, 8_000_000]]  # one interval, three members
proportional = grid.share(generation, demand)
assert proportional.allocated.sum() == 10_000_000
static = grid.share(generation, demand, key="static", shares=["0.5", "0.25", "0.25"])
print(proportional.allocated, static.allocated, static.surplus)

# %% [markdown]
# ## A community in a database
#
# An SQLite file here; the same calls work on MySQL, MariaDB and PostgreSQL.

# %%
hours = np.datetime64("2026-06-01T00:00") + np.arange(24) * np.timedelta64(1, "h")
sun = np.clip(np.sin((np.arange(24) - 6) / 12 * np.pi), 0, None).round(6)
readings = {
    "device": np.repeat(["casa 1", "casa 2", "roof"], 24),
    "channel": np.repeat(["consumption", "consumption", "generation"], 24),
    "start": np.tile(hours, 3),
    "end": np.tile(hours + np.timedelta64(1, "h"), 3),
    "energy_kwh": np.concatenate([np.full(24, 0.2), np.full(24, 0.5), 2 * sun]),
}
store = grid.Store("sqlite::memory:")
ana = store.create_user("ana", "ana@example.org", "correct horse")
community = store.create_community("Calle Sol", owner=ana, time_zone="Europe/Madrid")
print(store.import_community(community, readings))
balance = store.balance(community, "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")
print(balance, f"self-sufficiency {balance.self_sufficiency:.0%}")
grid.chart.energy_day(balance.slots, time_zone="Europe/Madrid")

# %% [markdown]
# The same file again changes nothing; a corrected value supersedes the old one, which stays in the history.

# %%
again = store.import_community(community, readings)
assert (again.inserted, again.unchanged) == (0, 72)
corrected = {name: column[:1] for name, column in readings.items()} | {"energy_kwh": [0.25]}
assert store.import_community(community, corrected).superseded == 1
store.close()

# %% [markdown]
# ## A forecast with its bands, and proof of how good it is

# %%
rng = np.random.default_rng(7)
ds = np.arange("2026-01-01", "2026-04-01", dtype="datetime64[h]")
y = 1 + np.sin(np.arange(len(ds)) / 24 * 2 * np.pi) + rng.normal(0, 0.1, len(ds))
forecaster = grid.Forecaster(model="auto", frequency="1h", time_zone="Europe/Madrid").fit({"ds": ds, "y": y})
forecast = forecaster.predict(24, levels=[50, 80])
print(forecast["ds"][0], forecast["q10"][0].round(2), forecast["q50"][0].round(2), forecast["q90"][0].round(2))
grid.chart.forecast(forecast, {"ds": ds[-72:], "y": y[-72:]}, time_zone="Europe/Madrid")

# %%
report = forecaster.backtest({"ds": ds, "y": y}, origins=["2026-03-01", "2026-03-08", "2026-03-15"], horizon=24)
print(f"MASE {report.scores['mase'][0]:.2f}, {report.scores['coverage_80'][0]:.0%} within the 80 % interval")

# %% [markdown]
# ## A battery's recording
#
# Any vendor's file, by its path; here a few lines. The layout, the units and the sign of the current are found.

# %%
file = b"Test Time / s,Voltage / V,Current / A\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n5400,3.7,-1\n7200,3.5,-1\n"
recording = grid.read_battery(file)
print(recording.format, recording.evidence, dict(recording.cycles.to_numpy()))
grid.chart.voltage_current(recording)

# %% [markdown]
# ## Who is asking
#
# A token that the server issues is verified with its public keys alone; no network is needed.

# %%
key = grid.generate_key()
token = grid.issue_token(key, user_id=ana, username="ana", scope="readings:read")
print(grid.verify_token(token, key.jwks()))

# %% [markdown]
# Whatever is refused says what was expected, what came, and what to do.

# %%
try:
    grid.Energy("5 horses")
except ValueError as error:
    assert isinstance(error, grid.InvalidError)
    print(error)
