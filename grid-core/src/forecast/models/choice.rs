//! A model by its name, and the one that fits the length of the history.

use std::{fmt, str::FromStr};

use super::{FittedRidge, FittedSeasonalNaive, Ridge, Season, SeasonalNaive};
use crate::forecast::{Error, Fit, Forecast, History, Predict};

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
    /// What the length of the history allows: [`Ridge`] from four weeks on, yesterday's values before that.
    #[default]
    Auto,
    /// The same slot of yesterday.
    SeasonalNaiveDay,
    /// The same slot a week ago.
    SeasonalNaiveWeek,
    /// A ridge regression per slot of the day.
    Ridge,
}

/// What a [`Model`] has learnt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fitted {
    /// The values of the last season.
    SeasonalNaive(FittedSeasonalNaive),
    /// A ridge regression per slot of the day.
    Ridge(FittedRidge),
}

impl Fit for Model {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        let naive = |season| SeasonalNaive::new(season).fit(history).map(Fitted::SeasonalNaive);
        match self {
            Self::SeasonalNaiveDay => naive(Season::Day),
            Self::SeasonalNaiveWeek => naive(Season::Week),
            Self::Ridge => Ridge::default().fit(history).map(Fitted::Ridge),
            Self::Auto => match Ridge::default().fit(history) {
                Err(Error::TooShort { .. }) => naive(Season::Day),
                fitted => fitted.map(Fitted::Ridge),
            },
        }
    }
}

impl Predict for Fitted {
    fn predict(&self, horizon: usize, quantiles: &[f64]) -> Result<Forecast, Error> {
        match self {
            Self::SeasonalNaive(fitted) => fitted.predict(horizon, quantiles),
            Self::Ridge(fitted) => fitted.predict(horizon, quantiles),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::SeasonalNaive(fitted) => fitted.name(),
            Self::Ridge(fitted) => fitted.name(),
        }
    }
}

impl FromStr for Model {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "auto" => Ok(Self::Auto),
            "seasonal_naive" => Ok(Self::SeasonalNaiveDay),
            "seasonal_naive_week" => Ok(Self::SeasonalNaiveWeek),
            "ridge" => Ok(Self::Ridge),
            other => Err(Error::UnknownModel { got: crate::error::excerpt(other) }),
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::SeasonalNaiveDay => "seasonal_naive",
            Self::SeasonalNaiveWeek => "seasonal_naive_week",
            Self::Ridge => "ridge",
        })
    }
}
