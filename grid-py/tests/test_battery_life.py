"""What a recording says of a battery's life, its charts, and its columns in other hands."""

import gzip
import io
import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pytest

import grid_py as grid


def cycled(cycles: int) -> bytes:
    """A cell that loses a thousandth of its first ampere-hour in each cycle, one row in ten minutes."""
    lines = ["Test Time / s,Voltage / V,Current / A,Cycle Count / 1"]
    now = 0
    for cycle in range(1, cycles + 1):
        current = 1.0 - 0.001 * (cycle - 1)
        for sign in (1, -1):
            for row in range(7):
                part = row / 6 if sign > 0 else 1 - row / 6
                lines.append(f"{now},{3.0 + 1.2 * part:.4f},{sign * current:.6f},{cycle}")
                now += 600 if row < 6 else 1
    return "\n".join(lines).encode()


@pytest.fixture(scope="module")
def recording() -> grid.Recording:
    return grid.read_battery(cycled(60))


def test_columns_are_lent_and_not_copied(recording: grid.Recording) -> None:
    one, other = recording.voltage_v, recording.voltage_v
    assert np.shares_memory(one, other)
    assert not one.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        one[0] = 5.0


def test_a_column_outlives_its_recording() -> None:
    column = grid.read_battery(cycled(3)).voltage_v
    threading.Event().wait(0)
    assert column[:2].tolist() == [3.0, 3.2]


def test_the_fade_is_found(recording: grid.Recording) -> None:
    analysis = recording.analysis(nominal_ah=1.0)
    assert analysis["health"]["state_of_health"] == pytest.approx(1.0 - 0.059, abs=2e-3)
    life = analysis["remaining_life"]
    # A thousandth a cycle: 80 % after 200 cycles.
    assert life["end_of_life"] == pytest.approx(200, abs=4)
    assert life["end_of_life_low"] <= 201 <= life["end_of_life_high"] + 2
    assert analysis["home_storage"] == {"not_known": "expected the log of a home battery, got a recording without"}


def test_too_few_cycles_are_a_reason_and_no_number() -> None:
    analysis = grid.read_battery(cycled(3)).analysis()
    assert "at least 20" in analysis["remaining_life"]["not_known"]


def test_incremental_capacity_integrates_to_the_branch(recording: grid.Recording) -> None:
    table = recording.incremental_capacity().to_pandas()
    first = table[(table["cycle"] == 1) & (table["direction"] == "charge")]
    step = np.diff(first["voltage_v"])[0]
    assert float(np.sum(first["dq_dv_ah_per_v"]) * step) == pytest.approx(1.0, rel=0.02)


def test_every_chart_is_drawn_and_is_a_picture_too(recording: grid.Recording) -> None:
    charts = [
        grid.chart.voltage_current(recording),
        grid.chart.capacity_over_cycles(recording),
        grid.chart.incremental_capacity(recording),
        grid.chart.state_of_charge(recording),
        grid.chart.depth_of_discharge(recording),
        grid.chart.battery_health(recording, nominal_ah=1.0),
    ]
    for chart in charts:
        assert chart.svg().startswith("<svg")
        assert "No data" not in chart.svg()
        assert chart.png(1).startswith(b"\x89PNG")
    with pytest.raises(grid.InvalidError, match="scale"):
        charts[0].png(9)
    assert recording._repr_html_().count("<svg") == 2


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_what_is_written_is_read_elsewhere(recording: grid.Recording, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"cell.{ending}"
    recording.write(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if ending == "json":
        columns = json.loads(path.read_text())
        np.testing.assert_array_equal(columns["voltage_v"], recording.voltage_v)
        return
    frames: dict[str, tuple[Callable[[Path], Any], ...]] = {
        "csv": (pandas.read_csv, polars.read_csv),
        "parquet": (pandas.read_parquet, polars.read_parquet),
    }
    name = {"csv": "Voltage / V", "parquet": "voltage_volt"}[ending]
    for read in frames[ending]:
        np.testing.assert_array_equal(read(path)[name], recording.voltage_v)
    again = grid.read_battery(path)
    assert again.format == "bdf"
    np.testing.assert_array_equal(again.current_a, recording.current_a)
    assert again.cycle_index is not None
    np.testing.assert_array_equal(again.cycle_index, recording.cycle_index)


def test_an_unknown_ending_writes_nothing(recording: grid.Recording, tmp_path: Path) -> None:
    with pytest.raises(grid.InvalidError, match="parquet"):
        recording.write(tmp_path / "cell.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_parquet_file_of_others_is_read(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"test_time_second": [0, 1, 2], "voltage_volt": [3.7, None, 3.9], "current_ampere": [1.0] * 3})
    frame.to_parquet(tmp_path / "cell.parquet")
    recording = grid.read_battery(tmp_path / "cell.parquet")
    np.testing.assert_array_equal(recording.voltage_v, [3.7, np.nan, 3.9])


def test_compressed_open_and_streamed_are_the_same(recording: grid.Recording) -> None:
    file = cycled(60)
    for source in (gzip.compress(file), io.BytesIO(file)):
        np.testing.assert_array_equal(grid.read_battery(source).voltage_v, recording.voltage_v)
    streamed, whole = grid.summarise_battery(file), grid.summarise_battery(recording)
    assert streamed == whole


def test_progress_is_told_and_can_stop(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(b"t/s,U/V,I/A\n" + b"".join(b"%d,3.7,1\n" % row for row in range(1_000_000)))
    told: list[tuple[int, int | None]] = []
    grid.summarise_battery(path, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)

    class Enough(Exception):
        pass

    def stop(done: int, total: int | None) -> None:
        raise Enough

    with pytest.raises(Enough):
        grid.read_battery(path, progress=stop)


def test_ctrl_c_ends_a_read(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(b"t/s,U/V,I/A\n" + b"".join(b"%d,3.7,1\n" % row for row in range(1_000_000)))

    def interrupt(done: int, total: int | None) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        grid.read_battery(path, progress=interrupt)


def test_a_stated_format_is_taken_or_refused_by_name() -> None:
    assert grid.read_battery(cycled(2), format="bdf").format == "bdf"
    with pytest.raises(grid.InvalidError, match="cake"):
        grid.read_battery(cycled(2), format="cake")


def test_the_old_systems_file_of_the_shared_data_is_read(shared: Callable[[str], Path]) -> None:
    recording = grid.read_battery(shared("battery/bdf/legacy.bdf.parquet"))
    # Its own metadata: 5000 rows up to 148,781,953 ms.
    assert len(recording) == 5000
    assert recording.time_s[-1] == pytest.approx(148_781.953, abs=1e-3)
