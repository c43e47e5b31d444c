//! Forgetting what a device counted, but for the readings that accounts stand on.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    energy::{Channel, Reading, Terms, ledger::Recorded},
    series::Quality,
    store::{
        Error,
        backend::per_driver,
        bulk::{Bulk, DayRow},
        day,
        fault::Fault,
        readings::Query,
        rows::{self, key},
        sql::sql,
    },
    time::Interval,
};

/// What of a device is needed by accounts.
#[derive(Debug)]
pub(super) struct Needed {
    /// When what it counts is.
    pub(super) kept: Terms,
    /// As of when bills were made of periods in which it counted.
    pub(super) bills: Vec<Timestamp>,
}

/// What of the time is not kept.
fn gaps(kept: &Terms) -> Vec<Interval> {
    let (mut from, mut gaps) = (Timestamp::MIN, Vec::new());
    for interval in kept.intervals() {
        gaps.extend(Interval::new(from, interval.start()));
        from = interval.end();
    }
    gaps.extend(Interval::new(from, Timestamp::MAX));
    gaps
}

/// Since when a register is known, by the readings that stay and by those that go.
#[derive(Debug, Default)]
struct Known {
    by_what_stays: Option<Timestamp>,
    by_what_goes: Option<Timestamp>,
}

impl Known {
    fn see(&mut self, needed: &Needed, interval: Interval, at: Timestamp) {
        let stays = needed.kept.overlaps(interval);
        let since = if stays { &mut self.by_what_stays } else { &mut self.by_what_goes };
        *since = Some(since.map_or(at, |since| since.min(at)));
    }

    /// Since when, where a bill went by it that would not know of the register without the readings that go.
    fn only_by_what_goes(&self, bills: &[Timestamp]) -> Option<Timestamp> {
        self.by_what_goes.filter(|since| {
            bills.iter().any(|as_of| since <= as_of && self.by_what_stays.is_none_or(|stays| as_of < &stays))
        })
    }
}

/// The first and the last microsecond of an interval.
fn edges(interval: Interval) -> impl Iterator<Item = Interval> {
    const INSTANT: SignedDuration = SignedDuration::from_micros(1);
    let first = interval.start().checked_add(INSTANT).ok().map(|end| (interval.start(), end));
    let last = interval.end().checked_sub(INSTANT).ok().map(|start| (start, interval.end()));
    [first, last].into_iter().flatten().filter_map(|(start, end)| Interval::new(start, end).ok())
}

/// The steps of forgetting what a device counted.
pub(super) trait ForgetReadings: Bulk + Query {
    /// Forgets what a device counted, but for the readings that share an instant with what is kept and what its registers
    /// showed around them; whether any reading is left.
    async fn forget_readings(
        connection: &mut Self::Connection,
        device: Uuid,
        needed: &Needed,
    ) -> Result<bool, Fault>;

    /// What stays in the place of the first reading that is forgotten, where a bill was made that had nothing of the
    /// register, and had its slots left out because it was known by then: that it was, and not what it counted.
    async fn witness(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        needed: &Needed,
    ) -> Result<Option<Recorded>, Fault>;

    /// When the readings of a register were counted that share an instant with `kept`, and all that is kept.
    async fn around(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        kept: &Terms,
    ) -> Result<Terms, Fault>;

    /// Forgets the readings of a register that begin in an interval, but that there was one.
    async fn forget_days(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        during: Interval,
        witness: Option<Recorded>,
    ) -> Result<(), Fault>;

    /// Lets what is said of a register agree with what is left; whether any reading is.
    async fn settle_channel(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
    ) -> Result<bool, Fault>;

    /// The first or the last day of a register.
    async fn day_at(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        text: &'static str,
    ) -> Result<Option<Interval>, Fault>;
}

