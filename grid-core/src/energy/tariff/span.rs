//! How long a component holds within a period, in local days, months and years.

use jiff::{SignedDuration, civil::Date};

use super::{Decimal, Error, component::PerTime, fraction::Fraction};
use crate::{
    quantity::Rounding,
    time::{self, Calendar, Interval, Resolution},
};

/// The days that begin in a stretch of time, and what part of their months and years they are.
///
/// A day counts where it begins, so that two stretches that meet have together what both in one have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) days: u32,
    months: Fraction,
    years: Fraction,
}

impl Span {
    /// Counts the days.
    pub(super) fn of(dates: &[Date]) -> Result<Self, Error> {
        let mut span = Self { days: 0, months: Fraction::ZERO, years: Fraction::ZERO };
        for month in dates.chunk_by(|a, b| (a.year(), a.month()) == (b.year(), b.month())) {
            let Some(first) = month.first() else { continue };
            let count = u32::try_from(month.len()).map_err(|_| time::Error::OutOfRange)?;
            span.days += count;
            let part = |whole: i16| Fraction::new(i128::from(count), i128::from(whole));
            let sum = |left: Fraction, right: Option<Fraction>| {
                right.and_then(|right| left.plus(right)).ok_or(Error::Time(time::Error::OutOfRange))
            };
            span.months = sum(span.months, part(i16::from(first.days_in_month())))?;
            span.years = sum(span.years, part(first.days_in_year()))?;
        }
        Ok(span)
    }

    /// How often a price per day, month, year or bill is due.
    pub(super) fn times(self, per: PerTime) -> Fraction {
        match per {
            PerTime::Day => Fraction::whole(i64::from(self.days)),
            PerTime::Month => self.months,
            PerTime::Year => self.years,
            PerTime::Period => Fraction::ONE,
        }
    }

    /// The months to six decimals, for people.
    pub(super) fn months(self) -> Option<Decimal> {
        let million = self.months.times(Fraction::whole(1_000_000))?;
        million.rounded(1, Rounding::HalfUp).map(Decimal::from_micros)
    }

    /// The part of a month that these days of one month are.
    pub(super) const fn part_of_month(self) -> Fraction {
        self.months
    }
}

/// The local dates of the days that begin in a stretch of time.
pub(super) fn dates_of(calendar: &Calendar, stretch: Interval) -> Result<Vec<Date>, Error> {
    Ok(calendar
        .slots(stretch, Resolution::Day)?
        .into_iter()
        .filter(|day| day.start() >= stretch.start())
        .map(|day| calendar.date_of(day.start()))
        .collect())
}

/// The local date of the last moment of an interval.
pub(super) fn last_date_of(calendar: &Calendar, interval: Interval) -> Result<Date, Error> {
    let last =
        interval.end().checked_sub(SignedDuration::from_nanos(1)).map_err(|_| time::Error::OutOfRange)?;
    Ok(calendar.date_of(last))
}
