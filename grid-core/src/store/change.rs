//! What readings change in the days that stand, each of which is written once.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    Error, books,
    bulk::{DayRow, SupersededRow},
    channel_rows::{ChannelState, PackedDays, Register, Span},
    day::{self, Summary},
    ingest::Ingested,
    quotas, rows,
    storing::Upload,
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

/// Readings whose days lie close together, and the stored days that they could meet.
struct Run<'a> {
    first: i64,
    last: i64,
    readings: &'a [Reading],
}

/// The stored days that readings of a register could meet.
pub(super) fn spans(register: Register, readings: &[Reading], reach: i64) -> impl Iterator<Item = Span> {
    runs(readings, reach).into_iter().map(move |run| Span { register, first: run.first, last: run.last })
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
    /// The days from the first reading to the last.
    pub(super) fn days(&self) -> u64 {
        self.first_start.zip(self.last_end).map_or(0, |(start, end)| quotas::days(start, end))
    }

    /// The state with readings added.
    pub(super) fn with(self, readings: &[Reading]) -> Self {
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
    for (&day, stood) in before {
        let begun = current.partition_point(|recorded| number(recorded) < day);
        if stood.is_empty() || current.get(begun).is_some_and(|recorded| number(recorded) == day) {
            continue;
        }
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

/// What an upload changes.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) ingested: Ingested,
    pub(super) days: Vec<DayRow>,
    pub(super) old: Vec<SupersededRow>,
}

/// Merges an upload into the days that stand.
pub(super) fn change(
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

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
}
