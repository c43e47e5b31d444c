"""The store from Python, on each database."""

import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pytest

import grid_py as grid

from conftest import CityLearn

JANUARY = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")


def quarters(device: str, kwh: list[float], channel: str = "import") -> dict[str, object]:
    starts = np.datetime64("2026-01-01T00:00") + np.arange(len(kwh)) * np.timedelta64(15, "m")
    return {
        "device": [device] * len(kwh),
        "channel": [channel] * len(kwh),
        "start": starts,
        "end": starts + np.timedelta64(15, "m"),
        "energy_kwh": kwh,
    }


def test_a_correction_supersedes_and_the_old_value_stays_in_the_history(store: grid.Store, ana: str) -> None:
    power = grid.Power("4.6 kW")
    meter = store.create_device("meter", owner=ana, kind="meter", time_zone="Europe/Madrid", rated_power=power)
    first, second = "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"
    values = [0.25, float("nan"), 0.000001]
    assert store.ingest(quarters(meter, values), now=first) == (3, 0, 0)
    assert store.ingest(quarters(meter, values), now=second) == (0, 3, 0)
    assert store.ingest(quarters(meter, [0.5]), now=second) == (0, 0, 1)
    now = store.readings(meter, "import", *JANUARY)
    np.testing.assert_array_equal(now["energy_kwh"], [0.5, np.nan, 0.000001])
    assert now["quality"].tolist() == ["measured", "missing", "measured"]
    then = store.readings(meter, "import", *JANUARY, as_of=first)
    np.testing.assert_array_equal(then["energy_kwh"], values)
    history = store.history(meter, "import", *JANUARY)
    assert (history["energy_kwh"].tolist(), str(history["replaced_at"][0])) == ([0.25], "2026-03-01T00:00:00.000000")
    assert store.channels(meter)["channel"].tolist() == ["import"]
    devices = store.devices().to_pandas().set_index("id")
    assert (devices.loc[meter, "kind"], devices.loc[meter, "rated_power_w"]) == ("meter", 4600.0)
    series = grid.Series.from_dataframe(now)
    assert series.sum().energy == grid.Energy("0.500001 kWh")
    with pytest.raises(grid.ConflictError, match="readings, which are kept"):
        store.delete_device(meter)
    spare = store.create_device("spare", owner=ana, kind="other", time_zone="UTC")
    store.delete_device(spare)
    assert spare not in store.devices()["id"]


@pytest.mark.parametrize("frame", [pandas.DataFrame, lambda data: polars.DataFrame(pandas.DataFrame(data)), dict])
def test_readings_come_in_as_any_table(store: grid.Store, ana: str, frame: type) -> None:
    meter = store.create_device("meter", owner=ana, kind="meter", time_zone="UTC")
    data = quarters(meter, [0.1, 0.2])
    data |= {name: pandas.to_datetime(data[name]).tz_localize("UTC") for name in ("start", "end")}  # type: ignore[call-overload]
    assert store.ingest(frame(data)).inserted == 2


def test_a_refused_table_leaves_nothing_behind(store: grid.Store, ana: str) -> None:
    meter = store.create_device("meter", owner=ana, kind="meter", time_zone="UTC")
    for wrong, error, message in (
        (quarters(meter, [0.1, -1.0]), grid.InvalidError, "row 1, `energy_kwh`: expected an energy of zero or more"),
        (quarters(meter, [0.1], channel="horses"), grid.InvalidError, "row 0, `channel`: expected a channel"),
        (quarters("casa 7", [0.1]), grid.InvalidError, "expected an id"),
        (quarters(str(uuid.uuid4()), [0.1]), grid.NotFoundError, "device"),
        (quarters(meter, [0.1]) | {"quality": ["missing"]}, grid.InvalidError, "row 0"),
        (quarters(meter, [0.1]) | {"energy_kwh": [float("inf")]}, grid.InvalidError, "row 0"),
        (quarters(meter, [0.1]) | {"end": quarters(meter, [0.1])["start"]}, grid.InvalidError, "row 0"),
        (quarters(meter, [0.1, 0.2]) | {"energy_kwh": [0.1]}, grid.InvalidError, "energy_kwh"),
    ):
        with pytest.raises(error, match=message):
            store.ingest(wrong)
    assert len(store.channels(meter)) == 0
    store.ingest(quarters(meter, [0.1]))
    longer = quarters(meter, [0.1]) | {"end": [np.datetime64("2026-01-01T01:00")]}
    with pytest.raises(grid.ConflictError, match="overlaps"):
        store.ingest(longer)


