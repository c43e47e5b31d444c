//! Errors of quantities.

use crate::error::{Failure, Kind};

/// A quantity could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is not an amount of the quantity.
    #[error("expected {expected}, got `{got}`")]
    NotAnAmount {
        /// What would have been an amount.
        expected: &'static str,
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text has more decimals than the quantity can hold exactly.
    #[error("expected at most {most} decimals, got `{got}`")]
    TooFine {
        /// The number of decimals that fit.
        most: u32,
        /// The text, cut to a printable length.
        got: String,
    },
    /// An amount is beyond what the quantity can hold.
    #[error("{quantity} is out of range: it must fit in 64 bits of {unit}")]
    OutOfRange {
        /// The quantity's name.
        quantity: &'static str,
        /// The unit that it is counted in.
        unit: &'static str,
    },
    /// Two currencies met in one sum.
    #[error("expected an amount in `{expected}`, got one in `{got}`")]
    CurrencyMismatch {
        /// The currency of the left side.
        expected: String,
        /// The currency of the right side.
        got: String,
    },
    /// A share is not between nothing and the whole.
    #[error("expected a share from 0 to 1000000 ppm, got {got}")]
    NotAShare {
        /// The parts per million that were given.
        got: u32,
    },
    /// There is nothing to split by.
    #[error("expected at least one weight above zero to split {total} by, got {weights} weights of zero")]
    NoWeight {
        /// The amount that was to be split.
        total: i64,
        /// How many weights were given.
        weights: usize,
    },
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooFine { most, .. } => Some(format!("round it to {most} decimals before it is sent")),
            Self::CurrencyMismatch { .. } => Some("convert one of the amounts before adding them".to_owned()),
            Self::NotAnAmount { .. }
            | Self::OutOfRange { .. }
            | Self::NotAShare { .. }
            | Self::NoWeight { .. } => None,
        }
    }
}
