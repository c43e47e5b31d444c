//! What was there a day ago, and as much more as the days used to add.

use serde::{Deserialize, Serialize};

use crate::forecast::{
    Error, Fit, Fitted, History, features::Past, learnt::Learnt, limits::Limits, real, state::State,
};

const NAME: &str = "drift";
const LEAST_DAYS: u32 = 1;
/// So many days without any change are thought of beside those that were seen.
const STILL_DAYS: usize = 14;
/// Each day ahead adds this much of what the day before it added.
const DAMPING: f64 = 0.9;
/// How many days back a value is looked for.
const DAYS_BACK: usize = 28;

/// Yesterday's values and the drift from day to day.
///
/// The drift is the mean change over a day of all the past, as if two weeks without any change had come before it, and
/// each day ahead adds a tenth less than the one before: two days of history do not run away. Where yesterday has a gap,
/// the last known day of that time counts. The intervals are read off the errors of the last eight weeks.
///
/// ```
/// use grid_core::forecast::{Drift, Fit, History, Predict};
/// use jiff::civil::date;
///
/// let values = (0..24 * 15).map(|hour| f64::from(hour / 24)).collect(); // each day one more
/// let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values)?;
/// let forecast = Drift.fit(&history)?.predict(24, &[])?;
/// assert!((forecast.points[0].mean - 14.45).abs() < 1e-9); // half of 0.9, as 14 of 28 days changed
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # References
///
/// Hyndman and Athanasopoulos: "Forecasting: principles and practice", 3rd edition, section 5.2, for the drift; section
/// 8.2 for the damping of a trend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DriftState {
    limits: Limits,
}

impl Fit for Drift {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, LEAST_DAYS, |past| Ok(State::Drift(Self::learn(past))))
    }
}

impl Drift {
    pub(crate) fn learn(past: &Past) -> DriftState {
        DriftState { limits: Limits::of(past) }
    }
}

impl DriftState {
    /// The sum of all changes over a day, and their count, before each slot.
    fn changes(&self, past: &Past) -> Vec<(f64, usize)> {
        let length = past.slots_per_day();
        let mut changes = Vec::with_capacity(past.len() + 1);
        let (mut sum, mut count) = (0.0, 0);
        for slot in 0..=past.len() {
            changes.push((sum, count));
            let before = slot.checked_sub(length).and_then(|before| self.limits.known(past, before));
            if let (Some(value), Some(before)) = (self.limits.known(past, slot), before) {
                sum += value - before;
                count += 1;
            }
        }
        changes
    }
}

impl Learnt for DriftState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let length = past.slots_per_day();
        let changes = self.changes(past);
        let row = |origin: usize| {
            let (sum, count) = changes.get(origin).copied().unwrap_or_default();
            let drift = sum / real(count + STILL_DAYS * length);
            (0..slots)
                .map(|slot| {
                    let known = (1..=DAYS_BACK)
                        .find_map(|back| {
                            self.limits.known(past, (origin + slot % length).checked_sub(back * length)?)
                        })
                        .unwrap_or(self.limits.level);
                    // 0.9 + 0.9² + … over the days ahead.
                    let ahead = real(slot / length + 1);
                    known + drift * DAMPING * (1.0 - DAMPING.powf(ahead)) / (1.0 - DAMPING)
                })
                .collect()
        };
        Ok(origins.iter().map(|origin| row(*origin)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Predict;
    use jiff::civil::date;

    fn means(values: Vec<f64>, slots: usize) -> Vec<f64> {
        let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 720, values).unwrap();
        Drift.fit(&history).unwrap().predict(slots, &[]).unwrap().means()
    }

    #[test]
    fn what_days_add_is_added_less_and_less() {
        // 15 days, each one more: the drift is 14 of 28 days, so 0.5; 0.9 and 0.81 of it on the first two days.
        let means = means((0..30).map(|slot| f64::from(slot / 2)).collect(), 28);
        assert!((means[0] - 14.45).abs() < 1e-9 && (means[2] - (14.45 + 0.405)).abs() < 1e-9);
        assert!(means[27] < 14.0 + 0.5 * 9.0);
    }

    #[test]
    fn a_gap_is_looked_past() {
        assert_eq!(means(vec![4.0, 2.0, f64::NAN, 2.0], 2), [4.0, 2.0]);
    }
}