def test_a_table_is_taken_and_refused_as_a_file_is(store: grid.Store, ana: str) -> None:
    meter = store.create_device("meter", owner=ana, kind="meter", time_zone="UTC")
    # Half to even, of the digits that are written; the same digits in a CSV come to the same.
    digits = ["0.1234565", "0.1234575", "0.12345650001", "1e-20"]
    rounded = [0.123456, 0.123458, 0.123457, 0.0]
    for values in ([float(text) for text in digits], digits):
        store.ingest(quarters(meter, [0.0] * 4) | {"energy_kwh": values})
        np.testing.assert_array_equal(store.readings(meter, "import", *JANUARY)["energy_kwh"], rounded)
    twice = {name: [*cells, cells[0]] for name, cells in quarters(meter, [0.1, 0.2]).items()}  # type: ignore[misc,index]
    twice["energy_kwh"] = [0.1, 0.2, 0.3]
    with pytest.raises(grid.InvalidError, match="row 2: expected one value for a reading.*row 0") as refused:
        store.ingest(twice)
    assert refused.value.places[0].pointer == "/2"
    with pytest.raises(grid.InvalidError) as refused:
        store.ingest(quarters(meter, [0.0]) | {"energy_kwh": ["0,1"]})
    assert refused.value.places[0].pointer == "/0/energy_kwh"


def test_sums_follow_the_local_calendar(store: grid.Store, ana: str) -> None:
    """The numbers are those of the HTTP API's test: six hours over a midnight of Madrid, two of them before it."""
    meters = [store.create_device(name, owner=ana, kind="meter", time_zone="Europe/Madrid") for name in ("a", "b")]
    night = {
        "device": meters,
        "channel": ["consumption"] * 2,
        "start": ["2026-03-28T21:00:00Z"] * 2,
        "end": ["2026-03-29T03:00:00Z"] * 2,
        "energy_kwh": [6.0, 6.0],
    }
    store.ingest(night)
    days = {"start": "2026-03-28T00:00:00+01:00", "end": "2026-03-30T00:00:00+02:00"}
    one = store.sums(device=meters[0], **days)
    assert one["energy_kwh"].tolist() == [2.0, 4.0]
    assert [str(start) for start in one["start"]] == ["2026-03-27T23:00:00.000000", "2026-03-28T23:00:00.000000"]
    assert str(one["end"][1]) == "2026-03-29T22:00:00.000000"
    assert (one["channel"].tolist(), one["quality"].tolist()) == (["consumption"] * 2, ["missing"] * 2)
    np.testing.assert_allclose(one["completeness"], [2 / 24, 4 / 23], atol=1e-6)
    assert store.sums(owner=ana, channel="consumption", **days)["energy_kwh"].tolist() == [4.0, 8.0]
    assert len(store.sums(owner=ana, channel="import", **days)) == 0
    assert store.sums(device=meters[0], time_zone="UTC", **days)["energy_kwh"].tolist()[-2:] == [3.0, 3.0]
    community = store.create_community("Calle Sol", owner=ana, time_zone="Europe/Madrid")
    store.add_device(community, meters[1], store.members(community)["id"][0])
    assert store.sums(community=community, resolution="month", **days)["energy_kwh"].tolist() == [6.0]
    for wrong in ({}, {"owner": ana, "community": community}):
        with pytest.raises(grid.InvalidError, match="one of `device`, `owner` and `community`"):
            store.sums(**wrong, **days)
    with pytest.raises(grid.NotFoundError):
        store.sums(community=str(uuid.uuid4()), **days)


