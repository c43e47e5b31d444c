"""Settlements in memory and from a store, against the laws' own examples."""

import csv
import io
import json
import pickle
import uuid
from typing import Any

import numpy as np
import pytest

import grid_py as grid

HOURS = 31 * 24
STAMPS: dict[str, Any] = {"as_of": "2026-04-01T06:00:00Z", "issued_at": "2026-04-01T06:00:01Z"}
TARIFF = {
    "id": "flat",
    "currency": "EUR",
    "valid_from": "2026-01-01",
    "components": [
        {"id": "grid", "kind": "energy", "quantity": "import", "price_per_kwh": "0.18"},
        {"id": "local", "kind": "energy", "quantity": "received", "price_per_kwh": "0.11"},
        {"id": "given", "kind": "credit", "quantity": "given", "price_per_kwh": "0.11"},
        {"id": "sold", "kind": "credit", "quantity": "export", "price_per_kwh": "0.05"},
        {"id": "vat", "kind": "tax", "rate_percent": "20", "on": ["grid", "local"]},
    ],
}


def once(kwh: str | float) -> list[str]:
    """A month in whose first hour there is this much, and nothing in the others."""
    return [str(kwh), *["0"] * (HOURS - 1)]


def energies(settled: grid.Settlement, name: str) -> dict[str, grid.Energy]:
    return {statement.member: statement.energy[name] for statement in settled.statements}


def kwh(amount: object) -> grid.Energy:
    return grid.Energy(f"{amount} kWh")


def test_spain_one_hour_after_rd_244_2019(vectors: dict[str, Any]) -> None:
    """The plant is all members' by their coefficients: what a member does not use of its part is its own surplus."""
    hour = vectors["es_rd244"]["hour"][0]
    names = [f"member {number}" for number in range(3)]
    community: dict[str, Any] = {
        name: {"consumption": once(used)} for name, used in zip(names, hour["consumption"], strict=True)
    }
    # A plant of the community that consumes nothing, whose owner's key is nothing.
    community["plant"] = {"generation": once(hour["eng"])}
    settled = grid.settle(
        community, "2026-03", contract={"law": "spain"}, tariff=TARIFF, key="static",
        shares=dict(zip(names, hour["beta"], strict=True)), **STAMPS,
    )
    used = {name: kwh(amount) for name, amount in zip(names, hour["eaut_i"], strict=True)}
    left = {name: kwh(amount) for name, amount in zip(names, hour["excess_i"], strict=True)}
    drawn = {name: kwh(amount) for name, amount in zip(names, hour["grid_i"], strict=True)}
    received, exported, imported = (energies(settled, name) for name in ("received_kwh", "export_kwh", "import_kwh"))
    assert {name: received[name] for name in names} == used
    assert {name: exported[name] for name in names} == left
    assert {name: imported[name] for name in names} == drawn


def test_france_the_default_dynamic_key_of_one_step(vectors: dict[str, Any]) -> None:
    step = vectors["fr_acc"]["step"]
    # In the order of the ids, because the last milliwatt-hour of a tie goes by it; here there is no tie.
    community: dict[str, Any] = {
        str(uuid.UUID(int=number)): {"consumption": once(used)} for number, used in enumerate(step["consumption"], 1)
    }
    community[str(uuid.UUID(int=9))] = {"generation": once(step["production"])}
    settled = grid.settle(community, "2026-03", contract={"resolution": "1h"}, tariff=TARIFF, **STAMPS)
    received = [statement.energy["received_kwh"] for statement in settled.statements]
    assert received == [*map(kwh, step["default_dynamic_alloc"]), kwh(0)]
    assert settled.account["energy"]["given_kwh"] == "10.000000"


def test_two_equal_homes_come_to_equal_bills(billing: dict[str, Any]) -> None:
    """A simulator's order decided which of two equal homes sold its surplus; that is 0.08 kWh each where it is fair."""
    case = billing["fairness"]["order_dependence"]
    community = {
        str(uuid.UUID(int=number + 1)): {"consumption": once(used), "generation": once(made)}
        for number, (used, made) in enumerate(zip(case["consumption"], case["production"], strict=True))
    }
    settled = grid.settle(community, "2026-03", contract={"resolution": "1h"}, tariff=TARIFF, **STAMPS)
    one, between, other = settled.statements
    assert one.energy == other.energy
    assert one.total == other.total
    assert between.energy["received_kwh"] == kwh("0.5")
    assert one.energy["given_kwh"] == kwh("0.25")


