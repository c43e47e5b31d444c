//! How good a forecast was.
//!
//! All of them skip the slots whose actual value is NaN, so that a gap is never scored.

use super::{Error, History, real};

fn pairs<'a>(actual: &'a [f64], forecast: &'a [f64]) -> Result<impl Iterator<Item = (f64, f64)> + 'a, Error> {
    if actual.len() != forecast.len() {
        return Err(Error::Lengths { values: actual.len(), forecasts: forecast.len() });
    }
    Ok(actual.iter().copied().zip(forecast.iter().copied()).filter(|(actual, _)| !actual.is_nan()))
}

fn mean(terms: impl Iterator<Item = f64>, slots: usize) -> Result<f64, Error> {
    let (sum, count) = terms.fold((0.0, 0_usize), |(sum, count), term| (sum + term, count + 1));
    if count == 0 { Err(Error::NothingToScore { slots }) } else { Ok(sum / real(count)) }
}

/// The mean absolute error, in the unit of the values.
///
/// ```
/// use grid_core::forecast::metrics::mae;
/// assert_eq!(mae(&[1.0, 2.0, f64::NAN], &[2.0, 4.0, 9.0])?, 1.5);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Lengths`] where the columns differ in length, [`Error::NothingToScore`] where no value is known.
pub fn mae(actual: &[f64], forecast: &[f64]) -> Result<f64, Error> {
    mean(pairs(actual, forecast)?.map(|(actual, forecast)| (actual - forecast).abs()), actual.len())
}

/// The mean absolute scaled error: the mean absolute error over `scale`, that of a naive forecast in the past
/// ([`naive_scale`]). Below 1 is better than the naive forecast was.
///
/// # Errors
///
/// Those of [`mae`]; [`Error::NothingToScore`] too where the scale is not above zero, as for a constant past.
///
/// # References
///
/// Hyndman and Koehler: "Another look at measures of forecast accuracy", International Journal of Forecasting 22(4),
/// 2006.
pub fn mase(actual: &[f64], forecast: &[f64], scale: f64) -> Result<f64, Error> {
    if scale > 0.0 {
        Ok(mae(actual, forecast)? / scale)
    } else {
        Err(Error::NothingToScore { slots: actual.len() })
    }
}

/// The mean absolute difference between observed values that lie `season_slots` apart, the scale of [`mase`].
///
/// # Errors
///
/// [`Error::NothingToScore`] where no two observed values lie that far apart.
pub fn naive_scale(history: &History, season_slots: usize) -> Result<f64, Error> {
    let slots = history.values().len();
    let differences = (season_slots..slots).filter_map(|slot| {
        let now = history.observed_value(slot)?;
        let then = history.observed_value(slot - season_slots)?;
        Some((now - then).abs())
    });
    mean(differences, slots)
}

/// The pinball loss of the quantile of one level: `level` times the error where the actual value lies above,
/// `1 - level` times where it lies below. Its least expected value is at the true quantile.
///
/// ```
/// use grid_core::forecast::metrics::pinball;
/// assert_eq!(pinball(10.0, 8.0, 0.75), 1.5);
/// assert_eq!(pinball(8.0, 10.0, 0.75), 0.5);
/// ```
///
/// # References
///
/// Koenker and Bassett: "Regression quantiles", Econometrica 46(1), 1978.
pub fn pinball(actual: f64, quantile: f64, level: f64) -> f64 {
    let error = actual - quantile;
    if error >= 0.0 { level * error } else { (level - 1.0) * error }
}

/// The weighted quantile loss: twice the mean [`pinball`] loss over all `levels` and slots, over the mean absolute
/// actual value. `quantiles` has one column per level. With the median alone it is the mean absolute error over the
/// mean absolute value.
///
/// # Errors
///
/// Those of [`mae`], with [`Error::Lengths`] also where there is not one column per level;
/// [`Error::NothingToScore`] too where every actual value is zero.
pub fn wql(actual: &[f64], quantiles: &[Vec<f64>], levels: &[f64]) -> Result<f64, Error> {
    if quantiles.len() != levels.len() {
        return Err(Error::Lengths { values: levels.len(), forecasts: quantiles.len() });
    }
    let mut losses = Vec::with_capacity(levels.len());
    for (column, &level) in quantiles.iter().zip(levels) {
        let loss = mean(
            pairs(actual, column)?.map(|(actual, quantile)| pinball(actual, quantile, level)),
            actual.len(),
        )?;
        losses.push(loss);
    }
    let size = mean(actual.iter().filter(|value| !value.is_nan()).map(|value| value.abs()), actual.len())?;
    if size > 0.0 {
        Ok(2.0 * mean(losses.into_iter(), actual.len())? / size)
    } else {
        Err(Error::NothingToScore { slots: actual.len() })
    }
}

