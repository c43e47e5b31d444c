//! What a model would have forecast in the past, and how good that was.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use jiff::civil::DateTime;
use rayon::prelude::*;

use super::{Error, Fit, Forecast, History, Predict, Season, SeasonalNaive, metrics, real};

/// The forecasts of a backtest and their scores.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// The mean absolute error of the median (of the mean, where no median was asked for), in the unit of the history.
    pub mae: f64,
    /// The root of the mean squared error of the mean, in the unit of the history.
    pub rmse: f64,
    /// The mean absolute error over the mean absolute value; NaN where every actual value is zero.
    pub wape: f64,
    /// The mean absolute error over the one of yesterday's values before the first origin; NaN where the past was constant.
    pub mase: f64,
    /// The weighted quantile loss; NaN where no quantile was asked for or every actual value is zero.
    pub wql: f64,
    /// How much better the mean absolute error is than that of yesterday's values on the same slots: 1 is perfect, 0 no
    /// better; NaN where yesterday's values are right or not known.
    pub skill: f64,
    /// For each interval among the quantiles, its level in percent and the share of values within it (0 to 1).
    pub coverage: Vec<(u8, f64)>,
    /// How many origins were forecast from.
    pub origins: usize,
    /// How many slots were scored: those observed.
    pub scored: usize,
    /// The forecast from each origin, in the order of the origins.
    pub forecasts: Vec<Forecast>,
    /// The observed value of each slot of each forecast, in the same order; NaN where it is not known.
    pub actual: Vec<f64>,
}

/// How a backtest forecasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// How many slots are forecast from each origin.
    pub horizon: usize,
    /// How many slots before the origin the forecast is issued: what comes after that is not known to it. A bid for tomorrow
    /// that is due at noon has 12 hours; 0 where it is made at the last moment.
    pub issued_before: usize,
    /// The levels of the quantiles, ascending.
    pub quantiles: Vec<f64>,
    /// How many days before the issue the model learns from at most.
    pub at_most_days: u32,
}

/// Forecasts `horizon` slots from each origin with nothing but what was known then, at most `at_most_days` days of it,
/// and scores the slots that were observed: [`backtest_with`] without a wait between issue and origin.
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
/// Those of [`backtest_with`].
pub fn backtest(
    model: &(impl Fit + Sync),
    history: &History,
    origins: &[DateTime],
    horizon: usize,
    quantiles: &[f64],
    at_most_days: u32,
) -> Result<Backtest, Error> {
    let protocol = Protocol { horizon, issued_before: 0, quantiles: quantiles.to_vec(), at_most_days };
    backtest_with(model, history, origins, &protocol, |_| ControlFlow::Continue(()))
}

/// Forecasts from each origin by `protocol` with nothing but what was known at the issue, and scores the slots that were
/// observed.
///
/// The model is fitted anew at each origin, the origins side by side on the threads of rayon; the result does not depend on
/// how many those are. The scale of the MASE is the mean absolute difference from one day to the next before the first
/// origin. After each origin `watch` hears how many are done, and may end the work.
///
/// # Errors
///
/// [`Error::NoOrigin`] and [`Error::OriginOutside`] for the origins; [`Error::NothingToScore`] where no slot behind them
/// was observed; [`Error::Cancelled`] where `watch` ended it; what the model refuses.
pub fn backtest_with(
    model: &(impl Fit + Sync),
    history: &History,
    origins: &[DateTime],
    protocol: &Protocol,
    watch: impl Fn(usize) -> ControlFlow<()> + Sync,
) -> Result<Backtest, Error> {
    let Some(&first) = origins.iter().min() else { return Err(Error::NoOrigin) };
    if let Some(&origin) =
        origins.iter().find(|origin| **origin <= history.start() || **origin >= history.end())
    {
        return Err(Error::OriginOutside { start: history.start(), end: history.end(), origin });
    }
    let (done, cancelled) = (AtomicUsize::new(0), AtomicBool::new(false));
    let forecasts: Vec<Forecast> = origins
        .par_iter()
        .map(|origin| {
            if cancelled.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            let forecast = forecast_from(model, history, *origin, protocol)?;
            if watch(done.fetch_add(1, Ordering::Relaxed) + 1).is_break() {
                cancelled.store(true, Ordering::Relaxed);
            }
            Ok(forecast)
        })
        .collect::<Result<_, Error>>()?;
    if cancelled.load(Ordering::Relaxed) {
        return Err(Error::Cancelled);
    }
    score(history, first, &protocol.quantiles, forecasts)
}

