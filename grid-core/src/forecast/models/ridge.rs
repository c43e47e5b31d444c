//! A ridge regression for each slot of the day.

use linfa::{DatasetBase, traits::Fit as _, traits::Predict as _};
use ndarray::Array1;

use crate::forecast::{
    Error, Fit, Forecast, History, Point, Predict,
    features::{Past, Rows},
    interval::Residuals,
    linear::WeightedRidge,
    model,
};

const NAME: &str = "ridge";
/// With fewer days the four-week means would stand on less than three weeks.
const LEAST_DAYS: u32 = 28;
/// Rows below this teach nothing.
const LEAST_ROWS: usize = 8;
/// The penalties to choose from, about three per decade.
const PENALTIES: [f64; 8] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0];

/// A ridge regression for each slot of the day, on lags and the calendar.
///
/// Each slot of the day (and each day ahead) has a regression of its own, on the same slot of the last days and weeks,
/// its neighbours, how the last day went and which day it is. Old days count for less. The penalty is chosen, and the
/// quantiles are read off, by the errors that each day would have had if the others alone had been learnt from.
///
/// # References
///
/// Lago, Marcjasz, De Schutter, Weron: "Forecasting day-ahead electricity prices", Applied Energy 293, 2021, for
/// regularised regressions per hour on daily lags as the benchmark that is hard to beat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ridge {
    /// After how many days a day counts for half.
    pub half_life_days: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self { half_life_days: 120.0 }
    }
}

/// The regressions of the first day, and what those of further days are learnt from.
#[derive(Clone, Debug)]
pub struct FittedRidge {
    past: Past,
    half_life_days: f64,
    non_negative: bool,
    /// One per slot of the first day.
    first_day: Vec<Outlook>,
}

/// What is expected of one slot.
#[derive(Clone, Debug)]
struct Outlook {
    mean: f64,
    residuals: Residuals,
}

impl Fit for Ridge {
    type Fitted = FittedRidge;

    fn fit(&self, history: &History) -> Result<FittedRidge, Error> {
        if history.days() < f64::from(LEAST_DAYS) {
            return Err(Error::TooShort { model: NAME, need: LEAST_DAYS, got: history.days() });
        }
        let past = Past::new(history).ok_or(Error::AllMissing { slots: history.values().len() })?;
        let non_negative = super::non_negative(history);
        let mut fitted =
            FittedRidge { past, half_life_days: self.half_life_days, non_negative, first_day: vec![] };
        fitted.first_day = fitted.outlooks(0, fitted.past.slots_per_day())?;
        Ok(fitted)
    }
}

impl FittedRidge {
    /// What is expected of the first `slots` slots of the day that lies `day` days after the origin.
    fn outlooks(&self, day: usize, slots: usize) -> Result<Vec<Outlook>, Error> {
        (0..slots).map(|slot| self.outlook(&self.past.rows(slot, day))).collect()
    }

    fn outlook(&self, rows: &Rows) -> Result<Outlook, Error> {
        let count = rows.targets.len();
        if count < LEAST_ROWS {
            return Err(Error::TooShort { model: NAME, need: LEAST_DAYS, got: crate::forecast::real(count) });
        }
        let weights: Array1<f32> = rows.ages.iter().map(|age| self.weight(*age)).collect();
        let unsolved = |source: linfa::Error| Error::Unsolved {
            rows: count,
            columns: rows.features.ncols(),
            source: Box::new(source),
        };
        let dataset = DatasetBase::new(rows.features.clone(), rows.targets.clone()).with_weights(weights);
        let line = WeightedRidge { penalties: &PENALTIES }.fit(&dataset).map_err(unsolved)?;
        let weights = dataset.weights().unwrap_or_default().iter().map(|weight| f64::from(*weight));
        let residuals = Residuals::new(line.left_out_errors.iter().copied().zip(weights));
        let forecast: Array1<f64> = line.predict(&rows.next);
        Ok(Outlook { mean: forecast.sum(), residuals })
    }

    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "linfa weighs in f32")]
    fn weight(&self, age_days: f64) -> f32 {
        (0.5_f64).powf(age_days / self.half_life_days) as f32
    }
}

impl Predict for FittedRidge {
    fn predict(&self, horizon: usize, quantiles: &[f64]) -> Result<Forecast, Error> {
        let length = self.past.slots_per_day();
        model::check(horizon, length * super::MOST_DAYS, quantiles)?;
        let history = self.past.history();
        let floor = if self.non_negative { 0.0 } else { f64::NEG_INFINITY };
        let mut points = Vec::with_capacity(horizon);
        for day in 0..horizon.div_ceil(length) {
            let slots = length.min(horizon - day * length);
            let later = if day == 0 { vec![] } else { self.outlooks(day, slots)? };
            let outlooks = if day == 0 { &self.first_day } else { &later };
            for (slot, outlook) in outlooks.iter().take(slots).enumerate() {
                let place = self.past.len() + day * length + slot;
                points.push(Point {
                    start: history.slot_start(place).ok_or(Error::OutOfRange)?,
                    mean: outlook.mean.max(floor),
                    quantiles: quantiles
                        .iter()
                        .map(|level| (outlook.mean + outlook.residuals.quantile(*level)).max(floor))
                        .collect(),
                });
            }
        }
        Ok(Forecast { model: NAME, quantile_levels: quantiles.to_vec(), points })
    }

    fn name(&self) -> &'static str {
        NAME
    }
}
