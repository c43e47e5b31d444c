//! Asking for readings, as they stand now or as they stood.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{on, per_driver},
    day,
    fault::Fault,
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::{
        Channel, Reading,
        ledger::{self, Recorded, Superseded},
    },
    quantity::Energy,
    series::Quality,
    time::Interval,
};

/// How many stored days are loaded at once at most where a part of the readings is asked for: some five weeks, of which a
/// month is asked for most.
const AT_ONCE: usize = 40;

type SupersededRow = (i64, i64, Option<i64>, i64, i64, i64);

pub(super) fn superseded(
    (start, end, energy, quality, at, until): SupersededRow,
) -> Result<Superseded, Error> {
    const THING: &str = "superseded reading";
    let corrupt = |reason| Error::Corrupt { thing: THING, reason };
    let interval = Interval::new(rows::instant(start, THING)?, rows::instant(end, THING)?)
        .map_err(|_| corrupt("its interval is empty"))?;
    let quality = u8::try_from(quality)
        .ok()
        .and_then(Quality::from_code)
        .ok_or_else(|| corrupt("its quality is not known"))?;
    let reading = Reading::new(interval, energy.map(Energy::from_mwh), quality)
        .map_err(|_| corrupt("it breaks a rule of readings"))?;
    Ok(Superseded { reading, at: rows::instant(at, THING)?, until: rows::instant(until, THING)? })
}

/// Adds the readings of a stored day that share an instant with `interval`.
pub(super) fn unpack_into(
    out: &mut Vec<Recorded>,
    (device, channel): (Uuid, Channel),
    (number, packed): (i64, &[u8]),
    interval: Interval,
) -> Result<(), Error> {
    let readings = day::unpack(number, packed).map_err(|reason| Error::CorruptDay {
        device,
        channel,
        day: day::date(number),
        reason,
    })?;
    out.extend(readings.into_iter().filter(|recorded| recorded.reading.interval().overlaps(interval)));
    Ok(())
}

/// How many days are looked at first for so many readings: a day of quarter-hours has 96.
pub(super) fn days_of(most: usize) -> usize {
    (most / 64).saturating_add(2).min(AT_ONCE)
}

/// The steps of a query.
pub(super) trait Query: sqlx::Database {
    /// The readings that stand and share an instant with `interval`, by start.
    async fn standing(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        interval: Interval,
    ) -> Result<Vec<Recorded>, Fault>;

    /// The readings that were replaced and share an instant with `interval`, by start.
    async fn superseded(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        interval: Interval,
    ) -> Result<Vec<Superseded>, Fault>;

    /// The first `most` stored days after the day `seen` whose readings may share an instant with `interval`.
    async fn some_days(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        interval: Interval,
        seen: i64,
        most: usize,
    ) -> Result<Vec<(i64, Vec<u8>)>, Fault>;

    /// The first `most` readings that share an instant with `interval`, or some more, by start: a few days at a time, however
    /// many there are.
    async fn first(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        interval: Interval,
        as_of: Option<Timestamp>,
        most: usize,
    ) -> Result<Vec<Recorded>, Fault>;
}

