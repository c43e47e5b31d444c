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
    let loss = mean_pinball(actual, quantiles, levels)?;
    let size = mean_size(actual)?;
    if size > 0.0 { Ok(2.0 * loss / size) } else { Err(Error::NothingToScore { slots: actual.len() }) }
}

/// The mean pinball loss over all levels and slots.
pub(super) fn mean_pinball(actual: &[f64], quantiles: &[Vec<f64>], levels: &[f64]) -> Result<f64, Error> {
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
    mean(losses.into_iter(), actual.len())
}

/// The mean absolute actual value.
fn mean_size(actual: &[f64]) -> Result<f64, Error> {
    mean(actual.iter().filter(|value| !value.is_nan()).map(|value| value.abs()), actual.len())
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

/// The root mean square error, in the unit of the values: large errors weigh more than in [`mae`].
///
/// ```
/// use grid_core::forecast::metrics::rmse;
/// assert_eq!(rmse(&[1.0, 2.0, f64::NAN], &[1.0, 4.0, 9.0])?, 2.0_f64.sqrt());
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`mae`].
///
/// # References
///
/// Hyndman and Koehler (2006), named at [`mase`].
pub fn rmse(actual: &[f64], forecast: &[f64]) -> Result<f64, Error> {
    let squares = pairs(actual, forecast)?.map(|(actual, forecast)| (actual - forecast).powi(2));
    Ok(mean(squares, actual.len())?.sqrt())
}

/// The weighted absolute percentage error: the sum of the absolute errors over the sum of the absolute values, 0.1 for
/// ten percent. Unlike a mean of percentages it stands for values near zero.
///
/// ```
/// use grid_core::forecast::metrics::wape;
/// assert_eq!(wape(&[1.0, 3.0, f64::NAN], &[2.0, 4.0, 9.0])?, 0.5);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`mae`]; [`Error::NothingToScore`] too where every actual value is zero.
///
/// # References
///
/// S. Kolassa and W. Schuetz: "Advantages of the MAD/mean ratio over the MAPE", Foresight 6, 2007.
pub fn wape(actual: &[f64], forecast: &[f64]) -> Result<f64, Error> {
    let error = mae(actual, forecast)?;
    let size = mean_size(actual)?;
    if size > 0.0 { Ok(error / size) } else { Err(Error::NothingToScore { slots: actual.len() }) }
}

/// The continuous ranked probability score of quantiles, in the unit of the values: twice the mean [`pinball`] loss over
/// an even grid of levels. For a forecast without spread it is the mean absolute error.
///
/// The score is twice the integral of the pinball loss over all levels from 0 to 1, so the mean stands for it only where
/// the levels lie evenly, such as 0.1, 0.2 to 0.9 or 0.05, 0.15 to 0.95; the finer, the nearer. [`wql`] takes any levels.
///
/// ```
/// use grid_core::forecast::metrics::crps_quantiles;
/// let crps = crps_quantiles(&[3.0], &[vec![1.0], vec![2.0], vec![4.0]], &[0.25, 0.5, 0.75])?;
/// assert_eq!(crps, 2.0 * (0.25 * 2.0 + 0.5 * 1.0 + 0.25 * 1.0) / 3.0);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`mae`], with [`Error::Lengths`] also where there is not one column per level; [`Error::UnevenLevels`] where
/// the steps between the levels differ, or the first is not as far from 0 as the last is from 1.
///
/// # References
///
/// F. Laio and S. Tamea: "Verification tools for probabilistic forecasts of continuous hydrological variables",
/// Hydrology and Earth System Sciences 11, 2007, for the integral of the quantile loss.
pub fn crps_quantiles(actual: &[f64], quantiles: &[Vec<f64>], levels: &[f64]) -> Result<f64, Error> {
    check_even(levels)?;
    Ok(2.0 * mean_pinball(actual, quantiles, levels)?)
}

