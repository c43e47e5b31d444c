//! Errors of time.

use crate::error::{Failure, Kind};

/// A time could not be read, or an interval not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An interval does not end after it starts.
    #[error("expected an interval that ends after it starts, got start {start} and end {end}")]
    EndsBeforeStart {
        /// The start that was given.
        start: jiff::Timestamp,
        /// The end that was given.
        end: jiff::Timestamp,
    },
    /// A text is not an instant.
    #[error("expected an instant like `2026-03-29T01:00:00Z` or with an offset, got `{got}`")]
    NotAnInstant {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a resolution.
    #[error("expected a resolution like `15min`, `1h`, `day`, `month` or `year`, got `{got}`")]
    NotAResolution {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A name is not a zone of the IANA database.
    #[error("expected an IANA time zone like `Europe/Madrid`, got `{got}`")]
    UnknownZone {
        /// The name, cut to a printable length.
        got: String,
    },
    /// A text is not a month.
    #[error("expected a month like `2026-03`, got `{got}`")]
    NotAMonth {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A time lies outside the years that the calendar covers.
    #[error("the time is outside the years -9999 to 9999")]
    OutOfRange,
    /// An interval would be cut into more slots than is sensible.
    #[error("expected at most {most} slots, got an interval of {slots} slots of {resolution}")]
    TooManySlots {
        /// The limit.
        most: usize,
        /// How many there would be, at least.
        slots: u64,
        /// The slots' length.
        resolution: String,
    },
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::TooManySlots { .. } => Kind::TooLarge,
            Self::EndsBeforeStart { .. }
            | Self::NotAnInstant { .. }
            | Self::NotAResolution { .. }
            | Self::UnknownZone { .. }
            | Self::NotAMonth { .. }
            | Self::OutOfRange => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotAnInstant { .. } => Some(
                "write the offset or `Z`; a local time without one is ambiguous when clocks change"
                    .to_owned(),
            ),
            Self::TooManySlots { .. } => {
                Some("ask for a shorter interval or a coarser resolution".to_owned())
            }
            Self::EndsBeforeStart { .. }
            | Self::NotAResolution { .. }
            | Self::UnknownZone { .. }
            | Self::NotAMonth { .. }
            | Self::OutOfRange => None,
        }
    }
}
