//! Which days are alike.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

/// Days on which people use energy alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DayKind {
    /// Monday to Friday, unless it is a holiday.
    Workday,
    /// A Saturday that is no holiday.
    Saturday,
    /// A Sunday or a holiday.
    SundayOrHoliday,
}

impl DayKind {
    /// The kind of a local date.
    ///
    /// ```
    /// use grid_core::energy::substitute::DayKind;
    /// use jiff::civil::date;
    /// let holidays = [date(2026, 5, 1)].into();
    /// assert_eq!(DayKind::of(date(2026, 5, 1), &holidays), DayKind::SundayOrHoliday);
    /// assert_eq!(DayKind::of(date(2026, 5, 4), &holidays), DayKind::Workday);
    /// ```
    pub fn of(date: Date, holidays: &BTreeSet<Date>) -> Self {
        match date.weekday() {
            _ if holidays.contains(&date) => Self::SundayOrHoliday,
            Weekday::Sunday => Self::SundayOrHoliday,
            Weekday::Saturday => Self::Saturday,
            _ => Self::Workday,
        }
    }
}
