//! The rows of many channels at once: PostgreSQL gives and takes them in one statement, for each of its answers is a way
//! there and back; SQLite and MySQL, which know no arrays, one after the other.

use std::collections::{BTreeMap, BTreeSet};

#[cfg(feature = "sqlite")]
use super::one_write::ONE_CALL;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use super::one_write::ONE_WRITE;
#[cfg(feature = "postgres")]
use super::one_write::{bytes_of_day, fit};
use super::{
    Error,
    bulk::{Bulk, DayRow},
    events::EventRow,
    fault::{Fault, gone},
    rows,
};
#[cfg(any(feature = "sqlite", feature = "mysql"))]
use super::{
    bulk::insert_values,
    one_write::chunk,
    sql::{repeated, sql},
};
use uuid::Uuid;

/// A device and the code of a channel.
pub(super) type Register = (Uuid, i64);

/// A register, and whose its device must be; whose it is does not matter where this is `None`.
pub(super) type Wanted = (Register, Option<Uuid>);

/// The packed days of registers.
pub(super) type PackedDays = BTreeMap<PlaceOfDay, Vec<u8>>;

/// Device, channel and day.
type PlaceOfDay = (Uuid, i64, i64);

/// What a channel's row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChannelState {
    /// Whose the device is.
    pub(super) owner: Uuid,
    pub(super) reach: i64,
    pub(super) first_start: Option<i64>,
    pub(super) last_end: Option<i64>,
    /// Up to when what was recorded of the device may have been settled.
    pub(super) settled_as_of: Option<i64>,
}

/// The days of a register from the first to the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) register: Register,
    pub(super) first: i64,
    pub(super) last: i64,
}

type StateRow = (Vec<u8>, i64, Vec<u8>, i64, Option<i64>, Option<i64>, Option<i64>);
type PackedRow = (Vec<u8>, i64, i64, Vec<u8>);

/// What is asked and told of many channels.
pub(super) trait ChannelRows: Bulk {
    /// Makes the rows of the registers that are missing and locks all of them until the transaction ends, as far as their
    /// devices are there and belong to whom they must, if to anybody; gives those. The registers come in one order, so that
    /// two transactions whose rows are there cannot wait for each other.
    async fn claim(connection: &mut Self::Connection, wanted: &[Wanted])
    -> Result<BTreeSet<Register>, Fault>;

    /// What the rows of channels say, which are there and locked.
    async fn states(
        connection: &mut Self::Connection,
        channels: &[Register],
    ) -> Result<BTreeMap<Register, ChannelState>, Fault>;

    /// The packed days of spans.
    async fn packed_days(connection: &mut Self::Connection, spans: &[Span]) -> Result<PackedDays, Fault>;

    /// Writes what the rows of channels say now, the days that have changed, and what happened.
    async fn put(
        connection: &mut Self::Connection,
        states: &[(Register, ChannelState)],
        days: &[DayRow],
        events: &[EventRow],
    ) -> Result<(), Fault>;
}

fn state(
    (device, channel, owner, reach, first_start, last_end, settled_as_of): StateRow,
) -> Result<(Register, ChannelState), Error> {
    Ok((
        (rows::id(&device, "channel")?, channel),
        ChannelState { owner: rows::id(&owner, "device")?, reach, first_start, last_end, settled_as_of },
    ))
}

fn packed((device, channel, day, packed): PackedRow) -> Result<(PlaceOfDay, Vec<u8>), Error> {
    Ok(((rows::id(&device, "day of readings")?, channel, day), packed))
}

