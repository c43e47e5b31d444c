//! Taking in readings: many channels in one transaction, each day that changes written once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{on, per_driver},
    books,
    bulk::{Bulk, DayRow, SupersededRow},
    channel_rows::{ChannelRows, ChannelState, PackedDays, Register, Span},
    day::{self, Summary},
    events::{Audience, EventRow, Happening},
    fault::{Fault, gone, not_found},
    group, rows,
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

/// Readings of one channel of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceBatch {
    /// The device.
    pub device: Uuid,
    /// The channel.
    pub channel: Channel,
    /// The readings, in any order.
    pub readings: Vec<Reading>,
}

/// What became of readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Ingested {
    /// How many are new.
    pub inserted: usize,
    /// How many were there already.
    pub unchanged: usize,
    /// How many stand in the place of another one now.
    pub superseded: usize,
}

/// The readings of each channel, by device and channel, so that transactions lock channels in one order.
pub(super) type ByChannel = BTreeMap<(Uuid, Channel), Vec<Reading>>;

/// The intervals of standing readings that make place for others, by channel.
pub(super) type Retired = BTreeMap<(Uuid, Channel), BTreeSet<Interval>>;

/// Brings batches into the order of their channels, and refuses what cannot be stored.
pub(super) fn by_channel(
    batches: impl IntoIterator<Item = (Uuid, Channel, Vec<Reading>)>,
) -> Result<ByChannel, Error> {
    let mut channels = ByChannel::new();
    for (device, channel, readings) in batches {
        for reading in &readings {
            let interval = reading.interval();
            if [interval.start(), interval.end()].iter().any(|at| at.subsec_nanosecond() % 1000 != 0) {
                return Err(Error::TooFine { got: interval });
            }
        }
        if !readings.is_empty() {
            channels.entry((device, channel)).or_default().extend(readings);
        }
    }
    for readings in channels.values_mut() {
        // Stable: of two readings of one interval the later one still comes later.
        readings.sort_by_key(|reading| reading.interval());
    }
    Ok(channels)
}

/// Readings whose days lie close together, and the stored days that they could meet.
struct Run<'a> {
    first: i64,
    last: i64,
    readings: &'a [Reading],
}

/// Cuts readings, by start, into runs, so that a year of nothing between two of them is not loaded.
fn runs(mut readings: &[Reading], reach: i64) -> Vec<Run<'_>> {
    const FAR_DAYS: i64 = 31;
    let days = |reading: &Reading| {
        let (first, last) = day::numbers(reading.interval());
        (first.saturating_sub(reach), last)
    };
    let mut runs = Vec::new();
    while let Some((first, mut last)) = readings.first().map(days) {
        let length = readings
            .iter()
            .take_while(|reading| {
                let (from, to) = days(reading);
                let near = from <= last.saturating_add(FAR_DAYS);
                if near {
                    last = last.max(to);
                }
                near
            })
            .count();
        let Some((run, rest)) = readings.split_at_checked(length.max(1)) else { break };
        runs.push(Run { first, last, readings: run });
        readings = rest;
    }
    runs
}

impl ChannelState {
    /// The state with readings added.
    fn with(self, readings: &[Reading]) -> Self {
        readings.iter().fold(self, |state, reading| {
            let interval = reading.interval();
            let (first, last) = day::numbers(interval);
            let (start, end) = (interval.start().as_microsecond(), interval.end().as_microsecond());
            Self {
                reach: state.reach.max(last - first),
                first_start: Some(state.first_start.map_or(start, |known| known.min(start))),
                last_end: Some(state.last_end.map_or(end, |known| known.max(end))),
                ..state
            }
        })
    }
}

/// The days that a merge has changed.
fn changed_days(
    (device, channel): (Uuid, Channel),
    before: &BTreeMap<i64, Vec<Recorded>>,
    current: &[Recorded],
) -> Result<Vec<DayRow>, Error> {
    let number = |recorded: &Recorded| day::number(recorded.reading.interval().start());
    let mut changed = Vec::new();
    for readings in current.chunk_by(|a, b| number(a) == number(b)) {
        let Some(day) = readings.first().map(number) else { continue };
        if before.get(&day).is_some_and(|before| before == readings) {
            continue;
        }
        if readings.len() > day::MOST {
            return Err(Error::TooManyReadings { day: day::date(day), got: readings.len(), most: day::MOST });
        }
        let summary = day::summarise(readings).ok_or_else(|| {
            let out_of_range =
                crate::quantity::Error::OutOfRange { quantity: "energy", unit: "milliwatt-hours" };
            Error::Energy(out_of_range.into())
        })?;
        changed.push(day_row((device, channel), day, readings, summary));
    }
    // A day all of whose readings made place for one that begins before it.
    for (&day, _) in before
        .iter()
        .filter(|(day, stood)| !stood.is_empty() && !current.iter().any(|recorded| number(recorded) == **day))
    {
        let nothing = Summary { energy: Energy::ZERO, worst: Quality::default() };
        changed.push(day_row((device, channel), day, &[], nothing));
    }
    Ok(changed)
}