def test_a_device_counts_for_each_member_in_their_time(store: grid.Store, ana: str) -> None:
    community = store.create_community("Calle Sol", owner=ana, time_zone="UTC")
    first, second = store.add_member(community, "Ben"), store.add_member(community, "Eva")
    meter = store.create_device("meter", owner=ana, kind="load", time_zone="UTC")
    store.add_device(community, meter, first, now="2026-01-01T00:00:00Z")
    hour = {"device": [meter], "channel": ["consumption"], "energy_kwh": [1.0]}
    store.ingest({**hour, "start": ["2026-01-02T00:00:00Z"], "end": ["2026-01-02T01:00:00Z"]})
    store.move_device(community, meter, second, valid_from="2026-01-02T00:15:00Z", now="2026-02-01T00:00:00Z")
    balance = store.balance(community, "2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z")
    used = dict(zip(balance.members["name"], balance.members["consumption_kwh"], strict=True))
    assert used == {"Ben": 0.25, "Eva": 0.75}
    stretches = store.devices(community, ended=True)
    assert stretches["member"].tolist() == [first, second]
    assert np.isnat(stretches["valid_from"]).tolist() == [True, False]
    assert stretches["valid_until"][0] == stretches["valid_from"][1]
    assert store.devices(community, as_of="2026-01-15T00:00:00Z")["member"].tolist() == [first]
    with pytest.raises(grid.ConflictError, match="is taken"):
        store.add_device(community, meter, first)


def test_a_community_shares_as_its_key_says(store: grid.Store, ana: str) -> None:
    community = store.create_community("Calle Sol", owner=ana, time_zone="Europe/Madrid")
    roof = quarters("roof", [1.0], "generation")
    table = {name: [*quarters("a", [0.3], "consumption")[name], *quarters("b", [0.9], "consumption")[name], *roof[name]] for name in roof}  # type: ignore[misc]
    assert store.import_community(community, table) == (3, 3, 3, 0, 0)
    assert store.import_community(community, table) == (0, 0, 0, 3, 0)
    assert community in store.communities()["id"]
    members = dict(zip(store.members(community)["name"], store.members(community)["id"], strict=True))
    assert set(members) >= {"a", "b", "roof"}
    assert sorted(store.devices(community)["name"]) == ["a", "b", "roof"]
    spare = store.create_device("spare", owner=ana, kind="other", time_zone="UTC")
    store.add_device(community, spare, store.add_member(community, "spare"))
    assert spare in store.devices(community)["id"]
    store.remove_device(community, spare)
    assert spare not in store.devices(community)["id"]
    assert spare in store.devices(community, ended=True)["id"]
    assert store.placements(community, spare)["member"].tolist()[1] is None
    day = ("2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z")
    balance = store.balance(community, *day)
    assert (balance.shared_kwh, balance.import_kwh) == (grid.Energy("1 kWh"), grid.Energy("0.2 kWh"))
    shares = {members["a"]: "0.5", members["b"]: "0.5", members["roof"]: "0"}
    store.set_key(community, "static", valid_from="2025-01-01T00:00:00Z", shares=shares)
    balance = store.balance(community, *day)
    # Half of the roof each: 0.3 of 0.5 kWh are needed by the one, all 0.5 kWh by the other.
    assert balance.shared_kwh == grid.Energy("0.8 kWh")
    received = dict(zip(balance.members["name"], balance.members["received_kwh"], strict=True))
    assert (received["a"], received["b"]) == (0.3, 0.5)
    assert balance.to_dict()["shared_kwh"] == "0.800000"
    assert balance.slots["shared_kwh"].tolist() == [0.8]
    assert grid.chart.energy_day(balance.slots, time_zone="Europe/Madrid").svg().startswith("<svg")