/// The statements of a database that is asked about one row after the other; `$claim` locks a row that is there.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
macro_rules! one_by_one {
    ($database:ty, most_bytes: $most_bytes:expr, claim: $claim:literal) => {
        const _: () = {
            type Db = $database;

            impl ChannelRows for Db {
                async fn claim(
                    connection: &mut Self::Connection,
                    wanted: &[Wanted],
                ) -> Result<BTreeSet<Register>, Fault> {
                    let mut there = Vec::new();
                    let mut last: Option<(Uuid, Option<Uuid>)> = None;
                    for ((device, channel), wanted) in wanted {
                        if last.is_none_or(|(asked, _)| asked != *device) {
                            let found: Option<(Vec<u8>,)> =
                                sqlx::query_as::<Db, _>(sql!("SELECT owner FROM devices WHERE id = ?"))
                                    .bind(rows::key(device))
                                    .fetch_optional(&mut *connection)
                                    .await?;
                            let owner = found.map(|(owner,)| rows::id(&owner, "device")).transpose()?;
                            last = Some((*device, owner));
                        }
                        let owner = last.and_then(|(_, owner)| owner);
                        if owner.is_some_and(|owner| wanted.is_none_or(|wanted| wanted == owner)) {
                            there.push((*device, *channel));
                        }
                    }
                    let claimed: Result<(), sqlx::Error> = async {
                        insert_values!(
                            connection,
                            there.as_slice(),
                            $most_bytes,
                            |_| 32,
                            "INSERT INTO channels (device, channel, reach) VALUES ",
                            "(?, ?, 0)",
                            $claim,
                            |query, row| query.bind(rows::key(&row.0)).bind(row.1)
                        )
                    }
                    .await;
                    // A device may have been deleted since it was looked for.
                    claimed.map_err(gone)?;
                    Ok(there.into_iter().collect())
                }

                async fn states(
                    connection: &mut Self::Connection,
                    channels: &[Register],
                ) -> Result<BTreeMap<Register, ChannelState>, Fault> {
                    let mut states = BTreeMap::new();
                    for (device, channel) in channels {
                        let row: StateRow = sqlx::query_as::<Db, _>(sql!(
                            "SELECT c.device, c.channel, d.owner, c.reach, c.first_start, c.last_end, d.settled_as_of \
                             FROM channels c JOIN devices d ON d.id = c.device WHERE c.device = ? AND c.channel = ?"
                        ))
                        .bind(rows::key(device))
                        .bind(channel)
                        .fetch_one(&mut *connection)
                        .await?;
                        states.extend([state(row)?]);
                    }
                    Ok(states)
                }

                async fn packed_days(
                    connection: &mut Self::Connection,
                    spans: &[Span],
                ) -> Result<PackedDays, Fault> {
                    let mut days = PackedDays::new();
                    for Span { register, first, last } in spans {
                        let found: Vec<PackedRow> = sqlx::query_as::<Db, _>(sql!(
                            "SELECT device, channel, day, packed FROM reading_days \
                             WHERE device = ? AND channel = ? AND day >= ? AND day <= ?"
                        ))
                        .bind(rows::key(&register.0))
                        .bind(register.1)
                        .bind(first)
                        .bind(last)
                        .fetch_all(&mut *connection)
                        .await?;
                        for row in found {
                            days.extend([packed(row)?]);
                        }
                    }
                    Ok(days)
                }

                async fn put(
                    connection: &mut Self::Connection,
                    states: &[(Register, ChannelState)],
                    days: &[DayRow],
                    events: &[EventRow],
                ) -> Result<(), Fault> {
                    for ((device, channel), state) in states {
                        sqlx::query::<Db>(sql!(
                            "UPDATE channels SET reach = ?, first_start = ?, last_end = ? \
                             WHERE device = ? AND channel = ?"
                        ))
                        .bind(state.reach)
                        .bind(state.first_start)
                        .bind(state.last_end)
                        .bind(rows::key(device))
                        .bind(channel)
                        .execute(&mut *connection)
                        .await?;
                    }
                    Db::put_days(&mut *connection, days).await?;
                    Db::put_events(&mut *connection, events).await?;
                    Ok(())
                }
            }
        };
    };
}