per_driver! {
    impl Query for Db {
        async fn standing(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
            interval: Interval,
        ) -> Result<Vec<Recorded>, Fault> {
            let (first, last) = day::numbers(interval);
            let days: Vec<(i64, Vec<u8>)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT r.day, r.packed FROM channels c \
                 JOIN reading_days r ON r.device = c.device AND r.channel = c.channel \
                 WHERE c.device = ? AND c.channel = ? AND r.day >= ? - c.reach AND r.day <= ? ORDER BY r.day"
            ))
            .bind(key(&register.0))
            .bind(i64::from(register.1.code()))
            .bind(first)
            .bind(last)
            .fetch_all(connection)
            .await?;
            let mut found = Vec::new();
            for (number, packed) in &days {
                unpack_into(&mut found, register, (*number, packed), interval)?;
            }
            Ok(found)
        }

        async fn superseded(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
            interval: Interval,
        ) -> Result<Vec<Superseded>, Fault> {
            let found: Vec<SupersededRow> = sqlx::query_as::<Db, _>(sql!(
                "SELECT starts_at, ends_at, energy, quality, recorded_at, superseded_at FROM superseded_readings \
                 WHERE device = ? AND channel = ? AND starts_at < ? AND ends_at > ? \
                 ORDER BY starts_at, superseded_at, recorded_at, id"
            ))
            .bind(key(&register.0))
            .bind(i64::from(register.1.code()))
            .bind(interval.end().as_microsecond())
            .bind(interval.start().as_microsecond())
            .fetch_all(connection)
            .await?;
            Ok(found.into_iter().map(superseded).collect::<Result<_, _>>()?)
        }

        async fn some_days(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
            interval: Interval,
            seen: i64,
            most: usize,
        ) -> Result<Vec<(i64, Vec<u8>)>, Fault> {
            let (first, last) = day::numbers(interval);
            let days = sqlx::query_as::<Db, _>(sql!(
                "SELECT r.day, r.packed FROM channels c \
                 JOIN reading_days r ON r.device = c.device AND r.channel = c.channel \
                 WHERE c.device = ? AND c.channel = ? AND r.day >= ? - c.reach AND r.day > ? AND r.day <= ? \
                 ORDER BY r.day LIMIT ?"
            ))
            .bind(key(&register.0))
            .bind(i64::from(register.1.code()))
            .bind(first)
            .bind(seen)
            .bind(last)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(connection)
            .await?;
            Ok(days)
        }

        async fn first(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
            interval: Interval,
            as_of: Option<Timestamp>,
            most: usize,
        ) -> Result<Vec<Recorded>, Fault> {
            let mut found = Vec::new();
            let (mut seen, mut begin) = (i64::MIN, interval.start());
            // Of meters that send less, more are loaded each time.
            let mut at_once = days_of(most);
            loop {
                let days = Db::some_days(&mut *connection, register, interval, seen, at_once).await?;
                let mut is_all = days.len() < at_once;
                let mut current = Vec::new();
                for (number, packed) in &days {
                    if found.len().saturating_add(current.len()) >= most {
                        is_all = false;
                        break;
                    }
                    unpack_into(&mut current, register, (*number, packed), interval)?;
                    seen = *number;
                }
                if let Some(instant) = as_of {
                    // What stood then and begins where these do: a reading belongs to the day on which it begins.
                    let end = if is_all { interval.end() } else { interval.end().min(day::midnight(seen + 1)) };
                    let mut old = match Interval::new(begin, end) {
                        Ok(window) => Db::superseded(&mut *connection, register, window).await?,
                        // Days that only reach into the interval.
                        Err(_) => Vec::new(),
                    };
                    old.retain(|old| begin == interval.start() || old.reading.interval().start() >= begin);
                    begin = begin.max(end);
                    current = ledger::as_of(&current, &old, instant);
                }
                found.append(&mut current);
                if is_all || found.len() >= most {
                    return Ok(found);
                }
                at_once = at_once.saturating_mul(2).min(AT_ONCE);
            }
        }
    }
}

impl Store {
    /// The readings of one channel that share an instant with `interval`, by start, each with the instant at which it
    /// was recorded: those that stand now, or those that stood at `as_of`.
    ///
    /// # Errors
    ///
    /// [`Error::CorruptDay`], or a fault of the database; a device that is not there has no readings.
    pub async fn readings(
        &self,
        device: Uuid,
        channel: Channel,
        interval: Interval,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<Recorded>, Error> {
        let register = (device, channel);
        let Some(instant) = as_of else {
            return on!(self, read "load readings", |connection| {
                Db::standing(connection, register, interval).await
            });
        };
        on!(self, snapshot "load readings", |connection| {
            let current = Db::standing(&mut *connection, register, interval).await?;
            let old = Db::superseded(connection, register, interval).await?;
            Ok(ledger::as_of(&current, &old, instant))
        })
    }

    /// The first `most` of what [`readings`](Self::readings) gives, in memory and time that do not grow with the rest.
    ///
    /// # Errors
    ///
    /// Those of [`readings`](Self::readings).
    pub async fn first_readings(
        &self,
        device: Uuid,
        channel: Channel,
        interval: Interval,
        as_of: Option<Timestamp>,
        most: usize,
    ) -> Result<Vec<Recorded>, Error> {
        let register = (device, channel);
        let mut found = if as_of.is_some() {
            on!(self, snapshot "load readings", |connection| {
                Db::first(connection, register, interval, as_of, most).await
            })
        } else {
            on!(self, read "load readings", |connection| {
                Db::first(connection, register, interval, None, most).await
            })
        }?;
        found.truncate(most);
        Ok(found)
    }

    /// The readings of one channel that were replaced and share an instant with `interval`, by start.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn history(
        &self,
        device: Uuid,
        channel: Channel,
        interval: Interval,
    ) -> Result<Vec<Superseded>, Error> {
        on!(self, read "load the history of readings", |connection| {
            Db::superseded(connection, (device, channel), interval).await
        })
    }

    /// The channels of which a device has readings, each with the interval from the first start to the last end.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn channels(&self, device: Uuid) -> Result<Vec<(Channel, Interval)>, Error> {
        on!(self, read "list the channels of a device", |connection| {
            let found: Vec<(i64, i64, i64)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT channel, first_start, last_end FROM channels \
                 WHERE device = ? AND first_start IS NOT NULL AND last_end IS NOT NULL ORDER BY channel"
            ))
            .bind(key(&device))
            .fetch_all(connection)
            .await?;
            let channels: BTreeMap<Channel, Interval> = found
                .into_iter()
                .map(|(code, start, end)| {
                    let extent =
                        Interval::new(rows::instant(start, "channel")?, rows::instant(end, "channel")?)
                            .map_err(|_| Error::Corrupt { thing: "channel", reason: "its extent is empty" })?;
                    Ok((rows::channel(code)?, extent))
                })
                .collect::<Result<_, Error>>()?;
            Ok(channels.into_iter().collect())
        })
    }
}
