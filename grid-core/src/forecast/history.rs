//! The past that a model learns from, on the local clock.

use std::collections::BTreeSet;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};

use super::{Error, Regressor};
use crate::{
    quantity::Energy,
    series::{Quality, Slot},
};

pub(super) const DAY_MINUTES: u32 = 1440;
/// Thirty years of five minutes.
pub(super) const MOST_SLOTS: usize = 3_200_000;
/// Its square, summed over all slots, is still finite.
const LARGEST: f64 = 1e100;

/// A regular series on the local clock: one value per slot, named by the slot's start, NaN where one is missing.
///
/// People follow the clock on the wall, so lags do too: "yesterday at seven" is 23 or 25 hours ago when the clock
/// was changed in between. On the local clock every day has the same number of slots; [`History::from_instants`]
/// says what becomes of the hour that a change of the clock leaves out or doubles.
///
/// ```
/// use grid_core::forecast::History;
/// use jiff::civil::date;
///
/// let history = History::new(date(2026, 3, 1).at(0, 0, 0, 0), 60, vec![1.0; 72])?;
/// assert_eq!(history.slots_per_day(), 24);
/// assert_eq!(history.end(), date(2026, 3, 4).at(0, 0, 0, 0));
/// assert_eq!(history.before(date(2026, 3, 3).at(0, 0, 0, 0), 1).start(), date(2026, 3, 2).at(0, 0, 0, 0));
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    start: DateTime,
    end: DateTime,
    step_minutes: u32,
    values: Vec<f64>,
    observed: Vec<bool>,
    regressors: Vec<Regressor>,
    holidays: BTreeSet<Date>,
}

impl History {
    /// Makes a history of `values` in slots of `step_minutes`, the first of which starts at `start` of the local clock.
    ///
    /// Every value that is not NaN counts as observed; see [`History::with_observed`].
    ///
    /// # Errors
    ///
    /// [`Error::Step`] where the step does not divide a day, or is not of 5 to 720 minutes; [`Error::NotFinite`] for a
    /// value past 1e100 either way; [`Error::TooLong`] past 3.2 million values; [`Error::OutOfRange`] past the year 9999.
    pub fn new(start: DateTime, step_minutes: u32, values: Vec<f64>) -> Result<Self, Error> {
        if !(5..=720).contains(&step_minutes) || !DAY_MINUTES.is_multiple_of(step_minutes) {
            return Err(Error::Step { got: step_minutes });
        }
        if values.len() > MOST_SLOTS {
            return Err(Error::TooLong { most: MOST_SLOTS, slots: values.len() });
        }
        if let Some((slot, got)) = values.iter().enumerate().find(|(_, value)| value.abs() > LARGEST) {
            return Err(Error::NotFinite { got: *got, slot });
        }
        let end = shifted(start, step_minutes, values.len()).ok_or(Error::OutOfRange)?;
        let observed = values.iter().map(|value| !value.is_nan()).collect();
        let (regressors, holidays) = (Vec::new(), BTreeSet::new());
        Ok(Self { start, end, step_minutes, values, observed, regressors, holidays })
    }

    /// Marks which values were really observed: `false` stands for a gap that was filled before the value came here.
    /// Such a value may serve as a lag, but it is never learnt from as a target, never scored, and left out of scales.
    ///
    /// # Errors
    ///
    /// [`Error::Mask`] where there is not one mark per value.
    pub fn with_observed(mut self, mask: Vec<bool>) -> Result<Self, Error> {
        if mask.len() != self.values.len() {
            return Err(Error::Mask { marks: mask.len(), values: self.values.len() });
        }
        self.observed =
            mask.into_iter().zip(&self.values).map(|(mark, value)| mark && !value.is_nan()).collect();
        Ok(self)
    }

    /// Adds a second series by which this one is explained; see [`Regressor`].
    ///
    /// # Errors
    ///
    /// [`Error::RegressorTwice`] for a name that there is already; [`Error::RegressorNotFinite`] for a value past 1e100
    /// either way; [`Error::TooLong`] past 3.2 million values.
    pub fn with_regressor(mut self, regressor: Regressor) -> Result<Self, Error> {
        regressor.check(LARGEST)?;
        if regressor.values.len() > MOST_SLOTS {
            return Err(Error::TooLong { most: MOST_SLOTS, slots: regressor.values.len() });
        }
        if self.regressors.iter().any(|known| known.name == regressor.name) {
            return Err(Error::RegressorTwice { name: regressor.name });
        }
        // What was observed past the origin is not known at the origin.
        self.regressors.push(regressor.between(0, self.values.len()));
        Ok(self)
    }

