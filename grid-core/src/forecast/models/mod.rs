//! The models, and the choice among them.

mod choice;
mod ridge;
mod seasonal_naive;

pub use choice::{Fitted, Model};
pub use ridge::{FittedRidge, Ridge};
pub use seasonal_naive::{FittedSeasonalNaive, Season, SeasonalNaive};
