//! An elastic net for each slot of the day.

use linfa::{DatasetBase, traits::Fit as _};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::{
    regression::{Method, Regression},
    ridge::RidgeState,
};
use crate::forecast::{
    Error, Fit, Fitted, History,
    features::{Past, Table},
    interval::Residuals,
    learnt::faded,
    linear::Line,
    real,
    state::State,
};

pub(super) const NAME: &str = "elastic_net";
/// The penalties to choose from, for columns and targets of variance 1.
const PENALTIES: [f64; 3] = [0.005, 0.02, 0.08];
/// How much of the penalty is on absolute values, which sets coefficients to zero, and not on squares.
const ABSOLUTE_SHARE: f64 = 0.5;
/// The last days are forecast from those before, to choose the penalty and to read the intervals off.
const VALIDATED_DAYS: usize = 28;
/// One in so many slots has a say in the penalty.
const SLOTS_SCORED: usize = 8;
const MOST_SWEEPS: u32 = 100;
/// Coordinates that move by less than this part of the largest are at rest.
const TOLERANCE: f64 = 1e-3;

/// An elastic net for each slot of the day, on the columns of the [`Ridge`](super::Ridge).
///
/// It sets the coefficients of columns to zero that say little, so its forecasts can be told by few causes. linfa's
/// coordinate descent knows neither weights nor a path of penalties: rows are weighed before they come to it, and the
/// penalty is the one by which the last four weeks are forecast best from the days before, on one in eight of the slots. Those forecasts
/// are what the intervals are read off, too. It is slower than the ridge.
///
/// ```
/// use grid_core::forecast::{ElasticNet, Fit, History, Predict};
/// use jiff::civil::date;
///
/// let values = (0..24 * 60).map(|hour| f64::from(hour % 24) + f64::from(hour * 7 % 5)).collect();
/// let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values)?;
/// let forecast = ElasticNet::default().fit(&history)?.predict(24, &[0.1, 0.5, 0.9])?;
/// assert_eq!(forecast.model, "elastic_net");
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # References
///
/// Zou and Hastie: "Regularization and variable selection via the elastic net", Journal of the Royal Statistical Society B
/// 67(2), 2005. Friedman, Hastie, Tibshirani: "Regularization paths for generalized linear models via coordinate descent",
/// Journal of Statistical Software 33(1), 2010.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ElasticNet {
    /// After how many days a day counts for half; at least 1, infinite where all days count alike.
    pub half_life_days: f64,
}

impl Default for ElasticNet {
    fn default() -> Self {
        Self { half_life_days: 120.0 }
    }
}

impl Fit for ElasticNet {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, super::ridge::LEAST_DAYS, |past| self.learn(past).map(State::Ridge))
    }
}

impl ElasticNet {
    pub(crate) fn learn(self, past: &Past) -> Result<RidgeState, Error> {
        RidgeState::learn(past, Method::ElasticNet, self.half_life_days)
    }
}

/// The rows of one slot: columns and target of variance 1 about zero, each row times the root of its weight.
struct Rows {
    /// A row a day, with the columns beside each other in memory, as the descent goes through them.
    columns: Array2<f64>,
    targets: Array1<f64>,
    roots: Vec<f64>,
    ages: Vec<f64>,
    centres: Vec<f64>,
    scales: Vec<f64>,
    average: f64,
    deviation: f64,
}

/// Learns the regressions of all slots of a table.
pub(super) fn regressions(table: &Table, errors_half_life: f64) -> Result<Vec<Regression>, Error> {
    let slots: Vec<Rows> = (0..table.slots()).map(|number| Rows::new(table, number)).collect();
    let scored: Vec<&Rows> =
        slots.iter().skip(SLOTS_SCORED / 2 % slots.len().max(1)).step_by(SLOTS_SCORED).collect();
    let mut best = (f64::INFINITY, PENALTIES[0]);
    for penalty in PENALTIES {
        let mut loss = 0.0;
        for rows in &scored {
            loss += rows.validated(penalty)?.iter().map(|(_, error)| error * error).sum::<f64>();
        }
        if loss < best.0 {
            best = (loss, penalty);
        }
    }
    let regression = |rows: &Rows| {
        let errors = rows.validated(best.1)?.into_iter();
        let left_out: Vec<(f64, f64)> = errors.map(|(age, error)| (age, error * rows.deviation)).collect();
        let weighed = left_out.iter().map(|(age, error)| (*error, faded(*age, errors_half_life)));
        let residuals = Residuals::new(weighed);
        let coefficients = learn(rows.columns.view(), rows.targets.clone(), best.1)?;
        let each = coefficients.iter().zip(&rows.scales).map(|(by, scale)| by * scale * rows.deviation);
        let line =
            Line { coefficients: each.collect(), centres: rows.centres.clone(), average: rows.average };
        Ok(Regression { line, residuals, left_out })
    };
    slots.iter().map(regression).collect()
}

