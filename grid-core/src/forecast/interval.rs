//! Prediction intervals from past errors (weighted conformal prediction).
//!
//! Nothing is assumed of the errors' distribution: the interval is read off the errors that the model made on days
//! that it had not learnt from. A day of long ago counts for less, since the errors of a household or of a grid are
//! not exchangeable over the seasons.
//!
//! # References
//!
//! Barber, Candes, Ramdas, Tibshirani: "Conformal prediction beyond exchangeability", Annals of Statistics 51(2),
//! 2023: weighted quantiles with the weight of the new point at infinity. Barber et al.: "Predictive inference with
//! the jackknife+", Annals of Statistics 49(1), 2021: leave-one-out errors. Hyndman and Fan: "Sample quantiles in
//! statistical packages", The American Statistician 50(4), 1996: type 5 is the interpolation here.

use serde::{Deserialize, Serialize};

/// The errors that a model made in the past, each with its weight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Residuals {
    /// The errors in ascending order, with the weight up to the middle of each.
    steps: Vec<(f64, f64)>,
    total: f64,
}

impl Residuals {
    /// Collects errors (actual minus forecast) and their weights above zero; what is not finite is left out.
    pub(crate) fn new(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut steps: Vec<(f64, f64)> = pairs
            .into_iter()
            .filter(|(error, weight)| error.is_finite() && weight.is_finite() && *weight > 0.0)
            .collect();
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut total = 0.0;
        for step in &mut steps {
            let weight = step.1;
            step.1 = total + weight / 2.0;
            total += weight;
        }
        Self { steps, total }
    }

    /// The quantile of the next error, which has the weight 1; zero where no error is known.
    ///
    /// The next error itself may lie beyond all of the past ones, so its weight counts against the interval: levels
    /// move outward by `(total + 1) / total`, the finite-sample correction. Beyond the outermost error there is
    /// nothing to read, so that one stands.
    pub(crate) fn quantile(&self, level: f64) -> f64 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let inflation = (self.total + 1.0) / self.total;
        let outward = 0.5 + (level - 0.5) * inflation;
        let sought = outward * self.total;
        let above = self.steps.partition_point(|step| step.1 < sought);
        match (above.checked_sub(1).and_then(|below| self.steps.get(below)), self.steps.get(above)) {
            (Some(low), Some(high)) => {
                let way = (sought - low.1) / (high.1 - low.1);
                low.0 + way * (high.0 - low.0)
            }
            (Some(end), None) | (None, Some(end)) => end.0,
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nine_errors_bound_the_tenth_in_eight_of_ten_cases() {
        // Of ten exchangeable errors the last is neither the least nor the greatest in 8 of 10 cases, so the interval
        // of 80 % runs from the least to the greatest of the nine that are known.
        let nine = Residuals::new((1..=9).map(|error| (f64::from(error), 1.0)));
        assert!((nine.quantile(0.9) - 9.0).abs() < 1e-12);
        assert!((nine.quantile(0.1) - 1.0).abs() < 1e-12);
        assert!((nine.quantile(0.5) - 5.0).abs() < 1e-12);
    }

    #[test]
    fn an_error_of_no_weight_or_no_value_counts_for_nothing() {
        let errors = [(1.0, 1.0), (f64::NAN, 1.0), (9.0, 0.0), (f64::INFINITY, 1.0), (3.0, 1.0)];
        assert!((Residuals::new(errors).quantile(0.5) - 2.0).abs() < 1e-12);
        assert!(Residuals::new([]).quantile(0.9).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn quantiles_never_fall_and_stay_among_the_errors(
            errors in prop::collection::vec((-1e6..1e6_f64, 0.01..1.0_f64), 1..60),
            mut levels in prop::collection::vec(0.001..0.999_f64, 2..9),
        ) {
            levels.sort_by(f64::total_cmp);
            let least = errors.iter().map(|error| error.0).fold(f64::INFINITY, f64::min);
            let greatest = errors.iter().map(|error| error.0).fold(f64::NEG_INFINITY, f64::max);
            let residuals = Residuals::new(errors);
            let quantiles: Vec<f64> = levels.iter().map(|level| residuals.quantile(*level)).collect();
            prop_assert!(quantiles.is_sorted(), "{quantiles:?}");
            prop_assert!(quantiles.iter().all(|value| (least..=greatest).contains(value)));
        }
    }
}
