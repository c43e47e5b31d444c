//! Electrical energy, exact to one milliwatt-hour.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Neg, Sub, SubAssign},
    str::FromStr,
};

use super::{
    Error, Rounding,
    decimal::{format_micro, format_micro_short},
    divide, parse_scaled,
};

/// An amount of electrical energy, exact to one milliwatt-hour (a millionth of a kilowatt-hour, the six decimals
/// that grid operators publish).
///
/// As text it is `1.25 kWh`; in JSON it is a decimal string of kilowatt-hours with six decimals, under a key that
/// ends in `_kwh`.
///
/// ```
/// use grid_core::quantity::Energy;
/// let energy: Energy = "1.25 kWh".parse()?;
/// assert_eq!(energy.as_mwh(), 1_250_000);
/// assert_eq!(energy, "1250 Wh".parse()?);
/// assert_eq!(energy.to_string(), "1.25 kWh");
/// assert_eq!(energy.to_kwh_string(), "1.250000");
/// # Ok::<(), grid_core::quantity::Error>(())
/// ```
///
/// Addition is that of `i64`: beyond nine quadrillion watt-hours it panics in checked builds. Sums of what came from
/// outside use [`Energy::checked_add`] or [`Energy::checked_sum`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Energy {
    mwh: i64,
}

impl Energy {
    /// No energy at all; not the same as a missing value.
    pub const ZERO: Self = Self { mwh: 0 };

    /// Makes an amount of milliwatt-hours.
    pub const fn from_mwh(mwh: i64) -> Self {
        Self { mwh }
    }

    /// Makes an amount of whole watt-hours, or `None` where it does not fit.
    pub const fn from_wh(wh: i64) -> Option<Self> {
        match wh.checked_mul(1000) {
            Some(mwh) => Some(Self { mwh }),
            None => None,
        }
    }

    /// Reads decimal text in kilowatt-hours, such as `1.250000`, exactly.
    ///
    /// # Errors
    ///
    /// [`Error::NotAnAmount`], [`Error::TooFine`] past six decimals, or [`Error::OutOfRange`].
    pub fn parse_kwh(text: &str) -> Result<Self, Error> {
        let mwh = parse_scaled(text, 6, "an energy in kWh with up to six decimals, like `1.250000`")?;
        Self::from_count(mwh)
    }

    /// Reads decimal text in kilowatt-hours, and rounds what is finer than a milliwatt-hour.
    ///
    /// # Errors
    ///
    /// [`Error::NotAnAmount`] or [`Error::OutOfRange`].
    pub fn parse_kwh_rounded(text: &str, rounding: Rounding) -> Result<Self, Error> {
        const EXPECTED: &str = "an energy in kWh, like `1.250000`";
        if let Some(mwh) = super::decimal::parse_plain_micro(text) {
            return Ok(Self { mwh });
        }
        Self::from_count(super::decimal::parse_scaled_rounded(text, 6, rounding, EXPECTED)?)
    }

    /// Rounds a float of kilowatt-hours to the nearest milliwatt-hour, halves to even, or `None` when it is not
    /// finite or does not fit.
    ///
    /// ```
    /// use grid_core::quantity::Energy;
    /// assert_eq!(Energy::from_kwh_f64(0.1), Some(Energy::from_mwh(100_000)));
    /// assert_eq!(Energy::from_kwh_f64(f64::NAN), None);
    /// ```
    pub fn from_kwh_f64(kwh: f64) -> Option<Self> {
        let mwh = (kwh * 1e6).round_ties_even();
        // 2^63 is exact in f64; the half-open test keeps the cast in range.
        if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&mwh) {
            return None;
        }
        #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "in range, tested above")]
        Some(Self { mwh: mwh as i64 })
    }

    /// The milliwatt-hours, exactly.
    pub const fn as_mwh(self) -> i64 {
        self.mwh
    }

    /// The kilowatt-hours as the nearest float; exact only up to 2^53 milliwatt-hours.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "lossy, and the name says so")]
    pub fn to_kwh_f64(self) -> f64 {
        self.mwh as f64 / 1e6
    }

    /// The kilowatt-hours as decimal text with six decimals, exactly; what JSON carries.
    pub fn to_kwh_string(self) -> String {
        format_micro(self.mwh)
    }

    /// Adds, or `None` where the sum does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.mwh.checked_add(other.mwh) {
            Some(mwh) => Some(Self { mwh }),
            None => None,
        }
    }

    /// Adds up many amounts.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] where the sum does not fit.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, Error> {
        Self::from_count(amounts.into_iter().map(|e| i128::from(e.mwh)).sum())
    }

    /// The share `part / whole` of this amount, rounded as told; `None` when `whole` is zero.
    pub fn scale(self, part: i64, whole: i64, rounding: Rounding) -> Option<Self> {
        let mwh = divide(i128::from(self.mwh).checked_mul(i128::from(part))?, i128::from(whole), rounding)?;
        i64::try_from(mwh).ok().map(Self::from_mwh)
    }

    /// Whether the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.mwh < 0
    }

    fn from_count(mwh: i128) -> Result<Self, Error> {
        i64::try_from(mwh)
            .map(Self::from_mwh)
            .map_err(|_| Error::OutOfRange { quantity: "energy", unit: "milliwatt-hours" })
    }
}

