"""Reads the recordings of `benches/battery.rs` with pandas and polars, which are told the layout.

They give columns of numbers; signs, units, the format and the cycles, which `grid_core::battery` finds out, are not
part of it. polars uses all cores, the other two one.
"""

import io
import os
import sys
from pathlib import Path

import pandas
import polars

from timing import report

DATES = "%Y-%m-%d %H:%M:%S"


def main() -> None:
    """Prints one line for each reader and file."""
    folder = Path(os.environ.get("GRID_BENCH_INPUTS", "target/tmp"))
    try:
        plain = (folder / "recording_plain.csv").read_bytes()
        neware = (folder / "recording_neware.csv").read_bytes()
    except FileNotFoundError as missing:
        sys.exit(f"{missing.filename} is not there: run `make bench-rust` first")
    print(f"pandas {pandas.__version__}, polars {polars.__version__} on {polars.thread_pool_size()} threads")
    report("pandas.read_csv, plain", lambda: pandas.read_csv(io.BytesIO(plain)))
    report("polars.read_csv, plain", lambda: polars.read_csv(plain))
    report(
        "pandas.read_csv, neware, dates parsed",
        lambda: pandas.read_csv(io.BytesIO(neware), parse_dates=["DateTime"], date_format=DATES),
    )
    report(
        "polars.read_csv, neware, dates parsed",
        lambda: polars.read_csv(neware).with_columns(polars.col("DateTime").str.to_datetime(DATES)),
    )


main()
