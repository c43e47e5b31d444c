//! A model by its name, and the one that fits the length of the history.

use std::{fmt, str::FromStr};

use super::{
    Decomposition, Drift, ElasticNet, HoltWinters, NearestDays, Profile, Ridge, Season, SeasonalNaive, Trees,
    WeekdayMean,
};
use crate::forecast::{Error, Fit, Fitted, History};

/// A model by its name.
///
/// ```
/// use grid_core::forecast::Model;
/// assert_eq!("ridge".parse::<Model>()?, Model::Ridge);
/// assert_eq!(Model::SeasonalNaiveDay.to_string(), "seasonal_naive");
/// assert!("oracle".parse::<Model>().is_err());
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Model {
    /// A weighted mean of several models, as many as the length of the history allows: [`Combination`](super::Combination).
    #[default]
    Auto,
    /// The same slot of yesterday.
    SeasonalNaiveDay,
    /// The same slot a week ago.
    SeasonalNaiveWeek,
    /// A ridge regression per slot of the day.
    Ridge,
    /// Yesterday's values and the drift from day to day.
    Drift,
    /// The mean of the last four same weekdays.
    WeekdayMean,
    /// What followed on the days most like the last one.
    NearestDays,
    /// Exponential smoothing with the seasons of the day and of the week.
    HoltWinters,
    /// A level, a profile of the day, one of the week, and what is left.
    Decomposition,
    /// An elastic net per slot of the day.
    ElasticNet,
    /// Boosted trees over all slots of the day.
    Trees,
    /// A daily profile at the level of what is known.
    Profile,
}

/// Every model and its name, in the order in which they are listed to whoever asks for another.
const NAMES: [(Model, &str); 12] = [
    (Model::Auto, "auto"),
    (Model::SeasonalNaiveDay, "seasonal_naive"),
    (Model::SeasonalNaiveWeek, "seasonal_naive_week"),
    (Model::Drift, "drift"),
    (Model::WeekdayMean, "weekday_mean"),
    (Model::NearestDays, "nearest_days"),
    (Model::HoltWinters, "holt_winters"),
    (Model::Decomposition, "decomposition"),
    (Model::Ridge, "ridge"),
    (Model::ElasticNet, "elastic_net"),
    (Model::Trees, "trees"),
    (Model::Profile, "profile"),
];

impl Model {
    /// Every model.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(model, _)| model)
    }
}

/// The names of the models, for a message.
pub(crate) fn names() -> String {
    let quoted: Vec<String> = NAMES.iter().map(|(_, name)| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

impl Fit for Model {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        match self {
            Self::SeasonalNaiveDay => SeasonalNaive::new(Season::Day).fit(history),
            Self::SeasonalNaiveWeek => SeasonalNaive::new(Season::Week).fit(history),
            Self::Ridge => Ridge::default().fit(history),
            Self::Drift => Drift.fit(history),
            Self::WeekdayMean => WeekdayMean.fit(history),
            Self::NearestDays => NearestDays.fit(history),
            Self::HoltWinters => HoltWinters.fit(history),
            Self::Decomposition => Decomposition.fit(history),
            Self::ElasticNet => ElasticNet::default().fit(history),
            Self::Trees => Trees::default().fit(history),
            Self::Profile => Profile::default().fit(history),
            Self::Auto => super::Combination.fit(history),
        }
    }
}

impl FromStr for Model {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(model, _)| *model).ok_or_else(|| Error::UnknownModel { got: crate::error::excerpt(name) })
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(model, _)| model == self).map(|(_, name)| *name);
        f.pad(name.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_reads_its_own_name_and_an_unknown_one_hears_them_all() {
        let message = "oracle".parse::<Model>().unwrap_err().to_string();
        for model in Model::all() {
            assert_eq!(model.to_string().parse::<Model>().unwrap(), model);
            assert!(message.contains(&format!("`{model}`")), "{message}");
        }
        assert!(message.ends_with("or `profile`, got `oracle`"), "{message}");
        // The compiler asks here for a name for each new model.
        match Model::Auto {
            Model::Auto
            | Model::SeasonalNaiveDay
            | Model::SeasonalNaiveWeek
            | Model::Ridge
            | Model::Drift
            | Model::WeekdayMean
            | Model::Profile
            | Model::NearestDays
            | Model::HoltWinters
            | Model::Decomposition
            | Model::Trees
            | Model::ElasticNet => {}
        }
    }
}
