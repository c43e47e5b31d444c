//! Exponential smoothing with the seasons of the day and of the week.

use serde::{Deserialize, Serialize};

use crate::forecast::{
    Error, Fit, Fitted, History, features::Past, learnt::Learnt, limits::Limits, real, state::State,
};

const NAME: &str = "holt_winters";
const LEAST_DAYS: u32 = 14;
/// What is learnt from is not older; the seasons of last year are smoothed away anyhow.
const MOST_DAYS: usize = 120;
/// The smoothing starts from the averages of so many days.
const START_DAYS: usize = 28;
/// With fewer observed days there is nothing to start from.
const LEAST_OBSERVED_DAYS: usize = 7;
/// An error of more than this many mean errors, and beyond the mean distance from the level, corrects no more than that.
const MOST_MEAN_ERRORS: f64 = 4.0;
/// How often the search goes through all gains.
const ROUNDS: usize = 2;

/// Smooths a level, a profile of the day and one of the week, and carries the last error on.
///
/// Each observed slot corrects all three by a part of its error; a missing one corrects nothing. How much is corrected,
/// and how much of the last error is carried to the next slots, is chosen from a short list by the mean absolute
/// error of the forecasts over a whole day from each of the last days (at most 120). There is no trend, as in
/// Taylor's later work: over a day or two it only adds noise. An error far beyond the usual is cut off. The intervals
/// are read off the errors of the last eight weeks.
///
/// ```
/// use grid_core::forecast::{Fit, History, HoltWinters, Predict};
/// use jiff::civil::date;
///
/// let values = (0..24 * 28).map(|hour| f64::from(hour % 24) + f64::from(hour / 24 % 7)).collect();
/// let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values)?;
/// let forecast = HoltWinters.fit(&history)?.predict(48, &[])?;
/// assert!((forecast.points[30].mean - 7.0).abs() < 0.2); // at six on the second weekday
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # References
///
/// Taylor: "Short-term electricity demand forecasting using double seasonal exponential smoothing", Journal of the
/// Operational Research Society 54, 2003, for the two seasons and the carried error; Taylor: "Triple seasonal methods for
/// short-term electricity demand forecasting", European Journal of Operational Research 204, 2010, for the form by errors
/// without a trend; Gelper, Fried, Croux: "Robust forecasting with exponential and Holt-Winters smoothing", Journal of
/// Forecasting 29, 2010, for the bounded error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoltWinters;

/// How much an error corrects, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Gains {
    level: f64,
    day: f64,
    week: f64,
    /// What part of the last error is expected of the next slot; its square of the one after that, and so on.
    carry: f64,
}

impl Gains {
    /// Where the search starts.
    const FIRST: Self = Self { level: 0.01, day: 0.05, week: 0.1, carry: 0.6 };
    const LEVELS: [f64; 7] = [0.0, 0.003, 0.01, 0.03, 0.06, 0.12, 0.25];
    const DAYS: [f64; 7] = [0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5];
    const WEEKS: [f64; 6] = [0.0, 0.05, 0.1, 0.2, 0.3, 0.45];
    const CARRIES: [f64; 7] = [0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98];

    /// These gains with another value for each in turn.
    fn variants(self, gain: usize) -> Vec<Self> {
        match gain {
            0 => Self::CARRIES.map(|carry| Self { carry, ..self }).to_vec(),
            1 => Self::LEVELS.map(|level| Self { level, ..self }).to_vec(),
            2 => Self::DAYS.map(|day| Self { day, ..self }).to_vec(),
            _ => Self::WEEKS.map(|week| Self { week, ..self }).to_vec(),
        }
    }
}

/// The level, the profiles and the last error at some slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Smooth {
    level: f64,
    /// One value per slot of the day, counted from the first slot of the history.
    day: Vec<f64>,
    /// One value per slot of the week, counted likewise.
    week: Vec<f64>,
    error: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HoltWintersState {
    limits: Limits,
    gains: Gains,
    /// The slot that the smoothing starts from.
    from: usize,
    start: Smooth,
    most_error: f64,
}

impl Smooth {
    /// The averages of the given values, the first of which lies in the slot `from`.
    fn of(values: &[f64], from: usize, length: usize) -> Self {
        let mut smooth = Self { level: 0.0, day: vec![0.0; length], week: vec![0.0; 7 * length], error: 0.0 };
        let known = || {
            values
                .iter()
                .enumerate()
                .filter(|(_, value)| !value.is_nan())
                .map(|(at, value)| (from + at, *value))
        };
        let count = known().count();
        smooth.level = known().map(|(_, value)| value / real(count)).sum();
        smooth.day = means(length, 0.0, known().map(|(at, value)| (at, value - smooth.level)));
        // A weekday that was seen once or twice is half believed.
        let rest = known().map(|(at, value)| (at, value - smooth.level - smooth.day_at(at)));
        smooth.week = means(7 * length, 1.0, rest);
        smooth
    }

