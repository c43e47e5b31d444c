//! Spain's coefficients: by consumer, constant or for each of the 8760 hours of a year.
//!
//! The law numbers hours from 1 to 8760 and does not say how they fall on days that have 23 or 25 hours. The convention
//! here is the local clock: hour `24·(d − 1) + c + 1` is day `d` of a year of 365 days, from `c` o'clock on. Where
//! clocks go forward, the coefficient of the hour that does not come is not used; where they go back, both hours that
//! the clock shows use the same one. The 29th of February uses the coefficients of the 28th.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan, civil::Date};

use super::Error;
use crate::{
    quantity::Share,
    time::{self, Calendar},
};

/// How many hours a year of coefficients has.
pub const HOURS: u16 = 8760;

/// For how many years coefficients may be sent, the current one included.
pub const MOST_YEARS: i16 = 20;

/// An hour of a year of 365 days, from 1 to 8760.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourOfYear(u16);

impl HourOfYear {
    /// Makes an hour of its number.
    ///
    /// # Errors
    ///
    /// [`Error::NotAnHour`] outside 1 to 8760.
    pub const fn new(number: u16) -> Result<Self, Error> {
        if 1 <= number && number <= HOURS { Ok(Self(number)) } else { Err(Error::NotAnHour { got: number }) }
    }

    /// The number, from 1.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// All hours of a year, from the first.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=HOURS).map(Self)
    }

    /// The hour whose coefficients an instant uses, by the local clock.
    ///
    /// ```
    /// use grid_core::{energy::rules::spain_coefficients::HourOfYear, time::Calendar};
    /// let madrid = Calendar::new("Europe/Madrid")?;
    /// let hour = |instant: &str| HourOfYear::of(&madrid, instant.parse().unwrap_or_default()).number();
    /// assert_eq!(hour("2026-01-01T00:30:00+01:00"), 1);
    /// assert_eq!(hour("2026-12-31T23:00:00+01:00"), 8760);
    /// // Both hours from two o'clock, on the day that has 25.
    /// assert_eq!(hour("2026-10-25T02:00:00+02:00"), hour("2026-10-25T02:00:00+01:00"));
    /// // The 29th of February repeats the 28th.
    /// assert_eq!(hour("2028-02-29T12:00:00+01:00"), hour("2028-02-28T12:00:00+01:00"));
    /// # Ok::<(), grid_core::time::Error>(())
    /// ```
    ///
    /// # References
    ///
    /// RD 244/2019, Anexo I, point 1 (iii), for the 29th of February. That local clock hours are meant is a convention
    /// of this engine; the law is silent.
    pub fn of(calendar: &Calendar, instant: Timestamp) -> Self {
        let local = calendar.zone().to_datetime(instant);
        let day = local.date().day_of_year();
        let leap = i16::from(local.date().in_leap_year() && day > 59);
        let hour = (day - leap - 1) * 24 + i16::from(local.hour()) + 1;
        Self(u16::try_from(hour).unwrap_or(1).clamp(1, HOURS))
    }

    fn index(self) -> usize {
        usize::from(self.0.saturating_sub(1))
    }
}

/// The coefficients of one year: each consumer's share of each hour's generation, one whole in every hour.
///
/// A year of hourly coefficients takes four bytes for each hour and consumer.
///
/// ```
/// use grid_core::energy::rules::spain_coefficients::{Coefficients, HourOfYear};
/// let constant = Coefficients::constant(vec![
///     ("ES1234000000000002JS0F".into(), "0.4".parse()?),
///     ("ES1234000000000001JN0F".into(), "0.6".parse()?),
/// ])?;
/// assert_eq!(constant.consumers()[0], "ES1234000000000001JN0F");
/// let noon: Vec<u32> = constant.of_hour(HourOfYear::new(13)?).map(|share| share.as_ppm()).collect();
/// assert_eq!(noon, [600_000, 400_000]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coefficients {
    /// By id.
    consumers: Vec<String>,
    /// Parts per million by hour and consumer, hour by hour; one hour only where they are constant.
    ppm: Vec<u32>,
}

impl Coefficients {
    /// Makes coefficients that are the same in each hour.
    ///
    /// # Errors
    ///
    /// [`Error::SharesDoNotFit`] unless they add up to one, [`Error::ConsumerTwice`].
    pub fn constant(shares: Vec<(String, Share)>) -> Result<Self, Error> {
        Self::of_columns(
            shares.into_iter().map(|(consumer, share)| (consumer, vec![share.as_ppm()])).collect(),
            1,
        )
    }

    /// Makes coefficients for each hour: 8760 shares of each consumer, from the first hour.
    ///
    /// # Errors
    ///
    /// [`Error::SharesDoNotFit`] for the first hour whose shares do not add up to one, [`Error::ConsumerTwice`],
    /// [`Error::UnequalLengths`] for another number of hours.
    pub fn hourly(shares: Vec<(String, Vec<Share>)>) -> Result<Self, Error> {
        let columns = shares
            .into_iter()
            .map(|(consumer, shares)| (consumer, shares.into_iter().map(Share::as_ppm).collect()))
            .collect();
        Self::of_columns(columns, usize::from(HOURS))
    }

