//! Errors of series.

use crate::{
    error::{Failure, Kind},
    quantity, time,
};

/// A series could not be made or combined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The columns of a series have different lengths.
    #[error("expected one quality per value, got {values} values and {qualities} qualities")]
    UnequalLengths {
        /// The number of values.
        values: usize,
        /// The number of qualities.
        qualities: usize,
    },
    /// A slot is called missing and has a value, or has none and is not called missing.
    #[error("slot {slot}: expected quality `missing` exactly where there is no value, got `{quality}`")]
    QualityContradictsValue {
        /// The slot's number, counted from 0.
        slot: usize,
        /// Its quality.
        quality: &'static str,
    },
    /// A value is infinite or too large.
    #[error("slot {slot}: expected a finite energy, got {got} kWh")]
    NotFinite {
        /// The slot's number, counted from 0.
        slot: usize,
        /// The value.
        got: String,
    },
    /// A text is not a quality.
    #[error("expected a quality `measured`, `estimated`, `substituted` or `missing`, got `{got}`")]
    NotAQuality {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A grid cannot be cut finer than it is.
    #[error("expected a resolution coarser than {from}, got {to}")]
    NotCoarser {
        /// The resolution of the series.
        from: String,
        /// The one asked for.
        to: String,
    },
    /// Two series do not lie on the same slots.
    #[error("expected two series on the same slots, got {left} and {right}")]
    DifferentGrids {
        /// The grid of the left side.
        left: String,
        /// The grid of the right side.
        right: String,
    },
    /// Two pieces of one series share an instant.
    #[error("expected pieces that do not overlap, got {first} and {second}")]
    Overlap {
        /// The one that starts first.
        first: time::Interval,
        /// The one that starts before it ends.
        second: time::Interval,
    },
    /// A time is wrong.
    #[error(transparent)]
    Time(#[from] time::Error),
    /// A sum does not fit.
    #[error(transparent)]
    Quantity(#[from] quantity::Error),
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Time(error) => error.kind(),
            Self::Quantity(error) => error.kind(),
            Self::UnequalLengths { .. }
            | Self::QualityContradictsValue { .. }
            | Self::NotFinite { .. }
            | Self::NotAQuality { .. }
            | Self::NotCoarser { .. }
            | Self::DifferentGrids { .. }
            | Self::Overlap { .. } => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Time(error) => error.hint(),
            Self::Quantity(error) => error.hint(),
            Self::NotFinite { .. } => Some("leave a missing value empty (NaN in an array)".to_owned()),
            Self::UnequalLengths { .. }
            | Self::QualityContradictsValue { .. }
            | Self::NotAQuality { .. }
            | Self::NotCoarser { .. }
            | Self::DifferentGrids { .. }
            | Self::Overlap { .. } => None,
        }
    }
}