// The transaction holds the lock of the whole file already.
#[cfg(feature = "sqlite")]
one_by_one!(sqlx::Sqlite, most_bytes: ONE_CALL, claim: " ON CONFLICT (device, channel) DO NOTHING");
// An update that changes nothing still locks the row.
#[cfg(feature = "mysql")]
one_by_one!(sqlx::MySql, most_bytes: ONE_WRITE, claim: " ON DUPLICATE KEY UPDATE reach = reach");

/// The registers that a statement has locked.
#[cfg(feature = "postgres")]
async fn claimed<'w>(
    connection: &mut sqlx::PgConnection,
    statement: &'static str,
    wanted: impl Iterator<Item = &'w Wanted> + Clone,
) -> Result<BTreeSet<Register>, Fault> {
    let found: Vec<(Vec<u8>, i64)> = sqlx::query_as::<sqlx::Postgres, _>(statement)
        .bind(wanted.clone().map(|((device, _), _)| rows::key(device)).collect::<Vec<_>>())
        .bind(wanted.clone().map(|((_, channel), _)| *channel).collect::<Vec<_>>())
        .bind(wanted.map(|(_, owner)| owner.as_ref().map(rows::key)).collect::<Vec<_>>())
        .fetch_all(connection)
        .await
        // A device may have been deleted since it was looked for.
        .map_err(gone)?;
    let register =
        |(device, channel): (Vec<u8>, i64)| Ok::<_, Error>((rows::id(&device, "channel")?, channel));
    Ok(found.into_iter().map(register).collect::<Result<_, _>>()?)
}

#[cfg(feature = "postgres")]
impl ChannelRows for sqlx::Postgres {
    async fn claim(
        connection: &mut Self::Connection,
        wanted: &[Wanted],
    ) -> Result<BTreeSet<Register>, Fault> {
        // Nearly always the rows are there, and to lock one writes much less than an update that changes nothing. Those that are
        // missing are locked after all others; two transactions that meet there are told apart by the database, and the one
        // that is tried again finds the rows made.
        let mut there = claimed(
            connection,
            "SELECT c.device, c.channel \
             FROM UNNEST($1::bytea[], $2::bigint[], $3::bytea[]) AS wanted (device, channel, owner) \
             JOIN devices d ON d.id = wanted.device AND (wanted.owner IS NULL OR wanted.owner = d.owner) \
             JOIN channels c ON c.device = d.id AND c.channel = wanted.channel \
             ORDER BY c.device, c.channel FOR NO KEY UPDATE OF c",
            wanted.iter(),
        )
        .await?;
        if there.len() < wanted.len() {
            let missing = wanted.iter().filter(|(register, _)| !there.contains(register));
            there.append(
                &mut claimed(
                    connection,
                    "INSERT INTO channels (device, channel, reach) SELECT d.id, wanted.channel, 0 \
                     FROM UNNEST($1::bytea[], $2::bigint[], $3::bytea[]) AS wanted (device, channel, owner) \
                     JOIN devices d ON d.id = wanted.device AND (wanted.owner IS NULL OR wanted.owner = d.owner) \
                     ORDER BY d.id, wanted.channel \
                     ON CONFLICT (device, channel) DO UPDATE SET reach = channels.reach RETURNING device, channel",
                    missing,
                )
                .await?,
            );
        }
        Ok(there)
    }

