//! Middle and spread of values that a few wild ones do not move.

/// The median, between two values the lower integer of their mean; `None` of nothing. The values are put in order.
pub(super) fn median(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get((values.len() / 2).checked_sub(1)?)?;
    i64::try_from((i128::from(lower) + i128::from(upper)).div_euclid(2)).ok()
}

/// The median absolute deviation from `middle`.
pub(super) fn median_absolute_deviation(values: &[i64], middle: i64) -> Option<i64> {
    let mut distances: Vec<i64> =
        values.iter().map(|value| i64::try_from(value.abs_diff(middle)).unwrap_or(i64::MAX)).collect();
    median(&mut distances)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_example_comes_out() {
        // Wikipedia, "Median absolute deviation": 1, 1, 2, 2, 4, 6, 9 have the median 2 and the deviation 1.
        let mut values = [9, 1, 6, 1, 4, 2, 2];
        assert_eq!(median(&mut values), Some(2));
        assert_eq!(median_absolute_deviation(&values, 2), Some(1));
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [i64::MIN, i64::MAX]), Some(-1));
    }

    proptest! {
        #[test]
        fn half_of_the_values_lie_on_either_side(mut values in prop::collection::vec(any::<i64>(), 1..50)) {
            let middle = median(&mut values).unwrap();
            let below = values.iter().filter(|&&value| value < middle).count();
            let above = values.iter().filter(|&&value| value > middle).count();
            prop_assert!(below * 2 <= values.len() && above * 2 <= values.len() + 1);
        }
    }
}
