//! Local slots at their instants, and instants on the slots of the local clock.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use super::{
    Error, History,
    history::{DAY_MINUTES, MOST_SLOTS, minute_of_day, slots_between},
};

/// The instants at which local slots start in `zone`, each with the place of its slot, in order of time.
///
/// A slot that the clock skips in spring has no instant and is left out; one that it repeats in autumn has two.
///
/// ```
/// use grid_core::forecast::slots_to_instants;
/// use jiff::{ToSpan, civil::date, tz::TimeZone};
///
/// let zone = TimeZone::get("Europe/Madrid").expect("jiff's own tzdb");
/// let day = |date: jiff::civil::Date| (0..24_i32).map(move |hour| date.at(0, 0, 0, 0) + hour.hours());
/// assert_eq!(slots_to_instants(day(date(2026, 3, 29)), &zone)?.len(), 23);
/// let long = slots_to_instants(day(date(2026, 10, 25)), &zone)?;
/// assert_eq!(long.iter().take(5).map(|(_, slot)| *slot).collect::<Vec<_>>(), [0, 1, 2, 2, 3]);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::OutOfRange`] where an instant lies outside the years -9999 to 9999.
pub fn slots_to_instants(
    starts: impl IntoIterator<Item = DateTime>,
    zone: &TimeZone,
) -> Result<Vec<(Timestamp, usize)>, Error> {
    let mut instants = Vec::new();
    for (slot, start) in starts.into_iter().enumerate() {
        let offsets = match zone.to_ambiguous_timestamp(start).offset() {
            AmbiguousOffset::Unambiguous { offset } => vec![offset],
            AmbiguousOffset::Gap { .. } => vec![],
            AmbiguousOffset::Fold { before, after } => vec![before, after],
        };
        for offset in offsets {
            instants.push((offset.to_timestamp(start).map_err(|_| Error::OutOfRange)?, slot));
        }
    }
    instants.sort_by_key(|(instant, _)| *instant);
    Ok(instants)
}

