//! The models, and the choice among them.

mod choice;
mod ridge;
mod seasonal_naive;

pub use choice::{Fitted, Model};
pub use ridge::{FittedRidge, Ridge};
pub use seasonal_naive::{FittedSeasonalNaive, Season, SeasonalNaive};

/// The farthest that a forecast may look.
const MOST_DAYS: usize = 14;

/// Whether no observed value is below zero, so that no forecast should be.
fn non_negative(history: &super::History) -> bool {
    (0..history.values().len()).filter_map(|slot| history.observed_value(slot)).all(|value| value >= 0.0)
}
