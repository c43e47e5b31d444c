//! How far a value can be trusted.

use std::{fmt, str::FromStr};

use super::Error;
use crate::error::excerpt;

/// How a value came about, from the best to the worst; an aggregate has the worst quality of its parts.
///
/// ```
/// use grid_core::series::Quality;
/// assert_eq!(Quality::Measured.worst(Quality::Estimated), Quality::Estimated);
/// assert_eq!("missing".parse(), Ok(Quality::Missing));
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// Read from a meter.
    #[default]
    Measured,
    /// Estimated by the meter operator.
    Estimated,
    /// Put in place of a missing value by a stated rule.
    Substituted,
    /// Not known; never the same as zero.
    Missing,
}

impl Quality {
    /// All qualities, from the best to the worst.
    pub const ALL: [Self; 4] = [Self::Measured, Self::Estimated, Self::Substituted, Self::Missing];

    /// The worse of the two.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }

    /// The name that files and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Estimated => "estimated",
            Self::Substituted => "substituted",
            Self::Missing => "missing",
        }
    }

    /// The number that stores keep, from 0 (measured) to 3 (missing).
    pub const fn code(self) -> u8 {
        match self {
            Self::Measured => 0,
            Self::Estimated => 1,
            Self::Substituted => 2,
            Self::Missing => 3,
        }
    }

    /// The quality of a stored number.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Measured),
            1 => Some(Self::Estimated),
            2 => Some(Self::Substituted),
            3 => Some(Self::Missing),
            _ => None,
        }
    }
}

impl FromStr for Quality {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        Self::ALL
            .into_iter()
            .find(|quality| quality.as_str() == trimmed)
            .ok_or_else(|| Error::NotAQuality { got: excerpt(text) })
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_round_trip() {
        for quality in Quality::ALL {
            assert_eq!(quality.as_str().parse(), Ok(quality));
            assert_eq!(Quality::from_code(quality.code()), Some(quality));
        }
        assert_eq!(Quality::from_code(4), None);
        assert!("Measured?".parse::<Quality>().is_err());
    }
}
