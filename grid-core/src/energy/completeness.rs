//! How complete the readings of a device are over a period, and what to ask again.

use std::fmt::Write as _;

use serde::Serialize;
use uuid::Uuid;

use super::{Channel, Error, Reading, Terms, as_json};
use crate::{
    quantity::Share,
    series::{Grid, Piece, Quality, Slot},
    time::{Calendar, Interval, Resolution},
};

/// How complete one channel of a device is over a period, slot by slot, and what to ask again.
///
/// ```
/// use grid_core::{
///     energy::{Channel, Reading, RegisterReport}, quantity::Energy, series::Quality,
///     time::{Calendar, Interval, Resolution},
/// };
/// let hour = Interval::parse("2026-03-01T05:00:00Z", "2026-03-01T06:00:00Z")?;
/// let half = Interval::parse("2026-03-01T05:00:00Z", "2026-03-01T05:30:00Z")?;
/// let reading = Reading::new(half, Some(Energy::from_mwh(1)), Quality::Measured)?;
/// let (device, bogota) = (uuid::Uuid::nil(), Calendar::new("America/Bogota")?);
/// let report = RegisterReport::new(device, Channel::Import, &bogota, Resolution::QUARTER_HOUR, hour, &[reading])?;
/// assert_eq!((report.expected, report.known, report.slots), (4, 2, [2, 0, 0, 2]));
/// assert_eq!(report.ask_again[0].to_string(), "2026-03-01T05:30:00Z/2026-03-01T06:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegisterReport {
    /// The device.
    pub device: Uuid,
    /// The channel.
    pub channel: Channel,
    /// The IANA zone of the device's calendar.
    pub time_zone: String,
    /// How long a slot is.
    #[serde(serialize_with = "as_text")]
    pub resolution: Resolution,
    /// What was looked at: whole slots.
    #[serde(with = "as_json::interval")]
    pub period: Interval,
    /// How many slots there are.
    pub expected: u64,
    /// How many of them are known as a whole, measured, estimated or substituted.
    pub known: u64,
    /// How many slots have each quality, from measured to missing; they add up to the expected ones.
    pub slots: [u64; 4],
    /// The part of the slots that is known.
    pub completeness: Share,
    /// The stretches of slots that are not known, each as long as it can be.
    #[serde(serialize_with = "as_json::intervals::serialize")]
    pub gaps: Vec<Interval>,
    /// What to ask again: the slots that are missing or only substituted, joined where they meet, and the whole local
    /// day where that is most of the day.
    #[serde(serialize_with = "as_json::intervals::serialize")]
    pub ask_again: Vec<Interval>,
}

impl RegisterReport {
    /// Looks at the slots that `period` touches. For a period that is not over, let it end at the present.
    ///
    /// A slot is known where readings cover all of it, and has the worst quality of its parts. The readings do not
    /// overlap and may come in any order.
    ///
    /// # Errors
    ///
    /// [`Error::Time`] where the slots would be too many or leave the calendar.
    pub fn new(
        device: Uuid,
        channel: Channel,
        calendar: &Calendar,
        resolution: Resolution,
        period: Interval,
        readings: &[Reading],
    ) -> Result<Self, Error> {
        Self::within((device, channel), calendar, (resolution, period), readings, &Terms::always())
    }

    /// Looks like [`RegisterReport::new`] at a register that counts within terms: slots of which nothing counts are not
    /// expected.
    ///
    /// # Errors
    ///
    /// Those of [`RegisterReport::new`], and [`Error::NoReadings`] where no slot is expected.
    pub fn within(
        (device, channel): (Uuid, Channel),
        calendar: &Calendar,
        (resolution, period): (Resolution, Interval),
        readings: &[Reading],
        terms: &Terms,
    ) -> Result<Self, Error> {
        let mut grid = Grid::within(calendar, period, resolution, terms.intervals())?;
        for &reading in readings {
            grid.add(Piece::from(reading))?;
        }
        let grid: Vec<Slot> = grid.finish_counted().into_iter().flatten().collect();
        let (Some(first), Some(last)) = (grid.first(), grid.last()) else {
            return Err(Error::NoReadings { device, channel });
        };
        let period = Interval::new(first.interval.start(), last.interval.end())?;
        let mut slots = [0_u64; 4];
        let (mut gaps, mut wanted) = (Vec::new(), Vec::new());
        for slot in &grid {
            let quality = quality(slot);
            if let Some(count) = slots.get_mut(usize::from(quality.code())) {
                *count += 1;
            }
            if quality == Quality::Missing {
                join(&mut gaps, slot.interval);
            }
            if quality >= Quality::Substituted {
                wanted.push(slot.interval);
            }
        }
        let expected = slots.iter().sum();
        let known = slots.iter().take(3).sum();
        Ok(Self {
            device,
            channel,
            time_zone: calendar.name().to_owned(),
            resolution,
            period,
            expected,
            known,
            slots,
            completeness: Share::of(known, expected),
            gaps,
            ask_again: whole_days(calendar, period, &wanted)?,
        })
    }
}

