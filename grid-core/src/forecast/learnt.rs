//! What every model leaves behind when it has learnt.

use super::{Error, features::Past, interval::Residuals, real};

/// How many of the last days are forecast again for the errors that intervals are read off.
const REPLAYED_DAYS: usize = 56;
/// With fewer days of errors than this, each slot by itself would know too little.
const FEW_DAYS: usize = 14;
/// After how many days an error counts for half in an interval: on six real sets, four weeks cover better than the longer
/// half-lives that suit a regression.
pub(crate) const ERRORS_HALF_LIFE_DAYS: f64 = 28.0;

/// The expectation of one slot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outlook {
    /// What is expected on average, in the unit of the history.
    pub(crate) mean: f64,
    /// One value per level that was asked for, never falling.
    pub(crate) quantiles: Vec<f64>,
}

/// What a model has learnt: it looks at a past, which may have grown since, and says what comes after an origin in it.
///
/// It holds no past of its own, so that the members of a combination share one.
pub(crate) trait Learnt {
    /// The model's name.
    fn name(&self) -> &'static str;

    /// The means of the `slots` slots after each of `origins` (places in the past, up to its end), one row per origin.
    ///
    /// A row depends on nothing that came at or after its origin, but for what was learnt before.
    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error>;

    /// The same for origins whose days were learnt from: as far as can be, as if each day had been left out.
    fn left_out(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        self.means(past, origins, slots)
    }

    /// The errors to read the intervals of the `slots` slots after the end of the past off, one collection per slot: here
    /// those that it made on the last days. Where those are few, all slots share them.
    fn residuals(&self, past: &Past, slots: usize) -> Result<Vec<Residuals>, Error> {
        let length = past.slots_per_day();
        let days = slots.div_ceil(length);
        let most = (past.len() / length).saturating_sub(days);
        let ages: Vec<usize> = (days..days + most.min(REPLAYED_DAYS)).collect();
        let origins: Vec<usize> = ages.iter().map(|age| past.len() - age * length).collect();
        let rows = self.means(past, &origins, slots)?;
        let errors = |slot: usize| {
            ages.iter().zip(&origins).zip(&rows).filter_map(move |((age, origin), row)| {
                let error = past.history().observed_value(origin + slot)? - row.get(slot)?;
                Some((error, faded(real(*age), ERRORS_HALF_LIFE_DAYS)))
            })
        };
        if ages.len() >= FEW_DAYS {
            return Ok((0..slots).map(|slot| Residuals::new(errors(slot))).collect());
        }
        let mut pooled: Vec<(f64, f64)> = (0..slots).flat_map(errors).collect();
        if pooled.is_empty() {
            // Of the errors nothing is known: they are taken to be as large as the values differ from their mean.
            let known: Vec<f64> =
                (0..past.len()).filter_map(|slot| past.history().observed_value(slot)).collect();
            let count = real(known.len().max(1));
            let mean: f64 = known.iter().map(|value| value / count).sum();
            pooled.extend(known.iter().map(|value| (value - mean, 1.0)));
        }
        Ok(vec![Residuals::new(pooled); slots])
    }

    /// The means of the `slots` slots after the end of the past, and the quantiles of `levels`.
    fn outlook(&self, past: &Past, slots: usize, levels: &[f64]) -> Result<Vec<Outlook>, Error> {
        let means = self.means(past, &[past.len()], slots)?.pop().unwrap_or_default();
        // The last days are not forecast again for nothing.
        let residuals =
            if levels.is_empty() { vec![Residuals::default(); slots] } else { self.residuals(past, slots)? };
        Ok(means
            .into_iter()
            .zip(residuals)
            .map(|(mean, residuals)| Outlook {
                mean,
                quantiles: levels.iter().map(|level| mean + residuals.quantile(*level)).collect(),
            })
            .collect())
    }
}

/// What a day of that age counts for.
pub(crate) fn faded(age_days: f64, half_life_days: f64) -> f64 {
    0.5_f64.powf(age_days / half_life_days)
}
