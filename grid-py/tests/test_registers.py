"""Cumulative registers in a store, what looks wrong or is missing in readings, and what is put in its place."""

import datetime
import uuid
from typing import Any

import numpy as np
import pytest

import grid_py as grid

DAYS = [f"2026-03-0{day}T00:00:00Z" for day in range(1, 7)]
MARCH = ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")


@pytest.fixture
def meter(store: grid.Store, ana: str) -> str:
    return store.create_device("meter", owner=ana, kind="meter", time_zone="UTC", rated_power=grid.Power("4.6 kW"))


def kwh(table: grid.Table) -> list[float]:
    values: list[float] = table["energy_kwh"].tolist()
    return values


def reads(*counters: object, first: int = 0) -> dict[str, Any]:
    return {"at": DAYS[first : first + len(counters)], "counter_kwh": list(counters)}


def hours(meter: str, values: dict[int, float], channel: str = "import") -> dict[str, Any]:
    starts = np.datetime64("2026-03-01T00:00") + np.array(list(values)) * np.timedelta64(1, "h")
    return {
        "device": [meter] * len(values),
        "channel": [channel] * len(values),
        "start": starts,
        "end": starts + np.timedelta64(1, "h"),
        "energy_kwh": list(values.values()),
    }


def times(table: grid.Table) -> list[tuple[str, str]]:
    return [(str(start)[:16], str(end)[:16]) for start, end in zip(table["start"], table["end"], strict=True)]


def test_a_register_is_told_in_parts_across_all_that_happens_to_it(store: grid.Store, meter: str) -> None:
    """The register of `test_meter`, whose figures are by hand, told in three calls."""
    first = store.record_register(meter, "import", reads("99990", "99998.5"), digits=5)
    assert (first[:4], kwh(first.readings)) == ((1, 0, 0, (2, 0, 0)), [8.5])
    rollover = {"kind": "rollover", "at": DAYS[2]}
    second = store.record_register(meter, "import", reads("3.25", first=2), events=[rollover])
    # It goes on from the last look that was stored before.
    assert (second.reads, kwh(second.readings)) == ((2, 0, 0), [4.75])
    events: list[dict[str, Any]] = [
        {"kind": "exchange", "at": "2026-03-03T12:00:00Z", "last": "5.25 kWh", "first_kwh": 10, "digits": 5},
        {"kind": "reset", "at": "2026-03-04T12:00:00Z", "from_kwh": "13", "to": grid.Energy("0 kWh")},
    ]
    third = store.record_register(meter, "import", reads("12", "1.5", first=3), events=events)
    assert (third.reads.inserted, len(third.faults)) == (4, 0)
    assert kwh(store.readings(meter, "import", *MARCH)) == [8.5, 4.75, 2.0, 2.0, 1.0, 1.5]
    counted = store.register_advances(meter, "import", *MARCH)
    assert kwh(counted.readings) == [8.5, 4.75, 2.0, 2.0, 1.0, 1.5]
    assert counted.readings["quality"].tolist() == ["measured"] * 6
    assert kwh(store.register_advances(meter, "import", DAYS[1], DAYS[2]).readings) == [4.75]
    assert len(store.register_advances(meter, "export", *MARCH).readings) == 0
    # The same again changes nothing.
    again = store.record_register(meter, "import", reads("3.25", first=2), events=[rollover])
    assert (again.inserted, again.superseded, again.reads) == (0, 0, (0, 2, 0))


def test_a_read_is_corrected_taken_back_and_stays_in_the_past(store: grid.Store, meter: str) -> None:
    when = [f"2026-04-0{day}T00:00:00Z" for day in range(1, 5)]
    store.record_register(meter, "import", reads(100, 110, 130), now=when[0])
    done = store.record_register(meter, "import", reads(115, first=1), now=when[1])
    assert (done.reads, done.superseded, kwh(done.readings)) == ((0, 0, 1), 2, [15.0, 15.0])
    done = store.record_register(meter, "import", withdrawn=[DAYS[1]], now=when[2])
    assert (done.reads.superseded, kwh(done.readings)) == (1, [30.0])
    assert kwh(store.readings(meter, "import", *MARCH)) == [30.0]
    assert kwh(store.readings(meter, "import", *MARCH, as_of=when[0])) == [10.0, 20.0]
    with pytest.raises(grid.NotFoundError):
        store.record_register(meter, "import", withdrawn=[DAYS[4]])