    /// Says which days are public holidays, past and to come, in the place of the ones that it knew.
    #[must_use]
    pub fn with_holidays(mut self, dates: impl IntoIterator<Item = Date>) -> Self {
        self.holidays = dates.into_iter().collect();
        self
    }

    /// The start of the first slot.
    pub fn start(&self) -> DateTime {
        self.start
    }

    /// The end of the last slot, which is the origin of a forecast from this history.
    pub fn end(&self) -> DateTime {
        self.end
    }

    /// The length of a slot in minutes.
    pub fn step_minutes(&self) -> u32 {
        self.step_minutes
    }

    /// How many slots a day of the local clock has.
    pub fn slots_per_day(&self) -> usize {
        usize::try_from(DAY_MINUTES / self.step_minutes).unwrap_or(1)
    }

    /// The values, one per slot, NaN where one is missing.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Which values were really observed.
    pub fn observed(&self) -> &[bool] {
        &self.observed
    }

    /// The other series by which this one is explained.
    pub fn regressors(&self) -> &[Regressor] {
        &self.regressors
    }

    /// The public holidays.
    pub fn holidays(&self) -> &BTreeSet<Date> {
        &self.holidays
    }

    /// Whether there is no slot at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many days of slots there are.
    pub fn days(&self) -> f64 {
        real(self.values.len()) / real(self.slots_per_day())
    }

    /// How many slots have no observed value.
    pub fn missing(&self) -> usize {
        self.observed.iter().filter(|observed| !**observed).count()
    }

    /// The observed values of the last `slots` slots at their instants in `zone`, in order of time: what a chart shows
    /// before a forecast. Of an hour that the clock repeats, the first is given.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] where an instant lies outside the years -9999 to 9999.
    pub fn tail(&self, slots: usize, zone: &TimeZone) -> Result<Vec<(Timestamp, f64)>, Error> {
        (self.values.len().saturating_sub(slots)..self.values.len())
            .filter_map(|slot| Some((slot, self.observed_value(slot)?)))
            .map(|(slot, value)| {
                let at = self.slot_start(slot).ok_or(Error::OutOfRange)?;
                let at = zone.to_ambiguous_timestamp(at).compatible().map_err(|_| Error::OutOfRange)?;
                Ok((at, value))
            })
            .collect()
    }

    /// Whether no observed value is below zero, so that no forecast should be.
    pub fn is_non_negative(&self) -> bool {
        (0..self.values.len()).filter_map(|slot| self.observed_value(slot)).all(|value| value >= 0.0)
    }

    /// The observed value of a slot, if there is one.
    pub fn observed_value(&self, slot: usize) -> Option<f64> {
        let value = self.values.get(slot)?;
        self.observed.get(slot)?.then_some(*value)
    }

    /// Whether the value of a slot was really observed.
    pub(crate) fn is_observed(&self, slot: usize) -> bool {
        self.observed.get(slot).copied().unwrap_or_default()
    }

    /// The start of the slot in that place, counted from the first one; places past the end are named too.
    pub fn slot_start(&self, slot: usize) -> Option<DateTime> {
        shifted(self.start, self.step_minutes, slot)
    }

    /// The slot in which the local time lies, counted from the first one, also past the end; none before the start.
    pub fn slot_of(&self, at: DateTime) -> Option<usize> {
        (at >= self.start).then(|| slots_between(self.start, at, self.step_minutes))
    }

    /// What was known at `origin`: the slots that had ended by then, of the last `at_most_days` days. Of
    /// the regressors it keeps what is known ahead, and cuts what is observed.
    ///
    /// Where the history ends earlier, the slots up to the origin are missing, so that a forecast starts at the
    /// origin and not where the meter went silent (nothing is left of a silence of ten years).
    #[must_use]
    pub fn before(&self, origin: DateTime, at_most_days: u32) -> Self {
        let step_minutes = self.step_minutes;
        let most = usize::try_from(at_most_days).unwrap_or(usize::MAX).saturating_mul(self.slots_per_day());
        let empty = Self {
            start: origin,
            end: origin,
            step_minutes,
            values: vec![],
            observed: vec![],
            regressors: vec![],
            holidays: BTreeSet::new(),
        };
        let Some(until) = self.slot_of(origin) else { return empty };
        let silent = until.saturating_sub(self.values.len());
        if silent > self.slots_per_day().saturating_mul(3653) {
            return empty;
        }
        let from = until.saturating_sub(most);
        let (Some(start), Some(end)) = (self.slot_start(from), self.slot_start(until)) else { return empty };
        let mut values = self.values.get(from..until.min(self.values.len())).unwrap_or_default().to_vec();
        let mut observed = self.observed.get(from..until.min(self.values.len())).unwrap_or_default().to_vec();
        values.resize(until - from, f64::NAN);
        observed.resize(until - from, false);
        let regressors = self.regressors.iter().map(|regressor| regressor.between(from, until)).collect();
        Self { start, end, step_minutes, values, observed, regressors, holidays: self.holidays.clone() }
    }