    /// Turns columns by consumer into rows by hour, and checks both.
    pub(super) fn of_columns(mut columns: Vec<(String, Vec<u32>)>, hours: usize) -> Result<Self, Error> {
        columns.sort_by(|(first, _), (second, _)| first.cmp(second));
        for pair in columns.windows(2) {
            if let [(first, _), (second, _)] = pair
                && first == second
            {
                return Err(Error::ConsumerTwice { consumer: first.clone() });
            }
        }
        if let Some((_, wrong)) = columns.iter().find(|(_, column)| column.len() != hours) {
            return Err(Error::UnequalLengths { what: "hours", expected: hours, got: wrong.len() });
        }
        let members = columns.len();
        let mut ppm = Vec::with_capacity(members.saturating_mul(hours));
        for hour in 0..hours {
            let before = ppm.len();
            ppm.extend(columns.iter().filter_map(|(_, column)| column.get(hour).copied()));
            let total: u64 = ppm.iter().skip(before).map(|&part| u64::from(part)).sum();
            if total != u64::from(Share::WHOLE.as_ppm()) {
                return Err(Error::SharesDoNotFit {
                    what: "coefficients of an hour",
                    expected: "1000000 ppm",
                    total,
                    members,
                });
            }
        }
        Ok(Self { consumers: columns.into_iter().map(|(consumer, _)| consumer).collect(), ppm })
    }

    /// The consumers' codes, in the order of the columns.
    pub fn consumers(&self) -> &[String] {
        &self.consumers
    }

    /// Whether they differ by the hour.
    pub fn is_hourly(&self) -> bool {
        self.ppm.len() != self.consumers.len()
    }

    /// The parts per million of an hour and a column.
    pub(super) fn ppm(&self, hour: HourOfYear, column: usize) -> u32 {
        let row = if self.is_hourly() { hour.index() } else { 0 };
        let at = row.saturating_mul(self.consumers.len()).saturating_add(column);
        self.ppm.get(at).copied().unwrap_or(0)
    }

    /// The shares of an hour, in the order of [`Coefficients::consumers`].
    pub fn of_hour(&self, hour: HourOfYear) -> impl Iterator<Item = Share> {
        let row = if self.is_hourly() { hour.index() } else { 0 };
        let start = row.saturating_mul(self.consumers.len());
        let end = start.saturating_add(self.consumers.len());
        let shares = self.ppm.get(start..end).unwrap_or_default();
        // Each part is a share, for all of them add up to one whole.
        shares.iter().map(|&ppm| Share::from_ppm(ppm).unwrap_or(Share::WHOLE))
    }
}

/// Coefficients of several years, as they were sent.
///
/// ```
/// use grid_core::{energy::rules::spain_coefficients::{Coefficients, CoefficientYears}, quantity::Share};
/// let alone = Coefficients::constant(vec![("ES1234000000000001JN0F".into(), Share::WHOLE)])?;
/// let mut years = CoefficientYears::default();
/// years.insert(2026, alone.clone())?;
/// assert_eq!(years.of(2031), Some(&alone));
/// assert_eq!(years.of(2025), None);
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoefficientYears {
    years: BTreeMap<i16, Coefficients>,
}

impl CoefficientYears {
    /// Adds or replaces a year's coefficients.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyYears`] where the years would span more than twenty.
    ///
    /// # References
    ///
    /// RD 244/2019, Anexo I, point 1 (ii).
    pub fn insert(&mut self, year: i16, coefficients: Coefficients) -> Result<(), Error> {
        let first = self.years.first_key_value().map_or(year, |(&first, _)| first.min(year));
        let last = self.years.last_key_value().map_or(year, |(&last, _)| last.max(year));
        if last.saturating_sub(first) >= MOST_YEARS {
            return Err(Error::TooManyYears { most: MOST_YEARS, first, year: last });
        }
        self.years.insert(year, coefficients);
        Ok(())
    }

    /// The coefficients that hold in a year: its own, or those of the last year before it that has any.
    ///
    /// # References
    ///
    /// RD 244/2019, Anexo I, point 1 (iii): without a new file, each hour has the value of the year before.
    pub fn of(&self, year: i16) -> Option<&Coefficients> {
        self.years.range(..=year).next_back().map(|(_, coefficients)| coefficients)
    }
}

