//! The past that a model learns from, on the local clock.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};

use super::Error;

const DAY_MINUTES: u32 = 1440;
/// Thirty years of five minutes.
const MOST_SLOTS: usize = 3_200_000;

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
}

impl History {
    /// Makes a history of `values` in slots of `step_minutes`, the first of which starts at `start` of the local clock.
    ///
    /// Every value that is not NaN counts as observed; see [`History::with_observed`].
    ///
    /// # Errors
    ///
    /// [`Error::Step`] where the step does not divide a day, or is not of 5 to 720 minutes; [`Error::NotFinite`] for an
    /// infinite value; [`Error::TooLong`] past 3.2 million values; [`Error::OutOfRange`] past the year 9999.
    pub fn new(start: DateTime, step_minutes: u32, values: Vec<f64>) -> Result<Self, Error> {
        if !(5..=720).contains(&step_minutes) || !DAY_MINUTES.is_multiple_of(step_minutes) {
            return Err(Error::Step { got: step_minutes });
        }
        if values.len() > MOST_SLOTS {
            return Err(Error::TooLong { most: MOST_SLOTS, slots: values.len() });
        }
        if let Some((slot, got)) = values.iter().enumerate().find(|(_, value)| value.is_infinite()) {
            return Err(Error::NotFinite { got: *got, slot });
        }
        let end = shifted(start, step_minutes, values.len()).ok_or(Error::OutOfRange)?;
        let observed = values.iter().map(|value| !value.is_nan()).collect();
        Ok(Self { start, end, step_minutes, values, observed })
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

    /// Makes a history of instants and their values on the local clock of `zone`, in any order.
    ///
    /// The hour that the clock skips in spring has no value; the values of the hour that it repeats in autumn are
    /// averaged. That fits amounts per slot (kilowatt-hours of each hour) and mean powers alike. The history runs
    /// from the first point to the last one; a slot that no point names, or whose value is `None`, is missing.
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
    /// Those of [`History::new`]; [`Error::OffGrid`] where a local time is not a multiple of the step after midnight.
    pub fn from_instants(
        points: impl Iterator<Item = (Timestamp, Option<f64>)>,
        zone: &TimeZone,
        step_minutes: u32,
    ) -> Result<Self, Error> {
        if !(5..=720).contains(&step_minutes) || !DAY_MINUTES.is_multiple_of(step_minutes) {
            return Err(Error::Step { got: step_minutes });
        }
        let local: Vec<(DateTime, Option<f64>)> =
            points.map(|(instant, value)| (zone.to_datetime(instant), value)).collect();
        let (Some(first), Some(last)) =
            (local.iter().map(|point| point.0).min(), local.iter().map(|point| point.0).max())
        else {
            return Self::new(Date::constant(1970, 1, 1).at(0, 0, 0, 0), step_minutes, Vec::new());
        };
        let slots = slots_between(first, last, step_minutes).saturating_add(1);
        if slots > MOST_SLOTS {
            return Err(Error::TooLong { most: MOST_SLOTS, slots });
        }
        let mut sums = vec![(0.0, 0.0); slots];
        for (at, value) in local {
            let minute = u32::from(at.hour().unsigned_abs()) * 60 + u32::from(at.minute().unsigned_abs());
            if !minute.is_multiple_of(step_minutes) || at.second() != 0 || at.subsec_nanosecond() != 0 {
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

    /// Whether there is no slot at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many days of slots there are.
    pub fn days(&self) -> f64 {
        super::real(self.values.len()) / super::real(self.slots_per_day())
    }

    /// The observed value of a slot, if there is one.
    pub fn observed_value(&self, slot: usize) -> Option<f64> {
        let value = self.values.get(slot)?;
        self.observed.get(slot)?.then_some(*value)
    }

    /// The start of the slot in that place, counted from the first one; places past the end are named too.
    pub fn slot_start(&self, slot: usize) -> Option<DateTime> {
        shifted(self.start, self.step_minutes, slot)
    }

    /// The slot in which the local time lies, counted from the first one, also past the end; none before the start.
    pub fn slot_of(&self, at: DateTime) -> Option<usize> {
        (at >= self.start).then(|| slots_between(self.start, at, self.step_minutes))
    }

    /// What was known at `origin`: the slots that had ended by then, of the last `at_most_days` days.
    ///
    /// Where the history ends earlier, the slots up to the origin are missing, so that a forecast starts at the
    /// origin and not where the meter went silent (nothing is left of a silence of ten years).
    #[must_use]
    pub fn before(&self, origin: DateTime, at_most_days: u32) -> Self {
        let step_minutes = self.step_minutes;
        let most = usize::try_from(at_most_days).unwrap_or(usize::MAX).saturating_mul(self.slots_per_day());
        let empty = Self { start: origin, end: origin, step_minutes, values: vec![], observed: vec![] };
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
        Self { start, end, step_minutes, values, observed }
    }

    /// The days since the Monday of the week of the first slot, and the weekday from 0 (Monday), of a slot.
    pub(crate) fn weekday_of(&self, slot: usize) -> usize {
        let minutes = usize::try_from(minute_of_day(self.start)).unwrap_or(0)
            + slot.saturating_mul(usize::try_from(self.step_minutes).unwrap_or(1));
        let first = usize::try_from(self.start.date().weekday().since(Weekday::Monday)).unwrap_or(0);
        (first + minutes / 1440) % 7
    }

    /// How far into the year a slot lies, from 0 to 1.
    pub(crate) fn season_of(&self, slot: usize) -> f64 {
        let minutes = f64::from(minute_of_day(self.start))
            + super::real(slot) * f64::from(self.step_minutes)
            + (f64::from(self.start.date().day_of_year()) - 1.0) * 1440.0;
        (minutes / (365.25 * 1440.0)).fract()
    }
}

fn minute_of_day(at: DateTime) -> u32 {
    u32::from(at.hour().unsigned_abs()) * 60 + u32::from(at.minute().unsigned_abs())
}

fn shifted(start: DateTime, step_minutes: u32, slots: usize) -> Option<DateTime> {
    let minutes = i64::try_from(slots).ok()?.checked_mul(i64::from(step_minutes))?;
    // A span holds fewer minutes than hours and days together.
    let (days, rest) = (minutes / 1440, minutes % 1440);
    start.checked_add(i32::try_from(days).ok()?.days()).ok()?.checked_add(rest.minutes()).ok()
}

/// How many whole steps lie between two times of the local clock, none where the second is earlier.
fn slots_between(start: DateTime, at: DateTime, step_minutes: u32) -> usize {
    let seconds = at.duration_since(start).as_secs();
    usize::try_from(seconds / (i64::from(step_minutes) * 60)).unwrap_or(0)
}
