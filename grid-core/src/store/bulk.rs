//! Many rows at once, which each database takes fastest in its own way: SQLite and MySQL as a statement of many
//! value groups, PostgreSQL as one array a column.
//!
//! The statements have a few fixed sizes, so that each is prepared once a connection: one that is not kept is prepared anew
//! each time, which is another way to the database and back.

use uuid::Uuid;

#[cfg(feature = "sqlite")]
use super::one_write::ONE_CALL;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use super::one_write::ONE_WRITE;
#[cfg(feature = "postgres")]
use super::one_write::fit;
use super::{events::EventRow, one_write::bytes_of_day, rows::key};
#[cfg(any(feature = "sqlite", feature = "mysql"))]
use super::{one_write::chunk, sql::repeated};
use crate::quantity::Currency;

/// A row of `reading_days`.
#[derive(Debug)]
pub(super) struct DayRow {
    pub(super) device: Uuid,
    pub(super) channel: i64,
    pub(super) day: i64,
    pub(super) energy: i64,
    pub(super) readings: i64,
    pub(super) quality: i64,
    pub(super) packed: Vec<u8>,
}

/// A row of `superseded_readings`.
#[derive(Debug)]
pub(super) struct SupersededRow {
    pub(super) id: Uuid,
    pub(super) device: Uuid,
    pub(super) channel: i64,
    pub(super) starts_at: i64,
    pub(super) ends_at: i64,
    pub(super) energy: Option<i64>,
    pub(super) quality: i64,
    pub(super) recorded_at: i64,
    pub(super) superseded_at: i64,
}

/// A row of `register_reads`.
#[derive(Debug)]
pub(super) struct RegisterReadRow {
    pub(super) device: Uuid,
    pub(super) channel: i64,
    pub(super) read_at: i64,
    pub(super) recorded_at: i64,
    pub(super) counter: i64,
    pub(super) quality: i64,
}

/// A row of `battery_levels`.
#[derive(Debug)]
pub(super) struct LevelRow {
    pub(super) owner: Uuid,
    pub(super) measured_at: i64,
    pub(super) level_ppm: i64,
    pub(super) capacity: i64,
    pub(super) available: i64,
}

/// A row of `prices`.
#[derive(Debug)]
pub(super) struct PriceRow<'a> {
    pub(super) community: Uuid,
    pub(super) name: &'a str,
    pub(super) starts_at: i64,
    pub(super) ends_at: i64,
    pub(super) price: i64,
    pub(super) currency: Currency,
    pub(super) created_at: i64,
}

/// What a database does with many rows.
pub(super) trait Bulk: sqlx::Database {
    /// Inserts days, or replaces those that are there.
    async fn put_days(connection: &mut Self::Connection, days: &[DayRow]) -> Result<(), sqlx::Error>;

    /// Inserts readings that were replaced.
    async fn put_superseded(
        connection: &mut Self::Connection,
        readings: &[SupersededRow],
    ) -> Result<(), sqlx::Error>;

    /// Inserts what happened.
    async fn put_events(connection: &mut Self::Connection, events: &[EventRow]) -> Result<(), sqlx::Error>;

    /// Inserts what registers showed.
    async fn put_register_reads(
        connection: &mut Self::Connection,
        reads: &[RegisterReadRow],
    ) -> Result<(), sqlx::Error>;

    /// Inserts levels of batteries, or replaces those that are there.
    async fn put_levels(connection: &mut Self::Connection, levels: &[LevelRow]) -> Result<(), sqlx::Error>;

    /// Inserts prices.
    async fn put_prices(
        connection: &mut Self::Connection,
        prices: &[PriceRow<'_>],
    ) -> Result<(), sqlx::Error>;
}

/// Inserts rows by statements of many value groups: `$bind` adds the values of `$row` to `$query`.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
macro_rules! insert_values {
    (
        $connection:expr, $rows:expr, $most_bytes:expr, $bytes:expr, $head:expr, $group:expr, $tail:expr,
        |$query:ident, $row:ident| $bind:expr
    ) => {{
        let mut rest = $rows;
        while let Some((now, later)) =
            if rest.is_empty() { None } else { rest.split_at_checked(chunk(rest, $most_bytes, $bytes)) }
        {
            let text = match now.len() {
                256 => repeated!($head, $group, ",", 256, $tail),
                32 => repeated!($head, $group, ",", 32, $tail),
                4 => repeated!($head, $group, ",", 4, $tail),
                _ => repeated!($head, $group, ",", 1, $tail),
            };
            let mut $query = sqlx::query::<Self>(text);
            for $row in now {
                $query = $bind;
            }
            $query.execute(&mut *$connection).await?;
            rest = later;
        }
        Ok(())
    }};
}
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) use insert_values;