    fn day_at(&self, at: usize) -> f64 {
        self.day.get(at % self.day.len().max(1)).copied().unwrap_or_default()
    }

    fn expected(&self, at: usize) -> f64 {
        let week = self.week.get(at % self.week.len().max(1)).copied().unwrap_or_default();
        self.level + self.day_at(at) + week
    }

    /// Takes in the value of the slot `at`, NaN where it is missing, and says how far off the slot before had it.
    fn take(&mut self, at: usize, value: f64, gains: Gains, most_error: f64) -> f64 {
        let carried = gains.carry * self.error;
        if value.is_nan() {
            self.error = carried;
            return 0.0;
        }
        let error = value - self.expected(at);
        let bounded = error.clamp(-most_error, most_error);
        let (day, week) = (self.day.len().max(1), self.week.len().max(1));
        self.level += gains.level * bounded;
        if let Some(day) = self.day.get_mut(at % day) {
            *day += gains.day * bounded;
        }
        if let Some(week) = self.week.get_mut(at % week) {
            *week += gains.week * bounded;
        }
        self.error = bounded;
        error - carried
    }

    /// The means of the slots from `at` on, the first of which comes next.
    fn ahead(&self, at: usize, slots: usize, carry: f64) -> impl Iterator<Item = f64> {
        let mut carried = self.error;
        (at..at + slots).map(move |at| {
            carried *= carry;
            self.expected(at) + carried
        })
    }
}

/// The means by place, each beside `still` values of zero.
fn means(places: usize, still: f64, values: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
    let mut sums = vec![(0.0, still); places];
    for (at, value) in values {
        if let Some(sum) = sums.get_mut(at % places) {
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    sums.into_iter().map(|(sum, count)| if count > 0.0 { sum / count } else { 0.0 }).collect()
}

impl Fit for HoltWinters {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, LEAST_DAYS, |past| Self::learn(past).map(State::HoltWinters))
    }
}

impl HoltWinters {
    pub(crate) fn learn(past: &Past) -> Result<HoltWintersState, Error> {
        let length = past.slots_per_day();
        let limits = Limits::of(past);
        let from = past.len().saturating_sub(MOST_DAYS * length);
        let values: Vec<f64> = limits.all_known(past, past.len()).split_off(from);
        let observed = values.iter().filter(|value| !value.is_nan()).count();
        if observed < LEAST_OBSERVED_DAYS * length {
            let got = real(observed) / real(length);
            return Err(Error::TooShort { model: NAME, need: LEAST_DAYS, got });
        }
        // So many days are passed over before the first error counts.
        let passed = (START_DAYS * length).min(values.len() / (2 * length) * length);
        let start = Smooth::of(values.get(..START_DAYS * length).unwrap_or(&values), from, length);
        let most_error = start.most_error(&values, from);
        let mut best = (f64::INFINITY, Gains::FIRST);
        for round in 0..ROUNDS {
            for gain in 0..4 {
                for gains in best.1.variants(gain) {
                    // What was tried is not tried again.
                    if round > 0 && gains == best.1 {
                        continue;
                    }
                    let error = start.error_of_days(&values, from, passed, gains, most_error);
                    if error < best.0 {
                        best = (error, gains);
                    }
                }
            }
        }
        Ok(HoltWintersState { limits, gains: best.1, from, start, most_error })
    }
}

impl Smooth {
    /// Where an error is cut off: far beyond the usual error from one slot to the next, and beyond the usual distance from
    /// the level, so that a meter that never erred may still change.
    fn most_error(&self, values: &[f64], from: usize) -> f64 {
        let mut smooth = self.clone();
        let (mut errors, mut distances, mut count) = (0.0, 0.0, 0_usize);
        for (at, value) in (from..).zip(values).filter(|(_, value)| !value.is_nan()) {
            errors += smooth.take(at, *value, Gains::FIRST, f64::MAX).abs();
            distances += (value - self.level).abs();
            count += 1;
        }
        let most = (MOST_MEAN_ERRORS * errors).max(distances) / real(count.max(1));
        if most > 0.0 { most } else { f64::MAX }
    }

