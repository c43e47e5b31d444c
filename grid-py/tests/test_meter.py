"""Registers, meter files, what looks wrong and what is missing."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import grid_py as grid

DAYS = [f"2026-03-0{day}T00:00:00Z" for day in range(1, 6)]


def kwh(table: grid.Table) -> list[float]:
    values: list[float] = table["energy_kwh"].tolist()
    return values


def test_a_register_counts_across_an_exchange_a_reset_and_a_rollover() -> None:
    reads = {"at": DAYS, "counter_kwh": ["99990", "99998.5", "3.25", "12", "1.5"]}
    events: list[dict[str, Any]] = [
        {"kind": "rollover", "at": DAYS[2]},
        {"kind": "exchange", "at": "2026-03-03T12:00:00Z", "last": "5.25 kWh", "first": grid.Energy("10 kWh")},
        {"kind": "reset", "at": "2026-03-04T12:00:00Z", "from": "13 kWh", "to": "0 kWh"},
    ]
    counted = grid.advances(reads, events=events, digits=5)
    # What happened between two looks divides the time between them: 3.25 to 5.25 on the old meter, 10 to 12 on the new.
    assert kwh(counted.readings) == [8.5, 4.75, 2.0, 2.0, 1.0, 1.5]
    assert len(counted.faults) == 0
    # The same register behind transformers of 40 to 1.
    assert kwh(grid.advances(reads, events=events, digits=5, multiplier=40).readings) == [
        340.0, 190.0, 80.0, 80.0, 40.0, 60.0,
    ]


def test_a_counter_that_falls_is_never_a_negative_consumption() -> None:
    counted = grid.advances({"at": DAYS[:3], "counter_kwh": [100.0, 40.0, 45.5]})
    assert np.isnan(kwh(counted.readings)[0])
    assert kwh(counted.readings)[1] == 5.5
    assert counted.readings["quality"].tolist() == ["missing", "measured"]
    assert counted.faults["fault"].tolist() == ["unexplained_decrease"]
    assert str(counted.faults["at"][0])[:10] == "2026-03-01"
    for event in ({"kind": "fire", "at": DAYS[0]}, {"kind": "reset", "at": DAYS[0]}, {"at": DAYS[0]}):
        with pytest.raises(grid.InvalidError):
            grid.advances({"at": DAYS[:1], "counter_kwh": [1.0]}, events=[event])


def test_files_that_communities_get_say_what_they_are(tmp_path: Path) -> None:
    file = tmp_path / "october.csv"
    file.write_text(
        "Zählpunkt;Datum;Uhrzeit;Verbrauch (kWh)\n"
        "AT01;25.10.2026;02:00;0,25\nAT01;25.10.2026;02:00;0,5\nAT01;25.10.2026;03:00;0,25\n"
    )
    read = grid.read_readings(file, time_zone="Europe/Vienna")
    assert (read.format, kwh(read.readings)) == ("csv", [0.25, 0.5, 0.25])
    assert read.readings.columns == ["meter", "channel", "start", "end", "energy_kwh", "quality"]
    assert [str(start)[11:13] for start in read.readings["start"]] == ["00", "01", "02"]
    assert read.readings["meter"].tolist() == ["AT01"] * 3
    assert read.evidence
    assert kwh(grid.read_readings(str(file), time_zone="Europe/Vienna").readings) == kwh(read.readings)

    # Datadis: hour 1 of a day is the one that begins at midnight in Madrid.
    datadis = b"CUPS;Fecha;Hora;AE_kWh;REAL/ESTIMADO\nES001;01/03/2026;1;0,25;R\nES001;01/03/2026;2;0,5;E\n"
    spain = grid.read_readings(datadis)
    assert str(spain.readings["start"][0])[:16] == "2026-02-28T23:00"
    assert spain.readings["quality"].tolist() == ["measured", "estimated"]
    with pytest.raises(grid.InvalidError, match="PDF"):
        grid.read_readings(b"%PDF-1.7")
    with pytest.raises(FileNotFoundError):
        grid.read_readings(tmp_path / "nothing.csv")


def test_what_looks_wrong_has_a_name() -> None:
    values = [0.2, 0.2, 9.0, float("nan"), 0.2, 0.2]
    series = grid.Series(values, start="2026-03-01T00:00:00Z", resolution="15min")
    found = grid.validate(series, rated_power=grid.Power("4.6 kW"))
    assert sorted(found["rule"].tolist()) == ["gap", "impossible_power"]
    assert grid.validate(series, off=["gap"])["rule"].tolist() == []
    rows: dict[str, Any] = {
        "start": ["2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z"],
        "end": ["2026-03-01T01:00:00Z", "2026-03-01T01:00:00Z", "2026-03-01T02:00:00Z"],
        "energy_kwh": [1.0, 1.0, -0.5],
    }
    named = dict(zip(grid.validate(rows)["rule"], grid.validate(rows)["severity"], strict=True))
    assert set(named) == {"duplicate", "negative"}
    with pytest.raises(grid.InvalidError):
        grid.validate(series, off=["magic"])
    future = grid.validate(series, now="2026-02-01T00:00:00Z")["rule"].tolist()
    assert "future_dated" in future


def test_gaps_are_filled_and_marked_and_come_to_what_the_register_counted() -> None:
    series = grid.Series([1.0, float("nan"), float("nan"), 4.0], start="2026-03-01T00:00:00Z", resolution="1h")
    filled = grid.substitute(series)
    assert filled.series.values.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert filled.series.quality.tolist() == ["measured", "substituted", "substituted", "measured"]
    assert filled.fills["method"].tolist() == ["linear_interpolation"] * 2
    counted = grid.advances({"at": ["2026-03-01T00:00:00Z", "2026-03-01T04:00:00Z"], "counter_kwh": [50, 62.5]})
    rescaled = grid.substitute(series, counted.readings)
    assert rescaled.series.sum().energy == grid.Energy("12.5 kWh")
    assert rescaled.series.values[[0, 3]].tolist() == [1.0, 4.0]
    assert rescaled.series.values[1:3].tolist() == [3.0, 4.5]
    less = grid.substitute(series, {"start": [DAYS[0]], "end": ["2026-03-01T04:00:00Z"], "energy_kwh": [3.0]})
    assert np.isnan(less.series.values[1:3]).all()
    assert less.remarks
    assert grid.substitute(series, holidays=[datetime.date(2026, 3, 1)]).series == filled.series
    refusals: list[dict[str, Any]] = [{"holidays": ["Sunday"]}, {"without_pattern": "guess"}, {"start": DAYS[0]}]
    for refused in refusals:
        with pytest.raises(grid.InvalidError):
            grid.substitute(series, **refused)


def test_an_operators_line_reconciles_and_a_changed_one_does_not(vectors: dict[str, Any]) -> None:
    """One line of an Austrian operator's workbook: shared is the lesser of what was used and what was offered."""
    line = vectors["at_one_line"]
    demand, surplus = [line["consumption_kwh"]], [[line["surplus_kwh"]]]
    figures: dict[str, Any] = {"allocated": demand, "surplus": surplus}
    clean = grid.reconcile([[line["generation_kwh"]]], demand, **figures)
    assert clean["unaccounted_kwh"] == "0.000000"
    assert clean["findings"] == []
    lost = grid.reconcile([[line["generation_kwh"]]], demand, allocated=demand, surplus=[[4.0]])
    assert lost["unaccounted_kwh"] == "0.309000"
    assert lost["does_not_add_up"]["intervals"] == 1
    assert lost["findings"]
    unknown = grid.reconcile([[float("nan")]], demand, **figures)
    assert (unknown["complete"], unknown["generation_kwh"]) == (0, None)
    static = grid.reconcile([[10.0]], [[9.0, 9.0]], allocated=[[5.0, 5.0]], surplus=[[0.0]], key="static", shares=["0.6", "0.4"])
    assert static["allocation_differs"]["intervals"] == 1
    with pytest.raises(grid.InvalidError, match="allocated"):
        grid.reconcile([[1.0]], demand, allocated=[1.0], surplus=surplus)