per_driver! {
    impl ForgetReadings for Db {
        async fn forget_readings(
            connection: &mut Self::Connection,
            device: Uuid,
            needed: &Needed,
        ) -> Result<bool, Fault> {
            let kept = &needed.kept;
            let channels: Vec<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT channel FROM channels WHERE device = ? \
                 UNION SELECT channel FROM register_reads WHERE device = ? \
                 UNION SELECT channel FROM register_events WHERE device = ?"
            ))
            .bind(key(&device))
            .bind(key(&device))
            .bind(key(&device))
            .fetch_all(&mut *connection)
            .await?;
            let mut is_left = false;
            for (code,) in channels {
                let register = (device, rows::channel(code)?);
                let around = Db::around(&mut *connection, register, kept).await?;
                let witness = Db::witness(&mut *connection, register, needed).await?;
                for gap in gaps(kept) {
                    sqlx::query::<Db>(sql!(
                        "DELETE FROM superseded_readings WHERE device = ? AND channel = ? AND starts_at >= ? AND ends_at <= ?"
                    ))
                    .bind(key(&device))
                    .bind(code)
                    .bind(gap.start().as_microsecond())
                    .bind(gap.end().as_microsecond())
                    .execute(&mut *connection)
                    .await?;
                }
                for gap in gaps(&around) {
                    for text in [
                        // The last look at what is kept stands at its end.
                        sql!("DELETE FROM register_reads WHERE device = ? AND channel = ? AND read_at > ? AND read_at < ?"),
                        // By what is told of the register, and by its exchanges, later looks at it are understood.
                        sql!(
                            "DELETE FROM register_events WHERE device = ? AND channel = ? AND happened_at > ? \
                             AND happened_at < ? AND kind IN ('rollover', 'reset')"
                        ),
                    ] {
                        sqlx::query::<Db>(text)
                            .bind(key(&device))
                            .bind(code)
                            .bind(gap.start().as_microsecond())
                            .bind(gap.end().as_microsecond())
                            .execute(&mut *connection)
                            .await?;
                    }
                    Db::forget_days(&mut *connection, register, gap, witness).await?;
                }
                if Db::settle_channel(&mut *connection, register).await? {
                    is_left = true;
                    continue;
                }
                // Of a register at which nobody looked nothing is to be understood.
                sqlx::query::<Db>(sql!(
                    "DELETE FROM register_events WHERE device = ? AND channel = ? \
                     AND NOT EXISTS (SELECT 1 FROM register_reads WHERE device = ? AND channel = ?)"
                ))
                .bind(key(&device))
                .bind(code)
                .bind(key(&device))
                .bind(code)
                .execute(&mut *connection)
                .await?;
            }
            Ok(is_left)
        }

        async fn witness(
            connection: &mut Self::Connection,
            (device, channel): (Uuid, Channel),
            needed: &Needed,
        ) -> Result<Option<Recorded>, Fault> {
            if needed.bills.is_empty() {
                return Ok(None);
            }
            let code = i64::from(channel.code());
            let old: Vec<(i64, i64, i64)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT starts_at, ends_at, recorded_at FROM superseded_readings WHERE device = ? AND channel = ?"
            ))
            .bind(key(&device))
            .bind(code)
            .fetch_all(&mut *connection)
            .await?;
            let mut known = Known::default();
            for (start, end, at) in old {
                let instant = |at| rows::instant(at, "superseded reading");
                if let Ok(interval) = Interval::new(instant(start)?, instant(end)?) {
                    known.see(needed, interval, instant(at)?);
                }
            }
            let days: Vec<(i64, Vec<u8>)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT day, packed FROM reading_days WHERE device = ? AND channel = ? ORDER BY day"
            ))
            .bind(key(&device))
            .bind(code)
            .fetch_all(connection)
            .await?;
            let mut first = None;
            for (number, packed) in days {
                let readings = day::unpack(number, &packed)
                    .map_err(|reason| Error::CorruptDay { device, channel, day: day::date(number), reason })?;
                for recorded in readings {
                    let interval = recorded.reading.interval();
                    known.see(needed, interval, recorded.at);
                    if first.is_none() && !needed.kept.overlaps(interval) {
                        first = Some(interval);
                    }
                }
            }
            let Some((interval, at)) = first.zip(known.only_by_what_goes(&needed.bills)) else { return Ok(None) };
            Ok(Some(Recorded { reading: Reading::new(interval, None, Quality::Missing)?, at }))
        }

        async fn around(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
            kept: &Terms,
        ) -> Result<Terms, Fault> {
            let mut around = kept.intervals().to_vec();
            // Readings do not overlap: one that begins before what is kept, or ends after it, has its edge in it.
            for edge in kept.intervals().iter().copied().flat_map(edges) {
                let there = Db::standing(&mut *connection, register, edge).await?;
                around.extend(there.iter().map(|recorded| recorded.reading.interval()));
            }
            Ok(Terms::new(around))
        }

        async fn forget_days(
            connection: &mut Self::Connection,
            (device, channel): (Uuid, Channel),
            during: Interval,
            witness: Option<Recorded>,
        ) -> Result<(), Fault> {
            let code = i64::from(channel.code());
            let (first, last) = day::numbers(during);
            // A day that is forgotten in part only is packed again.
            let start_of = |recorded: &Recorded| recorded.reading.interval().start();
            let place = witness.as_ref().map(|recorded| day::number(start_of(recorded)));
            let partly: BTreeSet<i64> =
                [first, last].into_iter().chain(place.filter(|place| (first..=last).contains(place))).collect();
            let mut kept = Vec::new();
            for number in partly {
                let packed: Option<(Vec<u8>,)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT packed FROM reading_days WHERE device = ? AND channel = ? AND day = ?"
                ))
                .bind(key(&device))
                .bind(code)
                .bind(number)
                .fetch_optional(&mut *connection)
                .await?;
                let Some((packed,)) = packed else { continue };
                let mut readings = day::unpack(number, &packed)
                    .map_err(|reason| Error::CorruptDay { device, channel, day: day::date(number), reason })?;
                for recorded in &mut readings {
                    if let Some(witness) = witness.filter(|witness| start_of(witness) == start_of(recorded)) {
                        *recorded = witness;
                    }
                }
                readings.retain(|recorded| {
                    let start = start_of(recorded);
                    start < during.start() || start >= during.end() || Some(*recorded) == witness
                });
                let Some(summary) = day::summarise(&readings).filter(|_| !readings.is_empty()) else { continue };
                kept.push(DayRow {
                    device,
                    channel: code,
                    day: number,
                    energy: summary.energy.as_mwh(),
                    readings: i64::try_from(readings.len()).unwrap_or(i64::MAX),
                    quality: i64::from(summary.worst.code()),
                    packed: day::pack(number, &readings),
                });
            }
            sqlx::query::<Db>(sql!(
                "DELETE FROM reading_days WHERE device = ? AND channel = ? AND day >= ? AND day <= ?"
            ))
            .bind(key(&device))
            .bind(code)
            .bind(first)
            .bind(last)
            .execute(&mut *connection)
            .await?;
            Ok(Db::put_days(connection, &kept).await?)
        }

        async fn settle_channel(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
        ) -> Result<bool, Fault> {
            let (device, code) = (register.0, i64::from(register.1.code()));
            // A day all of whose readings made place for others is a row without readings, and no end of the register.
            sqlx::query::<Db>(sql!("DELETE FROM reading_days WHERE device = ? AND channel = ? AND readings = 0"))
                .bind(key(&device))
                .bind(code)
                .execute(&mut *connection)
                .await?;
            let first = Db::day_at(
                &mut *connection,
                register,
                sql!("SELECT day, packed FROM reading_days WHERE device = ? AND channel = ? ORDER BY day LIMIT 1"),
            )
            .await?;
            let last = Db::day_at(
                &mut *connection,
                register,
                sql!("SELECT day, packed FROM reading_days WHERE device = ? AND channel = ? ORDER BY day DESC LIMIT 1"),
            )
            .await?;
            let old: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT channel FROM superseded_readings WHERE device = ? AND channel = ? LIMIT 1"
            ))
            .bind(key(&device))
            .bind(code)
            .fetch_optional(&mut *connection)
            .await?;
            if first.is_none() && old.is_none() {
                sqlx::query::<Db>(sql!("DELETE FROM channels WHERE device = ? AND channel = ?"))
                    .bind(key(&device))
                    .bind(code)
                    .execute(connection)
                    .await?;
                return Ok(false);
            }
            sqlx::query::<Db>(sql!(
                "UPDATE channels SET first_start = ?, last_end = ? WHERE device = ? AND channel = ?"
            ))
            .bind(first.map(|day| day.start().as_microsecond()))
            .bind(last.map(|day| day.end().as_microsecond()))
            .bind(key(&device))
            .bind(code)
            .execute(connection)
            .await?;
            Ok(true)
        }

        async fn day_at(
            connection: &mut Self::Connection,
            (device, channel): (Uuid, Channel),
            text: &'static str,
        ) -> Result<Option<Interval>, Fault> {
            let found: Option<(i64, Vec<u8>)> = sqlx::query_as::<Db, _>(text)
                .bind(key(&device))
                .bind(i64::from(channel.code()))
                .fetch_optional(connection)
                .await?;
            let Some((number, packed)) = found else { return Ok(None) };
            let readings = day::unpack(number, &packed)
                .map_err(|reason| Error::CorruptDay { device, channel, day: day::date(number), reason })?;
            let interval = |recorded: &Recorded| recorded.reading.interval();
            let ends = readings.first().map(interval).zip(readings.last().map(interval));
            Ok(ends.and_then(|(first, last)| Interval::new(first.start(), last.end()).ok()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn between(from: i64, until: i64) -> Interval {
        Interval::new(at(from), at(until)).unwrap()
    }

    #[test]
    fn what_is_not_kept_is_forgotten() {
        let gaps = |kept: &[Interval]| -> Vec<_> {
            let gaps = gaps(&Terms::new(kept.iter().copied()));
            gaps.iter().map(|interval| (interval.start(), interval.end())).collect()
        };
        assert_eq!(gaps(&[]), [(Timestamp::MIN, Timestamp::MAX)]);
        assert_eq!(
            gaps(&[between(50, 60), between(10, 20), between(15, 30)]),
            [(Timestamp::MIN, at(10)), (at(30), at(50)), (at(60), Timestamp::MAX)]
        );
        let all = Interval::new(Timestamp::MIN, Timestamp::MAX).unwrap();
        assert_eq!(gaps(&[all]), []);
    }
}
