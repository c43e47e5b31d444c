"""Formulas of national laws, against worked examples; each vector says where it is from."""

import datetime
from decimal import Decimal
from typing import Any

import pytest

import grid_py as grid


def test_spain_a_surplus_is_worth_at_most_the_energy_of_the_bill(vectors: dict[str, Any]) -> None:
    for case in vectors["es_rd244"]["compensation"]:
        amounts = [grid.Money(f"{case[name]} EUR") for name in ("grid_value_eur", "excess_value_eur")]
        found = grid.rules.spain_compensate(*amounts)
        expected = [grid.Money(f"{case[name]} EUR") for name in ("compensated", "energy_term", "forfeited")]
        assert [found.compensated, found.energy_term, found.forfeited] == expected
    with pytest.raises(grid.InvalidError):
        grid.rules.spain_compensate(grid.Money("1 EUR"), grid.Money("1 COP"))


def test_spain_a_file_of_coefficients_adds_up_to_one() -> None:
    first, second = "ES0021000000000001JX", "ES0021000000000002JB"
    table = grid.rules.spain_coefficients(f"{first};0,135464\r\n{second};0,864536\r\n".encode())
    assert table.columns == ["consumer", "share"]
    assert table["share"].tolist() == ["0.135464", "0.864536"]
    with pytest.raises(grid.InvalidError):
        grid.rules.spain_coefficients(f"{first};0,135464\r\n{second};0,864535\r\n".encode())


def test_colombia_credit_and_excess_of_a_month(colombia: dict[str, Any]) -> None:
    for case in colombia["annex4_month"]:
        injected = [max(made - used, 0) for made, used in zip(case["G"], case["D"], strict=True)]
        imported = [max(used - made, 0) for made, used in zip(case["G"], case["D"], strict=True)]
        month = grid.rules.colombia_month(injected, imported)
        assert month["credit"] == grid.Energy(f"{case['credit']} kWh"), case["name"]
        assert month["excess"] == grid.Energy(f"{case['excess']} kWh")
        assert month["first_excess_hour"] == case["hx"]
        for name in ("credit", "excess"):
            if f"{name}_h" in case:
                assert month[f"{name}_by_hour_kwh"].tolist() == case[f"{name}_h"]
    for case in colombia["injection_only"]:
        month = grid.rules.colombia_month(case["inj"], case["imp"])
        assert month["excess_by_hour_kwh"].tolist() == case["excess"]
    with pytest.raises(grid.InvalidError):
        grid.rules.colombia_month([1.0, float("nan")], [1.0, 1.0])


def test_italy_the_premium_by_size_zone_and_price(vectors: dict[str, Any]) -> None:
    zones = {"nord": "north", "centro": "centre", "sud": "south"}
    for case in vectors["it_cer"]["tip_eur_mwh"]:
        price = grid.Price(f"{Decimal(case['pz']) / 1000} EUR/kWh")
        premium = grid.rules.italy_premium(f"{case['kw']} kW", zones[case["zone"]], price)
        assert premium == grid.Price(f"{Decimal(case['tip']) / 1000} EUR/kWh")
    refusals: list[dict[str, Any]] = [
        {"power": "2 MW", "zone": "north"}, {"power": "2 kW", "zone": "west"},
        {"power": "2 kW", "zone": "north", "grant": "0.5"}, {"power": "2 kW", "zone": "north", "source": "coal"},
    ]
    for refused in refusals:
        with pytest.raises(grid.InvalidError):
            grid.rules.italy_premium(zonal_price=grid.Price("0.1 EUR/kWh"), **refused)


def test_a_law_says_what_is_in_force_and_how_sure_that_is() -> None:
    rules = grid.rules.rules_on("spain", datetime.date(2026, 3, 1))
    assert rules["resolution"] == "1h"
    assert any("244/2019" in article["citation"] for article in rules["articles"])
    assert {"citation", "says", "confidence"} == set(rules["articles"][0])
    with pytest.raises(grid.GridError):
        grid.rules.rules_on("spain", "1999-01-01")
    with pytest.raises(grid.InvalidError):
        grid.rules.rules_on("atlantis", "2026-03-01")
