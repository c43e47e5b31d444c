//! The lowest and the highest of values, NaN left out.

use std::ops::Range as Span;

/// How many values are compared side by side; which of them is lowest does not depend on it.
const LANES: usize = 8;

/// The lowest and the highest value so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    low: f64,
    high: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY }
    }
}

impl Range {
    pub(crate) fn push(&mut self, values: &[f64]) {
        let mut low = [self.low; LANES];
        let mut high = [self.high; LANES];
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            for ((low, high), value) in low.iter_mut().zip(&mut high).zip(chunk) {
                // A comparison with NaN is false, which leaves it out.
                *low = if *value < *low { *value } else { *low };
                *high = if *value > *high { *value } else { *high };
            }
        }
        // `min` and `max` take the other one for NaN.
        self.low = rest.iter().chain(&low).fold(self.low, |low, value| low.min(*value));
        self.high = rest.iter().chain(&high).fold(self.high, |high, value| high.max(*value));
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }

    /// The largest distance from zero; zero where there is no value.
    pub(crate) fn largest(self) -> f64 {
        if self.low <= self.high { self.low.abs().max(self.high.abs()) } else { 0.0 }
    }

    /// The lowest and the highest, where there is a value. Zero has no sign here: which of two zeros came first is
    /// forgotten.
    pub(crate) fn ends(self) -> (Option<f64>, Option<f64>) {
        if self.low <= self.high { (Some(self.low + 0.0), Some(self.high + 0.0)) } else { (None, None) }
    }
}

/// The part of a column that a run of rows covers.
pub(crate) fn part<T>(column: &[T], rows: Span<usize>) -> &[T] {
    column.get(rows).unwrap_or_default()
}