def test_a_file_of_coefficients_is_a_community_s_key(store: grid.Store, ana: str, tmp_path: Path) -> None:
    community = store.create_community(f"Calle Sol {ana}", owner=ana, time_zone="Europe/Madrid")
    first, second = "ES0021000000000001JX", "ES0021000000000002JB"
    for name in (first, second):
        store.add_member(community, name)
    file = f"{first};0,135464\r\n{second};0,864536\r\n".encode()
    path = tmp_path / "ES0021000000000001JXA001_2026.txt"
    path.write_bytes(file)
    with pytest.raises(grid.ConflictError, match="proportional"):
        store.coefficients(community, 2026)
    store.set_coefficients(community, path, 2026)
    assert store.coefficients(community, 2026) == file
    store.set_coefficients(community, f"{second};1".encode(), 2026, valid_from="2026-05-01T00:00:00+02:00")
    assert store.coefficients(f"Calle Sol {ana}", 2026) == f"{second};1,000000\r\n".encode()
    for wrong in (f"{first};0,5\n{first[:-2]}ZZ;0,5", f"{first};0.5"):
        with pytest.raises(grid.InvalidError, match="line"):
            store.set_coefficients(community, wrong.encode(), 2026)
    with pytest.raises(grid.InvalidError):
        store.set_coefficients(community, file, 2026, valid_from="2027-05-01T00:00:00Z")


def test_a_file_comes_in_as_a_path_or_as_bytes_and_its_faults_have_places(
    store: grid.Store, ana: str, tmp_path: Path
) -> None:
    community = store.create_community("Calle Luna", owner=ana, time_zone="Europe/Madrid")
    header = "device,channel,start,end,energy_kwh,quality\n"
    good = header + "casa 7,import,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25,measured\n"
    path = tmp_path / "readings.csv"
    path.write_text(good)
    assert store.import_community(community, path) == (1, 1, 1, 0, 0)
    assert store.import_community(community, good.encode()).unchanged == 1
    with pytest.raises(grid.InvalidError) as caught:
        store.import_community(community, good.replace("0.25", "0,25").encode())
    assert caught.value.places[0].line == 2
    assert caught.value.hint is not None
    with pytest.raises(FileNotFoundError):
        store.import_community(community, tmp_path / "no_such_file.csv")


def test_seventeen_homes_come_to_the_published_totals(store: grid.Store, ana: str, citylearn: CityLearn) -> None:
    community = store.create_community("CityLearn", owner=ana, time_zone="Etc/GMT+8")
    hours, homes = citylearn.load_mwh.shape
    rows = pandas.DataFrame(
        {
            "device": np.tile(np.repeat(citylearn.homes, hours), 2),
            "channel": np.repeat(["consumption", "generation"], hours * homes),
            "start": np.tile(citylearn.starts, 2 * homes),
            "energy_kwh": np.concatenate([citylearn.load_mwh.T.ravel(), citylearn.generation_mwh.T.ravel()]) / 1e6,
        }
    )
    rows["start"] = rows["start"].dt.tz_localize("UTC")
    rows["end"] = rows["start"] + pandas.Timedelta(hours=1)
    imported = store.import_community(community, rows)
    assert imported == (17, 17, 2 * hours * homes, 0, 0)
    balance = store.balance(community, citylearn.starts[0], citylearn.starts[-1] + np.timedelta64(1, "h"))
    expected = {name: grid.Energy.from_mwh(count) for name, count in citylearn.expected.items() if name.endswith("_total_mwh")}
    assert balance.consumption_kwh == expected["load_total_mwh"]
    assert balance.generation_kwh == expected["generation_total_mwh"]
    assert balance.self_consumed_kwh == expected["own_total_mwh"]
    assert balance.shared_kwh == expected["shareable_total_mwh"]
    assert balance.export_kwh == expected["surplus_total_mwh"] - expected["shareable_total_mwh"]
    assert balance.import_kwh == expected["residual_demand_total_mwh"] - expected["shareable_total_mwh"]
    assert (balance.completeness, balance.quality, len(balance.slots)) == (1.0, "measured", hours)
    loads = {member["name"]: member["consumption_kwh"] for member in balance.to_dict()["members"]}
    assert {name: grid.Energy(f"{kwh} kWh").mwh for name, kwh in loads.items() if kwh is not None} == citylearn.expected["load_mwh"]