impl Rows {
    fn new(table: &Table, number: usize) -> Self {
        let known = table.known(number);
        let pick = |values: &[f64]| -> Vec<f64> {
            known.iter().filter_map(|row| values.get(*row).copied()).collect()
        };
        let ages = pick(&table.ages);
        let weighed = pick(&table.roots);
        let total: f64 = weighed.iter().map(|root| root * root).sum();
        // So that the weights are 1 on average, whatever their sum.
        let evened = (real(known.len()) / total).sqrt();
        let columns = table.columns(number);
        let (mut values, mut centres, mut scales) = (Vec::new(), Vec::new(), Vec::new());
        for column in columns {
            let mut column = pick(column);
            let centre = column.iter().zip(&weighed).map(|(value, root)| value * root).sum::<f64>() / total;
            column.iter_mut().zip(&weighed).for_each(|(value, root)| *value -= centre * root);
            let deviation = (column.iter().map(|value| value * value).sum::<f64>() / total).sqrt();
            let scale = if deviation > 1e-9 { deviation.recip() } else { 0.0 };
            values.extend(column.iter().map(|value| value * scale * evened));
            centres.push(centre);
            scales.push(scale);
        }
        // The last of the columns is the target.
        let targets = values.split_off(values.len().saturating_sub(known.len()));
        let average = centres.pop().unwrap_or_default();
        let scale = scales.pop().unwrap_or_default();
        let shape = (centres.len(), known.len());
        // The shapes fit by construction, so the fallback never comes.
        let columns = Array2::from_shape_vec(shape, values).unwrap_or_default().reversed_axes();
        let deviation = if scale > 0.0 { scale.recip() } else { 0.0 };
        let roots = weighed.into_iter().map(|root| root * evened).collect();
        Self { columns, targets: targets.into(), roots, ages, centres, scales, average, deviation }
    }

    /// The errors of the last days, forecast from those before, for a target of variance 1, with their ages.
    fn validated(&self, penalty: f64) -> Result<Vec<(f64, f64)>, Error> {
        let rows = self.ages.len();
        let learnt = rows - VALIDATED_DAYS.min(rows / 3);
        let (before, after) = self.columns.view().split_at(Axis(0), learnt);
        let (targets, _) = self.targets.view().split_at(Axis(0), learnt);
        let forecasts = after.dot(&learn(before, targets.to_owned(), penalty)?);
        let known = self.targets.iter().zip(&self.roots).zip(&self.ages).skip(learnt);
        Ok(known
            .zip(&forecasts)
            .map(|(((target, root), age), forecast)| (*age, (target - forecast) / root))
            .collect())
    }
}

/// The coefficients of linfa's elastic net.
fn learn(columns: ArrayView2<'_, f64>, targets: Array1<f64>, penalty: f64) -> Result<Array1<f64>, Error> {
    let unsolved = |source: linfa_elasticnet::ElasticNetError| Error::Unsolved {
        rows: columns.nrows(),
        columns: columns.ncols(),
        source: Box::new(source),
    };
    let params = linfa_elasticnet::ElasticNet::params()
        .penalty(penalty)
        .l1_ratio(ABSOLUTE_SHARE)
        .with_intercept(false)
        .tolerance(TOLERANCE)
        .max_iterations(MOST_SWEEPS);
    let fitted = params.fit(&DatasetBase::new(columns, targets)).map_err(unsolved)?;
    Ok(fitted.hyperplane().clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Model, Predict, backtest};
    use jiff::{ToSpan, civil::date};

    #[test]
    fn a_strong_penalty_leaves_the_one_column_that_matters() {
        // With orthogonal columns of variance 1 the elastic net is known in closed form: the coefficient is
        // (|b| - l a)+ / (1 + l (1 - a)) of the regression's b (Zou and Hastie 2005, section 3.2).
        let columns = ndarray::array![[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
        let targets = ndarray::array![1.05, 0.95, -0.95, -1.05];
        let coefficients = learn(columns.view(), targets, 0.2).unwrap();
        assert!((coefficients[0] - (1.0 - 0.1) / 1.1).abs() < 1e-6, "{coefficients}");
        assert!(coefficients[1].abs() < 1e-12);
    }

    #[test]
    fn a_weekly_pattern_is_learnt() {
        let value =
            |hour: u32| f64::from(hour % 24 / 6 + hour / 24 % 7 / 5) + f64::from(hour * 7919 % 101) / 100.0;
        let start = date(2026, 1, 5).at(0, 0, 0, 0);
        let history = History::new(start, 60, (0..24 * 100).map(value).collect()).unwrap();
        let origins: Vec<_> = (90..97).map(|day| start + i64::from(day).days()).collect();
        let levels = [0.1, 0.5, 0.9];
        let learnt = backtest(&ElasticNet::default(), &history, &origins, 24, &levels, 400).unwrap();
        let naive = backtest(&Model::SeasonalNaiveDay, &history, &origins, 24, &levels, 400).unwrap();
        assert!(learnt.mae < 0.9 * naive.mae, "{} {}", learnt.mae, naive.mae);
        assert!((0.6..0.97).contains(&learnt.coverage[0].1), "{:?}", learnt.coverage);
    }

    #[test]
    fn a_series_that_never_changes_goes_on() {
        let history = History::new(date(2026, 1, 5).at(0, 0, 0, 0), 60, vec![5.0; 24 * 40]).unwrap();
        let points = ElasticNet::default().fit(&history).unwrap().predict(48, &[0.1, 0.9]).unwrap().points;
        assert!(points.iter().all(|point| (point.mean - 5.0).abs() < 1e-9 && point.quantiles.is_sorted()));
    }
}
