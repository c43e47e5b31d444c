//! The columns of what else is known beside the series: the weather, a clear sky, a price.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Days, Past};
use crate::forecast::{Error, Known, Regressor, real};

/// How a regressor's values are scaled: to a mean of zero and a variance of 1 over the past that was learnt from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Scaling {
    pub(crate) name: String,
    mean: f64,
    deviation: f64,
}

/// The values of a regressor, scaled, from the first of some days on; zero, which is the mean, where one is missing.
#[derive(Debug)]
pub(crate) struct Scaled {
    known: Known,
    length: usize,
    values: Vec<f64>,
    missing: Vec<bool>,
    /// The sum of all values before each slot.
    sums: Vec<f64>,
}

impl Scaling {
    /// The scaling of each regressor of a past.
    pub(crate) fn of(past: &Past) -> Vec<Self> {
        past.history().regressors().iter().map(|regressor| Self::of_one(regressor, past.len())).collect()
    }

    fn of_one(regressor: &Regressor, slots: usize) -> Self {
        let known = || regressor.values.iter().take(slots).filter(|value| !value.is_nan());
        let count = real(known().count()).max(1.0);
        let mean = known().sum::<f64>() / count;
        let variance = known().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        let deviation = variance.sqrt();
        let moves = deviation > 1e-12 * mean.abs();
        Self { name: regressor.name.clone(), mean, deviation: if moves { deviation } else { f64::INFINITY } }
    }

    /// The regressor of that name, from the first of `days` on up to the place `until`.
    ///
    /// # Errors
    ///
    /// [`Error::RegressorEnds`] where it is not known as far, though it is known ahead.
    pub(crate) fn apply(&self, past: &Past, days: &Days, until: usize) -> Result<Scaled, Error> {
        let regressor = past.history().regressors().iter().find(|regressor| regressor.name == self.name);
        let ends = |got: usize| Error::RegressorEnds { name: self.name.clone(), need: until, got };
        let Some(regressor) = regressor else { return Err(ends(0)) };
        if regressor.known == Known::Ahead && until > regressor.values.len() {
            return Err(ends(regressor.values.len()));
        }
        // What is only observed is cut where the days end, so that nothing later can be read.
        let end = if regressor.known == Known::Ahead { until } else { days.place(days.count(), 0) };
        let start = days.place(0, 0);
        let mut values = Vec::with_capacity(end.saturating_sub(start));
        let mut missing = Vec::with_capacity(values.capacity());
        let mut sums = vec![0.0];
        let mut sum = 0.0;
        for place in start..end {
            let value = regressor.values.get(place).copied().unwrap_or(f64::NAN);
            let scaled = if value.is_nan() { 0.0 } else { (value - self.mean) / self.deviation };
            missing.push(value.is_nan());
            values.push(scaled);
            sum += scaled;
            sums.push(sum);
        }
        Ok(Scaled { known: regressor.known, length: days.length(), values, missing, sums })
    }
}

impl Scaled {
    /// How many columns it has.
    pub(crate) fn count(&self) -> usize {
        match self.known {
            Known::Ahead => 8,
            Known::Observed => 5,
        }
    }

    /// Appends the columns of the slot `slot` slots after each origin, a further `ahead` days ahead.
    pub(crate) fn columns(&self, slot: usize, ahead: usize, origins: &Range<usize>, columns: &mut Vec<f64>) {
        let start = |origin: usize| origin * self.length;
        let target = |origin: usize| start(origin) + ahead * self.length + slot;
        let yesterday = |origin: usize| (start(origin) + slot).checked_sub(self.length);
        let mut push = |value: &dyn Fn(usize) -> f64| columns.extend(origins.clone().map(value));
        push(&|origin| yesterday(origin).map_or(0.0, |place| self.value(place)));
        push(&|origin| self.mean(start(origin), self.length));
        match self.known {
            Known::Ahead => {
                push(&|origin| self.value(target(origin)));
                push(&|origin| self.value(target(origin)).powi(2));
                push(&|origin| self.value(target(origin)).max(0.0));
                push(&|origin| self.mean(target(origin) + 1, self.length));
                push(&|origin| self.mean(target(origin) + 1, (self.length / 6).max(1)));
                push(&|origin| self.is_missing(target(origin)));
            }
            Known::Observed => {
                push(&|origin| start(origin).checked_sub(1).map_or(0.0, |place| self.value(place)));
                push(&|origin| {
                    (start(origin) + slot).checked_sub(7 * self.length).map_or(0.0, |place| self.value(place))
                });
                push(&|origin| yesterday(origin).map_or(1.0, |place| self.is_missing(place)));
            }
        }
    }

    fn value(&self, place: usize) -> f64 {
        self.values.get(place).copied().unwrap_or_default()
    }

    fn is_missing(&self, place: usize) -> f64 {
        if self.missing.get(place).copied().unwrap_or(true) { 1.0 } else { 0.0 }
    }

    /// The mean of the last `slots` slots before `until`.
    fn mean(&self, until: usize, slots: usize) -> f64 {
        let from = until.saturating_sub(slots);
        match (self.sums.get(from), self.sums.get(until)) {
            (Some(before), Some(after)) if until > from => (after - before) / real(until - from),
            _ => 0.0,
        }
    }
}