def test_what_happens_is_told_to_whoever_may_read_it(store: grid.Store, ana: str) -> None:
    meter = store.create_device("meter", owner=ana, kind="meter", time_zone="UTC")
    eva = store.create_user(f"eva{meter[:8]}", f"eva{meter}@example.org", "correct horse")
    store.ingest(quarters(meter, [0.1, 0.2]))
    (event,) = store.events(ana, device=meter)
    assert (event["kind"], event["device"], event["channel"], event["count"]) == ("readings", meter, "import", 2)
    assert (event["from"], event["to"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:30:00Z")
    assert store.events(ana, after=event["id"], device=meter) == []
    assert store.events(eva) == []


def test_what_is_not_there_is_not_found_or_not_reached(store: grid.Store, ana: str) -> None:
    nobody = uuid.uuid4()
    for call in (
        lambda: store.balance(nobody, *JANUARY),
        lambda: store.create_community("Calle Sol", owner=nobody, time_zone="UTC"),
        lambda: store.create_device("x", owner=nobody, kind="pv", time_zone="UTC"),
    ):
        with pytest.raises(grid.NotFoundError):
            call()
    assert store.find_user("nobody-of-that-name") is None
    with pytest.raises(grid.ConflictError):
        name = f"ben-{nobody}"
        store.create_user(name, f"{name}@example.org", "correct horse")
        store.create_user(name.upper(), f"2{name}@example.org", "correct horse")
    with pytest.raises(grid.InvalidError, match="most common"):
        store.create_user(f"cai-{nobody}", f"cai-{nobody}@example.org", "Password1")
    with pytest.raises(grid.InvalidError, match="ends after it starts"):
        store.balance(nobody, *reversed(JANUARY))


def test_an_address_that_leads_nowhere_is_refused_without_its_password() -> None:
    with pytest.raises(grid.InvalidError, match="expected a database address"):
        grid.Store("oracle://scott:tiger@host/db")
    with pytest.raises(grid.UnavailableError) as caught:
        grid.Store("postgres://grid:a-secret@127.0.0.1:1/grid")
    assert isinstance(caught.value, ConnectionError)
    assert "a-secret" not in str(caught.value)
    assert "a-secret" not in grid.Store("postgres://grid:a-secret@127.0.0.1:1/grid", migrate=False).url


def test_a_store_with_quotas_keeps_no_more_and_says_how_much() -> None:
    with grid.Store("sqlite::memory:", quotas={"devices": 1}) as store:
        ana = store.create_user("ana", "ana@example.org", "correct horse")
        store.create_device("meter", owner=ana, kind="meter", time_zone="Europe/Madrid")
        with pytest.raises(grid.ConflictError, match="1 devices") as caught:
            store.create_device("roof", owner=ana, kind="pv", time_zone="Europe/Madrid")
        assert "nothing was stored" in str(caught.value.hint)
    grid.Store("sqlite::memory:", quotas={"devices": np.int64(5)}).close()
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"hens": 1}, "`hens`"),
        ({"devices": -1}, "`devices: -1`"),
        ({"devices": 1.5}, "`devices: 1.5`"),
    ]
    for wrong, told in wrongs:
        with pytest.raises(grid.InvalidError, match=f"in `quotas`, got .*{told}"):
            grid.Store("sqlite::memory:", quotas=wrong)
