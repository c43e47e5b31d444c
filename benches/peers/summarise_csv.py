"""Sums up the files of `benches/battery.rs` with Polars, pandas, PyProBE and `grid_py`, each in a process of its own.

Polars and pandas are told the layout. "Ranges" are of three columns: cycle, current and voltage of the Neware layout, by
cycle; time, voltage and current of the plain one. "Figures" are what `grid_core::battery` gives of them: capacity and
energy by count and by integral within the steps, ranges and duration, for each cycle of the Neware layout and for each
run of one direction of the plain one, which numbers no cycles. Polars runs its streaming engine on all cores; CPU seconds
are those of all of them, wall-clock seconds say what two cores are good for.

PyProBE needs an older Polars than the one that is measured, so that it has a Python of its own: GRID_BENCH_PYPROBE. It
reads the Neware layout as it is (told that it is Neware), writes it as Parquet and gives charge and discharge of each
cycle, which it finds by the step numbers. `grid_py` is measured where it is installed; it is told nothing.
"""

import importlib
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5
CYCLE, STEP, CLOCK = "Cycle Index", "Step Index", "Cumulative Time"
CURRENT, VOLTAGE = "Current(A)", "Voltage(V)"
COUNTED = ["Chg. Cap.(Ah)", "DChg. Cap.(Ah)", "Chg. Energy(Wh)", "DChg. Energy(Wh)"]
NEWARE = [CYCLE, CURRENT, VOLTAGE]
SIX = ["time_s", "voltage_v", "current_a"]


def is_neware(path: Path) -> bool:
    """Whether it is the file in Neware's layout."""
    return "neware26" in path.name


def polars_ranges(path: Path) -> int:
    """Ranges of three columns with Polars; gives the number of rows."""
    import polars as pl

    neware = is_neware(path)
    names = NEWARE if neware else SIX
    types = {name: pl.Float64 for name in names}
    if neware:
        types[CYCLE] = pl.Int64
    rows = pl.scan_csv(path, schema_overrides=types).select(names)
    measured = names[1:]
    ranges = [pl.len().alias("rows"), *(pl.min(measured).name.suffix("_min"), pl.max(measured).name.suffix("_max"))]
    summed = rows.group_by(names[0]).agg(ranges) if neware else rows.select(ranges)
    return int(summed.collect(engine="streaming")["rows"].sum())


def polars_figures(path: Path) -> int:
    """Figures of each cycle with Polars; gives the number of rows."""
    import polars as pl

    col = pl.col
    flow, volts, seconds = col("i"), col("v"), col("s")
    power = flow * volts

    def moved(of: pl.Expr) -> pl.Expr:
        """Trapezoids within a step, in hours."""
        return ((of + of.shift()) * seconds.diff()).sum() / 7200

    def both(of: pl.Expr, name: str) -> list[pl.Expr]:
        return [moved(of.clip(lower_bound=0)).alias(f"{name}_in"), moved(of.clip(upper_bound=0)).alias(f"{name}_out")]

    if is_neware(path):
        types = {CYCLE: pl.Int64, STEP: pl.Int64, CLOCK: pl.String}
        types |= {name: pl.Float64 for name in [CURRENT, VOLTAGE, *COUNTED]}
        parts = col(CLOCK).str.split_exact(":", 2).struct
        hours, minutes, rest = (parts.field(f"field_{part}").cast(pl.Int64) for part in range(3))
        time_s = (hours * 3600 + minutes * 60 + rest).alias("s")
        keys, counted, warm = [CYCLE, STEP], COUNTED, []
        rows = pl.scan_csv(path, schema_overrides=types)
        rows = rows.select(*keys, time_s, col(CURRENT).alias("i"), col(VOLTAGE).alias("v"), *counted)
    else:
        keys, counted, warm = ["run"], ["capacity_ah"], ["temperature_c"]
        names = [*SIX, *warm, *counted]
        rows = pl.scan_csv(path, schema_overrides={name: pl.Float64 for name in names}).select(names)
        rows = rows.rename({"time_s": "s", "voltage_v": "v", "current_a": "i"})
        rows = rows.with_columns(flow.sign().rle_id().alias("run"))
    ranged = ["i", "v", "s", *warm]
    steps = rows.group_by(keys).agg(
        pl.len().alias("rows"),
        pl.min(ranged).name.suffix("_min"),
        pl.max(ranged).name.suffix("_max"),
        (pl.max(counted) if len(keys) > 1 else pl.max(counted) - pl.min(counted)),
        *both(flow, "charge"),
        *both(power, "energy"),
    )
    sums = ["rows", *counted, "charge_in", "charge_out", "energy_in", "energy_out"]
    low, high = [f"{name}_min" for name in ranged], [f"{name}_max" for name in ranged]
    cycles = steps.group_by(keys[0]).agg(pl.sum(sums), pl.min(low), pl.max(high)).sort(keys[0])
    return int(cycles.collect(engine="streaming")["rows"].sum())


