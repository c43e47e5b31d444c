//! What a model sees of the past when it forecasts one slot of the day.

use ndarray::{Array1, Array2};

use super::History;

/// Days back of the same time of day.
const LAGS: [usize; 8] = [1, 2, 3, 4, 5, 6, 7, 14];
/// Fewer days of one time of day teach nothing.
pub(crate) const LEAST_ROWS: usize = 8;
/// Same weekdays of the past, over which the time of day is averaged.
const WEEKS: usize = 4;
/// The slots of the last day are averaged in this many blocks.
const BLOCKS: usize = 12;
/// Beyond this many days the season shows.
const DAYS_FOR_SEASON: usize = 180;

/// A history made ready: gaps filled, so that every lag has a value, and sums to average by.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    history: History,
    filled: Vec<f64>,
    /// The sum of all filled values before each slot.
    sums: Vec<f64>,
    slots_per_day: usize,
    seasonal: bool,
}

/// What there is to learn from for one slot of the day: rows from old to new, and the row to forecast from.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) features: Array2<f64>,
    pub(crate) targets: Array1<f64>,
    /// How many days each row is older than the one to forecast from.
    pub(crate) ages: Vec<f64>,
    pub(crate) next: Array2<f64>,
}

impl Past {
    /// Makes a history ready; none where it has no value at all.
    pub(crate) fn new(history: &History) -> Option<Self> {
        let slots_per_day = history.slots_per_day();
        let filled = fill(history.values(), slots_per_day)?;
        let mut sums = Vec::with_capacity(filled.len() + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for value in &filled {
            sum += value;
            sums.push(sum);
        }
        let seasonal = filled.len() > DAYS_FOR_SEASON * slots_per_day;
        Some(Self { history: history.clone(), filled, sums, slots_per_day, seasonal })
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

    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// The rows for the slot that lies `slot` slots after the origin, counted within a day, `day` whole days ahead.
    ///
    /// Each row looks at the history from an origin of its own, whole days before the real one, and sees nothing
    /// of what came after it.
    pub(crate) fn rows(&self, slot: usize, day: usize) -> Rows {
        let length = self.slots_per_day;
        let least = 7 * length;
        let ahead = day * length + slot;
        let most = self.len().saturating_sub(least) / length;
        let origins = (day + 1..=most).rev().map(|age| (age, self.len() - age * length));
        let mut known: Vec<(usize, usize, f64)> = origins
            .clone()
            .filter_map(|(age, origin)| Some((age, origin, self.history.observed_value(origin + ahead)?)))
            .collect();
        if known.len() < LEAST_ROWS {
            // This time of day is hardly ever observed: what its gaps are filled with is the best there is.
            known = origins
                .filter_map(|(age, origin)| Some((age, origin, *self.filled.get(origin + ahead)?)))
                .collect();
        }
        let mut features = Vec::new();
        let (mut targets, mut ages) = (Vec::with_capacity(known.len()), Vec::with_capacity(known.len()));
        let mut row = Vec::with_capacity(64);
        for (age, origin, value) in known {
            self.row(origin, slot, day, &mut row);
            features.extend_from_slice(&row);
            targets.push(value);
            ages.push(super::real(age));
        }
        self.row(self.len(), slot, day, &mut row);
        let columns = row.len();
        // The shapes fit by construction, so the fallback never comes.
        let features = Array2::from_shape_vec((targets.len(), columns), features).unwrap_or_default();
        let next = Array2::from_shape_vec((1, columns), row).unwrap_or_default();
        Rows { features, targets: targets.into(), ages, next }
    }

    /// Writes what is seen from `origin` of the slot `slot` slots later, a further `day` days ahead.
    fn row(&self, origin: usize, slot: usize, day: usize, row: &mut Vec<f64>) {
        let length = self.slots_per_day;
        let hour = (length / 24).max(1);
        row.clear();

        // The same time of the last days.
        let same = |days: usize| self.at(origin, slot, days * length);
        row.extend(LAGS.map(same));
        row.push(self.weekly(origin, slot, day, 0, 0));
        row.push((1..=7).map(same).sum::<f64>() / 7.0);
        // The hours beside it: of yesterday, and of the same weekdays.
        row.push(self.mean_before(origin, length - slot + hour, hour));
        row.push(self.mean_before(origin, (length - slot).saturating_sub(1), hour));
        row.push(self.weekly(origin, slot, day, hour, 0));
        row.push(self.weekly(origin, slot, day, 0, hour));
        // How the last day went.
        row.push(self.mean_before(origin, 1, 1));
        row.push(self.mean_before(origin, 2, 1));
        let block = length.div_ceil(BLOCKS);
        row.extend((0..length / block).map(|number| self.mean_before(origin, (number + 1) * block, block)));
        // The level of the last days.
        row.extend([1, 2, 3, 7].map(|days| self.mean_before(origin, days * length, length)));
        row.push(self.mean_before(origin, 7 * length, 7 * length));
        // The calendar.
        let target = origin + day * length + slot;
        let weekday = self.history.weekday_of(target);
        row.extend((0..7).map(|number| if number == weekday { 1.0 } else { 0.0 }));
        let weekend = if weekday >= 5 { 1.0 } else { 0.0 };
        row.push(weekend * same(1));
        row.push(weekend * same(7));
        if self.seasonal {
            let angle = self.history.season_of(target) * std::f64::consts::TAU;
            row.extend([angle.sin(), angle.cos(), (2.0 * angle).sin(), (2.0 * angle).cos()]);
        }
    }

    /// The value `back` slots before the slot `slot` slots after the origin; weeks later where that is too long ago.
    fn at(&self, origin: usize, slot: usize, back: usize) -> f64 {
        let week = 7 * self.slots_per_day;
        let mut back = back;
        while back > origin + slot && back > week {
            back -= week;
        }
        (origin + slot).checked_sub(back).and_then(|at| self.filled.get(at)).copied().unwrap_or_default()
    }

    /// The mean of the last same weekdays around the same time, over `before` slots before it or `after` slots after it,
    /// or over the slot itself.
    fn weekly(&self, origin: usize, slot: usize, day: usize, before: usize, after: usize) -> f64 {
        let week = 7 * self.slots_per_day;
        let target = origin + day * self.slots_per_day + slot;
        let (mut sum, mut count) = (0.0, 0.0);
        for weeks in 1..=WEEKS + day / 7 {
            let Some(at) = target.checked_sub(weeks * week) else { break };
            let (from, until) = match (before, after) {
                (0, 0) => (at, at + 1),
                (before, 0) => (at.saturating_sub(before), at.max(1)),
                (_, after) => (at + 1, at + 1 + after),
            };
            if until <= origin {
                sum += self.mean(from, until);
                count += 1.0;
            }
        }
        if count > 0.0 { sum / count } else { self.at(origin, slot, week) }
    }

    /// The mean of `slots` slots, the first of which lies `back` slots before the origin, as far as they lie before it.
    fn mean_before(&self, origin: usize, back: usize, slots: usize) -> f64 {
        let from = origin.saturating_sub(back.max(1));
        self.mean(from, (from + slots).min(origin))
    }

    fn mean(&self, from: usize, until: usize) -> f64 {
        if until == from + 1 {
            return self.filled.get(from).copied().unwrap_or_default();
        }
        match (self.sums.get(from), self.sums.get(until)) {
            (Some(low), Some(high)) if until > from => (high - low) / super::real(until - from),
            _ => 0.0,
        }
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
