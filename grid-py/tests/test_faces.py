"""One community through three faces: HTTP, the command line and Python agree to the last digit, on each database."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
