//! Why an analysis gives no number: what it needs, and what the recording has.

use crate::error::{Failure, Kind};

/// An analysis was refused, because its number would be a guess.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A column that the analysis stands on is not there, or is empty.
    #[error("expected {what}, got a recording without")]
    NotRecorded {
        /// What is needed.
        what: &'static str,
    },
    /// There are too few of what is counted.
    #[error("expected at least {least} {what}, got {got}")]
    TooFew {
        /// What is counted.
        what: &'static str,
        /// The least number that gives an answer.
        least: usize,
        /// How many there are.
        got: usize,
    },
    /// A given number is out of its range.
    #[error("expected {what} {expected}, got `{got}`")]
    OutOfRange {
        /// What was given.
        what: &'static str,
        /// Which values would do.
        expected: &'static str,
        /// The value.
        got: f64,
    },
    /// Columns that belong together differ in length.
    #[error("expected as many values of {what} as of {beside} ({expected}), got {got}")]
    Lengths {
        /// The column.
        what: &'static str,
        /// The column beside it.
        beside: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// Nothing in the recording says where the battery was full or empty.
    #[error("expected an end of charge at the upper cut-off or of discharge at the lower one, found neither")]
    NoAnchor,
    /// The capacity does not fall by more than it scatters.
    #[error(
        "expected a falling capacity, got a slope of {slope_per_1000:.6} per 1000 cycles, which may be chance \
         (its upper bound is {highest_per_1000:.6})"
    )]
    NoFade {
        /// Change of capacity per 1000 units of the abscissa.
        slope_per_1000: f64,
        /// The upper end of its 90 % interval.
        highest_per_1000: f64,
    },
    /// Two slopes are no better than one.
    #[error(
        "expected a bend downward, but two slopes fit no better than one (F {statistic:.1} below {needed:.1})"
    )]
    NoKnee {
        /// The F statistic of the second slope; zero where the bend is upward.
        statistic: f64,
        /// What it takes to be more than chance.
        needed: f64,
    },
    /// The threshold lies further ahead than the history can carry.
    #[error(
        "expected to reach the threshold within {most} times the {seen:.0} cycles seen, but the fade is too slow"
    )]
    TooFarAhead {
        /// How many times the history may be extended.
        most: f64,
        /// The length of the history.
        seen: f64,
    },
}

impl Failure for Refusal {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotRecorded { .. } => None,
            Self::TooFew { .. } => Some("add the recordings of further cycles".to_owned()),
            Self::OutOfRange { expected, .. } => Some(format!("give a value {expected}")),
            Self::Lengths { .. } => Some("give columns of one recording".to_owned()),
            Self::NoAnchor => Some(
                "state the voltage limits, or a state of charge at the first row, and the capacity"
                    .to_owned(),
            ),
            Self::NoFade { .. } | Self::TooFarAhead { .. } => {
                Some("ask again when the capacity has fallen further".to_owned())
            }
            Self::NoKnee { .. } => Some("use the straight line".to_owned()),
        }
    }
}

/// JSON shows the sentence.
impl serde::Serialize for Refusal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
