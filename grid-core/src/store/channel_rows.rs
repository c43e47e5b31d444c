//! The rows of many channels at once: PostgreSQL gives and takes them in one statement, for each of its answers is a way
//! there and back; SQLite and MySQL, which know no arrays, one after the other.

use std::collections::BTreeMap;

#[cfg(any(feature = "sqlite", feature = "mysql"))]
use super::sql::sql;
use super::{Error, bulk::Bulk, fault::Fault, rows};
use uuid::Uuid;

/// A device and the code of a channel.
pub(super) type Register = (Uuid, i64);

/// The owner of each device.
pub(super) type Owners = BTreeMap<Uuid, Uuid>;

/// The packed days of registers.
pub(super) type PackedDays = BTreeMap<PlaceOfDay, Vec<u8>>;

/// Device, channel and day.
type PlaceOfDay = (Uuid, i64, i64);

/// What a channel's row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChannelState {
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

type StateRow = (Vec<u8>, i64, i64, Option<i64>, Option<i64>, Option<i64>);
type PackedRow = (Vec<u8>, i64, i64, Vec<u8>);

/// What is asked and told of many channels.
pub(super) trait ChannelRows: Bulk {
    /// Whose the devices are, as far as they are there.
    async fn owners(connection: &mut Self::Connection, devices: &[Uuid]) -> Result<Owners, Fault>;

    /// What the rows of channels say, which are there and locked.
    async fn states(
        connection: &mut Self::Connection,
        channels: &[Register],
    ) -> Result<BTreeMap<Register, ChannelState>, Fault>;

    /// The packed days of spans.
    async fn packed_days(connection: &mut Self::Connection, spans: &[Span]) -> Result<PackedDays, Fault>;

    /// Writes what the rows of channels say now.
    async fn put_states(
        connection: &mut Self::Connection,
        states: &[(Register, ChannelState)],
    ) -> Result<(), Fault>;
}

fn state(
    (device, channel, reach, first_start, last_end, settled_as_of): StateRow,
) -> Result<(Register, ChannelState), Error> {
    Ok((
        (rows::id(&device, "channel")?, channel),
        ChannelState { reach, first_start, last_end, settled_as_of },
    ))
}

fn packed((device, channel, day, packed): PackedRow) -> Result<(PlaceOfDay, Vec<u8>), Error> {
    Ok(((rows::id(&device, "day of readings")?, channel, day), packed))
}

/// The statements of a database that is asked about one row after the other.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
macro_rules! one_by_one {
    ($database:ty) => {
        const _: () = {
            type Db = $database;

            impl ChannelRows for Db {
                async fn owners(
                    connection: &mut Self::Connection,
                    devices: &[Uuid],
                ) -> Result<Owners, Fault> {
                    let mut owners = Owners::new();
                    for device in devices {
                        let there: Option<(Vec<u8>,)> =
                            sqlx::query_as::<Db, (Vec<u8>,)>(sql!("SELECT owner FROM devices WHERE id = ?"))
                                .bind(rows::key(device))
                                .fetch_optional(&mut *connection)
                                .await?;
                        if let Some((owner,)) = there {
                            owners.insert(*device, rows::id(&owner, "device")?);
                        }
                    }
                    Ok(owners)
                }

                async fn states(
                    connection: &mut Self::Connection,
                    channels: &[Register],
                ) -> Result<BTreeMap<Register, ChannelState>, Fault> {
                    let mut states = BTreeMap::new();
                    for (device, channel) in channels {
                        let row: StateRow = sqlx::query_as::<Db, _>(sql!(
                            "SELECT c.device, c.channel, c.reach, c.first_start, c.last_end, d.settled_as_of \
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

                async fn put_states(
                    connection: &mut Self::Connection,
                    states: &[(Register, ChannelState)],
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
                    Ok(())
                }
            }
        };
    };
}

#[cfg(feature = "sqlite")]
one_by_one!(sqlx::Sqlite);
#[cfg(feature = "mysql")]
one_by_one!(sqlx::MySql);

#[cfg(feature = "postgres")]
impl ChannelRows for sqlx::Postgres {
    async fn owners(connection: &mut Self::Connection, devices: &[Uuid]) -> Result<Owners, Fault> {
        let found: Vec<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as::<Self, _>("SELECT id, owner FROM devices WHERE id = ANY($1)")
                .bind(devices.iter().map(rows::key).collect::<Vec<_>>())
                .fetch_all(connection)
                .await?;
        let owner =
            |(id, owner): &(Vec<u8>, Vec<u8>)| Ok((rows::id(id, "device")?, rows::id(owner, "device")?));
        Ok(found.iter().map(owner).collect::<Result<_, Error>>()?)
    }

    async fn states(
        connection: &mut Self::Connection,
        channels: &[Register],
    ) -> Result<BTreeMap<Register, ChannelState>, Fault> {
        let found: Vec<StateRow> = sqlx::query_as::<Self, _>(
            "SELECT c.device, c.channel, c.reach, c.first_start, c.last_end, d.settled_as_of \
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

    async fn put_states(
        connection: &mut Self::Connection,
        states: &[(Register, ChannelState)],
    ) -> Result<(), Fault> {
        if states.is_empty() {
            return Ok(());
        }
        sqlx::query::<Self>(
            "UPDATE channels SET reach = n.reach, first_start = n.first_start, last_end = n.last_end \
             FROM UNNEST($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
             AS n (device, channel, reach, first_start, last_end) \
             WHERE channels.device = n.device AND channels.channel = n.channel",
        )
        .bind(states.iter().map(|((device, _), _)| rows::key(device)).collect::<Vec<_>>())
        .bind(states.iter().map(|((_, channel), _)| *channel).collect::<Vec<_>>())
        .bind(states.iter().map(|(_, state)| state.reach).collect::<Vec<_>>())
        .bind(states.iter().map(|(_, state)| state.first_start).collect::<Vec<_>>())
        .bind(states.iter().map(|(_, state)| state.last_end).collect::<Vec<_>>())
        .execute(connection)
        .await?;
        Ok(())
    }
}
