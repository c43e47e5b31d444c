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


def by_interval(table: grid.Table) -> list[tuple[np.datetime64, np.datetime64]]:
    return list(zip(table["start"], table["end"], strict=True))


def intervals(items: list[dict[str, Any]]) -> list[tuple[np.datetime64, np.datetime64]]:
    """The intervals of JSON, by `start` and `end`, as NumPy has them."""
    found = [item.get("interval", item) for item in items]
    return [(np.datetime64(one["start"].removesuffix("Z")), np.datetime64(one["end"].removesuffix("Z"))) for one in found]


def test_http_and_python_read_meters_and_fill_what_is_missing_alike(server: Server) -> None:
    server.log_in()
    community = server.community()
    body = {"name": "meter", "kind": "meter", "time_zone": "Etc/GMT+8", "rated_power_w": 4600}
    sent, given = (server.ask("/api/v1/devices", json.dumps(body).encode())["id"] for _ in range(2))
    # A month of hours that are never the same twice; a night of six is missing, and one is more than the meter can.
    hours = [hour for hour in range(30 * 24) if hour not in range(500, 506)]
    starts = np.datetime64("2026-03-01T08:00") + np.array(hours) * np.timedelta64(1, "h")
    mwh = [9_000_000 if hour == 600 else 200_000 + 10_007 * (hour % 24) + hour // 24 % 7 for hour in hours]
    kwh = [f"{value // 10**6}.{value % 10**6:06}" for value in mwh]
    ends = starts + np.timedelta64(1, "h")
    lines = [f"import,{start}:00Z,{end}:00Z,{value},measured" for start, end, value in zip(starts, ends, kwh, strict=True)]
    file = "\n".join(["channel,start,end,energy_kwh,quality", *lines]).encode()
    server.ask(f"/api/v1/devices/{sent}/readings", file, "text/csv")
    first, last = "2026-03-21T08:00:00Z", "2026-03-23T08:00:00Z"
    total = 50 + sum(value for hour, value in zip(hours, mwh, strict=True) if hour in range(480, 528)) // 10**6
    reads = [{"at": first, "counter_kwh": "9990"}, {"at": last, "counter_kwh": str(total - 10)}]
    rollover = {"kind": "rollover", "at": "2026-03-22T08:00:00Z"}
    report = {"channel": "import", "digits": 4, "reads": reads, "events": [rollover]}
    query = f"from={first}&to={last}"

    with grid.Store(server.database) as store:
        assert store.ingest(
            {"device": [given] * len(hours), "channel": ["import"] * len(hours), "start": starts, "end": ends, "energy_kwh": kwh}
        ) == (len(hours), 0, 0)
        by_http = server.ask(f"/api/v1/devices/{sent}/registers?store=reads", json.dumps(report).encode())
        table = {name: [read[name] for read in reads] for name in ("at", "counter_kwh")}
        by_python = store.record_register(given, "import", table, events=[rollover], digits=4, store="reads")
        assert by_python.reads._asdict() == by_http["reads"]
        assert by_interval(by_python.readings) == intervals(by_http["readings"])
        counted = [grid.Energy(f"{reading['energy_kwh']} kWh") for reading in by_http["readings"]]
        assert [grid.Energy.from_kwh(value) for value in by_python.readings["energy_kwh"]] == counted
        assert sum(energy.mwh for energy in counted) == total * 10**6
        assert by_python.faults["fault"].tolist() == [fault["fault"] for fault in by_http["faults"]]
        # What HTTP recorded, Python knows.
        np.testing.assert_array_equal(
            store.register_advances(sent, "import", first, last).readings["energy_kwh"], by_python.readings["energy_kwh"]
        )

        for device in (sent, given):
            items = server.ask(f"/api/v1/devices/{device}/findings?{query}")["items"]
            found = store.findings(device, first, last)
            assert by_interval(found) == intervals(items)
            for name in ("channel", "rule", "severity", "rows", "expected", "got"):
                assert found[name].tolist() == [item[name] for item in items], name
            [item] = server.ask(f"/api/v1/devices/{device}/completeness?{query}")["items"]
            complete = store.completeness(device, first, last)
            assert complete.channels["completeness"].tolist() == [float(item["completeness"])]
            assert {name: complete.channels[name][0] for name in item["readings"]} == item["readings"]
            assert by_interval(complete.gaps) == intervals(item["gaps"])
        whole = server.ask(f"/api/v1/devices/{sent}/findings?from=2026-03-01&to=2026-03-31")["items"]
        assert {item["rule"] for item in whole} >= {"gap", "impossible_power"}

        body = {"channel": "import", "from": first, "to": last, "store": True}
        by_http = server.ask(f"/api/v1/devices/{sent}/substitutions", json.dumps(body).encode())
        filled = store.substitute(given, "import", first, last, store=True)
        assert (filled.resolution, filled.remarks) == (by_http["resolution"], by_http["remarks"])
        assert by_interval(filled.fills) == intervals(by_http["fills"])
        assert len(filled.fills) == 6
        assert filled.fills["method"].tolist() == [fill["method"] for fill in by_http["fills"]]
        assert filled.fills["energy_kwh"].tolist() == [float(fill["energy_kwh"]) for fill in by_http["fills"]]
        assert filled.stored is not None
        assert filled.stored._asdict() == by_http["stored"]

        contract = {"contract": {"resolution": "1h"}, "valid_from": "2026-01-01"}
        server.ask(f"/api/v1/communities/{community}/contracts", json.dumps(contract).encode())
        operator = store.members(community)["id"][0]
        for device in (sent, given):
            store.add_device(community, device, operator)
        by_http = server.ask(f"/api/v1/communities/{community}/completeness?{query}")
        reports = store.register_reports(community, first, last)
        assert reports.request == by_http["request"]
        assert reports.registers["device"].tolist() == [item["device"] for item in by_http["items"]]
        assert reports.registers["substituted"].tolist() == [item["slots"][2] for item in by_http["items"]] == [6, 6]
        assert by_interval(reports.ask_again) == intervals([one for item in by_http["items"] for one in item["ask_again"]])


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


@pytest.mark.parametrize("model", ["auto", "ridge", "seasonal_naive_week"])
def test_http_and_python_forecast_the_same_to_the_last_digit(server: Server, model: Any) -> None:
    starts = np.datetime64("2026-02-01T00:00") + np.arange(24 * 50) * np.timedelta64(1, "h")
    values = (2.0 + np.cos(np.arange(len(starts)) / 24 * 2 * np.pi) + np.random.default_rng(5).random(len(starts))).tolist()
    values[200] = None
    series = {"start": f"{starts[0]}:00Z", "time_zone": "Europe/Madrid", "values": values}
    server.log_in()
    asked = {"series": series, "model": model, "horizon_hours": 48, "levels": [50, 80, 95]}
    by_http = server.ask("/api/v1/forecasts", json.dumps(asked).encode())
    forecaster = grid.Forecaster(model, time_zone="Europe/Madrid")
    forecaster.fit({"ds": [f"{start}:00Z" for start in starts], "y": [np.nan if value is None else value for value in values]})
    # The clock changes on 29 March.
    by_python = forecaster.predict(48, levels=[50, 80, 95])
    points = by_http["points"]
    assert [point["start"] for point in points] == [f"{start}Z" for start in by_python["ds"].astype("datetime64[s]")]
    for name in by_python.columns[2:]:
        assert by_python[name].tolist() == [point[name] for point in points], name
    evidence = forecaster.evidence([50, 80, 95])
    for name in ("mae", "mase", "wql", "origins", "scored"):
        assert evidence[name].tolist() == [by_http["evidence"][name]], name


def test_the_three_faces_forecast_with_a_regressor_the_same_to_the_last_digit(server: Server, tmp_path: Path) -> None:
    # Fifty days that follow a warmth which is known two days further.
    starts = np.datetime64("2026-02-01T00:00") + np.arange(24 * 52) * np.timedelta64(1, "h")
    past = 24 * 50
    warmth = 10.0 + 6.0 * np.sin(np.arange(len(starts)) / 24 / 5) + np.random.default_rng(3).normal(size=len(starts))
    values = 6.0 - 0.2 * warmth[:past] + np.arange(past) % 24 / 24
    levels, times = [50, 80], [f"{start}:00Z" for start in starts]

    server.log_in()
    regressors = {"warmth": {"known": "ahead", "values": warmth.tolist()}}
    series = {"start": times[0], "time_zone": "Europe/Madrid", "values": values.tolist(), "regressors": regressors}
    asked = {"series": series, "model": "ridge", "horizon_hours": 48, "levels": levels}
    by_http = server.ask("/api/v1/forecasts", json.dumps(asked).encode())["points"]

    forecaster = grid.Forecaster("ridge", time_zone="Europe/Madrid")
    forecaster.fit({"ds": times[:past], "y": values, "warmth": warmth[:past]})
    by_python = forecaster.predict(48, levels=levels, regressors={"ds": times[past:], "warmth": warmth[past:]})

    written = [repr(float(value)) for value in values] + [""] * (len(starts) - past)
    rows = [f"{at},{y},{float(degree)!r}" for at, y, degree in zip(times, written, warmth, strict=True)]
    file = tmp_path / "series.csv"
    file.write_text("\n".join(["ds,y,warmth", *rows]) + "\n")
    told = ["--model", "ridge", "--horizon", "48", "--levels", "50,80", "--time-zone", "Europe/Madrid", "--format", "json"]
    said = subprocess.run([str(PROGRAM), "forecast", str(file), *told], check=True, capture_output=True, timeout=120)
    by_command = json.loads(said.stdout)["points"]

    assert len(by_http) == 48
    assert [point["start"] for point in by_http] == [point["start"] for point in by_command]
    assert [point["start"] for point in by_http] == [f"{start}Z" for start in by_python["ds"].astype("datetime64[s]")]
    for name in by_python.columns[2:]:
        assert by_python[name].tolist() == [point[name] for point in by_http], name
        assert by_python[name].tolist() == [point[name] for point in by_command], name


def test_http_and_python_find_the_same_anomalies(server: Server) -> None:
    server.log_in()
    body = {"name": "load", "kind": "load", "time_zone": "Europe/Madrid"}
    device = server.ask("/api/v1/devices", json.dumps(body).encode())["id"]
    # A hundred and twenty days, of which the last ten are looked at; one hour is not as it should be.
    starts = np.datetime64("2026-05-01T00:00") + np.arange(24 * 120) * np.timedelta64(1, "h")
    hours = np.arange(len(starts))
    mwh = (2e6 + 1e6 * (hours % 24 // 6) + 3e5 * np.random.default_rng(9).random(len(hours))).astype(int)
    split = 24 * 110
    mwh[split + 30] = 40_000_000
    kwh = [f"{value // 10**6}.{value % 10**6:06}" for value in mwh]
    ends = starts + np.timedelta64(1, "h")
    lines = [f"consumption,{start}:00Z,{end}:00Z,{value}" for start, end, value in zip(starts, ends, kwh, strict=True)]
    file = "\n".join(["channel,start,end,energy_kwh", *lines]).encode()
    server.ask(f"/api/v1/devices/{device}/readings", file, "text/csv")
    by_http = server.ask(f"/api/v1/devices/{device}/anomalies?model=ridge&from={starts[split]}:00Z")["items"]

    times, values = [f"{start}:00Z" for start in starts], [float(value) for value in kwh]
    forecaster = grid.Forecaster("ridge", time_zone="Europe/Madrid").fit({"ds": times[:split], "y": values[:split]})
    by_python = forecaster.anomalies({"ds": times[split:], "y": values[split:]})
    assert len(by_http) >= 1
    assert by_python["kind"].tolist() == [item["kind"] for item in by_http]
    for name in ("start", "end"):
        assert [f"{at}Z" for at in by_python[name].astype("datetime64[s]")] == [item[name] for item in by_http]
    for name in ("expected", "observed", "severity"):
        assert by_python[name].tolist() == [item[name] for item in by_http], name


def test_http_and_python_keep_the_same_battery_levels(server: Server, tmp_path: Path) -> None:
    now = np.datetime64("now", "s")
    hours = np.array([now - np.timedelta64(3600 * back, "s") for back in (3, 2, 1)])
    rows = [f"{hour},{level},13.5" for hour, level in zip(hours, (41.234567, 0, 100), strict=True)]
    file = tmp_path / "levels.csv"
    file.write_text("\n".join(["Timestamp,Battery_Level,Battery_Capacity_kW", *rows]) + "\n")
    fields = {
        "battery_level": "battery_level",
        "battery_capacity_kwh": "battery_capacity_kW",
        "energy_available_kwh": "energy_available_kW",
    }

    server.log_in()
    owner = server.ask("/api/v1/auth/me")["user_id"]
    with grid.Store(server.database) as store:
        assert store.load_battery_levels(owner, file) == grid.LevelsLoaded(rows=3, new=3)
        sent = server.ask("/api/v1/battery/load", file.read_bytes(), "text/csv")
        assert sent["message"] == "Battery data loaded: 3 rows, 0 of them new"
        by_http = server.ask("/api/v1/battery/history?delta=1d")
        by_python = store.battery_levels(owner, hours[0], now)
        assert by_python["timestamp"].astype("datetime64[s]").tolist() == hours.tolist()
        assert [item["timestamp"] for item in by_http] == [f"{hour}Z" for hour in hours]
        for ours, theirs in fields.items():
            assert by_python[ours].tolist() == [item[theirs] for item in by_http], ours
        assert len(store.battery_levels(owner, hours[0], now, limit=2)["timestamp"]) == 2

        assert store.delete_battery_levels(owner, hours[0], hours[2]) == 2
        assert len(server.ask("/api/v1/battery/history?delta=1d")) == 1
        with pytest.raises(grid.InvalidError, match="Battery_Level"):
            store.load_battery_levels(owner, b"Timestamp,Battery_Capacity_kW\n2026-05-01 08:00:00,10\n")