    /// The history from its first observed value on, so that its length says how much is known; all of it where there is none.
    ///
    /// ```
    /// use grid_core::forecast::History;
    /// use jiff::civil::date;
    ///
    /// let history = History::new(date(2026, 3, 1).at(0, 0, 0, 0), 60, vec![f64::NAN, f64::NAN, 1.0, f64::NAN])?;
    /// let known = history.since_first_value();
    /// assert_eq!((known.start(), known.end()), (date(2026, 3, 1).at(2, 0, 0, 0), history.end()));
    /// # Ok::<(), grid_core::forecast::Error>(())
    /// ```
    #[must_use]
    pub fn since_first_value(&self) -> Self {
        let first = self.observed.iter().position(|observed| *observed).unwrap_or(0);
        let Some(start) = self.slot_start(first) else { return self.clone() };
        let slots = self.values.len();
        Self {
            start,
            end: self.end,
            step_minutes: self.step_minutes,
            values: self.values.get(first..).unwrap_or_default().to_vec(),
            observed: self.observed.get(first..).unwrap_or_default().to_vec(),
            regressors: self.regressors.iter().map(|regressor| regressor.between(first, slots)).collect(),
            holidays: self.holidays.clone(),
        }
    }

    /// What kind of day a slot lies in; places past the end are named too.
    pub(crate) fn day_kind_of(&self, slot: usize) -> DayKind {
        let minutes = usize::try_from(minute_of_day(self.start)).unwrap_or(0)
            + slot.saturating_mul(usize::try_from(self.step_minutes).unwrap_or(1));
        let first = usize::try_from(self.start.date().weekday().since(Weekday::Monday)).unwrap_or(0);
        let weekday = (first + minutes / 1440) % 7;
        if self.holidays.is_empty() {
            return DayKind { weekday, holiday: false, bridge: false };
        }
        let date = i32::try_from(minutes / 1440)
            .ok()
            .and_then(|days| self.start.date().checked_add(days.days()).ok());
        let is_off = |date: Option<Date>| {
            date.is_some_and(|date| {
                matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) || self.holidays.contains(&date)
            })
        };
        let beside = |days: i32| date.and_then(|date| date.checked_add(days.days()).ok());
        let holiday = date.is_some_and(|date| self.holidays.contains(&date));
        let bridge = !is_off(date) && is_off(beside(-1)) && is_off(beside(1));
        DayKind { weekday, holiday, bridge }
    }

    /// The place of a slot in its day, from 0 at midnight.
    pub(crate) fn slot_of_day(&self, slot: usize) -> usize {
        let step = usize::try_from(self.step_minutes).unwrap_or(1);
        (usize::try_from(minute_of_day(self.start)).unwrap_or(0) / step + slot) % self.slots_per_day()
    }

    /// How far into the year a slot lies, from 0 to 1.
    pub(crate) fn season_of(&self, slot: usize) -> f64 {
        let minutes = f64::from(minute_of_day(self.start))
            + real(slot) * f64::from(self.step_minutes)
            + (f64::from(self.start.date().day_of_year()) - 1.0) * 1440.0;
        (minutes / (365.25 * 1440.0)).fract()
    }
}

/// What kind of day a date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayKind {
    /// From 0 (Monday).
    pub(crate) weekday: usize,
    /// Whether it is a public holiday.
    pub(crate) holiday: bool,
    /// Whether it is a working day between a holiday and a weekend or another holiday.
    pub(crate) bridge: bool,
}

impl DayKind {
    /// Whether it is a weekend or a holiday.
    pub(crate) fn is_day_off(self) -> bool {
        self.weekday >= 5 || self.holiday
    }
}

/// The kilowatt-hours of a slot that is known as a whole; a part of its energy would be learnt as all of it.
pub fn known_kwh(slot: &Slot) -> Option<f64> {
    slot.energy.filter(|_| slot.quality != Quality::Missing).map(Energy::to_kwh_f64)
}

/// A count as a float; exact up to 2^53, which no history reaches.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts of slots lie far below 2^53")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

pub(super) fn minute_of_day(at: DateTime) -> u32 {
    u32::from(at.hour().unsigned_abs()) * 60 + u32::from(at.minute().unsigned_abs())
}

