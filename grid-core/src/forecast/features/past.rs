//! A history made ready to be looked at: its gaps are filled, so that every lag has a value.

use crate::forecast::History;

/// A history made ready: gaps filled, so that every lag has a value.
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

    /// The values, with their gaps filled.
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

/// Fills each gap with the value a week, or a day, before it, else with the mean of its time of day, else with the mean of all.
fn fill(values: &[f64], slots_per_day: usize) -> Option<Vec<f64>> {
    if values.iter().all(|value| value.is_nan()) {
        return None;
    }
    let mut profile = vec![(0.0, 0.0); slots_per_day];
    let mut all = (0.0, 0.0);
    for (place, value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
        if let Some(sum) = profile.get_mut(place % slots_per_day) {
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
        all = (all.0 + value, all.1 + 1.0);
    }
    let mut filled: Vec<f64> = Vec::with_capacity(values.len());
    for (place, &value) in values.iter().enumerate() {
        let back = |slots: usize| place.checked_sub(slots).and_then(|at| filled.get(at)).copied();
        let value = if value.is_nan() {
            back(7 * slots_per_day).or_else(|| back(slots_per_day)).unwrap_or_else(|| {
                match profile.get(place % slots_per_day) {
                    Some((sum, count)) if *count > 0.0 => sum / count,
                    _ => all.0 / all.1,
                }
            })
        } else {
            value
        };
        filled.push(value);
    }
    Some(filled)
}