fn check_even(levels: &[f64]) -> Result<(), Error> {
    let (Some(first), Some(last)) = (levels.first(), levels.last()) else {
        return Err(Error::TooFewLevels { need: 1, got: 0 });
    };
    let step = (last - first) / real(levels.len() - 1).max(1.0);
    let is_even = |place: usize, level: f64| {
        level > 0.0 && level < 1.0 && (level - first - step * real(place)).abs() < 1e-9
    };
    match levels.iter().enumerate().find(|(place, level)| !is_even(*place, **level)) {
        Some((place, &got)) => Err(Error::UnevenLevels { got, place }),
        // One level is its own first and last, so this asks for the median; several may not fall.
        None if (first + last - 1.0).abs() > 1e-9 || (levels.len() > 1 && step <= 0.0) => {
            Err(Error::UnevenLevels { got: *last, place: levels.len() - 1 })
        }
        None => Ok(()),
    }
}

/// The continuous ranked probability score of sample paths, in the unit of the values: exact for the distribution that
/// has a step at each sample. `paths` has one column per path, as [`sample_paths`](super::sample_paths) gives them.
///
/// With `m` samples `x` of a slot it is `mean |x_i - y| - sum |x_i - x_j| / (2 m^2)` over all pairs, averaged over the
/// slots.
///
/// ```
/// use grid_core::forecast::metrics::crps_ensemble;
/// assert_eq!(crps_ensemble(&[3.0], &[vec![2.0], vec![5.0]])?, 1.5 - 2.0 * 3.0 / 8.0);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`mae`], for each path; [`Error::Paths`] where there is none.
///
/// # References
///
/// T. Gneiting and A. E. Raftery: "Strictly proper scoring rules, prediction, and estimation", Journal of the American
/// Statistical Association 102(477), 2007, section 4.2.
pub fn crps_ensemble(actual: &[f64], paths: &[Vec<f64>]) -> Result<f64, Error> {
    if paths.is_empty() {
        return Err(Error::Paths { most: usize::MAX, got: 0 });
    }
    if let Some(path) = paths.iter().find(|path| path.len() != actual.len()) {
        return Err(Error::Lengths { values: actual.len(), forecasts: path.len() });
    }
    let count = real(paths.len());
    let scores = actual.iter().enumerate().filter(|(_, actual)| !actual.is_nan()).map(|(slot, actual)| {
        let mut samples: Vec<f64> = paths.iter().filter_map(|path| path.get(slot).copied()).collect();
        samples.sort_by(f64::total_cmp);
        let error: f64 = samples.iter().map(|sample| (sample - actual).abs()).sum();
        // Of the samples in order, the one in place i is the larger of i pairs and the smaller of m - 1 - i.
        let spread: f64 = samples
            .iter()
            .enumerate()
            .map(|(place, sample)| sample * (2.0 * real(place) + 1.0 - count))
            .sum();
        error / count - spread / (count * count)
    });
    mean(scores, actual.len())
}

/// How much less a forecast loses than a reference does: 1 is perfect, 0 no better, below 0 worse. Any loss of the same
/// slots may be compared, such as the [`mae`] of a forecast and that of repeating yesterday.
///
/// ```
/// use grid_core::forecast::metrics::skill;
/// assert_eq!(skill(0.75, 1.0)?, 0.25);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NoReference`] where the loss of the reference is not a number above zero.
///
/// # References
///
/// A. H. Murphy: "Skill scores based on the mean square error and their relationships to the correlation coefficient",
/// Monthly Weather Review 116(12), 1988.
pub fn skill(loss: f64, reference_loss: f64) -> Result<f64, Error> {
    if reference_loss > 0.0 && reference_loss.is_finite() {
        Ok(1.0 - loss / reference_loss)
    } else {
        Err(Error::NoReference { got: reference_loss })
    }
}

/// How wrong forecasts were, that many slots ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeadTime {
    /// How far the slot lies ahead of the origin: 1 is the slot that starts there.
    pub slots_ahead: usize,
    /// The mean absolute error; `None` where no such slot was observed.
    pub mae: Option<f64>,
    /// The root mean square error; `None` where no such slot was observed.
    pub rmse: Option<f64>,
    /// The mean of forecast minus actual, above zero where the forecasts were too high; `None` like the others.
    pub bias: Option<f64>,
    /// How many such slots were observed.
    pub scored: usize,
}

