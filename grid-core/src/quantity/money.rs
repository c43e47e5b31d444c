//! Money: exact millionths of a unit, never without its currency.

use std::{fmt, str::FromStr};

use super::{Error, Rounding, decimal::format_micro_short, divide, parse_scaled};
use crate::error::excerpt;

/// A currency by its ISO 4217 code, three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");
    /// The Colombian peso.
    pub const COP: Self = Self(*b"COP");

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimals an invoice in this currency has (ISO 4217, the minor unit).
    ///
    /// ```
    /// use grid_core::quantity::Currency;
    /// assert_eq!(Currency::EUR.decimals(), 2);
    /// assert_eq!("JPY".parse::<Currency>()?.decimals(), 0);
    /// # Ok::<(), grid_core::quantity::Error>(())
    /// ```
    pub fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(Error::NotAnAmount { expected: "an ISO 4217 code like `EUR`", got: excerpt(text) }),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money, exact to a millionth of its currency's unit.
///
/// There is no `+`: two currencies could meet in it.
///
/// ```
/// use grid_core::quantity::{Money, Rounding};
/// let a: Money = "12.345 EUR".parse()?;
/// assert_eq!(a.to_string(), "12.345 EUR");
/// assert_eq!(a.rounded(Rounding::HalfUp)?.to_string(), "12.35 EUR");
/// assert!(a.checked_add("1 COP".parse()?).is_err());
/// # Ok::<(), grid_core::quantity::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    micros: i64,
    currency: Currency,
}

impl Money {
    /// Makes an amount of millionths of the currency's unit.
    pub const fn from_micros(micros: i64, currency: Currency) -> Self {
        Self { micros, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { micros: 0, currency }
    }

    /// The millionths of the currency's unit, exactly.
    pub const fn as_micros(self) -> i64 {
        self.micros
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Adds an amount of the same currency.
    ///
    /// # Errors
    ///
    /// [`Error::CurrencyMismatch`] or [`Error::OutOfRange`].
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        if self.currency != other.currency {
            return Err(Error::CurrencyMismatch {
                expected: self.currency.to_string(),
                got: other.currency.to_string(),
            });
        }
        let micros = self.micros.checked_add(other.micros).ok_or(OUT_OF_RANGE)?;
        Ok(Self { micros, ..self })
    }

    /// Rounds to the decimals that an invoice in this currency has.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] where rounding away from zero leaves the range.
    pub fn rounded(self, rounding: Rounding) -> Result<Self, Error> {
        let unit = 10_i128.pow(6 - self.currency.decimals().min(6));
        let micros = divide(i128::from(self.micros), unit, rounding)
            .and_then(|minor| i64::try_from(minor * unit).ok())
            .ok_or(OUT_OF_RANGE)?;
        Ok(Self { micros, ..self })
    }

    /// The amount as decimal text without its currency, with at least the currency's decimals.
    pub fn to_amount_string(self) -> String {
        format_micro_short(self.micros, usize::try_from(self.currency.decimals()).unwrap_or(2))
    }
}

const OUT_OF_RANGE: Error =
    Error::OutOfRange { quantity: "money", unit: "millionths of the currency's unit" };

impl FromStr for Money {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const EXPECTED: &str = "an amount of money like `12.34 EUR`";
        let (number, code) = text
            .trim()
            .rsplit_once(' ')
            .ok_or_else(|| Error::NotAnAmount { expected: EXPECTED, got: excerpt(text) })?;
        let micros = parse_scaled(number.trim_end(), 6, EXPECTED)?;
        Ok(Self { micros: i64::try_from(micros).map_err(|_| OUT_OF_RANGE)?, currency: code.parse()? })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.to_amount_string(), self.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amount_shows_at_least_its_cents() {
        assert_eq!(Money::from_micros(12_500_000, Currency::EUR).to_string(), "12.50 EUR");
        assert_eq!(Money::from_micros(737_600_000, Currency::COP).to_string(), "737.60 COP");
        assert_eq!(Money::from_micros(5_000_000, "JPY".parse().unwrap()).to_string(), "5 JPY");
    }

    #[test]
    fn what_is_no_money_is_refused() {
        for text in ["", "12.34", "12.34 eur", "EUR", "12,34 EUR", "1.2345678 EUR", "12.34 EURO"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(micros in any::<i64>()) {
            let money = Money::from_micros(micros, Currency::COP);
            prop_assert_eq!(money.to_string().parse(), Ok(money));
        }

        #[test]
        fn a_correction_and_its_inverse_come_to_nothing(micros in -(1_i64 << 60)..1 << 60) {
            let (there, back) = (Money::from_micros(micros, Currency::EUR), Money::from_micros(-micros, Currency::EUR));
            prop_assert_eq!(there.checked_add(back), Ok(Money::zero(Currency::EUR)));
            prop_assert_eq!(
                there.rounded(Rounding::HalfUp).unwrap().checked_add(back.rounded(Rounding::HalfUp).unwrap()),
                Ok(Money::zero(Currency::EUR))
            );
        }
    }
}
