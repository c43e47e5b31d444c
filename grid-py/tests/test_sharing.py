"""Sharing and balance, against the laws' own examples and figures of other programs."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import grid_py as grid

from conftest import CityLearn

MWH = 1_000_000


def mwh(kwh: str | float) -> int:
    """Milliwatt-hours of a decimal of kilowatt-hours, exactly."""
    count = Decimal(str(kwh)) * MWH
    assert count == int(count)
    return int(count)


@given(st.integers(0, 2**63 - 1), st.lists(st.integers(0, 2**32), min_size=1).filter(any))
def test_parts_add_up_to_the_whole(total: int, weights: list[int]) -> None:
    parts = grid.apportion(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


def test_an_energy_is_split_into_energies_and_a_number_into_numbers() -> None:
    assert grid.apportion(100, [1, 1, 1]) == [34, 33, 33]
    assert grid.apportion(100, np.array([1, 1, 1])) == [34, 33, 33]
    shares: list[grid.Share | str | float] = [grid.Share("0.5"), "0.3", 0.2]
    assert grid.apportion(grid.Energy("1 kWh"), shares) == [
        grid.Energy("0.5 kWh"), grid.Energy("0.3 kWh"), grid.Energy("0.2 kWh"),
    ]
    for total, weights in ((1, [0, 0]), (1, []), (-1, [1])):
        with pytest.raises(grid.InvalidError):
            grid.apportion(total, weights)


def test_weights_are_any_numbers_from_zero_on() -> None:
    cases: list[tuple[list[float], list[int]]] = [
        ([0.5, 0.25, 0.25], [500, 250, 250]),
        ([2.5, 1.5], [625, 375]),
        ([1.0, 2.0], [333, 667]),
        ([1, 1.5], [400, 600]),
        ([0.1, 0.2, 0.7], [100, 200, 700]),
        ([1e300, 0.0, 1e-300], [1000, 0, 0]),
    ]
    for weights, expected in cases:
        assert grid.apportion(1000, weights) == expected
        assert grid.apportion(1000, np.array(weights)) == expected
        assert grid.apportion(1000, [np.float64(weight) for weight in weights]) == expected
    assert grid.apportion(1000, np.array([0.5, 1.5], dtype=np.float32)) == [250, 750]
    mixed: list[grid.Share | str | float] = [grid.Share("25 %"), 0.75]
    assert grid.apportion(1000, mixed) == [250, 750]
    for faulty in (float("nan"), float("inf"), -0.5, -1):
        with pytest.raises(grid.InvalidError, match="position 1"):
            grid.apportion(1000, [1.0, faulty])


def test_spain_a_static_key_after_rd_244_2019(vectors: dict[str, Any]) -> None:
    hour = vectors["es_rd244"]["hour"][0]
    demand = [[mwh(kwh) for kwh in hour["consumption"]]]
    shared = grid.share([[mwh(hour["eng"])]], demand, key="static", shares=hour["beta"])
    assert shared.allocated.tolist() == [[mwh(kwh) for kwh in hour["eaut_i"]]]
    assert shared.surplus.tolist() == [[sum(mwh(kwh) for kwh in hour["excess_i"])]]
    assert grid.apportion(mwh(hour["eng"]), hour["beta"]) == [mwh(kwh) for kwh in hour["eng_i"]]
    residual = np.array(demand) - shared.allocated
    assert residual.tolist() == [[mwh(kwh) for kwh in hour["grid_i"]]]


def test_spain_three_equal_members_have_unequal_shares_that_add_up(vectors: dict[str, Any]) -> None:
    hour = vectors["es_rd244"]["hour"][1]
    shared = grid.share([[mwh(hour["eng"])]], [[MWH, MWH, MWH]], "static", hour["beta"])
    assert shared.allocated.sum() == mwh(hour["eng"])
    with pytest.raises(grid.InvalidError, match="shares must add up to 1000000 ppm, got 999999"):
        grid.share([[MWH]], [[1, 1, 1]], "static", ["0.333333"] * 3)


def test_france_the_static_and_the_default_dynamic_key(vectors: dict[str, Any]) -> None:
    step = vectors["fr_acc"]["step"]
    generation, demand = [[mwh(step["production"])]], [[mwh(kwh) for kwh in step["consumption"]]]
    static = grid.share(generation, demand, key="static", shares=step["static_keys"])
    assert static.allocated.tolist() == [[mwh(kwh) for kwh in step["static_alloc"]]]
    assert static.surplus.tolist() == [[mwh(step["static_surplus"])]]
    dynamic = grid.share(generation, demand)
    assert dynamic.allocated.tolist() == [[mwh(kwh) for kwh in step["default_dynamic_alloc"]]]
    assert dynamic.surplus.tolist() == [[mwh(step["default_surplus"])]]


def test_austria_one_line_of_an_operators_workbook(vectors: dict[str, Any]) -> None:
    line = vectors["at_one_line"]
    demand = [[mwh(kwh) for kwh in line["consumption_kwh"]]]
    generation = mwh(line["generation_kwh"])
    offered = grid.apportion(generation, demand[0])
    workbook = [mwh(kwh) for kwh in line["offered_kwh"]]
    # The operator rounds each cell for itself, so a cell may differ by one milliwatt-hour from the exact split.
    assert max(abs(a - b) for a, b in zip(offered, workbook, strict=True)) <= 1
    roundings: tuple[Literal["exact", "operator"], ...] = ("exact", "operator")
    for rounding in roundings:
        shared = grid.share([[generation]], demand, rounding=rounding)
        assert shared.allocated.tolist() == demand, "shared is the lesser of consumed and offered"
        assert shared.surplus.tolist() == [[mwh(line["surplus_kwh"])]]


def test_italy_shared_energy_is_the_lesser_of_injected_and_withdrawn(vectors: dict[str, Any]) -> None:
    hour = vectors["it_cer"]["shared_hour"]
    shared = grid.share([hour["injected"]], [hour["withdrawn"]])
    assert shared.allocated.sum() == hour["shared"]
    assert shared.surplus.shape == (1, 2)


@given(st.data())
def test_what_is_allocated_and_left_over_is_what_was_generated(data: st.DataObject) -> None:
    intervals, plants, members = (data.draw(st.integers(1, 5)) for _ in range(3))
    cells = st.integers(0, 2**40)
    generation = np.array(data.draw(st.lists(cells, min_size=intervals * plants, max_size=intervals * plants)))
    demand = np.array(data.draw(st.lists(cells, min_size=intervals * members, max_size=intervals * members)))
    generation, demand = generation.reshape(intervals, plants), demand.reshape(intervals, members)
    shared = grid.share(generation, demand)
    assert shared.allocated.dtype == shared.surplus.dtype == np.int64
    assert (shared.allocated.shape, shared.surplus.shape) == (demand.shape, generation.shape)
    np.testing.assert_array_equal(shared.allocated.sum(1) + shared.surplus.sum(1), generation.sum(1))
    assert (shared.allocated <= demand).all()
    assert (shared.surplus <= generation).all()
    assert (shared.allocated >= 0).all()
    # Arrays that are not contiguous are read as what they show.
    again = grid.share(np.asfortranarray(generation), np.asfortranarray(demand))
    np.testing.assert_array_equal(again.allocated, shared.allocated)


def test_an_answer_is_written_over_arrays_of_the_callers() -> None:
    generation, demand = np.array([[10 * MWH], [3 * MWH]]), np.array([[2 * MWH, 5 * MWH], [4 * MWH, 5 * MWH]])
    fresh = grid.share(generation, demand)
    # Every second column of a wider table, upside down.
    wide = np.full((2, 4), -1)
    allocated, surplus = wide[::-1, ::2], np.full((2, 1), -1)
    shared = grid.share(generation, demand, out=(allocated, surplus))
    assert shared.allocated is allocated
    assert shared.surplus is surplus
    np.testing.assert_array_equal(allocated, fresh.allocated)
    np.testing.assert_array_equal(surplus, fresh.surplus)
    assert (wide[:, 1::2] == -1).all()
    again = grid.share(generation, 2 * demand, "equal", out=shared)
    assert again.allocated is allocated
    np.testing.assert_array_equal(allocated, grid.share(generation, 2 * demand, "equal").allocated)

    fixed = np.zeros((2, 2), dtype=np.int64)
    fixed.flags.writeable = False
    one, table = np.zeros((2, 1), dtype=np.int64), np.zeros((2, 3), dtype=np.int64)
    wrong: list[Any] = [
        (allocated,), (surplus, allocated), (allocated.astype(float), surplus), (fixed, one), (table[:, :2], table[:, 1:2]),
    ]
    for out in wrong:
        with pytest.raises(grid.InvalidError, match="out"):
            grid.share(generation, demand, out=out)


def test_without_a_plant_nobody_gets_anything() -> None:
    shared = grid.share(np.zeros((2, 0), dtype=np.int64), np.ones((2, 3), dtype=np.int64))
    assert shared.allocated.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert shared.surplus.shape == (2, 0)


def test_shapes_and_words_that_do_not_fit_are_refused() -> None:
    one = [[1]]
    refusals: tuple[Callable[[], object], ...] = (
        lambda: grid.share([1, 2], [1, 2]),
        lambda: grid.share([[1], [2]], one),
        lambda: grid.share([[-1]], one),
        lambda: grid.share([[float("nan")]], one, unit="kWh"),
        lambda: grid.share(np.array([[2**63]], dtype=np.uint64), one),
        lambda: grid.share(one, one, key="dynamic"),  # type: ignore[arg-type]
        lambda: grid.share(one, one, key="static"),
        lambda: grid.share(one, one, key="static", shares=["0.5", "0.5"]),
        lambda: grid.share(one, one, key="static", shares=["half"]),
        lambda: grid.share(one, one, rounding="up"),  # type: ignore[arg-type]
    )
    for refused in refusals:
        with pytest.raises(grid.InvalidError):
            refused()
    assert grid.share([2], [[1, 1]]).surplus.shape == (1, 1), "a plant alone may be a column"


def test_a_static_key_wastes_what_a_cascade_hands_on(billing: dict[str, Any]) -> None:
    """The figures of a market simulator (its tests): two homes, of which only the second needs anything."""
    case = billing["fairness"]["static_key_waste"]
    surplus = [[mwh(case["production"][0] - case["consumption"][0])]]
    need = [[0, mwh(case["consumption"][1] - case["production"][1])]]
    static = grid.share(surplus, need, "static", case["coeff"])
    assert static.allocated.tolist() == [[0, mwh(case["bought_from_community"])]]
    assert static.surplus.tolist() == [[mwh(case["sold_to_grid"])]]
    cascade = grid.share(surplus, need, ["static", "proportional"], case["coeff"])
    assert cascade.allocated.tolist() == [[0, mwh(case["community_surplus"])]]
    assert cascade.surplus.tolist() == [[0]]


def test_a_key_may_be_a_word_a_list_or_a_dictionary_with_the_numbers_of_columns() -> None:
    generation, demand = [[6 * MWH]], [[2 * MWH, 5 * MWH, 1 * MWH]]
    shares = [{"member_id": number, "share": share} for number, share in enumerate(("0.5", 0.3, "0.2"))]
    same: list[tuple[grid.Shared, grid.Shared]] = [
        (grid.share(generation, demand), grid.share(generation, demand, "proportional")),
        (grid.share(generation, demand, "equal"), grid.share(generation, demand, {"kind": "equal"})),
        (
            grid.share(generation, demand, "static", ["0.5", "0.3", "0.2"]),
            grid.share(generation, demand, {"kind": "static", "shares": shares}),
        ),
        (
            grid.share(generation, demand, "static", {2: "0.2", 0: "0.5", 1: "0.3"}),
            grid.share(generation, demand, "static", np.array([0.5, 0.3, 0.2])),
        ),
        (
            grid.share(generation, demand, "priority", groups=[[1], [0, 2]]),
            grid.share(generation, demand, {"kind": "priority", "groups": [["1"], ["0", "2"]]}),
        ),
        (
            grid.share(generation, demand, ["equal", "proportional"]),
            grid.share(
                generation, demand, {"kind": "cascade", "first": {"kind": "equal"}, "then": {"kind": "proportional"}}
            ),
        ),
    ]
    for one, other in same:
        assert one.allocated.tolist() == other.allocated.tolist()
    assert same[1][0].allocated.tolist() == [[2 * MWH, 2 * MWH, 1 * MWH]]
    assert same[4][0].allocated.tolist() == [[666_667, 5 * MWH, 333_333]]


def test_ties_go_to_the_earlier_column_however_many_there_are() -> None:
    """Columns are in the order of their numbers, not of their texts, in which 10 comes before 2."""
    expected = [1] * 4 + [0] * 9
    demand = [[5] * 13]
    equal: list[dict[str, Any]] = [
        {"key": "proportional"},
        {"key": "equal"},
        {"key": {"kind": "priority", "groups": [list(range(12, -1, -1))]}},
    ]
    for asked in equal:
        assert grid.share([[4]], demand, **asked).allocated.tolist() == [expected], asked


@given(st.lists(st.lists(st.integers(0, 2**40), min_size=4, max_size=4), min_size=1, max_size=4), st.integers(0, 2**41))
def test_every_key_hands_out_what_there_is_and_no_more(demand: list[list[int]], generated: int) -> None:
    generation = [[generated]] * len(demand)
    asked: list[dict[str, Any]] = [
        {"key": "equal"},
        {"key": "priority", "groups": [[3], [0]]},
        {"key": ["equal", "priority"], "groups": [[2, 1]]},
        {"key": ["static", "proportional"], "shares": ["0.7", "0.1", "0.1", "0.1"]},
        {"coefficients": [["0.25", "0.25", "0.5", "0"]] * len(demand)},
    ]
    for keys in asked:
        shared = grid.share(generation, demand, **keys)
        assert (shared.allocated <= np.array(demand)).all()
        assert (shared.allocated.sum(1) + shared.surplus.sum(1) == generated).all()
        # A key whose last step follows demand leaves nothing that anybody needs.
        if keys.get("key") not in (None, "equal"):
            assert shared.allocated.sum(1).tolist() == [min(generated, sum(row)) for row in demand]


def test_coefficients_are_a_static_key_for_each_interval(vectors: dict[str, Any]) -> None:
    hour = vectors["es_rd244"]["hour"][0]
    generation = [[mwh(hour["eng"])]] * 2
    demand = [[mwh(kwh) for kwh in hour["consumption"]]] * 2
    turned = hour["beta"][::-1]
    shared = grid.share(generation, demand, coefficients=[hour["beta"], turned])
    assert shared.allocated[0].tolist() == [mwh(kwh) for kwh in hour["eaut_i"]]
    assert shared.allocated[1].tolist() == grid.share(generation[:1], demand[:1], "static", turned).allocated[0].tolist()
    with pytest.raises(grid.InvalidError, match="row 1"):
        grid.share(generation, demand, coefficients=[hour["beta"], ["0.5", "0.3", "0.1"]])
    with pytest.raises(grid.InvalidError, match="coefficients"):
        grid.share(generation, demand, coefficients=[hour["beta"]])
    with pytest.raises(grid.InvalidError, match="`coefficients`"):
        grid.share(generation, demand, "equal", coefficients=[hour["beta"], turned])


def test_keys_that_are_none_are_refused() -> None:
    one, two = [[1]], [[1, 1]]
    refusals: tuple[Callable[[], object], ...] = (
        lambda: grid.share(one, two, "cascade"),  # type: ignore[arg-type]
        lambda: grid.share(one, two, "priority"),
        lambda: grid.share(one, two, "priority", groups=[[2]]),
        lambda: grid.share(one, two, "priority", groups=[[0], [0]]),
        lambda: grid.share(one, two, "static", {0: "0.5", 7: "0.5"}),
        lambda: grid.share(one, two, {"kind": "equal", "shares": []}),
        lambda: grid.share(one, two, {"kind": "priority", "groups": [["ana"]]}),
        lambda: grid.share(one, two, []),
        lambda: grid.share(one, two, 7),  # type: ignore[arg-type]
    )
    for refused in refusals:
        with pytest.raises(grid.GridError):
            refused()


def test_a_missing_value_is_not_a_zero_in_a_balance() -> None:
    balance = grid.balance([1.0, 2.0, float("nan")], [3.0, 0.5, 1.0])
    np.testing.assert_array_equal(balance.own, [1.0, 0.5, np.nan])
    np.testing.assert_array_equal(balance.surplus, [2.0, 0.0, np.nan])
    np.testing.assert_array_equal(balance.residual, [0.0, 1.5, np.nan])
    assert balance.own_total == grid.Energy("1.5 kWh")
    assert balance.self_sufficiency == 0.5
    assert balance.self_consumption == pytest.approx(1.5 / 3.5, abs=1e-6)
    assert balance.completeness == pytest.approx(2 / 3, abs=1e-6)
    assert grid.balance([1.0], [0.0]).self_consumption is None
    with pytest.raises(grid.InvalidError):
        grid.balance([1.0], [1.0, 2.0])
    with pytest.raises(grid.InvalidError, match="interval 0"):
        grid.balance([-1.0], [1.0])


def test_seventeen_homes_come_to_the_published_totals(citylearn: CityLearn) -> None:
    expected = citylearn.expected
    load, generation = citylearn.load_mwh, citylearn.generation_mwh
    assert load.shape == generation.shape == (8760, 17)
    assert dict(zip(citylearn.homes, load.sum(0).tolist(), strict=True)) == expected["load_mwh"]
    assert load.sum() == expected["load_total_mwh"]
    assert generation.sum() == expected["generation_total_mwh"]
    balances = [grid.balance(load[:, home], generation[:, home], unit="mWh") for home in range(17)]
    surplus = np.stack([balance.surplus for balance in balances], axis=1)
    residual = np.stack([balance.residual for balance in balances], axis=1)
    assert sum(balance.own_total.mwh for balance in balances) == expected["own_total_mwh"]
    assert surplus.sum() == expected["surplus_total_mwh"]
    assert residual.sum() == expected["residual_demand_total_mwh"]
    shared = grid.share(surplus, residual)
    assert shared.allocated.sum() == expected["shareable_total_mwh"]
    assert shared.surplus.sum() == expected["surplus_total_mwh"] - expected["shareable_total_mwh"]
    hourly = np.minimum(surplus.sum(1), residual.sum(1))
    np.testing.assert_array_equal(shared.allocated.sum(1), hourly)
