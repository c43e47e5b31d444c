"""Where the files that nobody here made are, and what to do where they are not."""

from __future__ import annotations

import csv
import gzip
import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

import grid_py as grid

from serving import Server, serving
from skipping import skip

# No deadline: a slow machine is no fault. The same examples in every run, and nothing is written beside the tests.
settings.register_profile("grid", deadline=None, derandomize=True, database=None)
settings.load_profile("grid")

FOLDER = Path(os.environ.get("GRID_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
SERVERS = {"mysql": "GRID_TEST_MYSQL_URL", "postgres": "GRID_TEST_POSTGRES_URL"}


def database_url(backend: str, folder: Path) -> str:
    """The address of a database of that kind: a file in ``folder``, or the server that the environment names."""
    if backend == "sqlite":
        return f"sqlite://{folder / 'grid.db'}"
    url = os.environ.get(SERVERS[backend], "")
    return url or skip(f"{SERVERS[backend]} names no server")


@pytest.fixture(params=["sqlite", *SERVERS])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[grid.Store]:
    """A store: SQLite always, MySQL or MariaDB and PostgreSQL where the environment names a server."""
    with grid.Store(database_url(request.param, tmp_path)) as opened:
        yield opened


@pytest.fixture
def ana(store: grid.Store) -> str:
    """A user; the names on a server are those of other tests too, so each is new."""
    name = f"ana-{uuid.uuid4()}"
    user = store.create_user(name, f"{name}@example.org", "correct horse")
    assert store.find_user(name.upper()) == user
    return user


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Finds a file of the shared data, or skips the test."""

    def find(name: str) -> Path:
        path = FOLDER / name
        if not path.exists():
            skip(f"real files of `{name}` (`{path}` is not there)")
        return path

    return find


@pytest.fixture(scope="session")
def vectors(shared: Callable[[str], Path]) -> dict[str, Any]:
    """Worked examples of sharing laws; each says where it is from."""
    path = shared("energy/vectors/spain_italy_austria_france.json")
    parsed: dict[str, Any] = json.loads(path.read_text())
    return parsed


@pytest.fixture(scope="session")
def billing(shared: Callable[[str], Path]) -> dict[str, Any]:
    """Invoices and tiers of other programs; each says where it is from."""
    parsed: dict[str, Any] = json.loads(shared("energy/vectors/billing.json").read_text())
    return parsed


@pytest.fixture(scope="session")
def colombia(shared: Callable[[str], Path]) -> dict[str, Any]:
    """Worked months of Colombian rules; each says where it is from."""
    parsed: dict[str, Any] = json.loads(shared("energy/vectors/colombia.json").read_text())
    return parsed


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on an empty SQLite database, for the tests of one file; what they do not share, they register."""
    with serving(f"sqlite://{tmp_path_factory.mktemp('server') / 'grid.db'}") as server:
        yield server


@dataclass(frozen=True)
class CityLearn:
    """Seventeen real homes with PV: the CityLearn Challenge 2022 (MIT), and what another program made of them."""

    homes: list[str]
    load_mwh: NDArray[np.int64]
    generation_mwh: NDArray[np.int64]
    starts: NDArray[np.datetime64]
    expected: dict[str, Any]


@pytest.fixture(scope="session")
def citylearn(shared: Callable[[str], Path]) -> CityLearn:
    """The homes as arrays (8760 hours x 17 homes), each cell rounded half to even with decimal arithmetic."""
    folder = shared("energy/citylearn2022")
    schema = json.loads((folder / "schema.json").read_text())

    def table(name: str) -> tuple[list[str], list[list[str]]]:
        with gzip.open(folder / name, "rt") as file:
            rows = list(csv.reader(file))
        return rows[0][1:], [row[1:] for row in rows[1:]]

    def whole(value: Decimal) -> int:
        return int(value.to_integral_value(ROUND_HALF_EVEN))

    homes, load = table("load_kwh.csv.gz")
    names, solar = table("solar_w_per_kw.csv.gz")
    assert names == homes
    plants = [schema["buildings"][f"Building_{int(home[1:])}"]["pv"]["attributes"]["nominal_power"] for home in homes]
    kilowatts = [Decimal(str(plant)) for plant in plants]
    return CityLearn(
        homes=homes,
        load_mwh=np.array([[whole(Decimal(cell) * 1_000_000) for cell in row] for row in load]),
        # Watts per kilowatt, times kilowatts, over one hour are watt-hours.
        generation_mwh=np.array(
            [[whole(Decimal(cell) * kw * 1000) for cell, kw in zip(row, kilowatts, strict=True)] for row in solar]
        ),
        # The first hour of the files starts at 23:00 of 31 July 2016 on the clock of the homes, eight hours behind UTC.
        starts=np.datetime64("2016-08-01T07:00") + np.arange(len(load)) * np.timedelta64(1, "h"),
        expected=json.loads((folder / "expected.json").read_text()),
    )
