"""Everything in one file, read by Python's own ``tarfile``, ``csv`` and ``json``, and one person's data."""

import csv
import hashlib
import io
import json
import stat
import tarfile
from pathlib import Path

import grid_py as grid
import pytest

NOW = "2026-02-01T12:00:00Z"


def filled(url: str = "sqlite::memory:") -> tuple[grid.Store, str, str]:
    store = grid.Store(url)
    ana = store.create_user("ana", "ana@example.org", "correct horse", now=NOW)
    device = store.create_device("casa", owner=ana, kind="meter", time_zone="Europe/Madrid", now=NOW)
    store.ingest(
        {
            "device": [device, device],
            "channel": ["import", "import"],
            "start": ["2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z"],
            "end": ["2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"],
            "energy_kwh": [0.25, 0.000001],
        },
        now=NOW,
    )
    return store, ana, device


def files(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert all(member.isfile() and member.mode == 0o600 for member in members)
        contents = {}
        for member in members:
            file = archive.extractfile(member)
            assert file is not None
            contents[member.name.removeprefix("grid-archive/")] = file.read()
        return contents


def test_an_archive_is_read_by_other_programs(tmp_path: Path) -> None:
    store, ana, device = filled()
    path = tmp_path / "grid.tar.gz"
    rows = store.export(path, now=NOW)
    assert (rows["users"], rows["readings"]) == (1, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = files(path)
    manifest = json.loads(found["manifest.json"])
    assert manifest["made_at"] == NOW
    for listed in manifest["files"]:
        content = found[listed["name"]]
        assert hashlib.sha256(content).hexdigest() == listed["sha256"]
        assert len(content) == listed["bytes"]
    readings = list(csv.DictReader(io.StringIO(found["readings.csv"].decode())))
    assert [reading["energy_kwh"] for reading in readings] == ["0.250000", "0.000001"]
    assert readings[0]["device"] == device and readings[0]["recorded_at"] == NOW
    [user] = map(json.loads, found["users.ndjson"].splitlines())
    assert user["id"] == ana and user["username"] == "ana"


def test_what_was_exported_fills_another_store(tmp_path: Path) -> None:
    store, ana, device = filled()
    path = tmp_path / "grid.tar.gz"
    rows = store.export(path, now=NOW)
    with pytest.raises(FileExistsError):
        store.export(path)
    other = grid.Store("sqlite::memory:")
    assert other.restore(path) == rows
    assert other.find_user("ANA") == ana
    with pytest.raises(grid.ConflictError, match="rows in `users`"):
        other.restore(path)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(grid.InvalidError):
        grid.Store("sqlite::memory:").restore(cut)


def test_one_person_is_told_all_and_forgotten(tmp_path: Path) -> None:
    store, ana, device = filled()
    path = tmp_path / "ana.tar.gz"
    rows = store.export_user(ana, path, now=NOW)
    assert rows["readings"] == 2
    found = files(path)
    assert b"argon2" not in b"".join(found.values())
    [account] = map(json.loads, found["account.ndjson"].splitlines())
    assert account["email"] == "ana@example.org"
    with pytest.raises(grid.InvalidError, match="own data"):
        grid.Store("sqlite::memory:").restore(path)

    erased = store.erase_user(ana, now=NOW)
    assert erased == {"devices": 1, "devices_kept": 0, "devices_handed_over": 0, "statements_kept": 0}
    assert store.find_user("ana") is None
    after = tmp_path / "after.tar.gz"
    store.export(after, now=NOW)
    everything = b"".join(files(after).values())
    assert b"ana@example.org" not in everything and device.encode() not in everything
    with pytest.raises(grid.NotFoundError):
        store.export_user("00000000-0000-7000-8000-000000000000", tmp_path / "nobody.tar.gz")
    assert not (tmp_path / "nobody.tar.gz").exists()
