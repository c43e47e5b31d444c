//! Amounts of a document that has one currency for all of them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::quantity::{Currency, Error, Money};

/// An amount in the currency of the document that it stands in, exact to a millionth of its unit.
///
/// As text, and in JSON, it is a decimal with two to six decimals.
///
/// ```
/// use grid_core::energy::settlement::Amount;
/// let amount: Amount = "-3.5".parse()?;
/// assert_eq!(amount.to_string(), "-3.50");
/// assert_eq!(amount.as_micros(), -3_500_000);
/// # Ok::<(), grid_core::quantity::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Makes an amount of millionths.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The millionths, exactly.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The amount with its currency.
    pub const fn in_currency(self, currency: Currency) -> Money {
        Money::from_micros(self.0, currency)
    }

    /// The sum; `None` where it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` where it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self(money.as_micros())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&Money::from_micros(self.0, Currency::EUR).to_amount_string())
    }
}

impl FromStr for Amount {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        format!("{} EUR", text.trim()).parse::<Money>().map(Self::from)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