def community(seed: int = 7) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    used = random.integers(0, 2_000_000, (3, HOURS))
    made = random.integers(0, 3_000_000, HOURS)
    hour: dict[str, Any] = {"start": "2026-03-01T00:00:00Z", "resolution": "1h", "unit": "mWh"}
    homes: dict[str, Any] = {
        name: {"consumption": grid.Series(row, **hour)} for name, row in zip(("ana", "ben", "eva"), used, strict=True)
    }
    homes["ana"]["generation"] = grid.Series(made, **hour)
    return homes


CONTRACT = {"resolution": "1h"}


def test_statements_add_up_to_the_account_and_energy_is_conserved() -> None:
    settled = grid.settle(community(), "2026-03", contract=CONTRACT, tariff=TARIFF, compare=["equal"], **STAMPS)
    account = settled.account
    assert len(settled) == len(settled.statements) == account["statements"] == 3
    assert sum(statement.total.micros for statement in settled.statements) == grid.Money(f"{account['total']} EUR").micros
    assert settled.lines["amount_micros"].sum() == grid.Money(f"{account['total']} EUR").micros
    assert account["energy"]["received_kwh"] == account["energy"]["given_kwh"]
    made = sum(energies(settled, "generation_kwh").values(), start=kwh(0))
    out = [account["energy"][name] for name in ("self_consumed_kwh", "given_kwh", "export_kwh")]
    assert sum(map(kwh, out), start=kwh(0)) == made
    for statement in settled.statements:
        assert statement.net + statement.taxes == statement.total
        assert statement.lines["amount_micros"].sum() == statement.total.micros
        assert [entry["with"] for entry in statement.to_dict()["comparisons"]] == ["without_community", "equal"]


def test_the_same_order_gives_the_same_bytes_whatever_the_order_of_members() -> None:
    homes = community()
    one = grid.settle(homes, "2026-03", contract=CONTRACT, tariff=TARIFF, **STAMPS)
    other = grid.settle(dict(reversed(homes.items())), "2026-03", contract=CONTRACT, tariff=TARIFF, **STAMPS)
    assert one == other
    assert [statement.to_json() for statement in one.statements] == [statement.to_json() for statement in other.statements]
    assert one.csv() == other.csv()
    assert {statement.member_id for statement in one.statements} == {
        str(uuid.uuid5(uuid.NAMESPACE_OID, name)) for name in homes
    }


def test_arrays_and_series_settle_alike() -> None:
    homes = community()
    arrays = {
        name: {channel: series.values for channel, series in registers.items()} for name, registers in homes.items()
    }
    by_series = grid.settle(homes, "2026-03", contract=CONTRACT, tariff=TARIFF, **STAMPS)
    assert grid.settle(arrays, "2026-03", contract=CONTRACT, tariff=grid.Tariff(TARIFF), **STAMPS) == by_series


def test_keys_and_tariffs_may_name_members() -> None:
    homes = community()
    shares = {"ana": "0.2", "ben": "0.5", "eva": "0.3"}
    static = grid.settle(
        homes, "2026-03", contract=CONTRACT, tariff=TARIFF, key="static", shares=shares, **STAMPS
    )
    listed = [
        {"member_id": str(uuid.uuid5(uuid.NAMESPACE_OID, name)) if name == "eva" else name, "share": share}
        for name, share in shares.items()
    ]
    form = {"kind": "static", "shares": listed}
    assert grid.settle(homes, "2026-03", contract=CONTRACT, tariff=TARIFF, key=form, **STAMPS) == static
    assert static.account["sharing"]["keys"] == ["static"]
    free = {**TARIFF, "id": "free", "components": TARIFF["components"][3:4]}
    settled = grid.settle(
        homes, "2026-03", contract=CONTRACT, tariff=TARIFF, member_tariffs={"ben": free}, key="priority",
        groups=[["ben"], ["eva"]], **STAMPS,
    )
    ben = next(statement for statement in settled.statements if statement.member == "ben")
    assert ben.to_dict()["tariff"]["id"] == "free"
    with pytest.raises(grid.NotFoundError, match="zoe"):
        grid.settle(homes, "2026-03", contract=CONTRACT, tariff=TARIFF, key="priority", groups=[["zoe"]])


