"""Charts as SVG."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import grid_py as grid

BATTERY = b"time,voltage,current\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n5400,3.7,-1\n7200,3.5,-1\n"
HOURS = np.arange("2026-01-01", "2026-03-01", dtype="datetime64[h]")


def check(chart: grid.chart.Chart) -> str:
    svg = chart.svg()
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert chart._repr_svg_() == svg
    return svg


def test_a_battery_is_drawn_over_time_and_over_cycles() -> None:
    recording = grid.read_battery(BATTERY)
    check(grid.chart.voltage_current(recording))
    spanish = check(grid.chart.capacity_over_cycles(recording, language="es", title="Celda & 7", theme="dark"))
    assert "Celda &amp; 7" in spanish


def test_a_forecast_is_drawn_with_its_history() -> None:
    load = {"ds": HOURS, "y": 1.0 + np.arange(len(HOURS)) % 24 / 24}
    forecast = grid.Forecaster().fit(load).predict(24)
    history = {name: values[-48:] for name, values in load.items()}
    assert "MW" in check(grid.chart.forecast(forecast, history, time_zone="Europe/Madrid", unit="MW"))


def test_a_day_of_energy_is_drawn_with_what_is_missing() -> None:
    series = grid.Series([0.5, float("nan")] * 48, start="2026-03-28T00:00:00Z", resolution="15min").to_table()
    day = series.to_numpy()
    table = {
        "start": day["start"],
        "end": day["end"],
        "quality": day["quality"],
        "self_consumed_kwh": day["energy_kwh"],
        "generation_kwh": day["energy_kwh"],
    }
    assert "28 Mar 2026" in check(grid.chart.energy_day(table, time_zone="UTC"))


def test_what_cannot_be_drawn_is_refused() -> None:
    recording = grid.read_battery(BATTERY)
    looks: tuple[dict[str, Any], ...] = ({"width": 1}, {"theme": "pink"}, {"language": "tlh"})
    for look in looks:
        with pytest.raises(grid.InvalidError):
            grid.chart.voltage_current(recording, **look)


def settled() -> grid.Settlement:
    tariff = {
        "id": "flat", "currency": "EUR", "valid_from": "2026-01-01",
        "components": [
            {"id": "grid", "kind": "energy", "quantity": "import", "price_per_kwh": "0.18",
             "name": {"en": "Energy from the grid", "es": "Energía de la red"}},
            {"id": "vat", "kind": "tax", "rate_percent": "21", "on": ["grid"], "name": {"en": "VAT", "es": "IVA"}},
        ],
    }
    return grid.settle({"ana": {"consumption": [1.0] * 744}}, "2026-03", contract={"resolution": "1h"}, tariff=tariff)


def test_a_community_and_its_bills_are_drawn_from_tables_and_statements() -> None:
    starts = [f"2026-03-01T{hour:02}:00:00Z" for hour in range(4)]
    ends = [f"2026-03-01T{hour:02}:00:00Z" for hour in range(1, 5)]
    day = grid.chart.member_day(
        {"start": starts, "end": ends, "self_consumed_kwh": [0.1] * 4, "received_kwh": [0.2] * 4, "export_kwh": [0.3] * 4}
    )
    month = grid.chart.community_month({"date": ["2026-03-01", "2026-03-02"], "import_kwh": [3.0, 4.0]}, month="2026-03")
    bands = grid.chart.load_by_band(
        {"start": starts, "end": ends, "band": ["valle", "valle", "llano", "punta"], "energy_kwh": [1.0, 2.0, 3.0, 4.0]}
    )
    statement = settled().statements[0]
    bill = grid.chart.bill_parts(statement, language="es", title="Marzo")
    for chart in (day, month, bands, bill):
        assert ElementTree.fromstring(chart.svg()).tag.endswith("svg")
    assert "Energía de la red" in bill.svg()
    assert "IVA" in bill.svg()
    assert "punta" in bands.svg()
    assert grid.chart.bill_parts(statement.lines).svg() == grid.chart.bill_parts(statement).svg()
    refusals: tuple[Callable[[], object], ...] = (
        lambda: grid.chart.member_day({"start": starts, "end": ends[:3]}),
        lambda: grid.chart.community_month({"date": ["March"]}),
        lambda: grid.chart.community_month({"date": []}),
        lambda: grid.chart.load_by_band(
            {"start": starts, "end": ends, "band": ["a"] * 4, "energy_kwh": [1.0] * 4}, bands=["b"]
        ),
        lambda: grid.chart.bill_parts({"name": ["x"], "kind": ["magic"], "amount": ["1"], "currency": ["EUR"]}),
    )
    for refused in refusals:
        with pytest.raises(grid.InvalidError):
            refused()
