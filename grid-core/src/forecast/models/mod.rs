//! The models, and the choice among them.

mod choice;
mod combination;
mod decomposition;
mod drift;
mod elastic_net;
mod global;
mod holt_winters;
mod lasting;
#[cfg(test)]
mod made;
mod nearest_days;
mod profile;
mod regression;
mod ridge;
mod seasonal_naive;
#[cfg(test)]
mod tests;
mod trees;
mod weekday_mean;

pub use choice::Model;
pub(crate) use choice::names;
pub use combination::Combination;
pub(crate) use combination::CombinationState;
pub use decomposition::Decomposition;
pub(crate) use decomposition::DecompositionState;
pub use drift::Drift;
pub(crate) use drift::DriftState;
pub use elastic_net::ElasticNet;
pub use global::{Global, GlobalFitted};
pub use holt_winters::HoltWinters;
pub(crate) use holt_winters::HoltWintersState;
pub use nearest_days::NearestDays;
pub(crate) use nearest_days::NearestDaysState;
pub use profile::Profile;
pub(crate) use profile::ProfileState;
pub use ridge::Ridge;
pub(crate) use ridge::RidgeState;
pub(crate) use seasonal_naive::SeasonalNaiveState;
pub use seasonal_naive::{Season, SeasonalNaive};
pub use trees::Trees;
pub(crate) use trees::TreesState;
pub use weekday_mean::WeekdayMean;
pub(crate) use weekday_mean::WeekdayMeanState;
