//! Small things that the analyses share: cells that may not be there, ranges, and quantiles in linear time.

use super::fold::range::Range;

/// A count as a float; exact below 2^32, which no recording's rows reach.
pub(super) fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// The cell of a row, NaN where there is none.
#[inline]
pub(super) fn at(values: &[f64], row: usize) -> f64 {
    values.get(row).copied().unwrap_or(f64::NAN)
}

/// A value that is there.
pub(super) fn known(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// The lowest and the highest of the values that are there.
pub(super) fn range(values: &[f64]) -> Option<(f64, f64)> {
    let mut range = Range::default();
    range.push(values);
    let (low, high) = range.ends();
    low.zip(high)
}

/// The value below which the given share of the values lies; missing ones do not count.
pub(super) fn quantile(values: impl IntoIterator<Item = f64>, share: f64) -> Option<f64> {
    let mut there: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    let last = there.len().checked_sub(1)?;
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float between 0 and the number of values, rounded"
    )]
    let rank = (share.clamp(0.0, 1.0) * to_f64(last)).round() as usize;
    let (_, value, _) = there.select_nth_unstable_by(rank.min(last), f64::total_cmp);
    Some(*value)
}

/// The middle value.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_do_not_count() {
        let values = [3.0, f64::NAN, 1.0, 2.0];
        assert_eq!(median(values), Some(2.0));
        assert_eq!(quantile(values, 1.0), Some(3.0));
        assert_eq!(range(&values), Some((1.0, 3.0)));
        assert_eq!(median([f64::NAN]), None);
        assert_eq!(range(&[]), None);
    }
}
