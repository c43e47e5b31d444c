//! How missing slots are filled, and what was odd about it.

use std::{collections::BTreeSet, fmt, time::Duration};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{energy::as_json, quantity::Energy, time::Interval};

/// How a missing slot was filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// On the line between the slot before the gap and the one after it.
    LinearInterpolation,
    /// The average of the same local slot on days of the same kind.
    ComparableDays,
    /// The register's advance, spread evenly over time, because there was no pattern to follow.
    EvenSpread,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 3] = [Self::LinearInterpolation, Self::ComparableDays, Self::EvenSpread];

    /// The name that files and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LinearInterpolation => "linear_interpolation",
            Self::ComparableDays => "comparable_days",
            Self::EvenSpread => "even_spread",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What to do where a register says how much was used, but nothing says when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutPattern {
    /// The slots stay missing.
    #[default]
    LeaveMissing,
    /// The advance is spread evenly over them ([`Method::EvenSpread`]).
    SpreadEvenly,
}

/// By which rules missing slots are filled.
///
/// ```
/// use grid_core::energy::substitute::Rules;
/// let rules = Rules { comparable_days: 4, ..Rules::default() };
/// assert_eq!(rules.longest_interpolation.as_secs(), 7200);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The longest gap that is interpolated; two hours.
    pub longest_interpolation: Duration,
    /// How many comparable days are averaged; three.
    pub comparable_days: usize,
    /// How many days before and after the gap are looked at for them; 35, so that five Sundays are among them.
    pub look_around_days: u16,
    /// The holidays, which count as Sundays; none.
    pub holidays: BTreeSet<Date>,
    /// What to do with an advance that no pattern spreads; the slots stay missing.
    pub without_pattern: WithoutPattern,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            longest_interpolation: Duration::from_hours(2),
            comparable_days: 3,
            look_around_days: 35,
            holidays: BTreeSet::new(),
            without_pattern: WithoutPattern::LeaveMissing,
        }
    }
}

/// Why an advance of the register could not be kept to; in JSON the name stands under `remark`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "remark", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Remark {
    /// The known slots come to more than the register counted; the missing ones in it were left missing.
    MoreThanAdvance {
        /// The advance's interval.
        #[serde(with = "as_json::interval")]
        interval: Interval,
        /// What the register counted.
        #[serde(rename = "advance_kwh")]
        advance: Energy,
        /// What the known slots come to.
        #[serde(rename = "known_kwh")]
        known: Energy,
    },
    /// Every slot is known, and they come to something else than the register counted.
    NotTheAdvance {
        /// The advance's interval.
        #[serde(with = "as_json::interval")]
        interval: Interval,
        /// What the register counted.
        #[serde(rename = "advance_kwh")]
        advance: Energy,
        /// What the known slots come to.
        #[serde(rename = "known_kwh")]
        known: Energy,
    },
    /// The advance does not begin and end with slots of the series, or reaches beyond it; it was not used.
    OffTheGrid {
        /// The advance's interval.
        #[serde(with = "as_json::interval")]
        interval: Interval,
    },
    /// No method filled some slots of the advance, so that what was left for the others is not known; they were filled
    /// without rescaling, and by no more than the register counted.
    NotAllFilled {
        /// The advance's interval.
        #[serde(with = "as_json::interval")]
        interval: Interval,
        /// How many slots stayed missing.
        missing: usize,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MoreThanAdvance { interval, advance, known } => {
                write!(
                    f,
                    "{interval}: expected at most the register's {advance}, got {known} in the known slots"
                )
            }
            Self::NotTheAdvance { interval, advance, known } => {
                write!(f, "{interval}: expected the register's {advance}, got {known} in the slots")
            }
            Self::OffTheGrid { interval } => {
                write!(f, "{interval}: expected an advance from slot to slot of the series, got another")
            }
            Self::NotAllFilled { interval, missing } => {
                write!(f, "{interval}: expected a pattern for every missing slot, got none for {missing}")
            }
        }
    }
}