    /// The sum of the absolute errors of forecasts of one day, from each day on that ends as the values do, once `passed`
    /// slots have gone by.
    fn error_of_days(
        &self,
        values: &[f64],
        from: usize,
        passed: usize,
        gains: Gains,
        most_error: f64,
    ) -> f64 {
        let length = self.day.len().max(1);
        let mut smooth = self.clone();
        let mut sum = 0.0;
        let (first, days) = values.split_at(values.len() % length);
        for (at, value) in first.iter().enumerate() {
            smooth.take(from + at, *value, gains, most_error);
        }
        for (number, day) in days.chunks(length).enumerate() {
            let at = from + first.len() + number * length;
            if at >= from + passed {
                let errors =
                    day.iter().zip(smooth.ahead(at, length, gains.carry)).map(|(value, mean)| value - mean);
                sum += errors.filter(|error| !error.is_nan()).map(f64::abs).sum::<f64>();
            }
            for (slot, value) in day.iter().enumerate() {
                smooth.take(at + slot, *value, gains, most_error);
            }
        }
        sum
    }
}

impl Learnt for HoltWintersState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let mut order: Vec<usize> = (0..origins.len()).collect();
        order.sort_by_key(|place| origins.get(*place));
        let mut rows = vec![Vec::new(); origins.len()];
        let (mut smooth, mut at) = (self.start.clone(), self.from);
        for place in order {
            let Some((origin, row)) = origins.get(place).zip(rows.get_mut(place)) else { continue };
            while at < *origin {
                let value = self.limits.known(past, at).unwrap_or(f64::NAN);
                smooth.take(at, value, self.gains, self.most_error);
                at += 1;
            }
            *row = smooth.ahead(*origin, slots, self.gains.carry).collect();
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Predict;
    use jiff::civil::date;

    #[test]
    fn with_one_season_it_is_the_textbooks_exponential_smoothing() {
        // statsmodels 0.15.0, ETSModel(error="add", trend=None, seasonal="add", seasonal_periods=4), known initial states,
        // smoothing_level 0.3, smoothing_seasonal 0.2: forecast(4).
        let expected =
            [4.891_515_040_120_113, 3.532_442_568_426_334, 6.058_011_503_942_754, 3.791_326_812_402_573];
        let values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4].map(f64::from);
        let day = vec![0.75, -1.25, 1.75, -1.25];
        let mut smooth = Smooth { level: 2.25, day, week: vec![0.0; 28], error: 0.0 };
        let gains = Gains { level: 0.3, day: 0.2, week: 0.0, carry: 0.0 };
        for (at, value) in values.iter().enumerate() {
            smooth.take(at, *value, gains, f64::MAX);
        }
        for (mean, expected) in smooth.ahead(24, 4, 0.0).zip(expected) {
            assert!((mean - expected).abs() < 1e-12, "{mean} {expected}");
        }
    }

    #[test]
    fn the_last_error_is_carried_on_and_fades() {
        let mut smooth = Smooth { level: 1.0, day: vec![0.0; 2], week: vec![0.0; 14], error: 0.0 };
        let gains = Gains { level: 0.0, day: 0.0, week: 0.0, carry: 0.5 };
        assert!((smooth.take(0, 9.0, gains, f64::MAX) - 8.0).abs() < 1e-12);
        assert_eq!(smooth.ahead(1, 3, 0.5).collect::<Vec<_>>(), [5.0, 3.0, 2.0]);
        // A gap lets it fade as well, and the next error is that against what was carried.
        assert!(smooth.take(1, f64::NAN, gains, f64::MAX).abs() < 1e-12);
        assert!(smooth.take(2, 3.0, gains, f64::MAX).abs() < 1e-12);
    }

    #[test]
    fn a_weekend_is_learnt_and_a_gap_of_a_week_is_passed_over() {
        let mut values: Vec<f64> = (0..24 * 70)
            .map(|hour| f64::from(hour % 24) + if hour / 24 % 7 >= 5 { 10.0 } else { 0.0 })
            .collect();
        values[24 * 50..24 * 57].fill(f64::NAN);
        let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values.clone()).unwrap();
        let means = HoltWinters.fit(&history).unwrap().predict(24 * 7, &[]).unwrap().means();
        for (mean, value) in means.iter().zip(&values) {
            assert!((mean - value).abs() < 0.5, "{mean} {value}");
        }
    }

    #[test]
    fn less_than_two_weeks_is_refused() {
        let fit =
            |values| HoltWinters.fit(&History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values).unwrap());
        assert!(matches!(fit(vec![1.0; 24 * 13]), Err(Error::TooShort { need: 14, .. })));
        let mut silent = vec![f64::NAN; 24 * 60];
        silent[100] = 1.0;
        assert!(matches!(fit(silent), Err(Error::TooShort { need: 14, .. })));
    }
}