/// The first day on which coefficients hold that the distributor has, correct and complete, since `complete`.
///
/// ```
/// use grid_core::energy::rules::spain_coefficients::active_from;
/// use jiff::civil::date;
/// assert_eq!(active_from(date(2026, 3, 10))?, date(2026, 4, 1));
/// assert_eq!(active_from(date(2026, 3, 11))?, date(2026, 5, 1));
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Time`] at the end of the calendar.
///
/// # References
///
/// RD 244/2019, Anexo I, point 1: within the first ten days, the first of the next month; from the 11th on, that of the
/// second month.
pub fn active_from(complete: Date) -> Result<Date, Error> {
    let months = if complete.day() <= 10 { 1 } else { 2 };
    later(complete.first_of_month(), months)
}

/// The first day on which coefficients may change again that have held since `active`.
///
/// The law says "no more often than every four months"; that the months are counted from the day on which the last
/// coefficients became active is this engine's reading.
///
/// ```
/// use grid_core::energy::rules::spain_coefficients::may_change_from;
/// use jiff::civil::date;
/// assert_eq!(may_change_from(date(2026, 4, 1))?, date(2026, 8, 1));
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Time`] at the end of the calendar.
///
/// # References
///
/// RD 244/2019, Anexo I, point 1, last paragraph.
pub fn may_change_from(active: Date) -> Result<Date, Error> {
    later(active, 4)
}

fn later(from: Date, months: i32) -> Result<Date, Error> {
    from.checked_add(months.months()).map_err(|_| time::Error::OutOfRange.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Interval, Resolution};
    use jiff::civil::date;

    fn hours_of(zone: &str, year: i16) -> Vec<u16> {
        let calendar = Calendar::new(zone).unwrap();
        let first = calendar.day(date(year, 1, 1)).unwrap().start();
        let end = calendar.day(date(year + 1, 1, 1)).unwrap().start();
        let slots = calendar.slots(Interval::new(first, end).unwrap(), Resolution::HOUR).unwrap();
        slots.into_iter().map(|slot| HourOfYear::of(&calendar, slot.start()).number()).collect()
    }

    #[test]
    fn a_year_uses_each_hour_once_but_where_clocks_change() {
        for zone in ["Europe/Madrid", "Atlantic/Canary"] {
            let hours = hours_of(zone, 2026);
            assert_eq!(hours.len(), 8760);
            let times = |hour: u16| hours.iter().filter(|&&other| other == hour).count();
            let unused: Vec<u16> = (1..=HOURS).filter(|&hour| times(hour) == 0).collect();
            let twice: Vec<u16> = (1..=HOURS).filter(|&hour| times(hour) == 2).collect();
            // 29 March is day 88 and 25 October day 298; Madrid's clocks skip and repeat 2 o'clock, Canary's 1 o'clock.
            let shift = u16::from(zone == "Europe/Madrid");
            assert_eq!(unused, [87 * 24 + 2 + shift], "{zone}");
            assert_eq!(twice, [297 * 24 + 2 + shift], "{zone}");
        }
    }

    #[test]
    fn a_leap_year_repeats_the_28th_of_february() {
        let hours = hours_of("Europe/Madrid", 2028);
        assert_eq!(hours.len(), 8784);
        assert_eq!(hours[58 * 24..59 * 24], hours[59 * 24..60 * 24]);
        assert_eq!(hours[60 * 24], 59 * 24 + 1);
        assert_eq!(hours.last(), Some(&8760));
    }

    #[test]
    fn coefficients_must_be_one_whole_in_each_hour() {
        let half = Share::from_ppm(500_000).unwrap();
        let mut ana = vec![half; 8760];
        let ben = ana.clone();
        let column = |id: &str, shares: &[Share]| (id.to_owned(), shares.to_vec());
        assert!(Coefficients::hourly(vec![column("a", &ana), column("b", &ben)]).unwrap().is_hourly());
        ana[522] = Share::from_ppm(499_999).unwrap();
        let refused = Coefficients::hourly(vec![column("a", &ana), column("b", &ben)]);
        assert!(matches!(refused, Err(Error::SharesDoNotFit { total: 999_999, .. })));
        assert!(Coefficients::hourly(vec![column("a", &ben), column("a", &ben)]).is_err());
        assert!(Coefficients::hourly(vec![column("a", &ben[1..]), column("b", &ben)]).is_err());
        assert!(Coefficients::constant(Vec::new()).is_err());
    }

    #[test]
    fn twenty_years_may_be_sent_and_no_more() {
        let alone = Coefficients::constant(vec![("a".to_owned(), Share::WHOLE)]).unwrap();
        let mut years = CoefficientYears::default();
        years.insert(2026, alone.clone()).unwrap();
        years.insert(2045, alone.clone()).unwrap();
        assert!(matches!(years.insert(2046, alone.clone()), Err(Error::TooManyYears { .. })));
        assert!(matches!(years.insert(2025, alone), Err(Error::TooManyYears { .. })));
    }

    #[test]
    fn numbers_outside_the_year_are_no_hours() {
        assert!(HourOfYear::new(0).is_err() && HourOfYear::new(8761).is_err());
        assert_eq!(HourOfYear::all().count(), 8760);
    }

    #[test]
    fn coefficients_change_every_four_months_at_most_and_start_with_a_month() {
        assert_eq!(may_change_from(date(2026, 1, 1)).unwrap(), date(2026, 5, 1));
        assert_eq!(active_from(date(2026, 12, 31)).unwrap(), date(2027, 2, 1));
        assert!(active_from(Date::MAX).is_err());
    }
}
