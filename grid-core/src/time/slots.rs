//! Slots as a whole: the stretch that they make, and how many of them may be asked for.

use jiff::Timestamp;

use super::{Calendar, Error, Interval, Resolution};

/// How many slots one request may ask for: more than five years of quarter-hours.
pub const MOST_ASKED: u64 = 200_000;

impl Calendar {
    /// The whole slots that an interval touches, as one interval.
    ///
    /// ```
    /// use grid_core::time::{Calendar, Interval, Resolution};
    /// let asked = Interval::parse("2026-03-01T10:20:00Z", "2026-03-01T11:00:00Z")?;
    /// let whole = Calendar::utc().whole_slots(asked, Resolution::HOUR)?;
    /// assert_eq!(whole.to_string(), "2026-03-01T10:00:00Z/2026-03-01T11:00:00Z");
    /// # Ok::<(), grid_core::time::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] at the ends of the calendar.
    pub fn whole_slots(&self, interval: Interval, resolution: Resolution) -> Result<Interval, Error> {
        let last =
            Timestamp::from_nanosecond(interval.end().as_nanosecond() - 1).map_err(|_| Error::OutOfRange)?;
        Interval::new(
            self.slot_of(interval.start(), resolution)?.start(),
            self.slot_of(last, resolution)?.end(),
        )
    }
}

/// Refuses more slots than [`MOST_ASKED`], before anything is loaded or computed for them.
///
/// ```
/// use grid_core::time::{Interval, Resolution, few_slots};
/// let century = Interval::parse("1950-01-01T00:00:00Z", "2050-01-01T00:00:00Z")?;
/// assert!(few_slots(century, Resolution::Day).is_ok());
/// assert!(few_slots(century, Resolution::QUARTER_HOUR).is_err());
/// # Ok::<(), grid_core::time::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooManySlots`].
pub fn few_slots(interval: Interval, resolution: Resolution) -> Result<(), Error> {
    // No local day is shorter than 23 hours.
    let shortest = u64::from(resolution.fixed_seconds().unwrap_or(23 * 3600)).max(1);
    let slots = interval.duration().as_secs() / shortest;
    if slots <= MOST_ASKED {
        return Ok(());
    }
    let most = usize::try_from(MOST_ASKED).unwrap_or(usize::MAX);
    Err(Error::TooManySlots { most, slots, resolution: resolution.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_slots_may_be_asked_for_and_not_one_more() {
        let years = |last: &str| Interval::parse("2020-01-01T00:00:00Z", last).unwrap();
        // 2020 to 2024 have 1827 days of 96 quarter-hours, a second more than 200,000 is one too many.
        assert!(few_slots(years("2025-01-01T00:00:00Z"), Resolution::QUARTER_HOUR).is_ok());
        assert!(few_slots(years("2020-01-03T07:33:20Z"), Resolution::Seconds(1)).is_ok());
        let refused = few_slots(years("2020-01-03T07:33:21Z"), Resolution::Seconds(1));
        assert!(matches!(refused, Err(Error::TooManySlots { slots: 200_001, .. })));
        assert!(few_slots(years("2500-01-01T00:00:00Z"), Resolution::Month).is_ok());
    }

    #[test]
    fn whole_slots_reach_to_both_ends_and_local_days_are_theirs() {
        let madrid = Calendar::new("Europe/Madrid").unwrap();
        let night = Interval::parse("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z").unwrap();
        let day = madrid.whole_slots(night, Resolution::Day).unwrap();
        assert_eq!(day.to_string(), "2026-03-28T23:00:00Z/2026-03-29T22:00:00Z");
        assert_eq!(madrid.whole_slots(day, Resolution::Day).unwrap(), day);
    }
}
