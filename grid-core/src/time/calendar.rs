//! Local days, months and years of an IANA zone, and the slots that they are cut into.

use std::sync::LazyLock;

use jiff::{
    Timestamp, ToSpan, Unit, Zoned, ZonedRound,
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};

use super::{Error, Interval, Resolution};
use crate::error::excerpt;

/// The rules that are compiled in. Asked for by name, because another crate of the build may have turned on the
/// machine's own zone files, which jiff would then prefer.
static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The local calendar of an IANA time zone.
///
/// A local day has 23, 24 or 25 hours (in a few zones half an hour more or less), and starts at its first instant,
/// which is not 00:00 where the clock skips midnight. Slots shorter than a day are counted from that start, and the
/// last one ends with the day.
///
/// ```
/// use grid_core::time::{Calendar, Resolution};
/// let madrid = Calendar::new("Europe/Madrid")?;
/// let spring = madrid.day(jiff::civil::date(2026, 3, 29))?;
/// assert_eq!(madrid.slots(spring, Resolution::QUARTER_HOUR)?.len(), 92);
/// # Ok::<(), grid_core::time::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    /// The most slots that one interval is cut into: a century of hours.
    pub const MOST_SLOTS: usize = 1_000_000;

    /// Looks up an IANA zone by its name, among the rules that are compiled in.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownZone`] for any other name.
    pub fn new(zone: &str) -> Result<Self, Error> {
        let unknown = || Error::UnknownZone { got: excerpt(zone) };
        let zone = BUNDLED.get(zone).map_err(|_| unknown())?;
        if zone.iana_name().is_none() { Err(unknown()) } else { Ok(Self { zone }) }
    }

    /// The calendar of UTC.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// The zone's IANA name.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The zone itself.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The local day of a date.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] at the end of the calendar.
    pub fn day(&self, date: Date) -> Result<Interval, Error> {
        let next = date.tomorrow().map_err(|_| Error::OutOfRange)?;
        Interval::new(self.start_of(date)?, self.start_of(next)?)
    }

    /// The local month of a year.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for a month outside 1 to 12 or at the end of the calendar.
    pub fn month(&self, year: i16, month: i8) -> Result<Interval, Error> {
        let first = Date::new(year, month, 1).map_err(|_| Error::OutOfRange)?;
        let next = first.checked_add(1.month()).map_err(|_| Error::OutOfRange)?;
        Interval::new(self.start_of(first)?, self.start_of(next)?)
    }

    /// The local month of a text like `2026-03`.
    ///
    /// ```
    /// use grid_core::time::Calendar;
    /// let madrid = Calendar::new("Europe/Madrid")?;
    /// assert_eq!(madrid.month_named("2026-03")?, madrid.month(2026, 3)?);
    /// assert!(madrid.month_named("2026-13").is_err());
    /// # Ok::<(), grid_core::time::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotAMonth`], or [`Error::OutOfRange`].
    pub fn month_named(&self, text: &str) -> Result<Interval, Error> {
        let not_a_month = || Error::NotAMonth { got: excerpt(text) };
        let (year, month) = text.trim().split_once('-').ok_or_else(not_a_month)?;
        if year.len() != 4
            || month.len() != 2
            || !text.trim().bytes().all(|b| b.is_ascii_digit() || b == b'-')
        {
            return Err(not_a_month());
        }
        let (year, month) =
            (year.parse().map_err(|_| not_a_month())?, month.parse().map_err(|_| not_a_month())?);
        // A month beyond December is no month, rather than out of the calendar's range.
        Date::new(year, month, 1).map_err(|_| not_a_month())?;
        self.month(year, month)
    }

    /// The local date of an instant.
    pub fn date_of(&self, instant: Timestamp) -> Date {
        self.zone.to_datetime(instant).date()
    }

    /// The slot that an instant lies in.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] at the ends of the calendar.
    pub fn slot_of(&self, instant: Timestamp, resolution: Resolution) -> Result<Interval, Error> {
        let (date, day) = self.day_of(instant)?;
        match resolution {
            Resolution::Day => Ok(day),
            Resolution::Month => self.month(date.year(), date.month()),
            Resolution::Year => {
                let first = Date::new(date.year(), 1, 1).map_err(|_| Error::OutOfRange)?;
                let next = first.checked_add(1.year()).map_err(|_| Error::OutOfRange)?;
                Interval::new(self.start_of(first)?, self.start_of(next)?)
            }
            Resolution::Seconds(seconds) => {
                let step = i64::from(seconds.max(1));
                let into = instant.duration_since(day.start()).as_secs() / step * step;
                let start = day.start().checked_add(into.seconds()).map_err(|_| Error::OutOfRange)?;
                let end = start.checked_add(step.seconds()).map_err(|_| Error::OutOfRange)?;
                Interval::new(start, end.min(day.end()))
            }
        }
    }

    /// Cuts an interval into the slots that it touches, whole ones, in order and without holes.
    ///
    /// # Errors
    ///
    /// [`Error::TooManySlots`] past [`Calendar::MOST_SLOTS`], [`Error::OutOfRange`] at the ends of the calendar.
    pub fn slots(&self, interval: Interval, resolution: Resolution) -> Result<Vec<Interval>, Error> {
        let shortest = u64::from(resolution.fixed_seconds().unwrap_or(82_800)).max(1);
        let about = interval.duration().as_secs() / shortest;
        let too_many = || Error::TooManySlots {
            most: Self::MOST_SLOTS,
            slots: about,
            resolution: resolution.to_string(),
        };
        if usize::try_from(about).map_or(true, |slots| slots > Self::MOST_SLOTS) {
            return Err(too_many());
        }
        let mut slots = Vec::with_capacity(usize::try_from(about).unwrap_or(0) + 2);
        let mut at = interval.start();
        let mut day: Option<Interval> = None;
        while at < interval.end() {
            let slot = match (resolution, day) {
                // Within one day every slot follows the one before it; asking the zone again would be slow.
                (Resolution::Seconds(seconds), Some(day)) if at < day.end() => {
                    let end =
                        at.checked_add(i64::from(seconds.max(1)).seconds()).map_err(|_| Error::OutOfRange)?;
                    Interval::new(at, end.min(day.end()))?
                }
                _ => {
                    day = Some(self.day_of(at)?.1);
                    self.slot_of(at, resolution)?
                }
            };
            at = slot.end();
            slots.push(slot);
        }
        Ok(slots)
    }

    /// The date and the day that an instant lies in. Where the clock is set back over midnight, the day has begun at
    /// the first midnight, and the hour that the clock shows again belongs to it.
    fn day_of(&self, instant: Timestamp) -> Result<(Date, Interval), Error> {
        let date = self.date_of(instant);
        let day = self.day(date)?;
        if day.contains(instant) {
            return Ok((date, day));
        }
        let next = date.tomorrow().map_err(|_| Error::OutOfRange)?;
        Ok((next, self.day(next)?))
    }

    fn start_of(&self, date: Date) -> Result<Timestamp, Error> {
        date.to_zoned(self.zone.clone())
            .and_then(|midnight| first_instant(&midnight, date))
            .map_err(|_| Error::OutOfRange)
    }
}

