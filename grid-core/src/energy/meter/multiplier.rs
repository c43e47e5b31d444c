//! What one unit of a counter stands for.

use std::{fmt, str::FromStr};

use crate::{
    energy::Error,
    error::excerpt,
    quantity::{Rounding, divide, parse_scaled},
};

/// By how much a counter's advance is multiplied to give energy, exact to six decimals and above zero.
///
/// A meter behind transformers counts only a part: with a current transformer of 200 to 5 A its multiplier (the
/// "constant" on the name plate) is 40.
///
/// ```
/// use grid_core::energy::meter::Multiplier;
/// let behind_transformers: Multiplier = "40".parse()?;
/// assert_eq!(behind_transformers.to_string(), "40");
/// assert_eq!("0.001".parse::<Multiplier>()?.to_string(), "0.001");
/// assert!("0".parse::<Multiplier>().is_err());
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiplier {
    millionths: u64,
}

const MILLION: u64 = 1_000_000;

impl Multiplier {
    /// The counter shows the energy itself.
    pub const ONE: Self = Self { millionths: MILLION };

    /// Makes a multiplier of a whole number; `None` for zero.
    ///
    /// ```
    /// use grid_core::energy::meter::Multiplier;
    /// assert_eq!(Multiplier::from_whole(1), Some(Multiplier::ONE));
    /// ```
    pub const fn from_whole(times: u32) -> Option<Self> {
        if times == 0 {
            return None;
        }
        #[expect(clippy::as_conversions, reason = "widening; `u64::from` is not const")]
        Some(Self { millionths: times as u64 * MILLION })
    }

    /// A counter's value times this, to the nearest milliwatt-hour, halves up; `None` where it does not fit.
    pub(super) fn times(self, counter_mwh: i128) -> Option<i128> {
        divide(counter_mwh.checked_mul(i128::from(self.millionths))?, i128::from(MILLION), Rounding::HalfUp)
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        Self::ONE
    }
}

impl FromStr for Multiplier {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::NotAMultiplier { got: excerpt(text) };
        let count = parse_scaled(text.trim(), 6, "a multiplier like `40` or `0.001`").map_err(|_| wrong())?;
        match u64::try_from(count) {
            // A limit far above any pair of transformers keeps every product within 128 bits.
            Ok(millionths @ 1..=1_000_000_000_000_000) => Ok(Self { millionths }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Multiplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.millionths / MILLION, self.millionths % MILLION);
        if fraction == 0 {
            return f.pad(&whole.to_string());
        }
        let decimals = format!("{fraction:06}");
        f.pad(&format!("{whole}.{}", decimals.trim_end_matches('0')))
    }
}

impl serde::Serialize for Multiplier {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_multiplier_is_refused_with_the_text() {
        for text in ["", "0", "-1", "forty", "0.0000001", "1e30", "NaN"] {
            let error = text.parse::<Multiplier>().unwrap_err();
            assert_eq!(error, Error::NotAMultiplier { got: text.to_owned() });
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(millionths in 1..=1_000_000_000_000_000_u64) {
            let multiplier = Multiplier { millionths };
            prop_assert_eq!(multiplier.to_string().parse(), Ok(multiplier));
        }
    }
}
