//! Plain numbers that a tariff holds: percentages, factors, parts of months.

use std::{fmt, str::FromStr};

use crate::quantity::{Error, parse_scaled};

/// An exact number with up to six decimals.
///
/// ```
/// use grid_core::energy::tariff::Decimal;
/// let rate: Decimal = "5.11269".parse()?;
/// assert_eq!(rate.as_micros(), 5_112_690);
/// assert_eq!(rate.to_string(), "5.11269");
/// # Ok::<(), grid_core::quantity::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    micros: i64,
}

impl Decimal {
    /// One.
    pub const ONE: Self = Self { micros: 1_000_000 };

    /// Makes a number of millionths.
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    /// The millionths, exactly.
    pub const fn as_micros(self) -> i64 {
        self.micros
    }
}

impl FromStr for Decimal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let micros = parse_scaled(text.trim(), 6, "a number with up to six decimals, like `5.11269`")?;
        i64::try_from(micros)
            .map(Self::from_micros)
            .map_err(|_| Error::OutOfRange { quantity: "a number", unit: "millionths" })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let magnitude = self.micros.unsigned_abs();
        let text = format!("{sign}{}.{:06}", magnitude / 1_000_000, magnitude % 1_000_000);
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl serde::Serialize for Decimal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_round_trips(micros in any::<i64>()) {
            let number = Decimal::from_micros(micros);
            prop_assert_eq!(number.to_string().parse(), Ok(number));
        }
    }
}