fn day_row((device, channel): (Uuid, Channel), day: i64, readings: &[Recorded], summary: Summary) -> DayRow {
    DayRow {
        device,
        channel: i64::from(channel.code()),
        day,
        energy: summary.energy.as_mwh(),
        readings: i64::try_from(readings.len()).unwrap_or(i64::MAX),
        quality: i64::from(summary.worst.code()),
        packed: day::pack(day, readings),
    }
}

fn superseded_row((device, channel): (Uuid, Channel), old: &Superseded) -> SupersededRow {
    let interval = old.reading.interval();
    SupersededRow {
        id: rows::new_id(old.until),
        device,
        channel: i64::from(channel.code()),
        starts_at: interval.start().as_microsecond(),
        ends_at: interval.end().as_microsecond(),
        energy: old.reading.energy().map(Energy::as_mwh),
        quality: i64::from(old.reading.quality().code()),
        recorded_at: old.at.as_microsecond(),
        superseded_at: old.until.as_microsecond(),
    }
}

/// What is stored of one register at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upload<'a> {
    pub(super) register: (Uuid, Channel),
    /// By start.
    pub(super) readings: &'a [Reading],
    /// Whose the device must be; whose it is does not matter where this is `None`.
    pub(super) owner: Option<Uuid>,
    pub(super) now: Timestamp,
}

impl Upload<'_> {
    /// The register as it is stored.
    fn row(&self) -> Register {
        (self.register.0, i64::from(self.register.1.code()))
    }

    /// What those who listen are told of it; nothing where it changed nothing.
    fn told(&self, ingested: Ingested) -> Result<Option<EventRow>, Error> {
        let (device, channel) = self.register;
        let changed = ingested.inserted.saturating_add(ingested.superseded);
        let what = Happening::readings(device, channel, self.readings, changed);
        what.map(|what| EventRow::new(Audience::Device(device), &what, self.now)).transpose()
    }
}

/// What becomes of the others where one upload is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// They are part of the same thing, and it is refused.
    OfAll,
    /// They are stored.
    OfOne,
}

/// What an upload changes.
#[derive(Debug, Default)]
struct Change {
    ingested: Ingested,
    days: Vec<DayRow>,
    old: Vec<SupersededRow>,
}

/// Merges an upload into the days that stand.
fn change(
    upload: &Upload<'_>,
    state: &ChannelState,
    stored: &PackedDays,
    retired: &BTreeSet<Interval>,
) -> Result<Change, Error> {
    let (device, channel) = upload.register;
    let code = i64::from(channel.code());
    // What is stored has microseconds; what is compared with it must have no more.
    let now = rows::instant(books::recorded_at(upload.now, state.settled_as_of), "clock")?;
    let mut change = Change::default();
    for run in runs(upload.readings, state.reach) {
        let mut before = BTreeMap::new();
        for (&(_, _, number), packed) in stored.range((device, code, run.first)..=(device, code, run.last)) {
            let readings = day::unpack(number, packed).map_err(|reason| Error::CorruptDay {
                device,
                channel,
                day: day::date(number),
                reason,
            })?;
            before.insert(number, readings);
        }
        let standing: Vec<Recorded> = before.values().flatten().copied().collect();
        // Of two who write at once the later one may have looked at the clock first, and two servers have two clocks. What
        // replaces a reading is not recorded before it: both would have stood meanwhile.
        let now = standing.iter().map(|recorded| recorded.at).fold(now, Ord::max);
        let merged = ledger::replace(standing, retired, run.readings, now)?;
        change.ingested.inserted += merged.inserted;
        change.ingested.unchanged += merged.unchanged;
        change.ingested.superseded += merged.superseded.len();
        change.days.append(&mut changed_days(upload.register, &before, &merged.current)?);
        change.old.extend(merged.superseded.iter().map(|old| superseded_row(upload.register, old)));
    }
    Ok(change)
}