/// The share of actual values, from 0 to 1, that lie within their bounds (bounds included). A forecast that knows how
/// much it does not know has a coverage of 0.8 for its interval of 80 %.
///
/// # Errors
///
/// Those of [`mae`].
pub fn coverage(actual: &[f64], lower: &[f64], upper: &[f64]) -> Result<f64, Error> {
    let above = pairs(actual, lower)?.map(|(actual, lower)| actual >= lower);
    let below = pairs(actual, upper)?.map(|(actual, upper)| actual <= upper);
    mean(above.zip(below).map(|(above, below)| if above && below { 1.0 } else { 0.0 }), actual.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-12, "expected {expected}, got {got}");
    }

    // The expected numbers are worked out by hand from the definitions of the papers that the functions name.

    #[test]
    fn the_scaled_error_divides_by_that_of_the_naive_forecast() {
        // Changes from one day (of two slots) to the next: |3 - 1|, |6 - 2|, |7 - 3|, |6 - 6|; their mean is 2.5.
        let start = jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0);
        let history = History::new(start, 720, vec![1.0, 2.0, 3.0, 6.0, 7.0, 6.0]).unwrap();
        let scale = naive_scale(&history, 2).unwrap();
        near(scale, 2.5);
        near(mase(&[10.0, 20.0], &[15.0, 10.0], scale).unwrap(), 3.0);
        // A filled gap is left out: |6 - 2| and |6 - 6| remain.
        let history = history.with_observed(vec![false, true, false, true, true, true]).unwrap();
        near(naive_scale(&history, 2).unwrap(), 2.0);
    }

    #[test]
    fn the_quantile_loss_of_the_median_is_the_error_over_the_size() {
        let (actual, median) = ([10.0, 30.0, f64::NAN], vec![12.0, 24.0, 0.0]);
        near(wql(&actual, std::slice::from_ref(&median), &[0.5]).unwrap(), 8.0 / 40.0);
        // Level 0.9: 0.1 * 2 and 0.9 * 6; twice their mean over the mean of the values, then averaged over both levels.
        near(wql(&actual, &[median.clone(), median], &[0.5, 0.9]).unwrap(), f64::midpoint(0.2, 5.6 / 20.0));
    }

    #[test]
    fn a_value_on_its_bound_is_covered() {
        near(
            coverage(&[1.0, 2.0, 3.0, f64::NAN], &[1.0, 0.0, 4.0, 0.0], &[5.0, 2.0, 5.0, 0.0]).unwrap(),
            2.0 / 3.0,
        );
    }

    #[test]
    fn nothing_to_score_is_said_and_not_a_number() {
        assert!(matches!(mae(&[f64::NAN], &[1.0]), Err(Error::NothingToScore { slots: 1 })));
        assert!(matches!(mae(&[1.0], &[]), Err(Error::Lengths { values: 1, forecasts: 0 })));
        assert!(matches!(mase(&[1.0], &[1.0], 0.0), Err(Error::NothingToScore { .. })));
        assert!(matches!(wql(&[0.0], &[vec![0.0]], &[0.5]), Err(Error::NothingToScore { .. })));
        assert!(matches!(wql(&[1.0], &[vec![0.0]], &[0.5, 0.9]), Err(Error::Lengths { .. })));
    }

    proptest! {
        #[test]
        fn the_pinball_loss_is_never_negative_and_least_at_the_value(
            actual in -1e6..1e6_f64, off in -1e6..1e6_f64, level in 0.01..0.99_f64,
        ) {
            prop_assert!(pinball(actual, actual + off, level) >= 0.0);
            prop_assert!(pinball(actual, actual, level).abs() < f64::EPSILON);
        }
    }
}
