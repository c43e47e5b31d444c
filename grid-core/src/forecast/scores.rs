//! All scores of a backtest, beside the forecast that anyone can make.

use std::ops::ControlFlow;

use jiff::civil::DateTime;

use super::{
    Coverage, Error, Evidence, Fit, Forecast, History, Point, Protocol, backtest_with,
    metrics::{self, LeadTime},
};

/// The levels of the quantiles that the probability score is taken over: even, and as fine as a score needs.
const CRPS_LEVELS: [f64; 19] =
    [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/// How good the forecasts of one series were; `None` for a score that says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The scores that go with every forecast.
    pub evidence: Evidence,
    /// The root mean square error of the mean, in the unit of the history.
    pub rmse: Option<f64>,
    /// The sum of the absolute errors of the median over the sum of the absolute values.
    pub wape: Option<f64>,
    /// The continuous ranked probability score, in the unit of the history, over 19 even quantiles.
    pub crps: Option<f64>,
    /// How much less the mean absolute error is than that of repeating yesterday from the same origins: 1 is perfect, 0 no
    /// better.
    pub skill: Option<f64>,
    /// The errors of the median by how far the slot lies ahead.
    pub by_lead_time: Vec<LeadTime>,
}

/// Scores a model as [`backtest_with`] does, and by all other measures; gives the forecasts besides.
///
/// ```
/// use grid_core::forecast::{History, Model, Protocol, judge};
/// use jiff::{ToSpan, civil::date};
///
/// // Every day is 1 above the one before; a week ago is 7 off where yesterday is 1 off.
/// let start = date(2026, 1, 1).at(0, 0, 0, 0);
/// let history = History::new(start, 60, (0..24 * 30).map(|hour| f64::from(hour / 24)).collect())?;
/// let protocol = Protocol { horizon: 24, issued_before: 0, quantiles: vec![0.5], at_most_days: 400 };
/// let (scores, forecasts) = judge(&Model::SeasonalNaiveWeek, &history, &[start + 20.days()], &protocol)?;
/// assert_eq!((scores.rmse, scores.skill), (Some(7.0), Some(-6.0)));
/// assert_eq!(scores.wape, Some(7.0 / 20.0)); // the 21st day is 20
/// assert_eq!((forecasts.len(), scores.by_lead_time.len()), (1, 24));
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`backtest_with`].
pub fn judge(
    model: &(impl Fit + Sync),
    history: &History,
    origins: &[DateTime],
    protocol: &Protocol,
) -> Result<(Scores, Vec<Forecast>), Error> {
    let quantiles = protocol.quantiles.as_slice();
    let finer = Protocol { quantiles: merged(quantiles), ..protocol.clone() };
    let report = backtest_with(model, history, origins, &finer, |_| ControlFlow::Continue(()))?;
    let asked: Vec<Forecast> =
        report.forecasts.iter().map(|forecast| narrowed(forecast, quantiles)).collect();
    let medians: Vec<f64> = asked.iter().flat_map(Forecast::medians).collect();
    let (actual, fine) = (report.actual.as_slice(), columns(&report.forecasts, &CRPS_LEVELS));
    let finite = |score: f64| score.is_finite().then_some(score);

    let mut evidence = Evidence::from(&report);
    evidence.wql = metrics::wql(actual, &columns(&asked, quantiles), quantiles).ok();
    let has = |level: f64| quantiles.iter().any(|known| near(*known, level));
    let bounded = |&Coverage { level, .. }: &Coverage| {
        let half = f64::from(level) / 200.0;
        has(0.5 - half) && has(0.5 + half)
    };
    evidence.coverage.retain(bounded);
    let scores = Scores {
        evidence,
        rmse: finite(report.rmse),
        wape: finite(report.wape),
        crps: metrics::crps_quantiles(actual, &fine, &CRPS_LEVELS).ok(),
        skill: finite(report.skill),
        by_lead_time: metrics::by_lead_time(actual, &medians, protocol.horizon)?,
    };
    Ok((scores, asked))
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

/// The levels that were asked for and those of the probability score, in order.
fn merged(quantiles: &[f64]) -> Vec<f64> {
    let more = CRPS_LEVELS.into_iter().filter(|level| !quantiles.iter().any(|asked| near(*asked, *level)));
    let mut levels: Vec<f64> = quantiles.iter().copied().chain(more).collect();
    // Levels that were not in order when they were asked for must still be refused.
    if quantiles.is_sorted() {
        levels.sort_by(f64::total_cmp);
    }
    levels
}

/// A forecast with fewer quantiles.
fn narrowed(forecast: &Forecast, quantiles: &[f64]) -> Forecast {
    let places: Vec<usize> = quantiles
        .iter()
        .filter_map(|asked| forecast.quantile_levels.iter().position(|level| near(*level, *asked)))
        .collect();
    let point = |point: &Point| Point {
        start: point.start,
        mean: point.mean,
        quantiles: places.iter().filter_map(|place| point.quantiles.get(*place).copied()).collect(),
    };
    Forecast {
        model: forecast.model,
        quantile_levels: quantiles.to_vec(),
        points: forecast.points.iter().map(point).collect(),
    }
}

/// One column per level, over all forecasts.
fn columns(forecasts: &[Forecast], levels: &[f64]) -> Vec<Vec<f64>> {
    let column =
        |level: &f64| forecasts.iter().filter_map(|forecast| forecast.quantile(*level)).flatten().collect();
    levels.iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Model, backtest, quantiles_of_levels};
    use jiff::{ToSpan, civil::date};

    /// Sixty days with a rhythm and some noise.
    fn history() -> History {
        let value = |hour: u32| 2.0 + f64::from(hour % 24 / 6) + 0.1 * f64::from(hour * 7919 % 13);
        History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, (0..24 * 60).map(value).collect()).unwrap()
    }

    fn protocol(quantiles: &[f64]) -> Protocol {
        Protocol { horizon: 24, issued_before: 0, quantiles: quantiles.to_vec(), at_most_days: 400 }
    }

    #[test]
    fn what_a_backtest_scores_is_scored_alike_and_the_forecasts_are_those() {
        let history = history();
        let origins = [history.start() + 50.days(), history.start() + 52.days()];
        let quantiles = quantiles_of_levels(&[50, 80]).unwrap();
        let report = backtest(&Model::Ridge, &history, &origins, 24, &quantiles, 400).unwrap();
        let (scores, forecasts) = judge(&Model::Ridge, &history, &origins, &protocol(&quantiles)).unwrap();
        assert_eq!(scores.evidence, Evidence::from(&report));
        assert_eq!(forecasts, report.forecasts);
        assert_eq!(scores.by_lead_time.iter().map(|lead| lead.scored).sum::<usize>(), 48);
        let (mae, rmse) = (scores.evidence.mae.unwrap(), scores.rmse.unwrap());
        assert!(mae > 0.0 && rmse > 0.0 && scores.skill.unwrap() < 1.0);
        // A forecast with some spread loses less than its median alone.
        assert!(scores.crps.unwrap() < mae);
    }

    #[test]
    fn repeating_yesterday_has_no_skill_and_a_perfect_forecast_has_all() {
        let (history, quantiles) = (history(), [0.5]);
        let origins = [history.start() + 50.days()];
        let naive = judge(&Model::SeasonalNaiveDay, &history, &origins, &protocol(&quantiles)).unwrap().0;
        assert_eq!(naive.skill, Some(0.0));
        assert!(naive.evidence.coverage.is_empty());
        let weekly = (0..24 * 60).map(|hour| f64::from(hour % 24) + f64::from(hour / 24 % 7)).collect();
        let history = History::new(history.start(), 60, weekly).unwrap();
        let perfect = judge(&Model::SeasonalNaiveWeek, &history, &origins, &protocol(&quantiles)).unwrap().0;
        assert_eq!((perfect.skill, perfect.rmse, perfect.crps), (Some(1.0), Some(0.0), Some(0.0)));
    }

    #[test]
    fn what_cannot_be_scored_is_none_and_levels_out_of_order_are_refused() {
        let flat = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, vec![0.0; 240]).unwrap();
        let origins = [flat.start() + 5.days()];
        let scores = judge(&Model::SeasonalNaiveDay, &flat, &origins, &protocol(&[0.5])).unwrap().0;
        assert_eq!((scores.wape, scores.skill, scores.evidence.mae), (None, None, Some(0.0)));
        let refused = judge(&Model::SeasonalNaiveDay, &flat, &origins, &protocol(&[0.9, 0.5]));
        assert!(matches!(refused, Err(Error::Quantile { .. })));
    }
}
