"""Three routes of the API on FastAPI, SQLAlchemy 2 and uvicorn, for `make bench-http`: what one would write who knows these.

    GET  /api/v1/devices/{id}/readings       the readings of a period
    POST /api/v1/devices/{id}/readings       one reading
    POST /api/v1/communities/{id}/readings   a CSV of many devices

Each asks for a token (PyJWT, HS256, the cheapest to verify) and looks whose the device or the community is. A reading is a
row whose primary key is what it is looked for by; instants and energies are integers, which cost less than dates and
decimals; rows are read and written by SQLAlchemy's Core, without an object for each; many rows go into one statement's
batches; a reading that is there is replaced. Connections are kept: on SQLite in WAL mode with `synchronous=FULL`, one
process writes at a time and waits for its turn here rather than in the file's lock.

`fastapi_server.py prepare DEVICES...` makes the tables and prints a token and the ids of the devices that it is given names
for, as JSON; PEER_DATABASE is the address. The server is started by `uvicorn fastapi_server:app`.
"""

import asyncio
import csv
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timezone
from decimal import Decimal
from typing import Annotated, Literal, get_args

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError, field_validator, model_validator
from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, SmallInteger, String, Table, Uuid, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

DATABASE = os.environ["PEER_DATABASE"]
IS_SQLITE = DATABASE.startswith("sqlite")
SECRET = "the secret of a bench, which signs nothing else than its tokens"
AUDIENCE = "grid-api"
Channel = Literal["import", "export", "consumption", "generation", "charge", "discharge"]
Quality = Literal["measured", "estimated", "substituted", "missing"]
CHANNELS, QUALITIES = list(get_args(Channel)), list(get_args(Quality))
COLUMNS = ["device", "channel", "start", "end", "energy_kwh", "quality"]
# As many rows as are bound at once.
BATCH = 10_000