impl History {
    /// Makes a history of instants and their values on the local clock of `zone`, in any order.
    ///
    /// The hour that the clock skips in spring has no value; the values of the hour that it repeats in autumn are
    /// averaged. That fits amounts per slot (kilowatt-hours of each hour) and mean powers alike. The history runs
    /// from the first point to the last one; a slot that no point names, or whose value is `None`, is missing.
    ///
    /// Where the clock changes by a part of a slot, as by half an hour on Lord Howe Island, hours that are counted in
    /// elapsed time start at half past on the local clock. Such a point belongs to the slot in which its local start
    /// lies, and two that fall into one slot are averaged.
    ///
    /// ```
    /// use grid_core::forecast::History;
    /// use jiff::{Timestamp, ToSpan, tz::TimeZone};
    ///
    /// let zone = TimeZone::get("Europe/Madrid").expect("jiff's own tzdb");
    /// let first: Timestamp = "2026-10-24T22:00:00Z".parse().expect("an instant"); // local midnight, clock changes
    /// let points = (0..25_i32).map(|hour| (first + i64::from(hour).hours(), Some(f64::from(hour))));
    /// let history = History::from_instants(points, &zone, 60)?;
    /// assert_eq!(history.values().len(), 24);
    /// assert_eq!(history.values()[2], 2.5); // 02:00 came twice
    /// # Ok::<(), grid_core::forecast::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`History::new`]; [`Error::OffGrid`] where a local time is not a multiple of the step after midnight,
    /// and would not be one before or after a change of the clock either.
    pub fn from_instants(
        points: impl Iterator<Item = (Timestamp, Option<f64>)>,
        zone: &TimeZone,
        step_minutes: u32,
    ) -> Result<Self, Error> {
        if !(5..=720).contains(&step_minutes) || !DAY_MINUTES.is_multiple_of(step_minutes) {
            return Err(Error::Step { got: step_minutes });
        }
        let mut local = Vec::new();
        let mut offsets: Vec<Offset> = Vec::new();
        let mut earliest = Timestamp::MAX;
        for (instant, value) in points {
            let offset = zone.to_offset(instant);
            if !offsets.contains(&offset) {
                offsets.push(offset);
            }
            earliest = earliest.min(instant);
            local.push((offset.to_datetime(instant), offset, value));
        }
        // The first day may have started on another clock.
        offsets.extend(earliest.checked_sub(24.hours()).map(|before| zone.to_offset(before)));
        let (Some(first), Some(last)) =
            (local.iter().map(|point| point.0).min(), local.iter().map(|point| point.0).max())
        else {
            return Self::new(Date::constant(1970, 1, 1).at(0, 0, 0, 0), step_minutes, Vec::new());
        };
        let into_slot = i64::from(minute_of_day(first) % step_minutes);
        let first = first.with().second(0).subsec_nanosecond(0).build().map_err(|_| Error::OutOfRange)?;
        let first = first.checked_sub(into_slot.minutes()).map_err(|_| Error::OutOfRange)?;
        let slots = slots_between(first, last, step_minutes).saturating_add(1);
        if slots > MOST_SLOTS {
            return Err(Error::TooLong { most: MOST_SLOTS, slots });
        }
        let mut sums = vec![(0.0, 0.0); slots];
        for (at, offset, value) in local {
            if !is_on_grid(at, step_minutes, offsets.iter().map(|other| other.seconds() - offset.seconds())) {
                return Err(Error::OffGrid { step_minutes, local: at });
            }
            if let (Some(value), Some(sum)) = (value, sums.get_mut(slots_between(first, at, step_minutes)))
                && !value.is_nan()
            {
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
        }
        let values =
            sums.into_iter().map(|(sum, count)| if count > 0.0 { sum / count } else { f64::NAN }).collect();
        Self::new(first, step_minutes, values)
    }
}

/// Whether a local time is a multiple of the step after midnight, as it is or on a clock that differs by one of
/// `changes`, in seconds.
fn is_on_grid(at: DateTime, step_minutes: u32, mut changes: impl Iterator<Item = i32>) -> bool {
    let second = i64::from(minute_of_day(at)) * 60 + i64::from(at.second());
    let multiple = |second: i64| second % (i64::from(step_minutes) * 60) == 0;
    at.subsec_nanosecond() == 0
        && (multiple(second) || changes.any(|change| multiple(second + i64::from(change))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        forecast::{Forecast, Point, real},
        time::{Calendar, Interval, Resolution},
    };
    use jiff::civil::date;
    use proptest::prelude::*;

    fn midnight(year: i16, month: i8, day: i8) -> DateTime {
        date(year, month, day).at(0, 0, 0, 0)
    }

    /// One point per step from `start` on, with its place as its value.
    fn counted(start: &str, step_minutes: i64, count: usize) -> Vec<(Timestamp, Option<f64>)> {
        let start: Timestamp = start.parse().unwrap();
        (0..count)
            .map(|place| {
                let later = i64::try_from(place).unwrap() * step_minutes;
                (start + later.minutes(), Some(real(place)))
            })
            .collect()
    }

    #[test]
    fn the_day_of_23_hours_has_a_slot_without_a_value() {
        // Madrid, 29 March 2026: 02:00 does not exist (EU directive 2000/84/EC, last Sunday of March, 01:00 UTC).
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        let points = counted("2026-03-28T23:00:00Z", 60, 23);
        let history = History::from_instants(points.into_iter(), &zone, 60).unwrap();
        assert_eq!((history.start(), history.end()), (midnight(2026, 3, 29), midnight(2026, 3, 30)));
        assert_eq!(history.values().len(), 24);
        assert!(history.values()[2].is_nan() && history.observed_value(2).is_none());
        assert_eq!(history.observed_value(1), Some(1.0));
        assert_eq!(history.observed_value(3), Some(2.0));
        assert_eq!(history.observed_value(23), Some(22.0));
    }

    #[test]
    fn the_day_of_25_hours_averages_the_hour_that_comes_twice() {
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        let points = counted("2026-10-24T22:00:00Z", 15, 100);
        let history = History::from_instants(points.into_iter().rev(), &zone, 15).unwrap();
        assert_eq!(history.values().len(), 96);
        assert_eq!(history.observed_value(8), Some(10.0)); // 02:00 of summer (8) and of winter (12)
        assert_eq!(history.observed_value(12), Some(16.0));
    }

    #[test]
    fn a_shift_of_half_an_hour_leaves_out_half_an_hour() {
        // Lord Howe Island, 4 October 2026: 02:00 becomes 02:30.
        let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
        let points = counted("2026-10-03T13:30:00Z", 30, 47);
        let history = History::from_instants(points.into_iter(), &zone, 30).unwrap();
        assert_eq!(history.values().len(), 48);
        assert!(history.values()[4].is_nan());
    }

    #[test]
    fn hours_go_on_over_a_shift_of_half_an_hour() {
        // Lord Howe Island (tz database, `australasia`): 02:00 becomes 01:30 on 5 April 2026, 02:00 becomes 02:30 on
        // 4 October. Hours are counted from each midnight, as a calendar cuts them, or from the first one on.
        let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
        let calendar = Calendar::new("Australia/Lord_Howe").unwrap();
        let interval = |from: Date, to: Date| {
            let start = |day: Date| zone.to_timestamp(day.at(0, 0, 0, 0)).unwrap();
            Interval::new(start(from), start(to)).unwrap()
        };
        let year = interval(date(2026, 4, 1), date(2026, 10, 8));
        let by_day: Vec<Timestamp> = calendar
            .slots(year, Resolution::Seconds(3600))
            .unwrap()
            .into_iter()
            .map(Interval::start)
            .collect();
        let on: Vec<Timestamp> = (0..190 * 24_i64).map(|hour| year.start() + hour.hours()).collect();
        // At half past all winter long, an hour starts at 01:30 and the next one at 03:00.
        for (starts, missing) in [(by_day, None), (on, Some(186 * 24 + 2))] {
            let points =
                starts.into_iter().map(|start| (start, Some(f64::from(zone.to_datetime(start).hour()))));
            let history = History::from_instants(points, &zone, 60).unwrap();
            assert_eq!(history.start(), midnight(2026, 4, 1));
            assert_eq!((history.values().len(), history.end()), (190 * 24, midnight(2026, 10, 8)));
            for (slot, value) in history.values().iter().enumerate() {
                let as_on_the_wall = (value - real(slot % 24)).abs() < 1e-12;
                assert!(as_on_the_wall || missing == Some(slot) && value.is_nan(), "{slot}: {value}");
            }
        }
        // A history that begins on the day of the change, after it.
        let points = counted("2026-10-03T15:30:00Z", 60, 22);
        let history = History::from_instants(points.into_iter(), &zone, 60).unwrap();
        assert_eq!((history.start(), history.values().len()), (date(2026, 10, 4).at(2, 0, 0, 0), 22));
    }

    #[test]
    fn instants_that_lie_on_no_slots_are_refused() {
        for got in [0, 1, 7, 25, 1440, u32::MAX] {
            let refused = History::from_instants(std::iter::empty(), &TimeZone::UTC, got);
            assert!(matches!(refused, Err(Error::Step { .. })), "{got}");
        }
        let points = counted("2026-01-01T00:07:00Z", 60, 3);
        assert!(matches!(
            History::from_instants(points.into_iter(), &TimeZone::UTC, 60),
            Err(Error::OffGrid { .. })
        ));
        // In the midst of a half-hour zone's winter, hours of UTC never meet the local ones.
        let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
        let points = counted("2026-06-01T00:00:00Z", 60, 48);
        assert!(matches!(History::from_instants(points.into_iter(), &zone, 60), Err(Error::OffGrid { .. })));
        let points = [(Timestamp::MIN, Some(1.0)), (Timestamp::MAX, Some(1.0))];
        assert!(matches!(
            History::from_instants(points.into_iter(), &TimeZone::UTC, 60),
            Err(Error::TooLong { .. })
        ));
    }

    proptest! {
        #[test]
        fn a_forecast_has_the_instants_of_its_slots(day in 0..366_i32, hours in 1..99_i32) {
            let start = date(2026, 1, 1).at(0, 0, 0, 0) + day.days();
            let starts: Vec<DateTime> = (0..hours).map(|hour| start + hour.hours()).collect();
            let points = starts.iter().zip(0_u32..).map(|(start, place)| Point {
                start: *start, mean: f64::from(place), quantiles: vec![],
            });
            let forecast = Forecast { model: "ridge", quantile_levels: vec![], points: points.collect() };
            let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
            let expected: Vec<(Timestamp, f64)> =
                forecast.local_to_instants(&zone).unwrap().into_iter().map(|point| (point.start, point.mean)).collect();
            let got: Vec<(Timestamp, f64)> = slots_to_instants(starts, &zone).unwrap().into_iter()
                .map(|(at, slot)| (at, f64::from(u32::try_from(slot).unwrap()))).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