/// The forecast that starts at `origin`, made with what was known at its issue.
fn forecast_from(
    model: &impl Fit,
    history: &History,
    origin: DateTime,
    protocol: &Protocol,
) -> Result<Forecast, Error> {
    let until = history.slot_of(origin).and_then(|slot| slot.checked_sub(protocol.issued_before));
    let outside = || Error::OriginOutside { start: history.start(), end: history.end(), origin };
    let issued = until
        .and_then(|slot| history.slot_start(slot))
        .filter(|at| *at > history.start())
        .ok_or_else(outside)?;
    let past = history.before(issued, protocol.at_most_days);
    let horizon = protocol.issued_before + protocol.horizon;
    let mut forecast = model.fit(&past)?.predict(horizon, &protocol.quantiles)?;
    forecast.points.drain(..protocol.issued_before.min(forecast.points.len()));
    Ok(forecast)
}

fn score(
    history: &History,
    first: DateTime,
    levels: &[f64],
    forecasts: Vec<Forecast>,
) -> Result<Backtest, Error> {
    let points = || forecasts.iter().flat_map(|forecast| &forecast.points);
    let known =
        |at: DateTime| history.slot_of(at).and_then(|slot| history.observed_value(slot)).unwrap_or(f64::NAN);
    let actual: Vec<f64> = points().map(|point| known(point.start)).collect();
    let means: Vec<f64> = points().map(|point| point.mean).collect();
    let medians: Vec<f64> = forecasts.iter().flat_map(Forecast::medians).collect();
    let columns: Vec<Vec<f64>> = (0..levels.len())
        .map(|place| points().map(|point| point.quantiles.get(place).copied().unwrap_or(f64::NAN)).collect())
        .collect();
    let mae = metrics::mae(&actual, &medians)?;
    let scale = metrics::naive_scale(&history.before(first, u32::MAX), history.slots_per_day());
    let coverage = coverage_by_level(&actual, &columns, levels)?;
    Ok(Backtest {
        mae,
        rmse: metrics::rmse(&actual, &means)?,
        wape: metrics::wape(&actual, &medians).unwrap_or(f64::NAN),
        mase: scale.and_then(|scale| metrics::mase(&actual, &medians, scale)).unwrap_or(f64::NAN),
        wql: metrics::wql(&actual, &columns, levels).unwrap_or(f64::NAN),
        skill: skill(history, &forecasts, &actual, &medians).unwrap_or(f64::NAN),
        coverage,
        origins: forecasts.len(),
        scored: actual.iter().filter(|value| !value.is_nan()).count(),
        forecasts,
        actual,
    })
}

/// For each interval among the levels, of which there is a column of quantiles each, its level in percent and the share of
/// actual values within it, by ascending level; NaN where no value is known.
pub(super) fn coverage_by_level(
    actual: &[f64],
    columns: &[Vec<f64>],
    levels: &[f64],
) -> Result<Vec<(u8, f64)>, Error> {
    let mut coverage = Vec::new();
    for (place, (lower, level)) in columns.iter().zip(levels).enumerate() {
        let mirrored = levels.iter().zip(columns).skip(place + 1);
        if let Some((_, upper)) = mirrored.into_iter().find(|(other, _)| (*other + level - 1.0).abs() < 1e-9)
        {
            let share = match metrics::coverage(actual, lower, upper) {
                Err(Error::NothingToScore { .. }) => f64::NAN,
                share => share?,
            };
            coverage.push((percent(1.0 - 2.0 * level), share));
        }
    }
    coverage.reverse();
    Ok(coverage)
}

