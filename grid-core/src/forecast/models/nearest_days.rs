//! What followed on the days that were most like the last one.

use serde::{Deserialize, Serialize};

use crate::forecast::{
    Error, Fit, Fitted, History,
    features::Past,
    learnt::{Learnt, faded},
    limits::Limits,
    real,
    state::State,
};

const NAME: &str = "nearest_days";
const LEAST_DAYS: u32 = 7;
/// So many days are averaged.
const NEAREST: usize = 25;
/// Days are compared in as many blocks at most.
const BLOCKS: usize = 24;
/// The level of a day is the mean of as many days before it.
const LEVEL_DAYS: usize = 7;
/// Another kind of weekday is as far away as days that differ by this many usual differences.
const KIND_PENALTY: f64 = 0.5;
/// The farthest of them counts for this power of 1/e of what one without any difference does.
const SHARPNESS: f64 = 3.0;
/// How much of the difference between the last days, beside their levels, is expected of the next ones.
const LASTING: f64 = 0.5;
/// What a difference of the level counts for, beside one of the shape.
const LEVEL_WEIGHT: f64 = 0.5;
/// After how many days a day counts for half in the mean.
const HALF_LIFE_DAYS: f64 = 120.0;

/// Looks for the days of the past before which things were most like they are now, and averages what they brought.
///
/// Two days are alike where the day before each ran alike, beside the level of its last seven days; where that level was
/// alike; and where both are working days, Saturdays or Sundays. Of the 25 most alike, what they brought beside the level
/// of their time is averaged, the more alike and the more recent ones for more, and laid over the level of now; half of
/// what the last day lay higher than theirs is added. Gaps are left out of every comparison and mean. The intervals are
/// read off the errors of the last eight weeks.
///
/// ```
/// use grid_core::forecast::{Fit, History, NearestDays, Predict};
/// use jiff::civil::date;
///
/// let values = (0..24 * 28).map(|hour| f64::from(hour % 24)).collect();
/// let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values)?;
/// let forecast = NearestDays.fit(&history)?.predict(24, &[])?;
/// assert!((forecast.points[7].mean - 7.0).abs() < 1e-9);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # References
///
/// Lora, Santos, Exposito, Ramos, Santos: "Electricity market price forecasting based on weighted nearest neighbors
/// techniques", IEEE Transactions on Power Systems 22(3), 2007, for neighbours by the day before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NearestDays;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NearestDaysState {
    limits: Limits,
}

/// How things stood when a day began.
struct Morning {
    origin: usize,
    /// The number of the day, counted from the first.
    number: usize,
    /// The mean of the days before, NaN where nothing was known.
    level: f64,
    /// The day before in blocks, beside the level; NaN where unknown.
    shape: Vec<f64>,
    /// The mean of that day beside the level, NaN where nothing was known.
    day: f64,
    /// 0 for a working day, 1 for a Saturday, 2 for a Sunday or a holiday.
    kind: usize,
}

impl Fit for NearestDays {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, LEAST_DAYS, |past| Ok(State::NearestDays(Self::learn(past))))
    }
}

impl NearestDays {
    pub(crate) fn learn(past: &Past) -> NearestDaysState {
        NearestDaysState { limits: Limits::of(past) }
    }
}

/// The mean of what is known, NaN where nothing is.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let known = values.filter(|value| !value.is_nan());
    let (sum, count) = known.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    if count > 0 { sum / real(count) } else { f64::NAN }
}

/// How things stood at the start of each day that begins `phase` slots after a multiple of a day, up to the end of `values`.
fn mornings(past: &Past, values: &[f64], phase: usize) -> Vec<Morning> {
    let length = past.slots_per_day();
    let block = length.div_ceil(BLOCKS);
    (phase..=values.len())
        .step_by(length)
        .enumerate()
        .filter_map(|(number, origin)| {
            let day = values.get(origin.checked_sub(length)?..origin)?;
            let level = mean(values.get(origin.saturating_sub(LEVEL_DAYS * length)..origin)?.iter().copied());
            let shape = day.chunks(block).map(|block| mean(block.iter().copied()) - level).collect();
            let day_kind = past.history().day_kind_of(origin + length / 2);
            let kind = if day_kind.holiday { 2 } else { day_kind.weekday.saturating_sub(4) };
            Some(Morning { origin, number, level, shape, day: mean(day.iter().copied()) - level, kind })
        })
        .collect()
}

/// The mean squared difference of the shapes, and of the levels; of the levels alone where the last day was silent.
fn difference(now: &Morning, other: &Morning) -> Option<f64> {
    let squares = now.shape.iter().zip(&other.shape).map(|(now, other)| (now - other).powi(2));
    let shapes = if now.day.is_nan() { 0.0 } else { mean(squares) };
    Some(shapes + LEVEL_WEIGHT * (now.level - other.level).powi(2)).filter(|difference| !difference.is_nan())
}