def test_what_is_missing_is_refused_or_left_out() -> None:
    homes: dict[str, Any] = {"ana": {"consumption": [float("nan"), *[1.0] * (HOURS - 1)]}, "ben": {"consumption": [1.0] * HOURS}}
    with pytest.raises(grid.GridError, match="ana"):
        grid.settle(homes, "2026-03", contract=CONTRACT, tariff=TARIFF)
    settled = grid.settle(homes, "2026-03", contract=CONTRACT, tariff=TARIFF, missing="leave_out", **STAMPS)
    by_name = {statement.member: statement for statement in settled.statements}
    assert by_name["ana"].completeness == pytest.approx(1 - 1 / HOURS, abs=1e-6)
    assert by_name["ana"].energy["import_kwh"] == kwh(HOURS - 1)
    assert by_name["ben"].completeness == 1.0


@pytest.mark.parametrize(("month", "zone", "slots"), [("2026-03", "Europe/Madrid", 2972), ("2026-10", "Europe/Vienna", 2980)])
def test_a_month_has_its_own_number_of_quarters(month: str, zone: str, slots: int) -> None:
    homes: dict[str, Any] = {"ana": {"consumption": [0.25] * slots}}
    settled = grid.settle(homes, month, tariff=TARIFF, time_zone=zone, **STAMPS)
    assert energies(settled, "consumption_kwh") == {"ana": kwh(slots / 4)}
    with pytest.raises(grid.InvalidError, match=f"expected {slots} values"):
        grid.settle({"ana": {"consumption": [0.25] * (slots + 1)}}, month, tariff=TARIFF, time_zone=zone)


def test_what_makes_no_sense_is_refused() -> None:
    homes = community()
    refusals: list[dict[str, Any]] = [
        {},
        {"tariff": TARIFF, "shares": {"ana": 1}},
        {"tariff": TARIFF, "missing": "guess"},
        {"tariff": TARIFF, "key": "static"},
        {"tariff": TARIFF, "contract": {"resolution": "7min"}},
        {"tariff": TARIFF, "contract": {"colour": "red"}},
        {"tariff": {**TARIFF, "valid_from": "2027-01-01"}},
        {"tariff": TARIFF, "time_zone": "Europe/Atlantis"},
    ]
    for refused in refusals:
        with pytest.raises(grid.GridError):
            grid.settle(homes, "2026-03", **{"contract": CONTRACT, **refused})
    with pytest.raises(grid.InvalidError, match="month"):
        grid.settle(homes, "March", contract=CONTRACT, tariff=TARIFF)
    twice: dict[str, Any] = {**homes, str(uuid.uuid5(uuid.NAMESPACE_OID, "ana")): homes["ben"]}
    with pytest.raises(grid.InvalidError, match="twice"):
        grid.settle(twice, "2026-03", contract=CONTRACT, tariff=TARIFF)
    with pytest.raises(grid.InvalidError):
        grid.settle({"ana": {"imports": [1.0] * HOURS}}, "2026-03", contract=CONTRACT, tariff=TARIFF)


def test_a_statement_comes_back_from_its_text_and_is_a_page() -> None:
    settled = grid.settle(community(), "2026-03", contract=CONTRACT, tariff=TARIFF, name="Calle Sol", **STAMPS)
    statement = settled.statements[0]
    assert json.loads(statement.to_json()) == statement.to_dict() == json.loads(statement.canonical_json())
    assert grid.Statement(statement.to_json()) == grid.Statement(statement.to_dict()) == statement
    assert pickle.loads(pickle.dumps(statement)) == statement
    # RFC 8785 for a document without floats: sorted names, nothing between, plain UTF-8.
    assert statement.canonical_json() == json.dumps(
        statement.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert "Calle Sol" in statement.html()
    assert statement.html("es") != statement.html() == statement._repr_html_()
    assert statement.pdf("es").startswith(b"%PDF-")
    rows = list(csv.DictReader(io.StringIO(settled.csv())))
    assert len(rows) == len(settled.lines) == sum(len(statement.lines) for statement in settled.statements)
    assert len(settled.lines.to_pandas()) == len(rows)
    with pytest.raises(grid.InvalidError):
        statement.html("de")  # type: ignore[arg-type]
    with pytest.raises(grid.InvalidError, match="format"):
        grid.Statement({**statement.to_dict(), "format": "grid-statement/9"})