/// How much better the medians are than yesterday's values, on the slots for which both are there.
fn skill(history: &History, forecasts: &[Forecast], actual: &[f64], medians: &[f64]) -> Result<f64, Error> {
    let naive = |forecast: &Forecast| -> Result<Vec<f64>, Error> {
        let count = forecast.points.len();
        let Some(start) = forecast.points.first().map(|point| point.start) else { return Ok(vec![]) };
        let past = history.before(start, LEARNT_FOR_SKILL_DAYS);
        let yesterday =
            SeasonalNaive::new(Season::Day).fit(&past).and_then(|fitted| fitted.predict(count, &[]));
        Ok(yesterday.map_or_else(|_| vec![f64::NAN; count], |forecast| forecast.means()))
    };
    let naive: Vec<f64> = forecasts.iter().map(naive).collect::<Result<Vec<_>, _>>()?.concat();
    let both: Vec<f64> = actual
        .iter()
        .zip(&naive)
        .map(|(actual, naive)| if naive.is_nan() { f64::NAN } else { *actual })
        .collect();
    metrics::skill(metrics::mae(&both, medians)?, metrics::mae(&both, &naive)?)
}

/// Yesterday's values need a day, and a week to fill their gaps from.
const LEARNT_FOR_SKILL_DAYS: u32 = 14;

/// Scores over many series.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// How many series there are.
    pub series: usize,
    /// How many slots were scored.
    pub scored: usize,
    /// The mean over the series of their MASE, of those that have one; NaN where none has.
    pub mase: f64,
    /// The mean over the series of their weighted quantile loss, of those that have one; NaN where none has.
    pub wql: f64,
    /// The sum of all absolute errors over the sum of all absolute values, in one unit; NaN where all values are zero.
    pub wape: f64,
    /// For each interval, its level in percent and the share of all values within it.
    pub coverage: Vec<(u8, f64)>,
}

impl Pooled {
    /// Pools the backtests of many series, which have the same quantiles: relative scores are averaged over the series,
    /// shares over the slots.
    pub fn of(reports: &[Backtest]) -> Self {
        let average = |score: fn(&Backtest) -> f64| {
            let known = reports.iter().map(score).filter(|score| !score.is_nan());
            let (sum, count) = known.fold((0.0, 0.0), |(sum, count), score| (sum + score, count + 1.0));
            if count > 0.0 { sum / count } else { f64::NAN }
        };
        let scored: usize = reports.iter().map(|report| report.scored).sum();
        let errors: f64 = reports.iter().map(|report| report.mae * real(report.scored)).sum();
        let sizes: f64 = reports
            .iter()
            .flat_map(|report| &report.actual)
            .filter(|value| !value.is_nan())
            .map(|value| value.abs())
            .sum();
        let levels = reports.first().map(|report| report.coverage.as_slice()).unwrap_or_default();
        let covered = |level: u8| {
            let of = |report: &Backtest| {
                report.coverage.iter().find(|known| known.0 == level).map_or(0.0, |known| known.1)
            };
            reports.iter().map(|report| of(report) * real(report.scored)).sum::<f64>() / real(scored)
        };
        Self {
            series: reports.len(),
            scored,
            mase: average(|report| report.mase),
            wql: average(|report| report.wql),
            wape: if sizes > 0.0 { errors / sizes } else { f64::NAN },
            coverage: levels.iter().map(|(level, _)| (*level, covered(*level))).collect(),
        }
    }
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

    /// What was seen in the system before: a model that was tested on rows from between those that it had learnt from.
    #[test]
    fn whatever_comes_after_an_origin_changes_no_bit_of_the_forecast_from_it() {
        let value = |slot: usize| f64::from(u32::try_from(slot * 7919 % 101).unwrap()) / 10.0;
        let values: Vec<f64> = (0..24 * 40).map(value).collect();
        let start = date(2026, 1, 1).at(0, 0, 0, 0);
        let origins = [start + 30.days(), start + 33.days()];
        let last = 24 * 33;
        let mut others = values.clone();
        for other in &mut others[last..] {
            *other = 1000.0 - *other;
        }
        for model in [Model::Auto, Model::SeasonalNaiveDay] {
            let report = |values: &[f64]| {
                let history = History::new(start, 60, values.to_vec()).unwrap();
                backtest(&model, &history, &origins, 24, &[0.1, 0.5, 0.9], 400).unwrap()
            };
            let (one, other) = (report(&values), report(&others));
            // A number is written so that it is read as the same bits.
            assert_eq!(format!("{:?}", one.forecasts), format!("{:?}", other.forecasts), "{model}");
            assert!((one.mae - other.mae).abs() > 1.0, "{model}: what came was other");
        }
    }