def test_a_counter_that_falls_is_missing_and_a_fault_says_why(store: grid.Store, meter: str) -> None:
    done = store.record_register(meter, "import", reads(100, 40, 45.5))
    assert np.isnan(kwh(done.readings)[0])
    assert kwh(done.readings)[1] == 5.5
    assert done.readings["quality"].tolist() == ["missing", "measured"]
    assert done.faults["fault"].tolist() == ["unexplained_decrease"]


def test_only_the_reads_are_kept_or_nothing(store: grid.Store, meter: str) -> None:
    shown = store.record_register(meter, "import", reads(1, 3), store=False)
    assert (kwh(shown.readings), shown.reads) == ([2.0], (0, 0, 0))
    assert len(store.register_advances(meter, "import", *MARCH).readings) == 0
    kept = store.record_register(meter, "import", reads(1, 3), store="reads")
    assert (kept.reads, kept.inserted) == ((2, 0, 0), 0)
    assert len(store.readings(meter, "import", *MARCH)) == 0
    assert kwh(store.register_advances(meter, "import", *MARCH).readings) == [2.0]


def test_what_cannot_be_of_a_register_is_refused_whole(store: grid.Store, meter: str) -> None:
    missing = {**reads(1.0), "quality": ["missing"]}
    refused: list[dict[str, Any]] = [
        {},
        {"reads": missing},
        {"reads": reads(100000), "digits": 5},
        {"reads": {"at": [DAYS[0]] * 2, "counter_kwh": [1, 2]}},
        {"reads": reads(1), "digits": 0},
        {"reads": reads(1), "multiplier": 0},
        {"reads": reads(1), "store": "perhaps"},
        {"events": [{"kind": "rollover", "at": DAYS[0], "last": "1 kWh"}]},
        {"events": [{"kind": "reset", "at": DAYS[0], "form": "1 kWh", "to": "0 kWh"}]},
        {"events": [{"kind": "exchange", "at": DAYS[0], "last": "1 kWh"}]},
    ]
    for told in refused:
        with pytest.raises(grid.InvalidError):
            store.record_register(meter, "import", **told)
    assert len(store.channels(meter)) == 0
    with pytest.raises(grid.NotFoundError):
        store.record_register(uuid.uuid4(), "import", reads(1))
    store.record_register(meter, "import", reads(1))
    # A register does not change without an exchange.
    with pytest.raises(grid.ConflictError):
        store.record_register(meter, "import", reads(2, first=1), multiplier=40)
    # Readings of the channel's own are not counted twice.
    store.ingest(hours(meter, {30: 1.0}))
    with pytest.raises(grid.ConflictError):
        store.record_register(meter, "import", reads(9, first=2))
    assert store.record_register(meter, "import", reads(9, first=2), store="reads").reads.inserted == 1


def test_findings_and_completeness_are_by_channel(store: grid.Store, meter: str) -> None:
    store.ingest(hours(meter, {0: 1.0, 1: 1.5, 3: 9.0}))
    store.ingest(hours(meter, {0: 1.0, 1: 1.0, 2: 1.5, 3: 1.0}, "export"))
    period = (DAYS[0], "2026-03-01T04:00:00Z")
    found = store.findings(meter, *period)
    assert found.columns == ["channel", "start", "end", "rule", "severity", "rows", "expected", "got"]
    assert found["channel"].tolist() == ["import"] * 2
    assert found["rule"].tolist() == ["gap", "impossible_power"]
    assert times(found) == [("2026-03-01T02:00", "2026-03-01T03:00"), ("2026-03-01T03:00", "2026-03-01T04:00")]
    assert len(store.findings(meter, *period, channel="export")) == 0
    assert "future_dated" in store.findings(meter, *period, now="2026-02-01T00:00:00Z")["rule"]

    complete = store.completeness(meter, *period)
    assert complete.channels["channel"].tolist() == ["import", "export"]
    assert complete.channels["completeness"].tolist() == [0.75, 1.0]
    assert complete.channels["quality"].tolist() == ["missing", "measured"]
    assert complete.channels["measured"].tolist() == [3, 4]
    assert (complete.gaps["channel"].tolist(), times(complete.gaps)) == (["import"], times(found)[:1])
    assert len(store.completeness(meter, *period, channel="export").gaps) == 0
    with pytest.raises(grid.NotFoundError):
        store.findings(uuid.uuid4(), *period)
    with pytest.raises(grid.TooLargeError):
        store.findings(meter, "1900-01-01T00:00:00Z", DAYS[0], resolution="15min")