fn shifted(start: DateTime, step_minutes: u32, slots: usize) -> Option<DateTime> {
    let minutes = i64::try_from(slots).ok()?.checked_mul(i64::from(step_minutes))?;
    // A span holds fewer minutes than hours and days together.
    let (days, rest) = (minutes / 1440, minutes % 1440);
    start.checked_add(i32::try_from(days).ok()?.days()).ok()?.checked_add(rest.minutes()).ok()
}

/// How many whole steps lie between two times of the local clock, none where the second is earlier.
pub(super) fn slots_between(start: DateTime, at: DateTime, step_minutes: u32) -> usize {
    let seconds = at.duration_since(start).as_secs();
    usize::try_from(seconds / (i64::from(step_minutes) * 60)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn midnight(year: i16, month: i8, day: i8) -> DateTime {
        date(year, month, day).at(0, 0, 0, 0)
    }

    #[test]
    fn what_is_not_a_history_is_refused() {
        let start = midnight(2026, 1, 1);
        for got in [0, 1, 7, 25, 1440, u32::MAX] {
            assert!(matches!(History::new(start, got, vec![]), Err(Error::Step { .. })), "{got}");
        }
        for got in [f64::INFINITY, f64::NEG_INFINITY, 1e101] {
            let refused = History::new(start, 60, vec![1.0, got]);
            assert!(matches!(refused, Err(Error::NotFinite { slot: 1, .. })));
        }
        let late = date(9999, 12, 31).at(23, 0, 0, 0);
        assert!(matches!(History::new(late, 60, vec![1.0; 2]), Err(Error::OutOfRange)));
        let history = History::new(start, 60, vec![1.0; 2]).unwrap();
        assert!(matches!(history.with_observed(vec![true]), Err(Error::Mask { marks: 1, values: 2 })));
    }

    #[test]
    fn a_silent_meter_leaves_gaps_up_to_the_origin() {
        let history = History::new(midnight(2026, 1, 1), 60, vec![1.0; 48]).unwrap();
        let past = history.before(midnight(2026, 1, 5), 3);
        assert_eq!((past.start(), past.end()), (midnight(2026, 1, 2), midnight(2026, 1, 5)));
        assert_eq!(past.values().iter().filter(|value| value.is_nan()).count(), 48);
        assert!(history.before(midnight(9000, 1, 1), u32::MAX).is_empty());
        assert!(history.before(midnight(2025, 1, 1), u32::MAX).is_empty());
        assert!(history.before(midnight(2026, 1, 2), 0).is_empty());
    }

    #[test]
    fn a_day_between_a_holiday_and_a_weekend_is_a_bridge() {
        // Thursday, 14 May 2026, is Ascension Day in the Netherlands; Friday lies between it and the weekend.
        let history =
            History::new(midnight(2026, 5, 13), 720, vec![]).unwrap().with_holidays([date(2026, 5, 14)]);
        let kinds: Vec<DayKind> = (0..5).map(|day| history.day_kind_of(day * 2 + 1)).collect();
        let holidays: Vec<bool> = kinds.iter().map(|kind| kind.holiday).collect();
        let bridges: Vec<bool> = kinds.iter().map(|kind| kind.bridge).collect();
        assert_eq!(holidays, [false, true, false, false, false]);
        assert_eq!(bridges, [false, false, true, false, false]);
        assert_eq!(kinds[2].weekday, 4);
    }

    proptest! {
        #[test]
        fn the_past_ends_at_its_origin_and_holds_nothing_later(hours in 1..400_usize, days in 1..30_u32) {
            let start = date(2026, 3, 1).at(7, 0, 0, 0);
            let values = (0..480).map(real).collect();
            let history = History::new(start, 60, values).unwrap();
            let origin = history.slot_start(hours).unwrap();
            let past = history.before(origin, days);
            prop_assert_eq!(past.end(), origin);
            prop_assert_eq!(past.values().last().copied(), Some(real(hours - 1)));
            prop_assert!(past.days() <= f64::from(days));
        }

        #[test]
        fn weekdays_are_those_of_the_calendar(day in 0..20_000_i32, hour in 0..24_i8, slot in 0..5_000_usize) {
            let first = date(1990, 1, 1).checked_add(day.days()).unwrap().at(hour, 0, 0, 0);
            let history = History::new(first, 60, vec![]).unwrap();
            let weekday = history.slot_start(slot).unwrap().date().weekday();
            prop_assert_eq!(history.day_kind_of(slot).weekday, usize::try_from(weekday.to_monday_zero_offset()).unwrap());
        }
    }
}
