//! The price of energy.

use std::{fmt, str::FromStr};

use super::{
    Currency, Energy, Error, Money, Rounding,
    decimal::{format_micro_short, parse_scaled},
    divide,
};
use crate::error::excerpt;

/// A price of energy: millionths of a currency's unit per kilowatt-hour.
///
/// ```
/// use grid_core::quantity::{Energy, Price, Rounding};
/// let price: Price = "737.6 COP/kWh".parse()?;
/// let cost = price.of(Energy::parse_kwh("2.5")?, Rounding::HalfUp)?;
/// assert_eq!(cost.to_string(), "1844.00 COP");
/// # Ok::<(), grid_core::quantity::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Price {
    micros_per_kwh: i64,
    currency: Currency,
}

impl Price {
    /// Makes a price of millionths per kilowatt-hour.
    pub const fn from_micros_per_kwh(micros_per_kwh: i64, currency: Currency) -> Self {
        Self { micros_per_kwh, currency }
    }

    /// The millionths per kilowatt-hour, exactly.
    pub const fn as_micros_per_kwh(self) -> i64 {
        self.micros_per_kwh
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// What an energy costs at this price, rounded as told to a millionth of the unit.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] where the cost does not fit.
    pub fn of(self, energy: Energy, rounding: Rounding) -> Result<Money, Error> {
        let product = i128::from(self.micros_per_kwh) * i128::from(energy.as_mwh());
        divide(product, 1_000_000, rounding)
            .and_then(|micros| i64::try_from(micros).ok())
            .map(|micros| Money::from_micros(micros, self.currency))
            .ok_or(Error::OutOfRange { quantity: "cost", unit: "millionths of the currency's unit" })
    }
}

impl FromStr for Price {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const EXPECTED: &str = "a price like `0.1523 EUR/kWh`";
        let wrong = || Error::NotAnAmount { expected: EXPECTED, got: excerpt(text) };
        let (number, code) =
            text.trim().strip_suffix("/kWh").and_then(|rest| rest.rsplit_once(' ')).ok_or_else(wrong)?;
        let micros = i64::try_from(parse_scaled(number.trim_end(), 6, EXPECTED)?)
            .map_err(|_| Error::OutOfRange { quantity: "price", unit: "millionths per kilowatt-hour" })?;
        Ok(Self { micros_per_kwh: micros, currency: code.parse()? })
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}/kWh", format_micro_short(self.micros_per_kwh, 2), self.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_round_trips(micros in any::<i64>()) {
            let price = Price::from_micros_per_kwh(micros, Currency::EUR);
            prop_assert_eq!(price.to_string().parse(), Ok(price));
        }

        #[test]
        fn one_kilowatt_hour_costs_the_price(micros in any::<i64>()) {
            let cost = Price::from_micros_per_kwh(micros, Currency::EUR).of(Energy::from_mwh(1_000_000), Rounding::HalfUp);
            prop_assert_eq!(cost, Ok(Money::from_micros(micros, Currency::EUR)));
        }
    }
}