/// The first instant of a local date. Where the clock skips midnight, `midnight` has been moved past the gap; where
/// the clock is set back over midnight, it is the earlier of the two.
fn first_instant(midnight: &Zoned, date: Date) -> Result<Timestamp, jiff::Error> {
    if midnight.date() == date {
        midnight.start_of_day().map(|start| start.timestamp())
    } else {
        // The whole date was skipped (a move over the date line): the next day's start stands for it.
        midnight.round(ZonedRound::new().smallest(Unit::Day)).map(|start| start.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn quarter_hours(zone: &str, day: Date) -> usize {
        let calendar = Calendar::new(zone).unwrap();
        calendar.slots(calendar.day(day).unwrap(), Resolution::QUARTER_HOUR).unwrap().len()
    }

    #[test]
    fn a_plain_day_has_96_quarter_hours() {
        assert_eq!(quarter_hours("Europe/Madrid", date(2026, 3, 28)), 96);
        assert_eq!(quarter_hours("America/Bogota", date(2026, 3, 29)), 96);
    }

    #[test]
    fn the_day_that_loses_an_hour_has_92() {
        assert_eq!(quarter_hours("Europe/Madrid", date(2026, 3, 29)), 92);
    }

    #[test]
    fn the_day_that_gains_an_hour_has_100() {
        assert_eq!(quarter_hours("Europe/Madrid", date(2026, 10, 25)), 100);
    }

    #[test]
    fn where_the_shift_is_half_an_hour_days_have_94_and_98() {
        assert_eq!(quarter_hours("Australia/Lord_Howe", date(2026, 10, 4)), 94);
        assert_eq!(quarter_hours("Australia/Lord_Howe", date(2026, 4, 5)), 98);
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_starts_at_one() {
        // Lebanon's clocks go from 00:00 to 01:00 on the last Sunday of March.
        let beirut = Calendar::new("Asia/Beirut").unwrap();
        let day = beirut.day(date(2026, 3, 29)).unwrap();
        assert_eq!(day.start().to_string(), "2026-03-28T22:00:00Z");
        assert_eq!(day.duration().as_secs(), 23 * 3600);
    }

    #[test]
    fn an_hour_that_comes_again_before_midnight_belongs_to_the_day_that_had_begun() {
        // Newfoundland's clocks went from 00:01 back to 23:01 until 2011.
        let calendar = Calendar::new("America/St_Johns").unwrap();
        let again: Timestamp = "2010-11-07T03:00:00Z".parse().unwrap();
        assert_eq!(calendar.date_of(again), date(2010, 11, 6));
        for resolution in [Resolution::QUARTER_HOUR, Resolution::Day, Resolution::Month] {
            assert!(calendar.slot_of(again, resolution).unwrap().contains(again), "{resolution}");
        }
        assert_eq!(calendar.slot_of(again, Resolution::Day), calendar.day(date(2010, 11, 7)));
    }

    #[test]
    fn a_date_that_never_was_has_no_time_but_no_panic_either() {
        // Samoa went over the date line and had no 30 December 2011.
        let apia = Calendar::new("Pacific/Apia").unwrap();
        assert!(apia.day(date(2011, 12, 30)).is_err());
        assert_eq!(
            apia.day(date(2011, 12, 29)).unwrap().end(),
            apia.day(date(2011, 12, 31)).unwrap().start()
        );
    }

    #[test]
    fn months_and_years_are_local() {
        let madrid = Calendar::new("Europe/Madrid").unwrap();
        let march = madrid.month(2026, 3).unwrap();
        assert_eq!(march.start().to_string(), "2026-02-28T23:00:00Z");
        assert_eq!(march.end().to_string(), "2026-03-31T22:00:00Z");
        assert_eq!(march.duration().as_secs(), (31 * 24 - 1) * 3600);
        let year = madrid.slot_of(march.start(), Resolution::Year).unwrap();
        assert_eq!(year.duration().as_secs(), 365 * 24 * 3600);
        assert_eq!(madrid.slots(year, Resolution::Month).unwrap().len(), 12);
    }

    #[test]
    fn only_names_of_the_database_are_zones() {
        for name in ["", "Madrid", "Europe/Atlantis", "+01:00", "/etc/passwd", "EST5EDT,M3.2.0,M11.1.0"] {
            assert!(Calendar::new(name).is_err(), "{name}");
        }
        assert_eq!(Calendar::new("Etc/GMT+8").unwrap().name(), "Etc/GMT+8");
        assert_eq!(Calendar::new("UTC").unwrap().name(), "UTC");
    }

    #[test]
    fn a_thousand_years_of_seconds_are_refused() {
        let all = Interval::parse("1000-01-01T00:00:00Z", "2000-01-01T00:00:00Z").unwrap();
        assert!(matches!(
            Calendar::utc().slots(all, Resolution::Seconds(1)),
            Err(Error::TooManySlots { .. })
        ));
    }

    proptest! {
        #[test]
        fn slots_cover_the_interval_without_holes(
            start in 1_200_000_000_i64..1_800_000_000,
            length in 1..400_000_i64,
            zone in prop::sample::select(vec!["Europe/Madrid", "Australia/Lord_Howe", "America/Bogota", "Asia/Kathmandu", "America/St_Johns"]),
            resolution in prop::sample::select(vec![Resolution::Seconds(300), Resolution::QUARTER_HOUR, Resolution::HOUR, Resolution::Seconds(7 * 3600), Resolution::Day, Resolution::Month]),
        ) {
            let calendar = Calendar::new(zone).unwrap();
            let interval = Interval::new(Timestamp::from_second(start).unwrap(), Timestamp::from_second(start + length).unwrap()).unwrap();
            let slots = calendar.slots(interval, resolution).unwrap();
            prop_assert!(slots[0].contains(interval.start()));
            prop_assert!(slots[slots.len() - 1].end() >= interval.end());
            for pair in slots.windows(2) {
                prop_assert_eq!(pair[0].end(), pair[1].start());
            }
            for slot in &slots {
                prop_assert_eq!(calendar.slot_of(slot.start(), resolution).unwrap(), *slot);
                prop_assert!(slot.overlaps(interval));
            }
        }
    }
}