impl FromStr for Energy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const EXPECTED: &str = "an energy like `1.25 kWh`, `250 Wh` or `3 MWh`";
        let trimmed = text.trim();
        let split =
            trimmed.find(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E')).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let decimals = match unit {
            "mWh" => 0,
            "Wh" => 3,
            "kWh" => 6,
            "MWh" => 9,
            "GWh" => 12,
            _ => {
                return Err(Error::NotAnAmount { expected: EXPECTED, got: crate::error::excerpt(text) });
            }
        };
        Self::from_count(parse_scaled(number.trim_end(), decimals, EXPECTED)?)
    }
}

impl fmt::Display for Energy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} kWh", format_micro_short(self.mwh, 0)))
    }
}

impl Add for Energy {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { mwh: self.mwh + other.mwh }
    }
}

impl Sub for Energy {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { mwh: self.mwh - other.mwh }
    }
}

impl Neg for Energy {
    type Output = Self;
    fn neg(self) -> Self {
        Self { mwh: -self.mwh }
    }
}

impl AddAssign for Energy {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Energy {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Energy {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl<'a> Sum<&'a Self> for Energy {
    fn sum<I: Iterator<Item = &'a Self>>(iter: I) -> Self {
        iter.copied().sum()
    }
}

impl serde::Serialize for Energy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_kwh_string())
    }
}

impl<'de> serde::Deserialize<'de> for Energy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::decimal::deserialize_text(
            deserializer,
            "an energy in kWh as a decimal string, like \"1.250000\"",
            Self::parse_kwh,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_differ_by_case() {
        assert_eq!("1 mWh".parse(), Ok(Energy::from_mwh(1)));
        assert_eq!("1 MWh".parse(), Ok(Energy::from_mwh(1_000_000_000)));
        assert_eq!("1e-3 kWh".parse(), Ok(Energy::from_mwh(1000)));
        assert_eq!("  -0.5kWh ".parse(), Ok(Energy::from_mwh(-500_000)));
    }

    #[test]
    fn what_is_no_energy_is_refused_with_the_text() {
        let error = "5 horses".parse::<Energy>().unwrap_err();
        assert!(error.to_string().contains("`5 horses`"), "{error}");
        for text in ["", "kWh", "1,5 kWh", "1", "NaN kWh", "1 kw", "0.0000001 kWh", "99999999999999 kWh"] {
            assert!(text.parse::<Energy>().is_err(), "{text}");
        }
    }

    #[test]
    fn json_takes_strings_and_plain_numbers() {
        assert_eq!(serde_json::from_str::<Energy>("\"1.25\"").unwrap(), Energy::from_mwh(1_250_000));
        assert_eq!(serde_json::from_str::<Energy>("1.25").unwrap(), Energy::from_mwh(1_250_000));
        assert_eq!(serde_json::from_str::<Energy>("3").unwrap(), Energy::from_mwh(3_000_000));
        assert_eq!(serde_json::to_string(&Energy::from_mwh(1_250_000)).unwrap(), "\"1.250000\"");
    }

    proptest! {
        #[test]
        fn text_and_json_round_trip(mwh in any::<i64>()) {
            let energy = Energy::from_mwh(mwh);
            prop_assert_eq!(energy.to_string().parse(), Ok(energy));
            prop_assert_eq!(Energy::parse_kwh(&energy.to_kwh_string()), Ok(energy));
            let json = serde_json::to_string(&energy).unwrap();
            prop_assert_eq!(serde_json::from_str::<Energy>(&json).unwrap(), energy);
        }

        #[test]
        fn floats_of_six_decimals_are_read_exactly(mwh in -1_000_000_000_000_i64..1_000_000_000_000) {
            let energy = Energy::from_mwh(mwh);
            prop_assert_eq!(Energy::from_kwh_f64(energy.to_kwh_f64()), Some(energy));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = text.parse::<Energy>();
        }
    }
}
