//! How finely time is cut.

use std::{fmt, str::FromStr};

use super::Error;
use crate::error::excerpt;

/// The length of a slot: a fixed number of seconds, or a local day, month or year.
///
/// ```
/// use grid_core::time::Resolution;
/// assert_eq!("15min".parse(), Ok(Resolution::QUARTER_HOUR));
/// assert_eq!("1h".parse(), Ok(Resolution::HOUR));
/// assert_eq!(Resolution::Day.to_string(), "day");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// Slots of that many seconds, from one second to a day of 24 hours; counted from local midnight.
    Seconds(u32),
    /// Local days, of 23, 24 or 25 hours.
    Day,
    /// Local months.
    Month,
    /// Local years.
    Year,
}

impl Resolution {
    /// A quarter of an hour, what most European meters record.
    pub const QUARTER_HOUR: Self = Self::Seconds(900);
    /// An hour.
    pub const HOUR: Self = Self::Seconds(3600);

    /// The slot's seconds, where every slot has the same.
    pub const fn fixed_seconds(self) -> Option<u32> {
        match self {
            Self::Seconds(seconds) => Some(seconds),
            Self::Day | Self::Month | Self::Year => None,
        }
    }
}

impl FromStr for Resolution {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::NotAResolution { got: excerpt(text) };
        let trimmed = text.trim();
        match trimmed {
            "day" | "1d" | "P1D" => return Ok(Self::Day),
            "month" | "1mo" | "P1M" => return Ok(Self::Month),
            "year" | "1y" | "P1Y" => return Ok(Self::Year),
            "hour" | "PT1H" => return Ok(Self::HOUR),
            "PT15M" => return Ok(Self::QUARTER_HOUR),
            "PT30M" => return Ok(Self::Seconds(1800)),
            _ => {}
        }
        let split = trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (count, unit) = trimmed.split_at(split);
        let count: u32 = count.parse().map_err(|_| wrong())?;
        let seconds = match unit {
            "s" => Some(count),
            "min" => count.checked_mul(60),
            "h" => count.checked_mul(3600),
            _ => None,
        };
        match seconds {
            Some(seconds @ 1..=86_400) => Ok(Self::Seconds(seconds)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Seconds(seconds) if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            Self::Seconds(seconds) if seconds % 60 == 0 => write!(f, "{}min", seconds / 60),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
            Self::Day => f.write_str("day"),
            Self::Month => f.write_str("month"),
            Self::Year => f.write_str("year"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_resolution_is_refused() {
        for text in ["", "h", "0min", "15", "15 minutes", "2d", "100000s", "-1h", "99999999999h"] {
            assert!(text.parse::<Resolution>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(seconds in 1..=86_400_u32) {
            let resolution = Resolution::Seconds(seconds);
            prop_assert_eq!(resolution.to_string().parse(), Ok(resolution));
        }
    }
}
