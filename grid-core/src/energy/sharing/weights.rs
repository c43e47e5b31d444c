//! Weights that are not whole numbers.

use crate::energy::Error;

/// So many decimal digits fit into 64 bits, whatever they are.
const DIGITS: i32 = 19;

/// Whole numbers in the ratio of `weights`, for [`apportion_by_weights`](super::apportion_by_weights).
///
/// A float is taken as the decimal of its shortest text, so that 0.1 is a tenth: `[0.5, 0.25, 0.25]` is 50 to 25 to 25,
/// exactly. Where weights lie so far apart that 64 bits cannot hold their ratio, digits beyond the nineteenth of the
/// largest are rounded, halves up.
///
/// ```
/// use grid_core::energy::sharing::whole_weights;
/// assert_eq!(whole_weights(&[0.5, 0.25, 0.25])?, [50, 25, 25]);
/// assert_eq!(whole_weights(&[2.5, 1.5])?, [25, 15]);
/// assert_eq!(whole_weights(&[1.0, 2.0])?, [1, 2]);
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NotAWeight`] for a number that is negative, infinite or NaN.
pub fn whole_weights(weights: &[f64]) -> Result<Vec<u64>, Error> {
    let mut decimals = Vec::with_capacity(weights.len());
    for (position, &weight) in weights.iter().enumerate() {
        let refused = || Error::NotAWeight { got: weight.to_string(), position };
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(refused());
        }
        decimals.push(Decimal::of(weight).ok_or_else(refused)?);
    }
    let weighty = || decimals.iter().filter(|decimal| decimal.digits > 0);
    let finest = weighty().map(|decimal| decimal.exponent).min().unwrap_or(0);
    let largest = weighty().map(Decimal::magnitude).max().unwrap_or(0);
    let unit = finest.max(largest.saturating_sub(DIGITS));
    Ok(decimals.iter().map(|decimal| decimal.in_units_of(unit)).collect())
}

/// `digits` times ten to the power of `exponent`.
struct Decimal {
    digits: u64,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal that is read as this float, which is zero or more.
    fn of(weight: f64) -> Option<Self> {
        let text = format!("{:e}", weight.abs());
        let (mantissa, exponent) = text.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        // Seventeen digits at most tell any two floats apart.
        Some(Self { digits: format!("{whole}{fraction}").parse().ok()?, exponent })
    }

    /// The power of ten that it lies below.
    fn magnitude(&self) -> i32 {
        let digits = self.digits.checked_ilog10().map_or(0, |log| log + 1);
        self.exponent.saturating_add(i32::try_from(digits).unwrap_or(DIGITS))
    }

    /// Its multiple of ten to the power of `unit`, rounded where it is finer than that.
    fn in_units_of(&self, unit: i32) -> u64 {
        let shift = self.exponent.saturating_sub(unit);
        match 10_u64.checked_pow(shift.unsigned_abs()) {
            Some(power) if shift >= 0 => self.digits.saturating_mul(power),
            Some(power) => self.digits / power + u64::from(self.digits % power >= power.div_ceil(2)),
            // Zero, or far less than half a unit.
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn weights_that_differ_by_more_than_64_bits_hold_are_rounded_at_the_far_end() {
        assert_eq!(whole_weights(&[1.0, 1e-18]).unwrap(), [1_000_000_000_000_000_000, 1]);
        assert_eq!(whole_weights(&[1e300, 1e-300, 0.0]).unwrap(), [1_000_000_000_000_000_000, 0, 0]);
        assert_eq!(whole_weights(&[9.5, 6e-19, 4e-19]).unwrap(), [9_500_000_000_000_000_000, 1, 0]);
        assert_eq!(whole_weights(&[f64::MAX, f64::MIN_POSITIVE]).unwrap(), [1_797_693_134_862_315_700, 0]);
        assert_eq!(whole_weights(&[0.0, -0.0]).unwrap(), [0, 0]);
        assert!(whole_weights(&[]).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_weight_is_refused_by_its_place() {
        for faulty in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e-300] {
            let refused = whole_weights(&[1.0, faulty]);
            assert!(matches!(refused, Err(Error::NotAWeight { position: 1, .. })), "{faulty}");
        }
    }

    proptest! {
        #[test]
        fn decimals_of_one_length_keep_their_ratio(ppm in prop::collection::vec(0..=1_000_000_u64, 1..20)) {
            let decimals: Vec<f64> = ppm.iter().map(|&ppm| u32::try_from(ppm).map(f64::from).unwrap() / 1e6).collect();
            let whole = whole_weights(&decimals).unwrap();
            let sums: (u64, u64) = (ppm.iter().sum(), whole.iter().sum());
            for (whole, ppm) in whole.iter().zip(&ppm) {
                prop_assert_eq!(whole * sums.0, ppm * sums.1);
            }
        }

        #[test]
        fn any_weights_are_split_by(weights in prop::collection::vec(0.0..f64::MAX, 1..20)) {
            let whole = whole_weights(&weights).unwrap();
            let largest = weights.iter().copied().fold(0.0, f64::max);
            prop_assert_eq!(largest > 0.0, whole.iter().any(|&weight| weight > 0));
        }
    }
}
