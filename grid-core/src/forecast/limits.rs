//! The bounds within which a reading is believed.

use serde::{Deserialize, Serialize};

use super::{features::Past, real};

/// Half a percent of the readings at either end are not asked how far readings go.
const PER_TAIL: usize = 200;
/// How many times that range a reading may lie beyond it.
const RANGES: f64 = 3.0;

/// How far the readings of a meter go, learnt once, so that one that lies absurdly far out counts as one at the bound.
///
/// A meter that was read wrong once would otherwise pull a mean or a level for weeks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// The least and the greatest; none where the readings hardly differ, so that any other would be drawn in.
    bounds: Option<(f64, f64)>,
    /// The mean reading, for where nothing else is known.
    pub(crate) level: f64,
}

impl Limits {
    pub(crate) fn of(past: &Past) -> Self {
        let history = past.history();
        let mut known: Vec<f64> = (0..past.len()).filter_map(|slot| history.observed_value(slot)).collect();
        if known.is_empty() {
            known = past.filled().iter().copied().filter(|value| !value.is_nan()).collect();
        }
        let bounds = bounds(&mut known);
        let limits = Self { bounds, level: 0.0 };
        let count = real(known.len().max(1));
        // Divided first, so that the sum of huge readings stays finite.
        Self { level: known.iter().map(|value| limits.draw_in(*value) / count).sum(), ..limits }
    }

    /// The observed value of a slot, drawn in to the bounds.
    pub(crate) fn known(&self, past: &Past, slot: usize) -> Option<f64> {
        past.history().observed_value(slot).map(|value| self.draw_in(value))
    }

    /// All observed values up to the slot `until`, drawn in, NaN where there is none.
    pub(crate) fn all_known(&self, past: &Past, until: usize) -> Vec<f64> {
        (0..until.min(past.len())).map(|slot| self.known(past, slot).unwrap_or(f64::NAN)).collect()
    }

    /// A reading, drawn in to the bounds.
    pub(crate) fn draw_in(&self, value: f64) -> f64 {
        self.bounds.map_or(value, |(least, greatest)| value.clamp(least, greatest))
    }
}

fn bounds(values: &mut [f64]) -> Option<(f64, f64)> {
    let tail = (values.len() / PER_TAIL).max(usize::from(values.len() > 10));
    let last = values.len().checked_sub(tail + 1)?;
    let (_, low, _) = values.select_nth_unstable_by(tail, f64::total_cmp);
    let low = *low;
    let (_, high, _) = values.select_nth_unstable_by(last, f64::total_cmp);
    let high = *high;
    let reach = (high - low) * RANGES;
    (reach > 0.0).then_some((low - reach, high + reach))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::History;
    use jiff::civil::date;

    fn past(values: Vec<f64>) -> Past {
        Past::new(&History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, values).unwrap()).unwrap()
    }

    #[test]
    fn one_absurd_reading_is_drawn_in_and_the_rest_stay() {
        let mut values: Vec<f64> = (0..240).map(|slot| f64::from(slot % 10)).collect();
        values[100] = 9e6;
        values[101] = f64::NAN;
        let past = past(values);
        let limits = Limits::of(&past);
        assert_eq!(limits.known(&past, 100), Some(36.0)); // 0 to 9, and three times as far
        assert_eq!(limits.known(&past, 99), Some(9.0));
        assert_eq!(limits.known(&past, 101), None);
        assert!((limits.level - 4.5).abs() < 0.3);
    }

    #[test]
    fn readings_that_hardly_ever_differ_are_all_believed() {
        let mut values = vec![0.0; 240];
        values[7] = 2.0;
        let past = past(values);
        assert_eq!(Limits::of(&past).known(&past, 7), Some(2.0));
    }
}