/// The quality of a slot as a whole.
fn quality(slot: &Slot) -> Quality {
    if slot.energy.is_some() && slot.completeness == Share::WHOLE { slot.quality } else { Quality::Missing }
}

/// Adds an interval behind the others, as part of the last where they meet.
fn join(intervals: &mut Vec<Interval>, next: Interval) {
    if let Some(last) = intervals.last_mut()
        && last.end() >= next.start()
        && let Ok(both) = Interval::new(last.start(), last.end().max(next.end()))
    {
        *last = both;
    } else {
        intervals.push(next);
    }
}

/// Joins slots, and takes the whole day, as far as it lies in the period, where more than half of it is wanted.
fn whole_days(calendar: &Calendar, period: Interval, wanted: &[Interval]) -> Result<Vec<Interval>, Error> {
    let mut asked = Vec::new();
    let mut rest = wanted;
    while let Some(&first) = rest.first() {
        let day = calendar.slot_of(first.start(), Resolution::Day)?;
        let (today, later) = rest.split_at(rest.partition_point(|slot| slot.start() < day.end()));
        rest = later;
        let missing: u64 = today.iter().map(|slot| slot.microseconds()).sum();
        // A slot may be longer than a day; then there is nothing to round up to.
        match day.intersection(period) {
            Some(day) if today.len() > 1 && missing.saturating_mul(2) > day.microseconds() => {
                join(&mut asked, day);
            }
            _ => today.iter().for_each(|&slot| join(&mut asked, slot)),
        }
    }
    Ok(asked)
}

/// What to ask again, as a text that an operator can send to whoever reads the meters; `None` where nothing is missing.
///
/// Times are local with their offset, and a stretch of whole days is named by its dates.
///
/// ```
/// use grid_core::{energy::{Channel, RegisterReport, request_text}, time::{Calendar, Interval, Resolution}};
/// let vienna = Calendar::new("Europe/Vienna")?;
/// let day = vienna.day(jiff::civil::date(2026, 3, 29))?;
/// let device = uuid::Uuid::nil();
/// let report = RegisterReport::new(device, Channel::Import, &vienna, Resolution::QUARTER_HOUR, day, &[])?;
/// assert_eq!(
///     request_text(&[report]).unwrap(),
///     "device 00000000-0000-0000-0000-000000000000, import, every 15min, Europe/Vienna: \
///      92 of 92 readings are not known or substituted\n  2026-03-29, the whole day\n"
/// );
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
pub fn request_text(reports: &[RegisterReport]) -> Option<String> {
    let mut text = String::new();
    for report in reports.iter().filter(|report| !report.ask_again.is_empty()) {
        let calendar = Calendar::new(&report.time_zone).unwrap_or_else(|_| Calendar::utc());
        let [measured, estimated, ..] = report.slots;
        let open = report.expected.saturating_sub(measured).saturating_sub(estimated);
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "device {}, {}, every {}, {}: {open} of {} readings are not known or substituted",
            report.device, report.channel, report.resolution, report.time_zone, report.expected
        );
        for &interval in &report.ask_again {
            let _ = writeln!(text, "  {}", describe(&calendar, interval));
        }
    }
    (!text.is_empty()).then_some(text)
}

fn describe(calendar: &Calendar, interval: Interval) -> String {
    let day = |instant| calendar.slot_of(instant, Resolution::Day);
    let starts_a_day = |instant| day(instant).is_ok_and(|day| day.start() == instant);
    let (start, end) = (interval.start(), interval.end());
    if starts_a_day(start) && starts_a_day(end) {
        let first = calendar.date_of(start);
        return match calendar.date_of(end).yesterday() {
            Ok(last) if last > first => format!("{first} to {last}, whole days"),
            _ => format!("{first}, the whole day"),
        };
    }
    let local = |instant: jiff::Timestamp| {
        instant.to_zoned(calendar.zone().clone()).strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
    };
    format!("{} to {}", local(start), local(end))
}