/// The inserts of a database that takes value groups; they differ in how they treat a row that is there.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
macro_rules! bulk_by_values {
    (
        $database:ty, most_bytes: $most_bytes:expr,
        replace: $replace:literal, level: $level:literal
    ) => {
        impl Bulk for $database {
            async fn put_days(connection: &mut Self::Connection, days: &[DayRow]) -> Result<(), sqlx::Error> {
                insert_values!(
                    connection,
                    days,
                    $most_bytes,
                    bytes_of_day,
                    "INSERT INTO reading_days (device, channel, day, energy, readings, quality, packed) VALUES ",
                    "(?, ?, ?, ?, ?, ?, ?)",
                    $replace,
                    |query, day| query
                        .bind(key(&day.device))
                        .bind(day.channel)
                        .bind(day.day)
                        .bind(day.energy)
                        .bind(day.readings)
                        .bind(day.quality)
                        .bind(day.packed.as_slice())
                )
            }

            async fn put_superseded(
                connection: &mut Self::Connection,
                readings: &[SupersededRow],
            ) -> Result<(), sqlx::Error> {
                insert_values!(
                    connection,
                    readings,
                    $most_bytes,
                    |_| 96,
                    "INSERT INTO superseded_readings (id, device, channel, starts_at, ends_at, energy, quality, \
                     recorded_at, superseded_at) VALUES ",
                    "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    "",
                    |query, old| query
                        .bind(key(&old.id))
                        .bind(key(&old.device))
                        .bind(old.channel)
                        .bind(old.starts_at)
                        .bind(old.ends_at)
                        .bind(old.energy)
                        .bind(old.quality)
                        .bind(old.recorded_at)
                        .bind(old.superseded_at)
                )
            }

            async fn put_events(
                connection: &mut Self::Connection,
                events: &[EventRow],
            ) -> Result<(), sqlx::Error> {
                insert_values!(
                    connection,
                    events,
                    $most_bytes,
                    |event| 96 + event.payload.len(),
                    "INSERT INTO events (id, kind, owner, community, device, payload) VALUES ",
                    "(?, ?, ?, ?, ?, ?)",
                    "",
                    |query, event| query
                        .bind(key(&event.id))
                        .bind(event.kind)
                        .bind(event.owner.as_ref().map(key))
                        .bind(event.community.as_ref().map(key))
                        .bind(event.device.as_ref().map(key))
                        .bind(event.payload.as_str())
                )
            }

            async fn put_register_reads(
                connection: &mut Self::Connection,
                reads: &[RegisterReadRow],
            ) -> Result<(), sqlx::Error> {
                insert_values!(
                    connection,
                    reads,
                    $most_bytes,
                    |_| 56,
                    "INSERT INTO register_reads (device, channel, read_at, recorded_at, counter, quality) VALUES ",
                    "(?, ?, ?, ?, ?, ?)",
                    "",
                    |query, read| query
                        .bind(key(&read.device))
                        .bind(read.channel)
                        .bind(read.read_at)
                        .bind(read.recorded_at)
                        .bind(read.counter)
                        .bind(read.quality)
                )
            }

            async fn put_levels(
                connection: &mut Self::Connection,
                levels: &[LevelRow],
            ) -> Result<(), sqlx::Error> {
                insert_values!(
                    connection,
                    levels,
                    $most_bytes,
                    |_| 48,
                    "INSERT INTO battery_levels (owner, measured_at, level_ppm, capacity, available) VALUES ",
                    "(?, ?, ?, ?, ?)",
                    $level,
                    |query, level| query
                        .bind(key(&level.owner))
                        .bind(level.measured_at)
                        .bind(level.level_ppm)
                        .bind(level.capacity)
                        .bind(level.available)
                )
            }

            async fn put_prices(
                connection: &mut Self::Connection,
                prices: &[PriceRow<'_>],
            ) -> Result<(), sqlx::Error> {
                insert_values!(
                    connection,
                    prices,
                    $most_bytes,
                    |price| 72 + price.name.len(),
                    "INSERT INTO prices (community, name, starts_at, ends_at, price, currency, created_at) VALUES ",
                    "(?, ?, ?, ?, ?, ?, ?)",
                    "",
                    |query, price| query
                        .bind(key(&price.community))
                        .bind(price.name)
                        .bind(price.starts_at)
                        .bind(price.ends_at)
                        .bind(price.price)
                        .bind(price.currency.code())
                        .bind(price.created_at)
                )
            }
        }
    };
}

#[cfg(feature = "sqlite")]
bulk_by_values!(
    sqlx::Sqlite,
    most_bytes: ONE_CALL,
    replace: " ON CONFLICT (device, channel, day) DO UPDATE SET energy = excluded.energy, \
              readings = excluded.readings, quality = excluded.quality, packed = excluded.packed",
    level: " ON CONFLICT (owner, measured_at) DO UPDATE SET level_ppm = excluded.level_ppm, \
            capacity = excluded.capacity, available = excluded.available"
);

// MariaDB knows `VALUES()` and not the alias that MySQL puts in its place.
#[cfg(feature = "mysql")]
bulk_by_values!(
    sqlx::MySql,
    most_bytes: ONE_WRITE,
    replace: " ON DUPLICATE KEY UPDATE energy = VALUES(energy), readings = VALUES(readings), \
              quality = VALUES(quality), packed = VALUES(packed)",
    level: " ON DUPLICATE KEY UPDATE level_ppm = VALUES(level_ppm), capacity = VALUES(capacity), \
            available = VALUES(available)"
);

#[cfg(feature = "postgres")]
impl Bulk for sqlx::Postgres {
    async fn put_days(connection: &mut Self::Connection, days: &[DayRow]) -> Result<(), sqlx::Error> {
        let mut rest = days;
        while !rest.is_empty() {
            let (days, later) = rest.split_at(fit(rest, ONE_WRITE, bytes_of_day).clamp(1, rest.len()));
            rest = later;
            sqlx::query::<Self>(
                "INSERT INTO reading_days (device, channel, day, energy, readings, quality, packed) \
                 SELECT * FROM UNNEST($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], \
                 $6::bigint[], $7::bytea[]) \
                 ON CONFLICT (device, channel, day) DO UPDATE SET energy = excluded.energy, \
                 readings = excluded.readings, quality = excluded.quality, packed = excluded.packed",
            )
            .bind(days.iter().map(|day| key(&day.device)).collect::<Vec<_>>())
            .bind(days.iter().map(|day| day.channel).collect::<Vec<_>>())
            .bind(days.iter().map(|day| day.day).collect::<Vec<_>>())
            .bind(days.iter().map(|day| day.energy).collect::<Vec<_>>())
            .bind(days.iter().map(|day| day.readings).collect::<Vec<_>>())
            .bind(days.iter().map(|day| day.quality).collect::<Vec<_>>())
            .bind(days.iter().map(|day| day.packed.as_slice()).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }

    async fn put_superseded(
        connection: &mut Self::Connection,
        readings: &[SupersededRow],
    ) -> Result<(), sqlx::Error> {
        for readings in readings.chunks(5000) {
            sqlx::query::<Self>(
                "INSERT INTO superseded_readings (id, device, channel, starts_at, ends_at, energy, quality, \
                 recorded_at, superseded_at) \
                 SELECT * FROM UNNEST($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], \
                 $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])",
            )
            .bind(readings.iter().map(|old| key(&old.id)).collect::<Vec<_>>())
            .bind(readings.iter().map(|old| key(&old.device)).collect::<Vec<_>>())
            .bind(readings.iter().map(|old| old.channel).collect::<Vec<_>>())
            .bind(readings.iter().map(|old| old.starts_at).collect::<Vec<_>>())
            .bind(readings.iter().map(|old| old.ends_at).collect::<Vec<_>>())
            .bind(readings.iter().map(|old| old.energy).collect::<Vec<_>>())
            .bind(readings.iter().map(|old| old.quality).collect::<Vec<_>>())
            .bind(readings.iter().map(|old| old.recorded_at).collect::<Vec<_>>())
            .bind(readings.iter().map(|old| old.superseded_at).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }

    async fn put_events(connection: &mut Self::Connection, events: &[EventRow]) -> Result<(), sqlx::Error> {
        for events in events.chunks(5000) {
            sqlx::query::<Self>(
                "INSERT INTO events (id, kind, owner, community, device, payload) \
                 SELECT * FROM UNNEST($1::bytea[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[])",
            )
            .bind(events.iter().map(|event| key(&event.id)).collect::<Vec<_>>())
            .bind(events.iter().map(|event| event.kind).collect::<Vec<_>>())
            .bind(events.iter().map(|event| event.owner.as_ref().map(key)).collect::<Vec<_>>())
            .bind(events.iter().map(|event| event.community.as_ref().map(key)).collect::<Vec<_>>())
            .bind(events.iter().map(|event| event.device.as_ref().map(key)).collect::<Vec<_>>())
            .bind(events.iter().map(|event| event.payload.as_str()).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }

    async fn put_register_reads(
        connection: &mut Self::Connection,
        reads: &[RegisterReadRow],
    ) -> Result<(), sqlx::Error> {
        for reads in reads.chunks(5000) {
            sqlx::query::<Self>(
                "INSERT INTO register_reads (device, channel, read_at, recorded_at, counter, quality) \
                 SELECT * FROM UNNEST($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], \
                 $6::bigint[])",
            )
            .bind(reads.iter().map(|read| key(&read.device)).collect::<Vec<_>>())
            .bind(reads.iter().map(|read| read.channel).collect::<Vec<_>>())
            .bind(reads.iter().map(|read| read.read_at).collect::<Vec<_>>())
            .bind(reads.iter().map(|read| read.recorded_at).collect::<Vec<_>>())
            .bind(reads.iter().map(|read| read.counter).collect::<Vec<_>>())
            .bind(reads.iter().map(|read| read.quality).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }

    async fn put_levels(connection: &mut Self::Connection, levels: &[LevelRow]) -> Result<(), sqlx::Error> {
        for levels in levels.chunks(5000) {
            sqlx::query::<Self>(
                "INSERT INTO battery_levels (owner, measured_at, level_ppm, capacity, available) \
                 SELECT * FROM UNNEST($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
                 ON CONFLICT (owner, measured_at) DO UPDATE SET level_ppm = excluded.level_ppm, \
                 capacity = excluded.capacity, available = excluded.available",
            )
            .bind(levels.iter().map(|level| key(&level.owner)).collect::<Vec<_>>())
            .bind(levels.iter().map(|level| level.measured_at).collect::<Vec<_>>())
            .bind(levels.iter().map(|level| level.level_ppm).collect::<Vec<_>>())
            .bind(levels.iter().map(|level| level.capacity).collect::<Vec<_>>())
            .bind(levels.iter().map(|level| level.available).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }

    async fn put_prices(
        connection: &mut Self::Connection,
        prices: &[PriceRow<'_>],
    ) -> Result<(), sqlx::Error> {
        for prices in prices.chunks(5000) {
            sqlx::query::<Self>(
                "INSERT INTO prices (community, name, starts_at, ends_at, price, currency, created_at) \
                 SELECT * FROM UNNEST($1::bytea[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], \
                 $6::text[], $7::bigint[])",
            )
            .bind(prices.iter().map(|price| key(&price.community)).collect::<Vec<_>>())
            .bind(prices.iter().map(|price| price.name).collect::<Vec<_>>())
            .bind(prices.iter().map(|price| price.starts_at).collect::<Vec<_>>())
            .bind(prices.iter().map(|price| price.ends_at).collect::<Vec<_>>())
            .bind(prices.iter().map(|price| price.price).collect::<Vec<_>>())
            .bind(prices.iter().map(|price| price.currency.code()).collect::<Vec<_>>())
            .bind(prices.iter().map(|price| price.created_at).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }
}