/// How many uploads the next look at stored days is for, so that a large import holds those of one register at a time.
fn next_look(uploads: &[&Upload<'_>]) -> usize {
    const MOST: usize = 4096;
    let mut total = 0_usize;
    let fit = uploads.iter().take_while(|upload| {
        total = total.saturating_add(upload.readings.len());
        total <= MOST
    });
    fit.count().max(1)
}

/// The steps of an ingest within a transaction.
pub(super) trait Ingest: ChannelRows {
    /// Merges readings into those that stand; those of `retired` make place, as [`ledger::replace`] says.
    async fn ingest(
        connection: &mut Self::Connection,
        channels: &ByChannel,
        retired: &Retired,
        now: Timestamp,
    ) -> Result<Ingested, Fault>;

    /// Merges uploads of registers, each named once and in order: all of them or none.
    async fn ingest_all(
        connection: &mut Self::Connection,
        uploads: &[Upload<'_>],
        retired: &Retired,
    ) -> Result<Ingested, Fault>;

    /// Merges the readings of several registers, each named once and in order, and says what became of each. One that is
    /// refused changes nothing, but that its channel may have a row which says that it is empty.
    async fn ingest_each(
        connection: &mut Self::Connection,
        uploads: &[Upload<'_>],
        retired: &Retired,
        refusal: Refusal,
    ) -> Result<Vec<Result<Ingested, Error>>, Fault>;
}

per_driver! {
    impl Ingest for Db {
        async fn ingest(
            connection: &mut Self::Connection,
            channels: &ByChannel,
            retired: &Retired,
            now: Timestamp,
        ) -> Result<Ingested, Fault> {
            let uploads = channels.iter().map(|(&register, readings)| Upload { register, readings, owner: None, now });
            Db::ingest_all(connection, &uploads.collect::<Vec<_>>(), retired).await
        }

        async fn ingest_all(
            connection: &mut Self::Connection,
            uploads: &[Upload<'_>],
            retired: &Retired,
        ) -> Result<Ingested, Fault> {
            let mut ingested = Ingested::default();
            for outcome in Db::ingest_each(connection, uploads, retired, Refusal::OfAll).await? {
                let Ingested { inserted, unchanged, superseded } = outcome?;
                ingested.inserted += inserted;
                ingested.unchanged += unchanged;
                ingested.superseded += superseded;
            }
            Ok(ingested)
        }

        async fn ingest_each(
            connection: &mut Self::Connection,
            uploads: &[Upload<'_>],
            retired: &Retired,
            refusal: Refusal,
        ) -> Result<Vec<Result<Ingested, Error>>, Fault> {
            let mut devices: Vec<Uuid> = uploads.iter().map(|upload| upload.register.0).collect();
            devices.dedup();
            let owners = Db::owners(&mut *connection, &devices).await?;
            let is_there = |upload: &Upload<'_>| {
                owners.get(&upload.register.0).is_some_and(|owner| upload.owner.is_none_or(|wanted| wanted == *owner))
            };
            if refusal == Refusal::OfAll
                && let Some(unknown) = uploads.iter().find(|upload| !is_there(upload))
            {
                return Err(not_found("device", &unknown.register.0).into());
            }
            let there: Vec<&Upload<'_>> =
                uploads.iter().filter(|upload| is_there(upload)).collect();
            let claimed: Vec<Register> = there.iter().map(|upload| upload.row()).collect();
            // A device may have been deleted since it was looked for.
            Db::claim_channels(&mut *connection, &claimed).await.map_err(gone)?;
            let states = Db::states(&mut *connection, &claimed).await?;
            let state_of = |upload: &Upload<'_>| {
                states.get(&upload.row()).copied().ok_or(Fault::Gone(sqlx::Error::RowNotFound))
            };

            let none = BTreeSet::new();
            let mut outcomes = BTreeMap::new();
            let (mut days, mut old, mut changed) = (Vec::new(), Vec::new(), Vec::new());
            let mut events = Vec::new();
            let mut rest = there.as_slice();
            while let Some((look, later)) = rest.split_at_checked(next_look(rest)) {
                rest = later;
                let mut spans = Vec::new();
                for upload in look {
                    let state = state_of(upload)?;
                    if state.first_start.is_some() {
                        let register = upload.row();
                        let runs = runs(upload.readings, state.reach).into_iter();
                        spans.extend(runs.map(|run| Span { register, first: run.first, last: run.last }));
                    }
                }
                let stored = Db::packed_days(&mut *connection, &spans).await?;
                for upload in look {
                    let state = state_of(upload)?;
                    let retired = retired.get(&upload.register).unwrap_or(&none);
                    let outcome = change(upload, &state, &stored, retired).and_then(|mut change| {
                        days.append(&mut change.days);
                        old.append(&mut change.old);
                        let after = state.with(upload.readings);
                        if after != state {
                            changed.push((upload.row(), after));
                        }
                        events.extend(upload.told(change.ingested)?);
                        Ok(change.ingested)
                    });
                    if refusal == Refusal::OfAll {
                        outcomes.insert(upload.register, Ok(outcome?));
                    } else {
                        outcomes.insert(upload.register, outcome);
                    }
                }
            }
            Db::put_states(&mut *connection, &changed).await?;
            Db::put_days(&mut *connection, &days).await?;
            Db::put_superseded(&mut *connection, &old).await?;
            Db::put_events(&mut *connection, &events).await?;
            let outcome = |upload: &Upload<'_>| {
                outcomes
                    .remove(&upload.register)
                    .unwrap_or_else(|| Err(not_found("device", &upload.register.0)))
            };
            Ok(uploads.iter().map(outcome).collect())
        }
    }
}

impl Store {
    /// Takes in readings, all of them or none. A reading that is there already changes nothing; one of the same
    /// interval with another value takes its place, and the old one stays in the history.
    ///
    /// A few readings of one channel are stored in one transaction with those of others who call at the same time; the
    /// outcome is that of this call alone. A call that is given up may have been stored.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a device that is not there; [`Error::Energy`] with
    /// [`energy::Error::Overlap`](crate::energy::Error::Overlap) where a reading overlaps another one of its channel
    /// without being the same interval; [`Error::TooFine`]; [`Error::TooManyReadings`]; or a fault of the database.
    pub async fn ingest(&self, batches: &[DeviceBatch], now: Timestamp) -> Result<Ingested, Error> {
        let batches = batches.iter().map(|batch| (batch.device, batch.channel, batch.readings.clone()));
        self.ingest_for(None, by_channel(batches)?, now).await
    }

    /// Takes in readings like [`ingest`](Self::ingest), of devices of `owner`: those of others are not there.
    ///
    /// # Errors
    ///
    /// Those of [`ingest`](Self::ingest).
    pub async fn ingest_of_owner(
        &self,
        owner: Uuid,
        batches: Vec<DeviceBatch>,
        now: Timestamp,
    ) -> Result<Ingested, Error> {
        let batches = batches.into_iter().map(|batch| (batch.device, batch.channel, batch.readings));
        self.ingest_for(Some(owner), by_channel(batches)?, now).await
    }

    async fn ingest_for(
        &self,
        owner: Option<Uuid>,
        channels: ByChannel,
        now: Timestamp,
    ) -> Result<Ingested, Error> {
        if channels.is_empty() {
            return Ok(Ingested::default());
        }
        let channels = match group::small(channels) {
            Ok((register, readings)) => return self.ingest_together(register, readings, owner, now).await,
            Err(channels) => channels,
        };
        on!(self, write "store readings", |connection| {
            let uploads = channels.iter().map(|(&register, readings)| Upload { register, readings, owner, now });
            Db::ingest_all(connection, &uploads.collect::<Vec<_>>(), &Retired::new()).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{series::Quality, time::Interval};

    fn reading(start: i64, seconds: i64) -> Reading {
        let at = |second| Timestamp::from_second(second).unwrap();
        let interval = Interval::new(at(start), at(start + seconds)).unwrap();
        Reading::new(interval, Some(Energy::from_mwh(1)), Quality::Measured).unwrap()
    }

    #[test]
    fn readings_years_apart_are_two_runs() {
        let readings = [reading(0, 900), reading(86_400, 900), reading(86_400 * 400, 900)];
        let found: Vec<_> =
            runs(&readings, 0).iter().map(|run| (run.first, run.last, run.readings.len())).collect();
        assert_eq!(found, [(0, 1, 2), (400, 400, 1)]);
    }

    #[test]
    fn a_run_looks_back_as_far_as_stored_readings_reach_and_ahead_as_far_as_new_ones_do() {
        let readings = [reading(86_400 * 10, 86_400 * 3)];
        let run = &runs(&readings, 2)[0];
        assert_eq!((run.first, run.last), (8, 12));
    }

    #[test]
    fn nanoseconds_are_refused() {
        let at = |nanosecond| Timestamp::from_nanosecond(nanosecond).unwrap();
        let interval = Interval::new(at(1), at(1000)).unwrap();
        let fine = Reading::new(interval, Some(Energy::ZERO), Quality::Measured).unwrap();
        assert!(matches!(
            by_channel([(Uuid::nil(), Channel::Import, vec![fine])]),
            Err(Error::TooFine { .. })
        ));
    }
}