    #[test]
    fn a_forecast_issued_earlier_knows_less() {
        // Each slot is its own number, so that yesterday's value is 24 off, and that of two days ago 48.
        let values = (0..24 * 10).map(f64::from).collect();
        let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values).unwrap();
        let origins = [history.start() + 8.days()];
        let protocol = |issued_before| Protocol {
            horizon: 24,
            issued_before,
            quantiles: vec![0.1, 0.5, 0.9],
            at_most_days: 400,
        };
        let mae = |issued_before| {
            let go_on = |_| ControlFlow::Continue(());
            backtest_with(&NAIVE, &history, &origins, &protocol(issued_before), go_on).unwrap().mae
        };
        assert!((mae(0) - 24.0).abs() < 1e-12);
        // From noon on, the hours before noon of the day after are two days old.
        assert!((mae(12) - (12.0 * 24.0 + 12.0 * 48.0) / 24.0).abs() < 1e-12);
        let early =
            backtest_with(&NAIVE, &history, &origins, &protocol(8 * 24), |_| ControlFlow::Continue(()));
        assert!(matches!(early, Err(Error::OriginOutside { .. })));
    }

    #[test]
    fn whoever_watches_may_end_it() {
        let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, vec![1.0; 24 * 40]).unwrap();
        let origins: Vec<_> = (5..35).map(|day| history.start() + day.days()).collect();
        let protocol = Protocol { horizon: 24, issued_before: 0, quantiles: vec![0.5], at_most_days: 400 };
        let heard = AtomicUsize::new(0);
        let watch = |done| {
            heard.fetch_add(1, Ordering::Relaxed);
            if done >= 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let ended = backtest_with(&NAIVE, &history, &origins, &protocol, watch);
        assert!(matches!(ended, Err(Error::Cancelled)));
        assert!(heard.into_inner() < 30);
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let values = (0..24 * 60_u32)
            .map(|hour| f64::from(hour % 24) + f64::from(hour.wrapping_mul(2_654_435_761) >> 20));
        let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values.collect()).unwrap();
        let origins: Vec<_> = (50..56).map(|day| history.start() + day.days()).collect();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| backtest(&crate::forecast::Model::Auto, &history, &origins, 24, &[0.1, 0.9], 400))
                .unwrap()
        };
        let (one, many) = (with(1), with(4));
        assert_eq!(one.forecasts, many.forecasts);
        assert_eq!((one.mae, one.wql, one.skill), (many.mae, many.wql, many.skill));
    }

    #[test]
    fn pooled_shares_are_those_of_all_slots_and_relative_scores_those_of_the_mean_series() {
        let history = |days: u32, factor: f64| {
            let values = (0..24 * days).map(|hour| factor * f64::from(hour % 24 + hour / 24)).collect();
            History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values).unwrap()
        };
        let report = |history: &History, days: i32| {
            let origins: Vec<_> = (5..5 + days).map(|day| history.start() + day.days()).collect();
            backtest(&NAIVE, history, &origins, 24, &[0.1, 0.5, 0.9], 400).unwrap()
        };
        let reports = [report(&history(10, 1.0), 1), report(&history(10, 10.0), 3)];
        let pooled = Pooled::of(&reports);
        assert_eq!((pooled.series, pooled.scored), (2, 96));
        assert!((pooled.mase - f64::midpoint(reports[0].mase, reports[1].mase)).abs() < 1e-12);
        let errors = reports[0].mae * 24.0 + reports[1].mae * 72.0;
        let sizes: f64 = reports.iter().flat_map(|report| &report.actual).sum();
        assert!((pooled.wape - errors / sizes).abs() < 1e-12);
        assert_eq!(pooled.coverage.len(), 1);
    }
}
