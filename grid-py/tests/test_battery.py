"""Battery recordings of real cyclers against figures that pandas computed from the same files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import grid_py as grid

FIRST_SLICE = {
    "pyprobe/arbin/sample_data_arbin.csv": "arbin",
    "diffcapanalyzer/CS2_33_8_17_10.csv": "arbin",
    "battery-data-toolkit/arbin_example.csv": "arbin",
    "pyprobe/maccor/sample_data_maccor.csv": "maccor",
    "beep/PredictionDiagnostics_000151_paused.052": "maccor",
    "cellpy/neware_uio.csv": "neware",
    "bdf/sample.bdf.csv": "bdf",
    "bdf/DLR__LiGrHydra0b__20230131__POCV__25degC__Basytec_head3000.bdf.csv": "bdf",
}


@pytest.mark.parametrize("name", FIRST_SLICE)
def test_a_file_is_recognised_and_gives_what_pandas_gave(name: str, shared: Callable[[str], Path]) -> None:
    path = shared(f"battery/{name}")
    expected: dict[str, Any] = json.loads((shared("battery/expected.json")).read_text())["files"][name]
    recording = grid.read_battery(path)
    assert recording.format == FIRST_SLICE[name]
    assert recording.evidence
    assert len(recording) == expected["rows"]
    columns = (recording.time_s, recording.voltage_v, recording.current_a)
    assert all(column.shape == (expected["rows"],) and column.dtype == np.float64 for column in columns)
    assert recording.time_s[[0, -1]] == pytest.approx([expected["t_first_s"], expected["t_last_s"]], abs=1e-3)
    voltages = [np.nanmin(recording.voltage_v), np.nanmax(recording.voltage_v)]
    assert voltages == pytest.approx([expected["v_min"], expected["v_max"]], rel=1e-9)
    currents = [np.nanmin(recording.current_a), np.nanmax(recording.current_a)]
    assert currents == pytest.approx([expected["i_min"], expected["i_max"]], rel=1e-9, abs=1e-15)
    if "cycles" in expected:
        assert len(recording.cycles) == expected["cycles"]
    assert grid.summarise_battery(path)["rows"] == expected["rows"]
    again = grid.read_battery(path.read_bytes())
    np.testing.assert_array_equal(again.voltage_v, recording.voltage_v)


def test_the_known_answers_of_other_programs(shared: Callable[[str], Path]) -> None:
    # EXPECTED.md: cycle 3 of the cellpy file is 7.835 mAh charge and 7.974 mAh discharge, in 9065 rows.
    recording = grid.read_battery(shared("battery/cellpy/neware_uio.csv"))
    assert len(recording) == 9065
    cycles = recording.cycles.to_pandas().set_index("cycle")
    assert cycles.loc[3, "charge_capacity_ah"] == pytest.approx(7.835e-3, abs=5e-7)
    assert cycles.loc[3, "discharge_capacity_ah"] == pytest.approx(7.974e-3, abs=5e-7)


def test_a_file_that_is_no_recording_is_refused_with_what_was_found(shared: Callable[[str], Path]) -> None:
    with pytest.raises(grid.InvalidError, match="battery recording"):
        grid.read_battery(shared("battery/beep/unsupported_test.csv"))


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"a,b\n", b"time,voltage,current\n", b"PK\x03\x04junk"])
def test_rubbish_is_refused(content: bytes) -> None:
    with pytest.raises(grid.InvalidError):
        grid.read_battery(content)


def test_a_fault_has_a_place() -> None:
    with pytest.raises(grid.InvalidError) as caught:
        grid.read_battery(b"time,voltage,current\n0,3.6,1\n1,oops,1\n2,3.7,1\n")
    assert any(place.line == 3 for place in caught.value.places)


def test_a_file_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(grid.GridError, match="no_such_file"):
        grid.read_battery("no_such_file.csv")


def test_columns_and_cycles_are_what_was_written() -> None:
    file = b"time,voltage,current,temperature\n0,3.6,1,20\n1800,3.8,1,21\n3600,4.0,1,\n5400,3.7,-1,22\n7200,3.5,-1,23\n"
    recording = grid.read_battery(file)
    assert recording.voltage_v.tolist() == [3.6, 3.8, 4.0, 3.7, 3.5]
    assert recording.temperature_c is not None
    np.testing.assert_array_equal(recording.temperature_c, [20, 21, np.nan, 22, 23])
    assert recording.state_of_charge is None
    assert recording.cycles["cycle"].dtype == np.int64
    columns = ["cycle", "charge_capacity_ah", "discharge_capacity_ah", "charge_energy_wh", "discharge_energy_wh"]
    assert recording.cycles.columns[:5] == columns
    assert grid.summarise_battery(recording)["voltage_max_v"] == 4.0