/// What lies ahead of `now`, by what is known before it.
fn ahead(mornings: &[Morning], now: &Morning, values: &[f64], slots: usize) -> Vec<f64> {
    let before: Vec<(f64, &Morning)> = mornings
        .iter()
        .filter(|morning| morning.origin < now.origin)
        .filter_map(|morning| Some((difference(now, morning)?, morning)))
        .collect();
    let usual = before.iter().map(|found| found.0 / real(before.len())).sum::<f64>();
    let mut nearest: Vec<(f64, &Morning)> = before
        .into_iter()
        .map(|(difference, morning)| {
            let shape = if usual > 0.0 { difference / usual } else { 0.0 };
            (shape + if morning.kind == now.kind { 0.0 } else { KIND_PENALTY }, morning)
        })
        .collect();
    let order = |one: &(f64, &Morning), other: &(f64, &Morning)| {
        one.0.total_cmp(&other.0).then(other.1.origin.cmp(&one.1.origin))
    };
    if nearest.len() > NEAREST {
        nearest.select_nth_unstable_by(NEAREST, order);
        nearest.truncate(NEAREST);
    }
    nearest.sort_unstable_by(order);
    let farthest = nearest.last().map_or(1.0, |found| found.0).max(f64::MIN_POSITIVE);
    let counted: Vec<(f64, f64, &Morning)> = nearest
        .into_iter()
        .map(|(difference, morning)| {
            let weight = (-SHARPNESS * difference / farthest).exp()
                * faded(real(now.number - morning.number), HALF_LIFE_DAYS);
            let higher = now.day - morning.day;
            (weight, if higher.is_nan() { 0.0 } else { LASTING * higher }, morning)
        })
        .collect();
    (0..slots)
        .map(|slot| {
            let (mut sum, mut weights) = (0.0, 0.0);
            for (weight, lasting, morning) in &counted {
                let at = morning.origin + slot;
                if let Some(value) = values.get(at).filter(|value| at < now.origin && !value.is_nan()) {
                    sum += weight * (value - morning.level + lasting);
                    weights += weight;
                }
            }
            now.level + if weights > 0.0 { sum / weights } else { 0.0 }
        })
        .collect()
}

impl Learnt for NearestDaysState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let length = past.slots_per_day();
        let last = origins.iter().copied().max().unwrap_or_default();
        let values = self.limits.all_known(past, last);
        let mut phases: Vec<usize> = origins.iter().map(|origin| origin % length).collect();
        phases.sort_unstable();
        phases.dedup();
        // An origin within the first day, or after a silent week, has nothing to compare.
        let mut rows = vec![vec![self.limits.level; slots]; origins.len()];
        for phase in phases {
            let mornings = mornings(past, &values, phase);
            for (origin, row) in origins.iter().zip(&mut rows) {
                if let Some(now) = mornings.iter().find(|now| now.origin == *origin && !now.level.is_nan()) {
                    *row = ahead(&mornings, now, &values, slots);
                }
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Predict;
    use jiff::civil::date;

    fn means(values: Vec<f64>, slots: usize) -> Vec<f64> {
        let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values).unwrap();
        NearestDays.fit(&history).unwrap().predict(slots, &[]).unwrap().means()
    }

    #[test]
    fn a_day_that_always_follows_another_is_foretold() {
        // Two kinds of day in an order without a week: after a ramp up comes a ramp down, and the other way round.
        let values: Vec<f64> = (0..24 * 61)
            .map(|hour| f64::from(if hour / 24 % 2 == 0 { hour % 24 } else { 23 - hour % 24 }))
            .collect();
        for (slot, mean) in means(values, 24).iter().enumerate() {
            assert!((mean - (23.0 - real(slot))).abs() < 1.0, "{slot}: {mean}");
        }
    }

    #[test]
    fn what_the_past_brought_is_laid_over_the_level_of_now() {
        let values: Vec<f64> = (0..24 * 60)
            .map(|hour| f64::from(hour % 24) + if hour >= 24 * 30 { 100.0 } else { 0.0 })
            .collect();
        for (slot, mean) in means(values, 48).iter().enumerate() {
            assert!((mean - (100.0 + real(slot % 24))).abs() < 3.0, "{slot}: {mean}");
        }
    }

    #[test]
    fn after_a_silent_day_the_level_finds_the_nearest_days() {
        let mut values: Vec<f64> = (0..24 * 40).map(|hour| f64::from(hour % 24)).collect();
        values[24 * 39..].fill(f64::NAN);
        for (slot, mean) in means(values, 24).iter().enumerate() {
            assert!((mean - real(slot)).abs() < 1e-9, "{slot}: {mean}");
        }
    }

    #[test]
    fn silence_for_longer_than_the_level_leaves_the_mean() {
        let mut values = vec![3.0; 24 * 30];
        values[24 * 20..].fill(f64::NAN);
        assert!(means(values, 24).iter().all(|mean| (mean - 3.0).abs() < 1e-9));
    }
}
