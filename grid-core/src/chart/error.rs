//! Errors of charts.

use jiff::{Timestamp, civil::Date};

use crate::{
    error::{Failure, Kind},
    quantity::{self, Energy},
};

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
    /// An energy is below zero on a chart where the side of zero says which way the energy went.
    #[error("row {index}: expected `{column}` at or above zero, got {got}")]
    Negative {
        /// The row's number, counted from 0.
        index: usize,
        /// Which of its energies.
        column: &'static str,
        /// The energy.
        got: Energy,
    },
    /// A day is outside the month that is drawn, or does not come after the day before it.
    #[error("day {index}: expected a date from {earliest} to {last}, later than those before it, got {got}")]
    WrongDate {
        /// The day's number, counted from 0.
        index: usize,
        /// The month's first date.
        earliest: Date,
        /// The month's last date.
        last: Date,
        /// Its date.
        got: Date,
    },
    /// A slot's band is none of those that have a name.
    #[error("slot {index}: expected one of {bands} bands, counted from 0, got {got}")]
    UnknownBand {
        /// The slot's number, counted from 0.
        index: usize,
        /// How many bands there are.
        bands: usize,
        /// The band that the slot names.
        got: usize,
    },
    /// There are more bands than colours that keep apart.
    #[error("expected at most {most} bands, got {bands}")]
    TooManyBands {
        /// The limit.
        most: usize,
        /// How many came.
        bands: usize,
    },
    /// A bill's parts cannot be added up.
    #[error("part {index}: failed to add it to those before it")]
    Total {
        /// The part's number, counted from 0.
        index: usize,
        /// Why: another currency, or too much.
        source: quantity::Error,
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
    /// A picture cannot be so many times as large as its chart.
    #[error("expected a scale from 1 to {most} that gives at most {pixels} pixels a side, got {got}")]
    Scale {
        /// The largest scale.
        most: u32,
        /// The most pixels of a side.
        pixels: u32,
        /// The scale that was asked for.
        got: u32,
    },
    /// A text names no chart of a battery.
    #[error(
        "expected a chart `voltage`, `capacity`, `incremental_capacity`, `state_of_charge`, `depth_of_discharge` or \
         `health`, got `{got}`"
    )]
    NotABatteryChart {
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
            | Self::Negative { .. }
            | Self::WrongDate { .. }
            | Self::UnknownBand { .. }
            | Self::Total { .. }
            | Self::Scale { .. }
            | Self::NotALanguage { .. }
            | Self::NotATheme { .. }
            | Self::NotABatteryChart { .. } => Kind::Invalid,
            Self::TooManySlots { .. } | Self::TooManyBands { .. } => Kind::TooLarge,
            Self::Drawing { .. } => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooManySlots { .. } => {
                Some("resample to one minute or coarser, or draw fewer days".to_owned())
            }
            Self::Unordered { .. } => Some("sort the points by their start".to_owned()),
            Self::WrongDate { .. } => Some("sort the days by their date, each once".to_owned()),
            Self::TooManyBands { .. } => Some("put bands of the same price together".to_owned()),
            Self::Size { .. }
            | Self::UnequalLengths { .. }
            | Self::Negative { .. }
            | Self::UnknownBand { .. }
            | Self::Total { .. }
            | Self::Scale { .. }
            | Self::NotALanguage { .. }
            | Self::NotATheme { .. }
            | Self::NotABatteryChart { .. }
            | Self::Drawing { .. } => None,
        }
    }
}