fn as_text<T: std::fmt::Display, S: serde::Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Energy;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn report(zone: &str, period: Interval, readings: &[Reading]) -> RegisterReport {
        let calendar = Calendar::new(zone).unwrap();
        RegisterReport::new(
            Uuid::nil(),
            Channel::Import,
            &calendar,
            Resolution::QUARTER_HOUR,
            period,
            readings,
        )
        .unwrap()
    }

    /// Readings of every slot of a period, with a quality each.
    fn readings(zone: &str, period: Interval, quality: impl Fn(usize) -> Quality) -> Vec<Reading> {
        let slots = Calendar::new(zone).unwrap().slots(period, Resolution::QUARTER_HOUR).unwrap();
        let reading = |(n, interval): (usize, Interval)| {
            let quality = quality(n);
            let energy = (quality != Quality::Missing).then_some(Energy::from_mwh(1));
            Reading::new(interval, energy, quality).unwrap()
        };
        slots.into_iter().enumerate().map(reading).collect()
    }

    fn days(zone: &str, first: jiff::civil::Date, last: jiff::civil::Date) -> Interval {
        let calendar = Calendar::new(zone).unwrap();
        Interval::new(calendar.day(first).unwrap().start(), calendar.day(last).unwrap().end()).unwrap()
    }

    #[test]
    fn days_of_92_and_100_quarter_hours_are_complete_with_as_many() {
        for (day, slots) in [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)] {
            let period = days("Europe/Madrid", day, day);
            let whole = readings("Europe/Madrid", period, |_| Quality::Measured);
            let found = report("Europe/Madrid", period, &whole);
            assert_eq!((found.expected, found.known, found.completeness), (slots, slots, Share::WHOLE));
            assert!(found.gaps.is_empty() && found.ask_again.is_empty());
            assert_eq!(request_text(&[found]), None);
        }
    }

    #[test]
    fn a_few_slots_are_asked_by_themselves_and_most_of_a_day_as_the_day() {
        let period = days("Europe/Vienna", date(2026, 3, 1), date(2026, 3, 4));
        // The first day lacks two hours, the second 49 of 96 quarter-hours, the third 48, the fourth nothing.
        let lacks = |n: usize| (8..16).contains(&n) || (100..149).contains(&n) || (200..248).contains(&n);
        let some =
            readings(
                "Europe/Vienna",
                period,
                |n| {
                    if lacks(n) { Quality::Missing } else { Quality::Measured }
                },
            );
        let found = report("Europe/Vienna", period, &some);
        assert_eq!((found.expected, found.known, found.gaps.len()), (384, 384 - 8 - 49 - 48, 3));
        assert_eq!(
            request_text(&[found]).unwrap(),
            "device 00000000-0000-0000-0000-000000000000, import, every 15min, Europe/Vienna: \
             105 of 384 readings are not known or substituted\n\
             \x20 2026-03-01 02:00:00+01:00 to 2026-03-01 04:00:00+01:00\n\
             \x20 2026-03-02, the whole day\n\
             \x20 2026-03-03 02:00:00+01:00 to 2026-03-03 14:00:00+01:00\n"
        );
    }

    #[test]
    fn days_that_meet_are_asked_as_one_stretch_and_substitutes_are_asked_too() {
        let period = days("America/Bogota", date(2026, 3, 1), date(2026, 3, 4));
        let some = readings("America/Bogota", period, |n| match n {
            96..192 => Quality::Substituted,
            192..288 => Quality::Missing,
            300 => Quality::Estimated,
            _ => Quality::Measured,
        });
        let found = report("America/Bogota", period, &some);
        assert_eq!(found.slots, [191, 1, 96, 96]);
        assert_eq!(found.gaps.len(), 1);
        assert_eq!(found.ask_again, [days("America/Bogota", date(2026, 3, 2), date(2026, 3, 3))]);
        let text = request_text(&[found]).unwrap();
        assert!(text.ends_with("  2026-03-02 to 2026-03-03, whole days\n"), "{text}");
    }

    #[test]
    fn a_report_in_json_has_names_texts_and_stretches() {
        let period = Interval::parse("2026-03-01T00:00:00Z", "2026-03-01T00:30:00Z").unwrap();
        let found = report("UTC", period, &readings("UTC", period, |n| Quality::ALL[n * 3]));
        assert_eq!(
            serde_json::to_string(&found).unwrap(),
            r#"{"device":"00000000-0000-0000-0000-000000000000","channel":"import","time_zone":"UTC","resolution":"15min","period":{"start":"2026-03-01T00:00:00Z","end":"2026-03-01T00:30:00Z"},"expected":2,"known":1,"slots":[1,0,0,1],"completeness":"0.500000","gaps":[{"start":"2026-03-01T00:15:00Z","end":"2026-03-01T00:30:00Z"}],"ask_again":[{"start":"2026-03-01T00:15:00Z","end":"2026-03-01T00:30:00Z"}]}"#
        );
    }

    proptest! {
        #[test]
        fn slots_add_up_and_what_is_asked_covers_every_gap_in_order(
            missing in prop::collection::vec(0..4_usize, 4 * 96),
        ) {
            let period = days("UTC", date(2026, 3, 1), date(2026, 3, 4));
            let some = readings("UTC", period, |n| Quality::ALL[missing[n]]);
            let found = report("UTC", period, &some);
            prop_assert_eq!(found.slots.iter().sum::<u64>(), found.expected);
            prop_assert_eq!(found.known + found.slots[3], found.expected);
            for pair in found.ask_again.windows(2) {
                prop_assert!(pair[0].end() < pair[1].start());
            }
            for gap in &found.gaps {
                prop_assert!(found.ask_again.iter().any(|asked| asked.intersection(*gap) == Some(*gap)));
            }
        }
    }
}
