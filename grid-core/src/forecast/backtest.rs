//! What a model would have forecast in the past, and how good that was.

use jiff::civil::DateTime;

use super::{Error, Fit, Forecast, History, Predict, metrics};

/// The forecasts of a backtest and their scores.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// The mean absolute error of the median (of the mean, where no median was asked for), in the unit of the history.
    pub mae: f64,
    /// That error over the one of yesterday's values before the first origin; NaN where the past was constant.
    pub mase: f64,
    /// The weighted quantile loss; NaN where no quantile was asked for or every actual value is zero.
    pub wql: f64,
    /// For each interval among the quantiles, its level in percent and the share of values within it (0 to 1).
    pub coverage: Vec<(u8, f64)>,
    /// How many origins were forecast from.
    pub origins: usize,
    /// How many slots were scored: those observed.
    pub scored: usize,
    /// The forecast from each origin, in the order of the origins.
    pub forecasts: Vec<Forecast>,
}

/// Forecasts `horizon` slots from each origin with nothing but what was known then, at most `at_most_days` days of it,
/// and scores the slots that were observed.
///
/// The model is fitted anew at each origin. The scale of the MASE is the mean absolute difference from one day to the
/// next before the first origin.
///
/// ```
/// use grid_core::forecast::{History, Model, backtest};
/// use jiff::{ToSpan, civil::date};
///
/// let start = date(2026, 1, 1).at(0, 0, 0, 0);
/// let values = (0..24 * 40).map(|hour| f64::from(hour % 24) + f64::from(hour / 24 % 7)).collect();
/// let history = History::new(start, 60, values)?;
/// let origins = [start + 35.days(), start + 36.days()];
/// let report = backtest(&Model::SeasonalNaiveWeek, &history, &origins, 24, &[0.1, 0.5, 0.9], 400)?;
/// assert_eq!(report.scored, 48);
/// assert_eq!(report.mae, 0.0);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NoOrigin`] and [`Error::OriginOutside`] for the origins; [`Error::NothingToScore`] where no slot behind them
/// was observed; what the model refuses.
pub fn backtest(
    model: &impl Fit,
    history: &History,
    origins: &[DateTime],
    horizon: usize,
    quantiles: &[f64],
    at_most_days: u32,
) -> Result<Backtest, Error> {
    let Some(&first) = origins.iter().min() else { return Err(Error::NoOrigin) };
    let mut forecasts = Vec::with_capacity(origins.len());
    let (mut actual, mut medians) = (Vec::new(), Vec::new());
    let mut columns = vec![Vec::new(); quantiles.len()];
    for &origin in origins {
        if origin <= history.start() || origin >= history.end() {
            return Err(Error::OriginOutside { start: history.start(), end: history.end(), origin });
        }
        let past = history.before(origin, at_most_days);
        let forecast = model.fit(&past)?.predict(horizon, quantiles)?;
        for (point, median) in forecast.points.iter().zip(forecast.medians()) {
            let known = history.slot_of(point.start).and_then(|slot| history.observed_value(slot));
            actual.push(known.unwrap_or(f64::NAN));
            medians.push(median);
            for (column, quantile) in columns.iter_mut().zip(&point.quantiles) {
                column.push(*quantile);
            }
        }
        forecasts.push(forecast);
    }
    let mae = metrics::mae(&actual, &medians)?;
    let scale = metrics::naive_scale(&history.before(first, u32::MAX), history.slots_per_day());
    let mase = scale.and_then(|scale| metrics::mase(&actual, &medians, scale)).unwrap_or(f64::NAN);
    let wql = metrics::wql(&actual, &columns, quantiles).unwrap_or(f64::NAN);
    let mut coverage = Vec::new();
    for (place, (lower, level)) in columns.iter().zip(quantiles).enumerate() {
        let mirrored = quantiles.iter().zip(&columns).skip(place + 1);
        if let Some((_, upper)) = mirrored.into_iter().find(|(other, _)| (*other + level - 1.0).abs() < 1e-9)
        {
            coverage.push((percent(1.0 - 2.0 * level), metrics::coverage(&actual, lower, upper)?));
        }
    }
    coverage.reverse();
    let scored = actual.iter().filter(|value| !value.is_nan()).count();
    Ok(Backtest { mae, mase, wql, coverage, origins: origins.len(), scored, forecasts })
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the share lies between 0 and 1"
)]
fn percent(share: f64) -> u8 {
    (share * 100.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Model;
    use jiff::{ToSpan, civil::date};

    const NAIVE: Model = Model::SeasonalNaiveDay;

    fn steps() -> History {
        // Every day is 1 above the one before, so yesterday's value is always 1 off, and the scale is 1.
        let values = (0..24 * 10).map(|hour| f64::from(hour / 24)).collect();
        History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values).unwrap()
    }

    #[test]
    fn the_error_of_one_step_a_day_is_one() {
        let history = steps();
        let origins = [history.start() + 5.days(), history.start() + 9.days()];
        let report = backtest(&NAIVE, &history, &origins, 24, &[0.1, 0.25, 0.5, 0.75, 0.9], 400).unwrap();
        assert!((report.mae - 1.0).abs() < 1e-12 && (report.mase - 1.0).abs() < 1e-12);
        assert_eq!((report.origins, report.scored, report.forecasts.len()), (2, 48, 2));
        // The deviation is 1 too: 1 lies within 1.28 of it (80 %), but not within 0.67 (50 %).
        assert_eq!(report.coverage, [(50, 0.0), (80, 1.0)]);
    }

    #[test]
    fn slots_that_were_not_observed_or_have_not_come_are_not_scored() {
        let history = steps();
        let mask = (0..240).map(|slot| slot % 2 == 0).collect();
        let history = history.with_observed(mask).unwrap();
        let report = backtest(&NAIVE, &history, &[history.start() + 9.days()], 48, &[0.5], 400).unwrap();
        assert_eq!(report.scored, 12);
        assert!(report.coverage.is_empty());
    }

    #[test]
    fn origins_outside_the_history_are_refused() {
        let history = steps();
        assert!(matches!(backtest(&NAIVE, &history, &[], 24, &[], 400), Err(Error::NoOrigin)));
        for origin in [history.start(), history.end(), history.start() - 1.day()] {
            let refused = backtest(&NAIVE, &history, &[origin], 24, &[], 400);
            assert!(matches!(refused, Err(Error::OriginOutside { .. })));
        }
        let origin = [history.start() + 2.days()];
        assert!(matches!(backtest(&NAIVE, &history, &origin, 0, &[], 400), Err(Error::Horizon { .. })));
        assert!(matches!(backtest(&NAIVE, &history, &origin, 24, &[], 0), Err(Error::TooShort { .. })));
    }

    #[test]
    fn a_constant_past_has_no_scaled_error() {
        let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, vec![0.0; 240]).unwrap();
        let report = backtest(&NAIVE, &history, &[history.start() + 5.days()], 24, &[0.5], 400).unwrap();
        assert!(report.mae.abs() < f64::EPSILON && report.mase.is_nan() && report.wql.is_nan());
    }
}
