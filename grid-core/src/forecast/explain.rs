//! Why a forecast is as it is.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use super::features::Group;

/// What a group of columns adds to a forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// What the columns say something about.
    pub group: Group,
    /// How far they move the mean, in the unit of the history; below zero where they lower it.
    pub amount: f64,
}

/// Why the mean of one slot is as it is: the average, and what moves it away from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What the slot was on average in the past that was learnt from, old days counting less, in the unit of the history.
    pub average: f64,
    /// What each group adds. The average and all amounts add up to the mean, before it is kept from falling below zero.
    pub contributions: Vec<Contribution>,
}

impl fmt::Display for Group {
    /// Its name in a table: that of the regressor or of the member where it is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SameTime => "same_time",
            Self::SameWeekday => "same_weekday",
            Self::LastDay => "last_day",
            Self::Level => "level",
            Self::Calendar => "calendar",
            Self::Season => "season",
            Self::Regressor(name) | Self::Member(name) => name,
        })
    }
}
