//! Errors of forecasting.

use jiff::civil::DateTime;

use crate::error::{Failure, Kind};

/// A forecast could not be made or scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A day cannot be cut into slots of that length.
    #[error("expected a step of 5 to 720 minutes that divides a day, got {got} minutes")]
    Step {
        /// The minutes that were given.
        got: u32,
    },
    /// A value is infinite, or too large to be squared.
    #[error("expected values from -1e100 to 1e100, or NaN where one is missing, got {got} in slot {slot}")]
    NotFinite {
        /// The value that was given.
        got: f64,
        /// Its position in the history, from 0.
        slot: usize,
    },
    /// A mask does not fit its history.
    #[error("expected one mark per value, got {marks} marks for {values} values")]
    Mask {
        /// How many marks were given.
        marks: usize,
        /// How many values the history has.
        values: usize,
    },
    /// An instant does not lie on the grid of the history.
    #[error("expected instants on a grid of {step_minutes} minutes of the local clock, got {local}")]
    OffGrid {
        /// The grid's step in minutes.
        step_minutes: u32,
        /// The local time that does not lie on it.
        local: DateTime,
    },
    /// A history would be longer than is sensible.
    #[error("expected a history of at most {most} slots, got one of {slots}")]
    TooLong {
        /// The limit.
        most: usize,
        /// How many slots there would be.
        slots: usize,
    },
    /// A half-life is too short to learn anything.
    #[error("expected a half-life of at least one day, got {got}")]
    HalfLife {
        /// The days that were given.
        got: f64,
    },
    /// There is too little history for the model.
    #[error("{model} needs {need} days with values, got {got:.1}")]
    TooShort {
        /// The model's name.
        model: &'static str,
        /// How many days it needs.
        need: u32,
        /// How many days there are.
        got: f64,
    },
    /// There is no value at all to learn from.
    #[error("expected at least one value in the history of {slots} slots, got none")]
    AllMissing {
        /// How many slots the history has.
        slots: usize,
    },
    /// A forecast of no slot was asked for.
    #[error("expected a horizon of 1 to {most} slots, got {got}")]
    Horizon {
        /// The longest horizon.
        most: usize,
        /// The horizon that was asked for.
        got: usize,
    },
    /// Quantile levels are not levels, or not in order.
    #[error("expected quantile levels between 0 and 1 in ascending order, got {got} in place {place}")]
    Quantile {
        /// The faulty level.
        got: f64,
        /// Its place in the list, from 0.
        place: usize,
    },
    /// The level of an interval is not one.
    #[error("expected an interval of 1 to 99 percent, got {got}")]
    Level {
        /// The percentage that was asked for.
        got: u8,
    },
    /// A name is not one of a model.
    #[error("expected a model: `auto`, `seasonal_naive`, `seasonal_naive_week` or `ridge`, got `{got}`")]
    UnknownModel {
        /// The name, cut to a printable length.
        got: String,
    },
    /// Columns that belong together differ in length.
    #[error("expected as many forecasts as values, got {forecasts} for {values}")]
    Lengths {
        /// How many values were given.
        values: usize,
        /// How many forecasts were given.
        forecasts: usize,
    },
    /// There is nothing to score.
    #[error("expected at least one observed value to score, got none among {slots}")]
    NothingToScore {
        /// How many slots were looked at.
        slots: usize,
    },
    /// A backtest has no origin.
    #[error("expected at least one origin for a backtest, got none")]
    NoOrigin,
    /// An origin has no history before it, or no slot behind it.
    #[error("expected origins after {start} and before {end}, got {origin}")]
    OriginOutside {
        /// The start of the history.
        start: DateTime,
        /// The end of the history.
        end: DateTime,
        /// The origin that was given.
        origin: DateTime,
    },
    /// A time lies outside the years that the calendar covers.
    #[error("the time is outside the years -9999 to 9999")]
    OutOfRange,
    /// The numbers could not be solved.
    #[error("failed to solve the regression of {rows} rows and {columns} columns")]
    Unsolved {
        /// How many rows it has.
        rows: usize,
        /// How many columns it has.
        columns: usize,
        /// What the solver said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::TooLong { .. } => Kind::TooLarge,
            Self::Unsolved { .. } => Kind::Internal,
            Self::Step { .. }
            | Self::NotFinite { .. }
            | Self::Mask { .. }
            | Self::OffGrid { .. }
            | Self::HalfLife { .. }
            | Self::TooShort { .. }
            | Self::AllMissing { .. }
            | Self::Horizon { .. }
            | Self::Quantile { .. }
            | Self::Level { .. }
            | Self::UnknownModel { .. }
            | Self::Lengths { .. }
            | Self::NothingToScore { .. }
            | Self::NoOrigin
            | Self::OriginOutside { .. }
            | Self::OutOfRange => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooShort { .. } => Some(
                "ask for the model `auto`, which falls back to a simpler one, or give more history"
                    .to_owned(),
            ),
            Self::OffGrid { .. } => Some("resample the series first".to_owned()),
            Self::NotFinite { .. } => Some("mark a missing value as NaN".to_owned()),
            _ => None,
        }
    }
}
