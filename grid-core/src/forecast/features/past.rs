//! A history made ready to be looked at: its gaps are filled from what came before them.

use crate::forecast::History;

/// A history made ready: gaps filled from what came before, so that every lag has a value from the first reading on.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    history: History,
    filled: Vec<f64>,
    slots_per_day: usize,
}

impl Past {
    /// Makes a history ready; none where it has no value at all.
    pub(crate) fn new(history: &History) -> Option<Self> {
        let slots_per_day = history.slots_per_day();
        let filled = fill(history.values(), slots_per_day)?;
        Some(Self { history: history.clone(), filled, slots_per_day })
    }

    pub(crate) fn slots_per_day(&self) -> usize {
        self.slots_per_day
    }

    pub(crate) fn len(&self) -> usize {
        self.filled.len()
    }

    /// The values, with their gaps filled; NaN before the first one.
    pub(crate) fn filled(&self) -> &[f64] {
        &self.filled
    }

    /// The slot of the day, counted from local midnight, of a place; places past the end are counted on.
    pub(crate) fn clock_slot(&self, place: usize) -> usize {
        self.history.slot_of_day(place)
    }

    pub(crate) fn history(&self) -> &History {
        &self.history
    }
}

/// Fills each gap with the value a week, or a day, before it, else with the mean of all values before it. Nothing later is
/// looked at, so where nothing came before, a gap stays one. None where there is no value.
fn fill(values: &[f64], slots_per_day: usize) -> Option<Vec<f64>> {
    if values.iter().all(|value| value.is_nan()) {
        return None;
    }
    // What was only a mean is not carried on as if the time of day had been seen.
    let mut seen: Vec<f64> = Vec::with_capacity(values.len());
    let mut filled: Vec<f64> = Vec::with_capacity(values.len());
    let (mut sum, mut count) = (0.0, 0.0);
    for (place, &value) in values.iter().enumerate() {
        let back = |slots: usize| {
            place.checked_sub(slots).and_then(|at| seen.get(at)).copied().filter(|value| !value.is_nan())
        };
        let known = if value.is_nan() {
            back(7 * slots_per_day).or_else(|| back(slots_per_day)).unwrap_or(f64::NAN)
        } else {
            sum += value;
            count += 1.0;
            value
        };
        seen.push(known);
        filled.push(if known.is_nan() && count > 0.0 { sum / count } else { known });
    }
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_gap_is_filled_from_what_came_before_it() {
        let nan = f64::NAN;
        // Two slots a day. The second one of the first day, and both of the third, are missing.
        let values = [3.0, nan, 5.0, 7.0, nan, nan, 1.0, 1.0];
        assert_eq!(fill(&values, 2).unwrap(), [3.0, 3.0, 5.0, 7.0, 5.0, 7.0, 1.0, 1.0]);
        let late = fill(&[nan, nan, 2.0, nan, nan], 2).unwrap();
        assert!(late[0].is_nan() && late[1].is_nan());
        assert_eq!(late[2..], [2.0, 2.0, 2.0]);
        assert_eq!(fill(&[nan; 4], 2), None);
    }

    proptest! {
        #[test]
        fn no_gap_is_filled_with_what_came_later(
            values in prop::collection::vec(prop_oneof![Just(f64::NAN), -9.0..9.0_f64], 1..60), until in 1..60_usize,
        ) {
            let until = until.min(values.len());
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            let (Some(all), Some(early)) = (fill(&values, 3), fill(&values[..until], 3)) else { return Ok(()) };
            prop_assert_eq!(bits(&all[..until]), bits(&early));
        }
    }
}
