//! What boosting makes small.

use serde::{Deserialize, Serialize};

/// What a forecast's error costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Loss {
    /// Half its square: the forecast is the mean.
    Squared,
    /// The pinball loss of a level between 0 and 1: the forecast is the quantile of that level.
    ///
    /// Koenker and Bassett: "Regression quantiles", Econometrica 46(1), 1978.
    Pinball(f64),
}

impl Loss {
    /// How fast the loss falls when the forecast rises, at an error (target minus forecast).
    pub(super) fn descent(self, error: f64) -> f64 {
        match self {
            Self::Squared => error,
            Self::Pinball(level) if error >= 0.0 => level,
            Self::Pinball(level) => level - 1.0,
        }
    }

    /// The constant that is best for errors with their weights, drawn to zero as if `penalty` rows lay there.
    pub(super) fn constant(self, pairs: impl Iterator<Item = (f64, f64)>, penalty: f64) -> f64 {
        match self {
            Self::Squared => {
                let (sum, weight) = pairs
                    .fold((0.0, 0.0), |(sum, all), (error, weight)| (sum + weight * error, all + weight));
                if weight > 0.0 { sum / (weight + penalty) } else { 0.0 }
            }
            Self::Pinball(level) => {
                let mut pairs: Vec<(f64, f64)> = pairs.collect();
                let weight = pairs.iter().map(|pair| pair.1).sum::<f64>();
                if weight > 0.0 { quantile(&mut pairs, level) * (weight / (weight + penalty)) } else { 0.0 }
            }
        }
    }
}

/// The least error at which the weight up to it reaches the share `level` of all.
fn quantile(pairs: &mut [(f64, f64)], level: f64) -> f64 {
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let sought = level * pairs.iter().map(|pair| pair.1).sum::<f64>();
    let mut sum = 0.0;
    let reached = pairs.iter().find(|(_, weight)| {
        sum += weight;
        sum >= sought
    });
    reached.or(pairs.last()).map_or(0.0, |pair| pair.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::metrics::pinball;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_descent_is_the_slope_of_the_loss(error in -10.0..10.0_f64, level in 0.01..0.99_f64) {
            prop_assume!(error.abs() > 1e-3);
            let step = 1e-6;
            let slope = (pinball(error, -step, level) - pinball(error, step, level)) / (2.0 * step);
            prop_assert!((Loss::Pinball(level).descent(error) - slope).abs() < 1e-6);
            let half_square = |forecast: f64| (error - forecast).powi(2) / 2.0;
            let slope = (half_square(-step) - half_square(step)) / (2.0 * step);
            prop_assert!((Loss::Squared.descent(error) - slope).abs() < 1e-6);
        }

        #[test]
        fn no_other_constant_costs_less(
            pairs in prop::collection::vec((-10.0..10.0_f64, 0.1..1.0_f64), 1..30),
            other in -10.0..10.0_f64,
            level in 0.01..0.99_f64,
        ) {
            let cost = |constant: f64| -> f64 {
                pairs.iter().map(|(error, weight)| weight * pinball(*error, constant, level)).sum()
            };
            prop_assert!(cost(Loss::Pinball(level).constant(pairs.iter().copied(), 0.0)) <= cost(other) + 1e-9);
            let cost = |constant: f64| -> f64 {
                pairs.iter().map(|(error, weight)| weight * (error - constant).powi(2)).sum()
            };
            prop_assert!(cost(Loss::Squared.constant(pairs.iter().copied(), 0.0)) <= cost(other) + 1e-9);
        }
    }

    #[test]
    fn nothing_has_the_constant_zero() {
        for loss in [Loss::Squared, Loss::Pinball(0.5)] {
            assert!(loss.constant([].into_iter(), 1.0).abs() < f64::EPSILON);
            assert!(loss.constant([(5.0, 0.0)].into_iter(), 0.0).abs() < f64::EPSILON);
        }
    }
}