/// The errors by lead time, of forecasts of `horizon` slots each that follow each other in both columns.
///
/// ```
/// use grid_core::forecast::metrics::by_lead_time;
/// // Two forecasts of two slots each.
/// let errors = by_lead_time(&[1.0, 2.0, 1.0, f64::NAN], &[1.0, 5.0, 2.0, 9.0], 2)?;
/// assert_eq!((errors[0].slots_ahead, errors[0].mae, errors[0].scored), (1, Some(0.5), 2));
/// assert_eq!((errors[1].slots_ahead, errors[1].bias, errors[1].scored), (2, Some(3.0), 1));
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`mae`]; [`Error::WholeForecasts`] where the columns are not made of whole forecasts.
pub fn by_lead_time(actual: &[f64], forecast: &[f64], horizon: usize) -> Result<Vec<LeadTime>, Error> {
    mae(actual, forecast)?;
    if horizon == 0 || !actual.len().is_multiple_of(horizon) {
        return Err(Error::WholeForecasts { horizon, slots: actual.len() });
    }
    let ahead = |column: &[f64], slot: usize| -> Vec<f64> {
        column.iter().skip(slot).step_by(horizon).copied().collect()
    };
    let lead_time = |slot: usize| {
        let (actual, forecast) = (ahead(actual, slot), ahead(forecast, slot));
        let errors = actual.iter().zip(&forecast).filter(|(actual, _)| !actual.is_nan());
        LeadTime {
            slots_ahead: slot + 1,
            mae: mae(&actual, &forecast).ok(),
            rmse: rmse(&actual, &forecast).ok(),
            bias: mean(errors.map(|(actual, forecast)| forecast - actual), actual.len()).ok(),
            scored: actual.iter().filter(|actual| !actual.is_nan()).count(),
        }
    };
    Ok((0..horizon).map(lead_time).collect())
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

    // Six slots, the last of them missing, and forecasts for them.
    const ACTUAL: [f64; 6] = [3.1, 0.0, 2.4, 5.5, 1.2, f64::NAN];
    const FORECAST: [f64; 6] = [2.5, 0.4, 2.4, 7.0, 0.9, 1.0];

    fn shifted(by: f64) -> Vec<f64> {
        FORECAST.iter().map(|value| value + by).collect()
    }

    #[test]
    fn errors_are_those_of_scikit_learn() {
        // scikit-learn 1.9.1: root_mean_squared_error, and mean_absolute_error over the mean absolute value.
        near(rmse(&ACTUAL, &FORECAST).unwrap(), 0.756_306_816_047_561_4);
        near(wape(&ACTUAL, &FORECAST).unwrap(), 0.229_508_196_721_311_45);
    }

    #[test]
    fn probability_scores_are_those_of_scoringrules_and_properscoring() {
        // scoringrules 0.10.0: crps_quantile; the same from scikit-learn's mean_pinball_loss.
        let quantiles = [-1.5, -0.4, 0.0, 0.7, 2.0].map(shifted);
        near(crps_quantiles(&ACTUAL, &quantiles, &[0.1, 0.3, 0.5, 0.7, 0.9]).unwrap(), 0.472);
        // properscoring 0.1 and scoringrules 0.10.0: crps_ensemble (estimator "nrg") of seven samples, two of them equal.
        let mut paths: Vec<Vec<f64>> = [-1.5, 2.0, -0.4, 0.7, 0.0, 0.0].map(shifted).to_vec();
        paths.push(FORECAST.iter().map(|value| 1.1 * value).collect());
        near(crps_ensemble(&ACTUAL, &paths).unwrap(), 0.449_142_857_142_857_1);
    }

    #[test]
    fn levels_that_are_no_even_grid_are_refused() {
        let uneven = |levels: &[f64]| {
            matches!(
                crps_quantiles(&ACTUAL, &vec![FORECAST.to_vec(); levels.len()], levels),
                Err(Error::UnevenLevels { .. } | Error::TooFewLevels { .. })
            )
        };
        assert!(!uneven(&[0.5]) && !uneven(&[0.05, 0.35, 0.65, 0.95]));
        for levels in [
            &[][..],
            &[0.1, 0.25, 0.5, 0.75, 0.9],
            &[0.4],
            &[0.1, 0.2],
            &[0.5, 0.5],
            &[0.9, 0.5, 0.1],
            &[0.0, 1.0],
        ] {
            assert!(uneven(levels), "{levels:?}");
        }
    }

    #[test]
    fn a_lead_time_that_was_never_observed_has_no_error() {
        let errors = by_lead_time(&ACTUAL, &FORECAST, 6).unwrap();
        assert_eq!(errors[5], LeadTime { slots_ahead: 6, mae: None, rmse: None, bias: None, scored: 0 });
        // By hand: 0.6 and 1.5 off one slot ahead, too low and too high.
        let errors = by_lead_time(&ACTUAL, &FORECAST, 3).unwrap();
        near(errors[0].mae.unwrap(), 1.05);
        near(errors[0].bias.unwrap(), 0.45);
        near(errors[0].rmse.unwrap(), (2.61_f64 / 2.0).sqrt());
        for horizon in [0, 4, 7] {
            assert!(matches!(by_lead_time(&ACTUAL, &FORECAST, horizon), Err(Error::WholeForecasts { .. })));
        }
    }

    #[test]
    fn no_reference_and_no_path_are_said() {
        for got in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(skill(1.0, got), Err(Error::NoReference { .. })));
        }
        assert!(matches!(crps_ensemble(&[1.0], &[]), Err(Error::Paths { got: 0, .. })));
        assert!(matches!(crps_ensemble(&[1.0], &[vec![]]), Err(Error::Lengths { .. })));
        assert!(matches!(crps_ensemble(&[f64::NAN], &[vec![1.0]]), Err(Error::NothingToScore { slots: 1 })));
        assert!(matches!(wape(&[0.0], &[1.0]), Err(Error::NothingToScore { .. })));
    }

    #[test]
    fn a_constant_forecast_of_quantiles_scores_as_its_error() {
        let levels: Vec<f64> = (1..10).map(|level| f64::from(level) / 10.0).collect();
        let same = vec![FORECAST.to_vec(); 9];
        near(crps_quantiles(&ACTUAL, &same, &levels).unwrap(), mae(&ACTUAL, &FORECAST).unwrap());
        near(crps_ensemble(&ACTUAL, &same).unwrap(), mae(&ACTUAL, &FORECAST).unwrap());
    }

    proptest! {
        #[test]
        fn the_score_of_samples_is_that_of_all_pairs(
            samples in prop::collection::vec(-1e3..1e3_f64, 1..30), actual in -1e3..1e3_f64,
        ) {
            let paths: Vec<Vec<f64>> = samples.iter().map(|sample| vec![*sample]).collect();
            let count = real(samples.len());
            let error: f64 = samples.iter().map(|sample| (sample - actual).abs()).sum();
            let pairs: f64 = samples.iter().flat_map(|a| samples.iter().map(move |b| (a - b).abs())).sum();
            let got = crps_ensemble(&[actual], &paths).unwrap();
            prop_assert!((got - (error / count - pairs / (2.0 * count * count))).abs() < 1e-9);
            prop_assert!(got >= -1e-9);
        }

        #[test]
        fn the_root_of_the_mean_square_is_never_below_the_mean_error(
            values in prop::collection::vec((-1e3..1e3_f64, -1e3..1e3_f64), 1..50),
        ) {
            let (actual, forecast): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
            prop_assert!(rmse(&actual, &forecast).unwrap() >= mae(&actual, &forecast).unwrap() - 1e-9);
        }

        #[test]
        fn the_pinball_loss_is_never_negative_and_least_at_the_value(
            actual in -1e6..1e6_f64, off in -1e6..1e6_f64, level in 0.01..0.99_f64,
        ) {
            prop_assert!(pinball(actual, actual + off, level) >= 0.0);
            prop_assert!(pinball(actual, actual, level).abs() < f64::EPSILON);
        }
    }
}
