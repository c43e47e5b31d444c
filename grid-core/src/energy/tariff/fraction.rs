//! Exact fractions, so that an amount is rounded once and not before.

use crate::quantity::{Currency, Money, Rounding, divide};

use super::error::{Error, TOO_MUCH_MONEY};

/// An exact fraction in lowest terms, with a denominator above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    pub(super) const ZERO: Self = Self { numerator: 0, denominator: 1 };
    pub(super) const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// Makes `numerator / denominator`; `None` for a denominator that is not above zero.
    pub(super) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator <= 0 {
            return None;
        }
        let (mut a, mut b) = (numerator.unsigned_abs(), denominator.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        // At least 1 and at most the denominator, so that it divides both and fits.
        let common = i128::try_from(a).ok()?;
        Some(Self { numerator: numerator / common, denominator: denominator / common })
    }

    pub(super) fn whole(number: i64) -> Self {
        Self { numerator: i128::from(number), denominator: 1 }
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        // Across first, so that what cancels does not overflow.
        let first = Self::new(self.numerator, other.denominator)?;
        let second = Self::new(other.numerator, self.denominator)?;
        Some(Self {
            numerator: first.numerator.checked_mul(second.numerator)?,
            denominator: first.denominator.checked_mul(second.denominator)?,
        })
    }

    /// The nearest whole number of steps, as told, times the step.
    pub(super) fn rounded(self, step: i64, rounding: Rounding) -> Option<i64> {
        let divisor = self.denominator.checked_mul(i128::from(step))?;
        let steps = divide(self.numerator, divisor, rounding)?;
        i64::try_from(steps.checked_mul(i128::from(step))?).ok()
    }
}

/// How amounts become money: the currency, and how its minor unit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coin {
    pub(super) currency: Currency,
    pub(super) rounding: Rounding,
}

impl Coin {
    /// Rounds an exact count of millionths to the currency's minor unit.
    pub(super) fn of(self, micros: Option<Fraction>) -> Result<Money, Error> {
        let unit = 10_i64.pow(6_u32.saturating_sub(self.currency.decimals()));
        micros
            .and_then(|micros| micros.rounded(unit, self.rounding))
            .map(|micros| Money::from_micros(micros, self.currency))
            .ok_or(TOO_MUCH_MONEY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fractions_follow_their_rules(a in -1000_i128..1000, b in 1..1000_i128, c in -1000_i128..1000, d in 1..1000_i128) {
            let (x, y) = (Fraction::new(a, b).unwrap(), Fraction::new(c, d).unwrap());
            prop_assert_eq!(x.plus(y), Fraction::new(a * d + c * b, b * d));
            prop_assert_eq!(x.times(y), Fraction::new(a * c, b * d));
        }
    }
}
