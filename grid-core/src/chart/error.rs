//! Errors of charts.

use jiff::Timestamp;

use crate::error::{Failure, Kind};

/// A chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The chart would be too small to read or too large to be of use.
    #[error(
        "expected a chart of {least_width} x {least_height} to {most} x {most} pixels, got {width} x {height}"
    )]
    Size {
        /// The least width.
        least_width: u32,
        /// The least height.
        least_height: u32,
        /// The most of either.
        most: u32,
        /// The width that was asked for.
        width: u32,
        /// The height that was asked for.
        height: u32,
    },
    /// Columns of one table have different lengths.
    #[error("expected {expected} values in column `{column}`, as many as in `time_s`, got {got}")]
    UnequalLengths {
        /// The column.
        column: &'static str,
        /// The length of the time column.
        expected: usize,
        /// The length of this one.
        got: usize,
    },
    /// Slots or points are not in the order of time, or overlap.
    #[error("point {index}: expected a start at or after {earliest}, got {got}")]
    Unordered {
        /// The point's number, counted from 0.
        index: usize,
        /// The earliest start that follows the point before.
        earliest: Timestamp,
        /// Its start.
        got: Timestamp,
    },
    /// There are more slots than a day's chart can show.
    #[error("expected at most {most} slots, got {slots}")]
    TooManySlots {
        /// The limit.
        most: usize,
        /// How many came.
        slots: usize,
    },
    /// A text is not a language that charts speak.
    #[error("expected a language `en` or `es`, got `{got}`")]
    NotALanguage {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a theme.
    #[error("expected a theme `light`, `dark` or `auto`, got `{got}`")]
    NotATheme {
        /// The text, cut to a printable length.
        got: String,
    },
    /// The drawing itself failed.
    #[error("failed to draw the chart")]
    Drawing {
        /// What the drawing library says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Wraps whatever plotters says.
    pub(super) fn drawing(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Drawing { source: Box::new(source) }
    }
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Size { .. }
            | Self::UnequalLengths { .. }
            | Self::Unordered { .. }
            | Self::NotALanguage { .. }
            | Self::NotATheme { .. } => Kind::Invalid,
            Self::TooManySlots { .. } => Kind::TooLarge,
            Self::Drawing { .. } => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooManySlots { .. } => {
                Some("resample to one minute or coarser, or draw fewer days".to_owned())
            }
            Self::Unordered { .. } => Some("sort the points by their start".to_owned()),
            Self::Size { .. }
            | Self::UnequalLengths { .. }
            | Self::NotALanguage { .. }
            | Self::NotATheme { .. }
            | Self::Drawing { .. } => None,
        }
    }
}
