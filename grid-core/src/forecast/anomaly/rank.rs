//! Robust comparison of two samples by ranks.

use crate::forecast::real;

/// The standard score of the rank sum of `after` among both samples: about normal where both come from one
/// distribution, above zero where `after` lies higher; zero where all values are equal. Ties share their ranks.
///
/// # References
///
/// F. Wilcoxon: "Individual comparisons by ranking methods", Biometrics Bulletin 1(6), 1945. H. B. Mann and D. R.
/// Whitney: "On a test of whether one of two random variables is stochastically larger than the other", Annals of
/// Mathematical Statistics 18(1), 1947, with the usual correction of the variance for ties.
pub(super) fn rank_sum_score(before: &[f64], after: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        before.iter().map(|value| (*value, false)).chain(after.iter().map(|value| (*value, true))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum, mut ties, mut rank) = (0.0, 0.0, 0.0);
    for group in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let count = real(group.len());
        let shared = rank + f64::midpoint(count, 1.0);
        sum += shared * real(group.iter().filter(|(_, is_after)| *is_after).count());
        ties += count.powi(3) - count;
        rank += count;
    }
    let (first, second) = (real(before.len()), real(after.len()));
    let total = first + second;
    let expected = second * (total + 1.0) / 2.0;
    let variance = first * second / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance > 0.0 { (sum - expected) / variance.sqrt() } else { 0.0 }
}

/// The median of the differences of all pairs: by how much `after` lies higher, whatever a few wild values say.
///
/// # References
///
/// J. L. Hodges and E. L. Lehmann: "Estimates of location based on rank tests", Annals of Mathematical Statistics 34(2),
/// 1963.
pub(super) fn shift(before: &[f64], after: &[f64]) -> f64 {
    let differences = before.iter().flat_map(|before| after.iter().map(move |after| after - before));
    quantile(differences.collect(), 0.5)
}

/// The median slope between all pairs of values that follow each other in even steps: a drift, per step.
///
/// # References
///
/// P. K. Sen: "Estimates of the regression coefficient based on Kendall's tau", Journal of the American Statistical
/// Association 63(324), 1968, after H. Theil (1950).
pub(super) fn drift(values: &[f64]) -> f64 {
    let slopes = values.iter().enumerate().flat_map(|(place, value)| {
        let later = values.iter().enumerate().skip(place + 1);
        later.map(move |(other, later)| (later - value) / real(other - place))
    });
    quantile(slopes.collect(), 0.5)
}

/// The mean distance from the median: what is left of values when their level is known.
pub(super) fn distance_from_level(values: &[f64]) -> f64 {
    let median = quantile(values.to_vec(), 0.5);
    values.iter().map(|value| (value - median).abs()).sum::<f64>() / real(values.len())
}

/// A quantile on straight lines between the values in order (type 7 of Hyndman and Fan 1996); NaN of no value.
pub(super) fn quantile(mut values: Vec<f64>, level: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = level.clamp(0.0, 1.0) * real(values.len().saturating_sub(1));
    let below = (0..values.len()).rev().find(|below| real(*below) <= place).unwrap_or(0);
    match (values.get(below), values.get(below + 1)) {
        (Some(low), Some(high)) => low + (place - real(below)) * (high - low),
        (Some(last), None) => *last,
        (None, _) => f64::NAN,
    }
}

/// The median distance from the median, times 1.4826: the deviation of a normal distribution, whatever a few wild values
/// say (Hampel: "The influence curve and its role in robust estimation", JASA 69(346), 1974).
pub(super) fn spread(values: &[f64]) -> f64 {
    let median = quantile(values.to_vec(), 0.5);
    1.4826 * quantile(values.iter().map(|value| (value - median).abs()).collect(), 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: [f64; 7] = [0.31, 0.28, 0.35, 0.3, 0.33, 0.28, 0.9];
    const AFTER: [f64; 6] = [0.41, 0.35, 0.44, 0.1, 0.39, 0.47];

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "expected {expected}, got {got}");
    }

    #[test]
    fn scores_are_those_of_scipy() {
        // scipy 1.17.1: the normal quantile of mannwhitneyu(after, before, method="asymptotic", use_continuity=False);
        // numpy 2.4.6: the median of all differences, quantile(before, 0.1); scipy's median_abs_deviation times 1.4826.
        near(rank_sum_score(&BEFORE, &AFTER), 1.217_635_474_344);
        near(shift(&BEFORE, &AFTER), 0.075);
        near(quantile(BEFORE.to_vec(), 0.1), 0.28);
        near(spread(&BEFORE), 0.044_478);
        // scipy's theilslopes(before).slope
        near(drift(&BEFORE), 0.01);
    }

    #[test]
    fn equal_values_say_nothing() {
        near(rank_sum_score(&[1.0; 5], &[1.0; 5]), 0.0);
        assert!(quantile(vec![], 0.5).is_nan());
    }
}
