"""Sums up the files of `benches/battery.rs` with polars and pandas, each in a process of its own.

Both are told the layout and read three columns: cycle, current and voltage of the Neware layout, of which they give rows
and ranges by cycle; time, voltage and current of the plain one, of which they give the ranges. Counts, capacities,
units, signs and cycles that `grid_core::battery` finds out are not part of it. polars runs its streaming engine on all
cores; CPU seconds are those of all of them.
"""

import importlib
import os
import resource
import subprocess
import sys
from pathlib import Path

RUNS = 5
NEWARE = ["Cycle Index", "Current(A)", "Voltage(V)"]
SIX = ["time_s", "voltage_v", "current_a"]


def with_polars(path: Path) -> int:
    """Sums a file up with the streaming engine and gives the number of rows."""
    import polars as pl

    neware = "neware26" in path.name
    names = NEWARE if neware else SIX
    types = {name: pl.Float64 for name in names}
    if neware:
        types["Cycle Index"] = pl.Int64
    rows = pl.scan_csv(path, schema_overrides=types).select(names)
    measured = names[1:]
    ranges = [pl.len().alias("rows"), *(pl.min(measured).name.suffix("_min"), pl.max(measured).name.suffix("_max"))]
    summed = rows.group_by(names[0]).agg(ranges) if neware else rows.select(ranges)
    return int(summed.collect(engine="streaming")["rows"].sum())


def with_pandas(path: Path) -> int:
    """Sums a file up and gives the number of rows."""
    import pandas as pd

    neware = "neware26" in path.name
    names = NEWARE if neware else SIX
    rows = pd.read_csv(path, usecols=names)
    summed = rows.groupby(names[0]).agg(["min", "max"]) if neware else rows.agg(["min", "max"])
    assert len(summed) > 0
    return len(rows)


READERS = {"polars": with_polars, "pandas": with_pandas}


def main() -> None:
    """Prints one line for each reader and file: of five runs the one that took least."""
    if len(sys.argv) == 3:
        # What the import takes is not the reader's.
        importlib.import_module(sys.argv[1])
        before = resource.getrusage(resource.RUSAGE_SELF)
        rows = READERS[sys.argv[1]](Path(sys.argv[2]))
        after = resource.getrusage(resource.RUSAGE_SELF)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(seconds, after.ru_maxrss // 1024, rows)
        return
    folder = Path(os.environ.get("GRID_BENCH_INPUTS", "target/tmp"))
    files = sorted([*folder.glob("recording_six_*.csv"), *folder.glob("recording_neware26_*.csv")])
    if not files:
        sys.exit(f"no recording_six_*.csv in {folder}: run `make bench-rust` first")
    for path in files:
        for reader in READERS:
            command = [sys.executable, __file__, reader, str(path)]
            runs = []
            for _ in range(RUNS):
                # A reader that runs out of memory says so by its end.
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode == 0:
                    runs.append([float(part) for part in done.stdout.split()])
            if not runs:
                print(f"{reader}, {path.name}: no run came to its end")
                continue
            seconds, peak, rows = min(runs)
            speed = path.stat().st_size / 1e6 / seconds
            print(f"{reader}, {path.name}: {seconds:.3f} CPU s, {speed:.0f} MB/s, peak {peak:.0f} MB, {rows:.0f} rows")


main()
