//! Every rounding that GRID does, by name, and the exact split that leaves nothing over.

use super::Error;

/// How a quotient that is no whole number becomes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest; halves away from zero ("kaufmännisch", what grid operators and invoices use).
    HalfUp,
    /// To the nearest; halves to the even neighbour (IEEE 754, statistics).
    HalfEven,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceiling,
}

/// Divides two integers and rounds as told; `None` when `divisor` is zero or the quotient does not fit.
///
/// ```
/// use grid_core::quantity::{Rounding, divide};
/// assert_eq!(divide(5, 2, Rounding::HalfUp), Some(3));
/// assert_eq!(divide(-5, 2, Rounding::HalfUp), Some(-3));
/// assert_eq!(divide(5, 2, Rounding::HalfEven), Some(2));
/// assert_eq!(divide(1, 0, Rounding::Down), None);
/// ```
pub fn divide(dividend: i128, divisor: i128, rounding: Rounding) -> Option<i128> {
    let quotient = dividend.checked_div(divisor)?;
    let remainder = dividend.checked_rem(divisor)?;
    if remainder == 0 {
        return Some(quotient);
    }
    let away = if (remainder < 0) == (divisor < 0) { 1 } else { -1 };
    let twice = remainder.unsigned_abs().checked_mul(2)?;
    let whole = divisor.unsigned_abs();
    let step = match rounding {
        Rounding::Down => 0,
        Rounding::Up => away,
        Rounding::Floor => i128::from(away < 0) * away,
        Rounding::Ceiling => i128::from(away > 0) * away,
        Rounding::HalfUp => i128::from(twice >= whole) * away,
        Rounding::HalfEven => i128::from(twice > whole || (twice == whole && quotient % 2 != 0)) * away,
    };
    quotient.checked_add(step)
}

/// Splits `total` in proportion to `weights`, so that the parts add up to it exactly.
///
/// Each part is rounded down, and what is left over goes, one unit each, to the largest remainders (Hamilton's
/// method); ties go to the larger weight and then to the earlier position. A negative total is split like its
/// opposite, with the sign put back. A weight of zero gets zero.
///
/// ```
/// use grid_core::quantity::largest_remainder;
/// assert_eq!(largest_remainder(100, &[1, 1, 1])?, [34, 33, 33]);
/// assert_eq!(largest_remainder(-1, &[1, 2])?, [0, -1]);
/// # Ok::<(), grid_core::quantity::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NoWeight`] when `total` is not zero and no weight is above zero.
///
/// # References
///
/// M. Balinski and H. P. Young, *Fair Representation* (1982), the method of Hamilton.
pub fn largest_remainder(total: i64, weights: &[u64]) -> Result<Vec<i64>, Error> {
    let sum: u128 = weights.iter().map(|&w| u128::from(w)).sum();
    if total == 0 {
        return Ok(vec![0; weights.len()]);
    }
    if sum == 0 {
        return Err(Error::NoWeight { total, weights: weights.len() });
    }
    let magnitude = u128::from(total.unsigned_abs());
    let mut parts: Vec<u64> = Vec::with_capacity(weights.len());
    let mut remainders: Vec<(u128, u64, usize)> = Vec::with_capacity(weights.len());
    let mut given: u128 = 0;
    for (index, &weight) in weights.iter().enumerate() {
        // Both factors fit in 64 bits, so the product fits in 128; the quotient is at most `magnitude`.
        let product = magnitude * u128::from(weight);
        let part = product / sum;
        given += part;
        parts.push(u64::try_from(part).unwrap_or(u64::MAX));
        remainders.push((product % sum, weight, index));
    }
    let left = usize::try_from(magnitude - given).unwrap_or(usize::MAX);
    if left > 0 {
        // Fewer units are left than there are non-zero remainders, so a part of zero weight never gets one.
        let first = |a: &(u128, u64, usize), b: &(u128, u64, usize)| {
            b.0.cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2))
        };
        if left < remainders.len() {
            remainders.select_nth_unstable_by(left - 1, first);
        }
        for &(_, _, index) in remainders.iter().take(left) {
            if let Some(part) = parts.get_mut(index) {
                *part += 1;
            }
        }
    }
    let negative = total < 0;
    Ok(parts
        .into_iter()
        .map(|part| {
            if negative { 0_i64.wrapping_sub_unsigned(part) } else { i64::try_from(part).unwrap_or(i64::MAX) }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ties_go_to_the_larger_weight_then_to_the_earlier_position() {
        // 3 by 1:3:2 -> 0.5, 1.5, 1.0: one unit is left, two remainders tie, the larger weight gets it.
        assert_eq!(largest_remainder(3, &[1, 3, 2]).unwrap(), [0, 2, 1]);
        assert_eq!(largest_remainder(1, &[2, 2]).unwrap(), [1, 0]);
    }

    #[test]
    fn the_extremes_are_split() {
        assert_eq!(largest_remainder(i64::MIN, &[u64::MAX]).unwrap(), [i64::MIN]);
        assert_eq!(largest_remainder(i64::MAX, &[u64::MAX, 0]).unwrap(), [i64::MAX, 0]);
        assert!(largest_remainder(1, &[0, 0]).is_err());
        assert!(largest_remainder(1, &[]).is_err());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made(total in any::<i64>(), weights in prop::collection::vec(0..=u64::MAX, 1..40)) {
            prop_assume!(weights.iter().any(|&w| w > 0));
            let parts = largest_remainder(total, &weights).unwrap();
            prop_assert_eq!(parts.iter().map(|&p| i128::from(p)).sum::<i128>(), i128::from(total));
        }

        #[test]
        fn every_part_is_within_one_of_its_quota(total in 0..i64::MAX, weights in prop::collection::vec(0..=1_000_000_u64, 1..40)) {
            prop_assume!(weights.iter().any(|&w| w > 0));
            let sum: i128 = weights.iter().map(|&w| i128::from(w)).sum();
            for (part, &weight) in largest_remainder(total, &weights).unwrap().into_iter().zip(&weights) {
                let difference = i128::from(part) * sum - i128::from(total) * i128::from(weight);
                prop_assert!(difference.abs() < sum);
            }
        }

        #[test]
        fn rounding_is_never_a_unit_away(dividend in any::<i64>(), divisor in any::<i64>()) {
            prop_assume!(divisor != 0);
            let (n, d) = (i128::from(dividend), i128::from(divisor));
            for rounding in [Rounding::HalfUp, Rounding::HalfEven, Rounding::Down, Rounding::Up, Rounding::Floor, Rounding::Ceiling] {
                let q = divide(n, d, rounding).unwrap();
                prop_assert!((q * d - n).abs() < d.abs());
                if matches!(rounding, Rounding::HalfUp | Rounding::HalfEven) {
                    prop_assert!((q * d - n).abs() * 2 <= d.abs());
                }
            }
        }
    }
}
