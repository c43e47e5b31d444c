"""Quantities: exact values with equality, order, hash and pickle."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import grid_py as grid

COUNT = st.integers(-(2**63), 2**63 - 1)
TEXTS = [
    (grid.Energy, "1.25 kWh"),
    (grid.Power, "4.6 kW"),
    (grid.Share, "0.135464"),
    (grid.Money, "12.34 EUR"),
    (grid.Price, "0.1523 EUR/kWh"),
]


@pytest.mark.parametrize(("kind", "text"), TEXTS)
def test_a_value_survives_text_repr_pickle_and_copy(kind: type, text: str) -> None:
    value = kind(text)
    assert str(value) == text
    assert repr(value) == f'{kind.__name__}("{text}")'
    for twin in (kind(str(value)), pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
        assert twin == value
        assert hash(twin) == hash(value)
    assert value != text


@given(COUNT)
def test_every_count_of_milliwatt_hours_is_kept(mwh: int) -> None:
    energy = grid.Energy.from_mwh(mwh)
    assert energy.mwh == mwh
    assert grid.Energy(str(energy)) == energy
    assert pickle.loads(pickle.dumps(energy)) == energy


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1))
def test_order_and_sum_are_those_of_the_counts(counts: list[int]) -> None:
    energies = [grid.Energy.from_mwh(count) for count in counts]
    assert [energy.mwh for energy in sorted(energies)] == sorted(counts)
    assert sum(energies, start=grid.Energy.from_mwh(0)).mwh == sum(counts)
    assert sum(energies) == grid.Energy.from_mwh(sum(counts))


def test_the_same_energy_in_another_unit_is_equal() -> None:
    assert grid.Energy("1.25 kWh") == grid.Energy("1250 Wh") == grid.Energy.from_kwh(1.25)
    assert len({grid.Energy("1.25 kWh"), grid.Energy("1250 Wh")}) == 1
    assert grid.Energy("1 kWh") - grid.Energy("1 Wh") == grid.Energy("999 Wh")
    assert not grid.Energy.from_mwh(0)


def test_what_does_not_fit_is_refused_and_does_not_wrap() -> None:
    most = grid.Energy.from_mwh(2**63 - 1)
    with pytest.raises(grid.InvalidError, match="out of range"):
        most + grid.Energy.from_mwh(1)
    with pytest.raises(grid.InvalidError, match="out of range"):
        grid.Energy.from_mwh(-(2**63)) - grid.Energy.from_mwh(1)
    for kwh in (float("nan"), float("inf"), 1e300):
        with pytest.raises(grid.InvalidError):
            grid.Energy.from_kwh(kwh)


def test_a_number_is_not_an_energy() -> None:
    with pytest.raises(TypeError):
        grid.Energy("1 kWh") + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        _ = grid.Energy("1 kWh") < 1  # type: ignore[operator]
    assert grid.Energy.from_mwh(1) != 1


def test_two_currencies_are_unequal_and_have_no_order_or_sum() -> None:
    euro, peso = grid.Money("1 EUR"), grid.Money("1 COP")
    assert euro != peso
    assert euro < grid.Money("2 EUR")
    for refused in (lambda: euro < peso, lambda: euro + peso):
        with pytest.raises(grid.InvalidError, match="expected an amount in `EUR`, got one in `COP`"):
            refused()


def test_the_fourth_tariff_of_colombia_costs_what_two_and_a_half_kilowatt_hours_cost() -> None:
    # 737.6 COP/kWh times 2.5 kWh by hand.
    assert grid.Price("737.6 COP/kWh").of(grid.Energy("2.5 kWh")) == grid.Money("1844.00 COP")


def test_rounding_has_a_name() -> None:
    money = grid.Money("0.125 EUR")
    assert money.rounded() == grid.Money("0.13 EUR")
    assert money.rounded("half_even") == grid.Money("0.12 EUR")
    with pytest.raises(grid.InvalidError, match="half_up"):
        money.rounded("nearest")  # type: ignore[arg-type]
