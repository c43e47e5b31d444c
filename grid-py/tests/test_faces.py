"""One community through three faces: HTTP, the command line and Python agree to the last digit, on each database."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import grid_py as grid

from conftest import SERVERS, CityLearn, database_url
from serving import PROGRAM, Server, serving


@pytest.fixture(params=["sqlite", *SERVERS])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with serving(database_url(request.param, tmp_path)) as running:
        yield running


def nameless(balance: dict[str, Any]) -> dict[str, Any]:
    """A balance without what differs between two communities of the same homes: ids, and so the members' order."""
    members = [{key: value for key, value in member.items() if key != "member_id"} for member in balance["members"]]
    return {**balance, "members": sorted(members, key=lambda member: str(member["name"]))}


def test_http_the_command_line_and_python_give_the_same_balance(
    server: Server, citylearn: CityLearn, tmp_path: Path
) -> None:
    lines = ["device,channel,start,end,energy_kwh,quality"]
    ends = citylearn.starts + (citylearn.starts[1] - citylearn.starts[0])
    for column, home in enumerate(citylearn.homes):
        for channel, table in (("consumption", citylearn.load_mwh), ("generation", citylearn.generation_mwh)):
            for start, end, mwh in zip(citylearn.starts, ends, table[:, column], strict=True):
                lines.append(f"{home},{channel},{start}:00Z,{end}:00Z,{mwh // 10**6}.{mwh % 10**6:06},measured")
    file = tmp_path / "homes.csv"
    file.write_text("\n".join(lines) + "\n")

    server.log_in()
    sent, imported = server.community(), server.community()
    done = server.ask(f"/api/v1/communities/{sent}/readings", file.read_bytes(), "text/csv")
    assert (done["inserted"], done["devices_created"]) == (17 * 2 * 8760, 17)
    command = [str(PROGRAM), "--database-url", server.database, "import", "--community", imported, str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)

    start, end = f"{citylearn.starts[0]}:00Z", f"{ends[-1]}:00Z"
    by_http, by_command = (
        server.ask(f"/api/v1/communities/{community}/balance?from={start}&to={end}") for community in (sent, imported)
    )
    with grid.Store(server.database) as store:
        assert store.balance(sent, start, end).to_dict() == by_http
        assert store.balance(imported, start, end).to_dict() == by_command

    # Ties of the last milliwatt-hour go by member id, so members of two communities may differ by it; sums may not.
    totals = [{key: value for key, value in balance.items() if key != "members"} for balance in (by_http, by_command)]
    assert totals[0] == totals[1]
    for one, other in zip(nameless(by_http)["members"], nameless(by_command)["members"], strict=True):
        assert (one["name"], one["consumption_kwh"]) == (other["name"], other["consumption_kwh"])

    expected = citylearn.expected
    for key, total in (
        ("consumption_kwh", "load_total_mwh"),
        ("generation_kwh", "generation_total_mwh"),
        ("self_consumed_kwh", "own_total_mwh"),
        ("shared_kwh", "shareable_total_mwh"),
    ):
        assert grid.Energy(f"{by_http[key]} kWh").mwh == expected[total], key


def test_http_and_python_settle_and_prove_in_the_same_bytes(server: Server, tmp_path: Path) -> None:
    server.log_in()
    community = server.community()
    base = f"/api/v1/communities/{community}"
    lines = ["member,device,channel,start,end,energy_kwh,quality"]
    # March of 2026 has 744 hours eight hours behind UTC, where there is no summer time.
    starts = np.datetime64("2026-03-01T08:00") + np.arange(744) * np.timedelta64(1, "h")
    for number, start in enumerate(starts):
        end = start + np.timedelta64(1, "h")
        for member, channel, mwh in (
            ("ana", "consumption", 400_000 + 7 * number),
            ("ana", "generation", 1_000_000 - 1_301 * number),
            ("ben", "consumption", 300_001 + number % 24),
            ("eva", "consumption", 700_003),
        ):
            kwh = f"{mwh // 10**6}.{mwh % 10**6:06}"
            lines.append(f"{member},{member} {channel},{channel},{start}:00Z,{end}:00Z,{kwh},measured")
    server.ask(f"{base}/readings", "\n".join(lines).encode(), "text/csv")
    contract = {"contract": {"resolution": "1h"}, "valid_from": "2026-01-01"}
    server.ask(f"{base}/contracts", json.dumps(contract).encode())
    tariff = {
        "id": "flat",
        "currency": "EUR",
        "valid_from": "2026-01-01",
        "components": [
            {"id": "grid", "kind": "energy", "quantity": "import", "price_per_kwh": "0.1871"},
            {"id": "local", "kind": "energy", "quantity": "received", "price_per_kwh": "0.1133"},
            {"id": "given", "kind": "credit", "quantity": "given", "price_per_kwh": "0.1133"},
        ],
    }
    server.ask(f"{base}/tariffs", json.dumps(tariff).encode())

    draft = server.read(f"{base}/settlements", json.dumps({"month": "2026-03", "compare": [{"kind": "equal"}]}).encode())
    account = json.loads(draft)["account"]
    stamps = {"as_of": account["as_of"], "issued_at": account["issued_at"]}
    with grid.Store(server.database) as store:
        settled = grid.settle(community, "2026-03", store=store, compare=["equal"], **stamps)
        assert len(settled.statements) == 3
        for statement in settled.statements:
            assert statement.to_json() in draft.decode()
        assert settled.account == account
        assert json.loads(draft)["statements"] == [statement.to_dict() for statement in settled.statements]

        issued = server.ask(f"{base}/settlements", json.dumps({"month": "2026-03", "issue": True}).encode())
        public_key = server.ask("/api/v1/log/key")["public_key"]
        assert server.ask("/api/v1/log/head") == store.log_head()
        for document in issued["statements"]:
            identity = document["id"]
            statement = store.statement(identity)
            assert statement.to_dict() == document
            path = f"/api/v1/statements/{identity}"
            assert server.read(path) == statement.canonical_json().encode()
            assert server.read(f"{path}?format=html&lang=es") == statement.html("es").encode()
            assert server.read(f"{path}?format=pdf") == statement.pdf()
            assert server.read(f"{path}?format=csv") == statement.csv().encode()
            bundle = server.read(f"{path}/proof")
            assert bundle == store.statement_proof(identity).encode()
            assert grid.verify_statement(bundle, public_key)
            file = tmp_path / f"{identity}.json"
            file.write_bytes(bundle)
            command = [str(PROGRAM), "verify", str(file), "--key", public_key]
            subprocess.run(command, check=True, capture_output=True, timeout=60)

    # The draft once more, from the command line.
    told = ["--as-of", stamps["as_of"], "--issued-at", stamps["issued_at"], "--compare", "equal"]
    command = [str(PROGRAM), "--database-url", server.database, "settle", "--community", community, "--month", "2026-03"]
    folder = tmp_path / "draft"
    subprocess.run([*command, *told, "--out", str(folder)], check=True, capture_output=True, timeout=120)
    for statement in settled.statements:
        assert (folder / f"{statement.id}.json").read_text() == statement.canonical_json()
        assert (folder / f"{statement.id}.pdf").read_bytes() == statement.pdf()
    assert (folder / "lines.csv").read_bytes() == settled.csv().encode()