    async fn states(
        connection: &mut Self::Connection,
        channels: &[Register],
    ) -> Result<BTreeMap<Register, ChannelState>, Fault> {
        let found: Vec<StateRow> = sqlx::query_as::<Self, _>(
            "SELECT c.device, c.channel, d.owner, c.reach, c.first_start, c.last_end, d.settled_as_of \
             FROM UNNEST($1::bytea[], $2::bigint[]) AS asked (device, channel) \
             JOIN channels c ON c.device = asked.device AND c.channel = asked.channel \
             JOIN devices d ON d.id = c.device",
        )
        .bind(channels.iter().map(|(device, _)| rows::key(device)).collect::<Vec<_>>())
        .bind(channels.iter().map(|(_, channel)| *channel).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
        Ok(found.into_iter().map(state).collect::<Result<_, _>>()?)
    }

    async fn packed_days(connection: &mut Self::Connection, spans: &[Span]) -> Result<PackedDays, Fault> {
        if spans.is_empty() {
            return Ok(PackedDays::new());
        }
        let found: Vec<PackedRow> = sqlx::query_as::<Self, _>(
            "SELECT r.device, r.channel, r.day, r.packed \
             FROM UNNEST($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[]) AS asked (device, channel, first, last) \
             JOIN reading_days r ON r.device = asked.device AND r.channel = asked.channel \
             AND r.day >= asked.first AND r.day <= asked.last",
        )
        .bind(spans.iter().map(|span| rows::key(&span.register.0)).collect::<Vec<_>>())
        .bind(spans.iter().map(|span| span.register.1).collect::<Vec<_>>())
        .bind(spans.iter().map(|span| span.first).collect::<Vec<_>>())
        .bind(spans.iter().map(|span| span.last).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
        Ok(found.into_iter().map(packed).collect::<Result<_, _>>()?)
    }

    async fn put(
        connection: &mut Self::Connection,
        states: &[(Register, ChannelState)],
        days: &[DayRow],
        events: &[EventRow],
    ) -> Result<(), Fault> {
        // One way there and back for what is small, which is what comes often.
        let of_event = |event: &EventRow| 4 * 20 + event.kind.len() + event.payload.len() + 2 * 4;
        let beside = states.len() * (20 + 4 * 12) + events.iter().map(of_event).sum::<usize>();
        let (first, rest) = days.split_at(fit(days, ONE_WRITE.saturating_sub(beside), bytes_of_day));
        sqlx::query::<Self>(
            "WITH said AS (UPDATE channels SET reach = n.reach, first_start = n.first_start, last_end = n.last_end \
             FROM UNNEST($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
             AS n (device, channel, reach, first_start, last_end) \
             WHERE channels.device = n.device AND channels.channel = n.channel), \
             happened AS (INSERT INTO events (id, kind, owner, community, device, payload) \
             SELECT * FROM UNNEST($6::bytea[], $7::text[], $8::bytea[], $9::bytea[], $10::bytea[], $11::text[])) \
             INSERT INTO reading_days (device, channel, day, energy, readings, quality, packed) \
             SELECT * FROM UNNEST($12::bytea[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], \
             $17::bigint[], $18::bytea[]) \
             ON CONFLICT (device, channel, day) DO UPDATE SET energy = excluded.energy, \
             readings = excluded.readings, quality = excluded.quality, packed = excluded.packed",
        )
        .bind(states.iter().map(|((device, _), _)| rows::key(device)).collect::<Vec<_>>())
        .bind(states.iter().map(|((_, channel), _)| *channel).collect::<Vec<_>>())
        .bind(states.iter().map(|(_, state)| state.reach).collect::<Vec<_>>())
        .bind(states.iter().map(|(_, state)| state.first_start).collect::<Vec<_>>())
        .bind(states.iter().map(|(_, state)| state.last_end).collect::<Vec<_>>())
        .bind(events.iter().map(|event| rows::key(&event.id)).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.kind).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.owner.as_ref().map(rows::key)).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.community.as_ref().map(rows::key)).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.device.as_ref().map(rows::key)).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.payload.as_str()).collect::<Vec<_>>())
        .bind(first.iter().map(|day| rows::key(&day.device)).collect::<Vec<_>>())
        .bind(first.iter().map(|day| day.channel).collect::<Vec<_>>())
        .bind(first.iter().map(|day| day.day).collect::<Vec<_>>())
        .bind(first.iter().map(|day| day.energy).collect::<Vec<_>>())
        .bind(first.iter().map(|day| day.readings).collect::<Vec<_>>())
        .bind(first.iter().map(|day| day.quality).collect::<Vec<_>>())
        .bind(first.iter().map(|day| day.packed.as_slice()).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
        Self::put_days(connection, rest).await?;
        Ok(())
    }
}