def pandas_ranges(path: Path) -> int:
    """Ranges of three columns with pandas; gives the number of rows."""
    import pandas as pd

    neware = is_neware(path)
    names = NEWARE if neware else SIX
    rows = pd.read_csv(path, usecols=names)
    summed = rows.groupby(names[0]).agg(["min", "max"]) if neware else rows.agg(["min", "max"])
    assert len(summed) > 0
    return len(rows)


def pyprobe_cycles(path: Path) -> int:
    """Cycles with PyProBE; gives the number of rows."""
    from pyprobe.analysis import cycling
    from pyprobe.cell import Cell

    with tempfile.TemporaryDirectory() as folder:
        cell = Cell(info={})
        cell.import_from_cycler("recording", "neware", str(path), str(Path(folder) / "recording.parquet"))
        recording = cell.procedure["recording"]
        assert len(cycling.summary(recording).data) > 0
        return int(recording.get("Time [s]").size)


def grid_py_figures(path: Path) -> int:
    """Figures of each cycle with `grid_py`; gives the number of rows."""
    import grid_py

    return int(grid_py.summarise_battery(path)["rows"])


# What is imported before the clock starts, and what is measured then.
READERS = {
    "polars, ranges": ("polars", polars_ranges),
    "polars, figures": ("polars", polars_figures),
    "pandas, ranges": ("pandas", pandas_ranges),
    "pyprobe, cycles": ("pyprobe", pyprobe_cycles),
    "grid_py, figures": ("grid_py", grid_py_figures),
}


def python_of(module: str, path: Path) -> str | None:
    """The Python that has a module which can read the file."""
    if module == "pyprobe":
        return os.environ.get("GRID_BENCH_PYPROBE") if is_neware(path) else None
    return sys.executable if importlib.util.find_spec(module) else None


def main() -> None:
    """Prints one line for each reader and file: of five runs the least CPU time, and the least wall-clock time."""
    if len(sys.argv) == 3:
        module, read = READERS[sys.argv[1]]
        # What the import takes is not the reader's.
        importlib.import_module(module)
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        rows = read(Path(sys.argv[2]))
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(seconds, wall, after.ru_maxrss // 1024, rows)
        return
    folder = Path(os.environ.get("GRID_BENCH_INPUTS", "target/tmp"))
    files = sorted([*folder.glob("recording_six_*.csv"), *folder.glob("recording_neware26_*.csv")])
    if not files:
        sys.exit(f"no recording_six_*.csv in {folder}: run `make bench-rust` first")
    for path in files:
        for reader, (module, _) in READERS.items():
            python = python_of(module, path)
            if python is None:
                continue
            command = [python, __file__, reader, str(path)]
            runs = []
            for _ in range(RUNS):
                # A reader that runs out of memory says so by its end.
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode == 0:
                    runs.append([float(part) for part in done.stdout.splitlines()[-1].split()])
            if not runs:
                print(f"{reader}, {path.name}: no run came to its end")
                continue
            (seconds, _, peak, rows), wall = min(runs), min(run[1] for run in runs)
            speed = path.stat().st_size / 1e6 / seconds
            print(
                f"{reader}, {path.name}: {seconds:.3f} CPU s, {wall:.3f} s, {speed:.0f} MB/s, peak {peak:.0f} MB, "
                f"{rows:.0f} rows"
            )


main()