def test_what_to_ask_again_is_named_for_a_community(store: grid.Store, ana: str, meter: str) -> None:
    community = store.create_community("Calle Sol", owner=ana, time_zone="UTC")
    store.set_contract(community, {"resolution": "1h"}, valid_from="2026-01-01T00:00:00Z")
    store.add_device(community, meter, store.members(community)["id"][0])
    store.ingest(hours(meter, {hour: 1.0 for hour in range(24) if hour not in (5, 6)}))
    day = (DAYS[0], DAYS[1])
    report = store.register_reports(community, *day)
    assert report.registers["device"].tolist() == [meter]
    assert (report.registers["expected"].tolist(), report.registers["known"].tolist()) == ([24], [22])
    assert (report.registers["measured"].tolist(), report.registers["missing"].tolist()) == ([22], [2])
    assert times(report.gaps) == times(report.ask_again) == [("2026-03-01T05:00", "2026-03-01T07:00")]
    assert report.request is not None
    assert f"device {meter}, import, every 1h, UTC: 2 of 24" in report.request
    filled = store.substitute(meter, "import", *day, store=True)
    # Two hours on the line between one kilowatt-hour and another; it is asked again all the same.
    assert (kwh(filled.fills), filled.stored) == ([1.0, 1.0], (2, 0, 0))
    report = store.register_reports(community, *day)
    assert (report.registers["known"].tolist(), report.registers["substituted"].tolist()) == ([24], [2])
    assert (len(report.gaps), len(report.ask_again)) == (0, 1)
    store.ingest(hours(meter, {5: 2.0, 6: 3.0}))
    assert store.register_reports(community, *day).request is None


def test_substitutes_come_to_what_the_register_counted_and_are_marked(store: grid.Store, meter: str) -> None:
    store.ingest(hours(meter, {0: 1.0, 1: 1.0, 4: 2.0, 5: 2.0}))
    at = ["2026-03-01T00:00:00Z", "2026-03-01T06:00:00Z"]
    store.record_register(meter, "import", {"at": at, "counter_kwh": [1000, 1013]}, store="reads")
    shown = store.substitute(meter, "import", *at)
    assert (shown.resolution, shown.remarks, shown.stored) == ("1h", [], None)
    assert shown.fills["method"].tolist() == ["linear_interpolation"] * 2
    # Of 13 kWh 6 are known.
    assert sum(grid.Energy.from_kwh(value).mwh for value in kwh(shown.fills)) == 7_000_000
    assert len(store.readings(meter, "import", *MARCH)) == 4
    told = {"start": at[:1], "end": at[1:], "energy_kwh": [10.0]}
    other = store.substitute(meter, "import", *at, advances=told, resolution="1h", holidays=[datetime.date(2026, 3, 1)])
    assert sum(grid.Energy.from_kwh(value).mwh for value in kwh(other.fills)) == 4_000_000
    # A missing reading makes place, and what is known does not.
    store.ingest({**hours(meter, {2: float("nan")}), "quality": ["missing"]})
    known = {"start": ["2026-03-01T04:00:00Z"], "end": ["2026-03-01T05:00:00Z"], "energy_kwh": [7.0]}
    assert store.fill_missing(meter, "import", known) == (0, 0, 0)
    assert store.fill_missing(meter, "import", shown.fills) == (1, 0, 1)
    after = store.readings(meter, "import", *MARCH)
    assert after["quality"].tolist() == ["measured"] * 2 + ["substituted"] * 2 + ["measured"] * 2
    assert kwh(after)[2:4] == kwh(shown.fills)
    assert len(store.substitute(meter, "import", *at, store=True).fills) == 0
    with pytest.raises(grid.InvalidError):
        store.substitute(meter, "import", *at, without_pattern="guess")  # type: ignore[arg-type]
    with pytest.raises(grid.TooLargeError):
        store.substitute(meter, "import", "1900-01-01T00:00:00Z", at[1])
