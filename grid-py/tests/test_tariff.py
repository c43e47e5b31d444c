"""Tariffs, against the invoices and tests of other programs."""

import datetime
import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import grid_py as grid

HOUR: dict[str, Any] = {"start": "2026-03-01T00:00:00Z", "resolution": "1h"}
FLAT = """
id = "flat"
name = { en = "One price", es = "Precio único" }
currency = "EUR"
valid_from = 2026-01-01

[[components]]
id = "grid"
kind = "energy"
quantity = "import"
price_per_kwh = "0.18"
"""


def tariff(*components: dict[str, Any], **more: Any) -> grid.Tariff:
    return grid.Tariff({"id": "t", "currency": "EUR", "valid_from": "2026-01-01", "components": components, **more})


def test_a_tariff_is_toml_json_or_a_dictionary() -> None:
    toml = grid.Tariff(FLAT)
    assert (toml.id, toml.name, toml.currency) == ("flat", "One price", "EUR")
    assert toml.names == {"en": "One price", "es": "Precio único"}
    assert toml.valid_from == datetime.date(2026, 1, 1)
    document = toml.to_dict()
    assert grid.Tariff(document) == toml
    assert hash(grid.Tariff(document)) == hash(toml)
    assert pickle.loads(pickle.dumps(toml)) == toml
    dated = {**document, "valid_from": datetime.date(2026, 1, 1)}
    assert grid.Tariff(dated) == toml, "a date is its text, as `tomllib` reads it"


def test_a_fault_names_its_line_and_column() -> None:
    with pytest.raises(grid.InvalidError, match="line 5") as refused:
        grid.Tariff(FLAT.replace("2026-01-01", "2026-13-01"))
    assert refused.value.places
    with pytest.raises(grid.InvalidError) as refused:
        grid.Tariff(FLAT.replace('"0.18"', '"cheap"'))
    place = refused.value.places[0]
    assert (place.line, place.column) == (11, 17)
    with pytest.raises(grid.InvalidError, match="kind"):
        tariff({"id": "grid", "kind": "magic"})


def test_the_invoice_of_an_austrian_community(billing: dict[str, Any]) -> None:
    """Energy is rounded to 0.01 kWh before it is priced, and each line half up to the cent."""
    for line in billing["invoice"]["lines"]:
        price = Decimal(line["ct_per_kwh"]) / 100
        component = {"id": "received", "kind": "energy", "quantity": "received", "price_per_kwh": str(price)}
        bill = tariff(component, rounding={"energy": "0.01 kWh"}).price({"received": [line["kwh"]]}, **HOUR)
        assert bill.total == grid.Money(f"{line['net_eur']} EUR")
        assert bill.lines["amount"].tolist() == [line["net_eur"]]
        assert bill.net == bill.total


def tiers(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {"up_to": "up_to_kwh", "flat": "fee", "unit": "price_per_kwh"}
    return [{names[name]: str(value) for name, value in tier.items()} for tier in listed]


@pytest.mark.parametrize("mode", ["volume", "graduated"])
def test_tiers_as_another_billing_engine_counts_them(billing: dict[str, Any], mode: str) -> None:
    vector = billing["tiered"][mode]
    component = {"id": "grid", "kind": "energy", "quantity": "import", "tier_mode": mode, "tiers": tiers(vector["tiers"])}
    for quantity, total in vector["qty_total"]:
        if quantity == 0:
            continue  # That engine charges a tier's fee without any energy.
        assert tariff(component).price({"import": [quantity]}, **HOUR).total == grid.Money(f"{total}.00 EUR"), quantity


def test_usage_is_arrays_or_series_of_the_same_slots() -> None:
    flat = grid.Tariff(FLAT)
    by_array = flat.price({"import": np.array([1.0, 0.5])}, **HOUR)
    series = grid.Series([1.0, 0.5], start=HOUR["start"], resolution="1h")
    assert flat.price({"import": series}) == by_array
    assert by_array.to_dict()["total"] == "0.27"
    other = grid.Series([1.0, 0.5], start="2026-03-01T01:00:00Z", resolution="1h")
    refusals: list[dict[str, Any]] = [
        {"usage": {"import": series, "export": other}},
        {"usage": {"import": [1.0]}},
        {"usage": {"import": [float("nan")]}, **HOUR},
        {"usage": {"imports": [1.0]}, **HOUR},
        {"usage": {"export": [1.0]}, **HOUR},
        {"usage": {}, **HOUR},
    ]
    for refused in refusals:
        with pytest.raises(grid.InvalidError):
            flat.price(**refused)


def test_indexed_prices_come_from_tables_files_and_arrays() -> None:
    component = {"id": "grid", "kind": "energy", "quantity": "import", "series": "spot"}
    indexed = tariff(component)
    csv = b"start,end,price\n2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,0.10\n2026-03-01T01:00:00Z,2026-03-01T02:00:00Z,-0.02\n"
    table = {
        "start": ["2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z"],
        "end": ["2026-03-01T01:00:00Z", "2026-03-01T02:00:00Z"],
        "price_per_kwh": [0.10, -0.02],
    }
    forms: list[Any] = [csv, table, [0.10, -0.02], ["0.10", "-0.02"]]
    for prices in forms:
        assert indexed.price({"import": [3, 1]}, prices={"spot": prices}, **HOUR).total == grid.Money("0.28 EUR")
    with pytest.raises(grid.InvalidError):
        indexed.price({"import": [3, 1]}, **HOUR)


def test_contracted_powers_are_priced() -> None:
    component = {"id": "power", "kind": "capacity", "contracted": "p1", "price_per_kw": "3.00", "per": "period"}
    powers: list[grid.Power | str] = [grid.Power("4.6 kW"), "4600 W"]
    for power in powers:
        bill = tariff(component).price({"import": [1]}, contracted={"p1": power}, **HOUR)
        assert bill.total == grid.Money("13.80 EUR")
    with pytest.raises(grid.InvalidError, match="p1"):
        tariff(component).price({"import": [1]}, **HOUR)