metadata = MetaData()
users = Table("users", metadata, Column("id", Uuid, primary_key=True), Column("username", String, unique=True))
communities = Table(
    "communities", metadata, Column("id", Uuid, primary_key=True), Column("operator", ForeignKey("users.id"))
)
devices = Table(
    "devices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", ForeignKey("users.id"), index=True),
    Column("community", ForeignKey("communities.id"), index=True),
    Column("name", String),
)
readings = Table(
    "readings",
    metadata,
    Column("device", ForeignKey("devices.id"), primary_key=True),
    Column("channel", SmallInteger, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("end", BigInteger, nullable=False),
    Column("energy_mwh", BigInteger),
    Column("quality", SmallInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


def connect() -> AsyncEngine:
    """An engine whose connections are kept and are as durable as ours."""
    engine = create_async_engine(DATABASE, pool_size=8, max_overflow=0)

    def settings(connection, _) -> None:
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    if IS_SQLITE:
        event.listen(engine.sync_engine, "connect", settings)
    return engine


engine = connect()
writing = asyncio.Lock() if IS_SQLITE else nullcontext()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
bearer = HTTPBearer()


# On the event loop: to verify takes less than the way to a thread and back.
async def caller(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> uuid.UUID:
    """Who is asking."""
    try:
        claims = jwt.decode(
            credentials.credentials,
            SECRET,
            algorithms=["HS256"],
            audience=AUDIENCE,
            options={"require": ["exp", "iat", "aud", "sub"]},
        )
        return uuid.UUID(claims["sub"])
    except (jwt.InvalidTokenError, ValueError) as wrong:
        raise HTTPException(401, "the token is not good") from wrong


Caller = Annotated[uuid.UUID, Depends(caller)]


class NewReading(BaseModel):
    channel: Channel
    start: AwareDatetime
    end: AwareDatetime
    energy_kwh: Annotated[Decimal, Field(ge=0, decimal_places=6)] | None
    quality: Quality = "measured"

    @model_validator(mode="after")
    def ends_after_its_start(self) -> "NewReading":
        if self.end <= self.start:
            raise ValueError("a reading ends after its start")
        return self


class Row(NewReading):
    """A row of a CSV; an empty cell is no energy."""

    device: str

    @field_validator("energy_kwh", mode="before")
    @classmethod
    def empty_is_none(cls, text: str) -> str | None:
        return text or None


ROWS = TypeAdapter(list[Row])


class Reading(BaseModel):
    channel: Channel
    start: datetime
    end: datetime
    energy_kwh: str | None
    quality: Quality
    recorded_at: datetime


class Readings(BaseModel):
    items: list[Reading]
    next: str | None = None


class Outcome(BaseModel):
    inserted: int


def seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def kwh(mwh: int | None) -> str | None:
    return None if mwh is None else f"{mwh // 1_000_000}.{mwh % 1_000_000:06}"


def stored(device: uuid.UUID, reading: NewReading, now: int) -> dict[str, object]:
    return {
        "device": device,
        "channel": CHANNELS.index(reading.channel),
        "start": seconds(reading.start),
        "end": seconds(reading.end),
        "energy_mwh": None if reading.energy_kwh is None else int(reading.energy_kwh * 1_000_000),
        "quality": QUALITIES.index(reading.quality),
        "recorded_at": now,
    }


async def own_device(connection: AsyncConnection, id: uuid.UUID, user: uuid.UUID) -> None:
    owner = (await connection.execute(select(devices.c.owner).where(devices.c.id == id))).scalar_one_or_none()
    if owner != user:
        raise HTTPException(404, "there is no such device")


def upsert():
    """The statement that stores a reading, or puts it in the place of the one of its start."""
    insert = (sqlite if IS_SQLITE else postgresql).insert(readings)
    new = insert.excluded
    changed = {name: new[name] for name in ("end", "energy_mwh", "quality", "recorded_at")}
    return insert.on_conflict_do_update(index_elements=["device", "channel", "start"], set_=changed)


UPSERT = upsert()


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/api/v1/devices/{id}/readings")
async def of_device(
    id: uuid.UUID, user: Caller, channel: Channel, begin: Annotated[datetime, Query(alias="from")], to: datetime
) -> Readings:
    wanted = (
        select(readings.c.start, readings.c.end, readings.c.energy_mwh, readings.c.quality, readings.c.recorded_at)
        .where(
            readings.c.device == id,
            readings.c.channel == CHANNELS.index(channel),
            readings.c.start >= seconds(begin),
            readings.c.start < seconds(to),
        )
        .order_by(readings.c.start)
    )
    async with engine.connect() as connection:
        await own_device(connection, id, user)
        rows = (await connection.execute(wanted)).all()
    return Readings(
        items=[
            Reading(
                channel=channel,
                start=instant(start),
                end=instant(end),
                energy_kwh=kwh(energy),
                quality=QUALITIES[quality],
                recorded_at=instant(recorded_at),
            )
            for start, end, energy, quality, recorded_at in rows
        ]
    )


@app.post("/api/v1/devices/{id}/readings")
async def store(id: uuid.UUID, user: Caller, reading: NewReading) -> Outcome:
    row = stored(id, reading, int(time.time()))
    async with writing, engine.begin() as connection:
        await own_device(connection, id, user)
        await connection.execute(UPSERT, row)
    return Outcome(inserted=1)


async def lines(request: Request) -> AsyncIterator[list[str]]:
    """The lines of a body, piece by piece."""
    rest = b""
    async for piece in request.stream():
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        if newline:
            yield whole.decode().split("\n")
    if rest:
        yield [rest.decode()]


@app.post("/api/v1/communities/{id}/readings")
async def import_(id: uuid.UUID, user: Caller, request: Request) -> Outcome:
    inserted, now, waiting, first = 0, int(time.time()), [], True
    async with writing, engine.begin() as connection:
        operator = (
            await connection.execute(select(communities.c.operator).where(communities.c.id == id))
        ).scalar_one_or_none()
        if operator != user:
            raise HTTPException(404, "there is no such community")
        known = await connection.execute(select(devices.c.name, devices.c.id).where(devices.c.community == id))
        of = {name: device for name, device in known}
        async for piece in lines(request):
            rows = csv.reader(piece)
            if first:
                first = False
                if next(rows) != COLUMNS:
                    raise HTTPException(422, "the columns are others")
            try:
                read = ROWS.validate_python([dict(zip(COLUMNS, row)) for row in rows])
                waiting.extend(stored(of[row.device], row, now) for row in read)
            except (KeyError, ValidationError) as wrong:
                raise HTTPException(422, f"a row cannot be read: {wrong}") from wrong
            if len(waiting) >= BATCH:
                await connection.execute(UPSERT, waiting)
                inserted += len(waiting)
                waiting = []
        if waiting:
            await connection.execute(UPSERT, waiting)
            inserted += len(waiting)
    return Outcome(inserted=inserted)


async def prepare(names: list[str]) -> None:
    user, community = uuid.uuid4(), uuid.uuid4()
    made = {name: uuid.uuid4() for name in names}
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(users.insert(), {"id": user, "username": "kat"})
        await connection.execute(communities.insert(), {"id": community, "operator": user})
        rows = [{"id": id, "owner": user, "community": community, "name": name} for name, id in made.items()]
        await connection.execute(devices.insert(), rows)
    await engine.dispose()
    now = int(time.time())
    claims = {"sub": str(user), "aud": AUDIENCE, "iat": now, "exp": now + 86_400, "username": "kat"}
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    ids = {name: str(id) for name, id in made.items()}
    print(json.dumps({"token": token, "community": str(community), "devices": ids}))


if __name__ == "__main__" and sys.argv[1] == "prepare":
    asyncio.run(prepare(sys.argv[2:]))
