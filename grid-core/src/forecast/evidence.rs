//! How good a forecast would have been in the last days.

use jiff::{Span, civil::DateTime};
use serde::{Deserialize, Serialize};

use super::{Backtest, Error, Fit, History, backtest};

/// How many days of the past a forecast learns from where nobody says otherwise: a year, and the same season before.
pub const LEARNT_DAYS: u32 = 400;
/// How many of the last days [`evidence`] forecasts again: each weekday once.
pub const EVIDENCE_DAYS: u32 = 7;

/// The scores of a [`Backtest`] as they go to people: nothing where a score says nothing, never NaN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The mean absolute error, in the unit of the values.
    pub mae: Option<f64>,
    /// That error over the one of repeating yesterday, below 1 is better; `None` where every day was as the one before.
    pub mase: Option<f64>,
    /// The weighted quantile loss; `None` where every value is zero.
    pub wql: Option<f64>,
    /// The share of the values that fell into each interval, by ascending level.
    pub coverage: Vec<Coverage>,
    /// How many forecasts were made.
    pub origins: usize,
    /// How many slots were scored.
    pub scored: usize,
}

/// The share of the values that fell into an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// The interval's level in percent.
    pub level: u8,
    /// The share, from 0 to 1; close to the level is good.
    pub share: Option<f64>,
}

impl From<&Backtest> for Evidence {
    fn from(report: &Backtest) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        let covered = |&(level, share): &(u8, f64)| Coverage { level, share: finite(share) };
        Self {
            mae: finite(report.mae),
            mase: finite(report.mase),
            wql: finite(report.wql),
            coverage: report.coverage.iter().map(covered).collect(),
            origins: report.origins,
            scored: report.scored,
        }
    }
}

/// Asks how good a model would have been in the last days of a history: it forecasts each of the last
/// [`EVIDENCE_DAYS`] days (fewer in a history that is shorter) with at most [`LEARNT_DAYS`] days before it.
///
/// There is no evidence, and that is no error, where the history is too short, too empty or too flat for the model to
/// have been fitted then.
///
/// ```
/// use grid_core::forecast::{History, Model, evidence};
/// use jiff::civil::date;
///
/// // Every day is 1 above the one before, so that repeating yesterday is always 1 off.
/// let values = (0..24 * 10).map(|hour| f64::from(hour / 24)).collect();
/// let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values)?;
/// let evidence = evidence(&Model::SeasonalNaiveDay, &history, &[0.1, 0.5, 0.9])?.expect("ten days");
/// assert_eq!((evidence.mae, evidence.mase), (Some(1.0), Some(1.0)));
/// assert_eq!((evidence.origins, evidence.scored), (7, 7 * 24));
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Quantile`] for levels that are not between 0 and 1 in ascending order, and what else the model refuses.
pub fn evidence(
    model: &(impl Fit + Sync),
    history: &History,
    quantiles: &[f64],
) -> Result<Option<Evidence>, Error> {
    let origins = last_days(history, EVIDENCE_DAYS);
    match backtest(model, history, &origins, history.slots_per_day(), quantiles, LEARNT_DAYS) {
        Ok(report) => Ok(Some(Evidence::from(&report))),
        Err(
            Error::NoOrigin
            | Error::TooShort { .. }
            | Error::AllMissing { .. }
            | Error::NothingToScore { .. }
            | Error::Unsolved { .. },
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The origins of forecasts of each of the last `days` days of a history, fewer where it is shorter, the last day first.
///
/// ```
/// use grid_core::forecast::{History, last_days};
/// use jiff::civil::date;
///
/// let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, vec![1.0; 24 * 3])?;
/// assert_eq!(last_days(&history, 7), [date(2026, 1, 3).at(0, 0, 0, 0), date(2026, 1, 2).at(0, 0, 0, 0)]);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
pub fn last_days(history: &History, days: u32) -> Vec<DateTime> {
    (1..=days)
        .map_while(|days| history.end().checked_sub(Span::new().days(i64::from(days))).ok())
        .take_while(|origin| *origin > history.start())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Model;
    use jiff::civil::date;

    fn hours(values: Vec<f64>) -> History {
        History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values).unwrap()
    }

    #[test]
    fn a_history_that_is_too_short_or_empty_has_no_evidence() {
        for values in [vec![], vec![1.0; 24], vec![f64::NAN; 24 * 60]] {
            assert_eq!(evidence(&Model::Auto, &hours(values), &[0.5]).unwrap(), None);
        }
        let refused = evidence(&Model::Auto, &hours(vec![1.0; 24 * 60]), &[2.0]);
        assert!(matches!(refused, Err(Error::Quantile { .. })));
    }

    #[test]
    fn evidence_is_written_without_a_number_that_is_none() {
        // Every day is as the one before: nothing to divide the error by.
        let values = (0..24 * 10).map(|hour| f64::from(hour % 24)).collect();
        let evidence = evidence(&Model::SeasonalNaiveDay, &hours(values), &[0.1, 0.5, 0.9]).unwrap().unwrap();
        let json = serde_json::to_value(&evidence).unwrap();
        let expected = serde_json::json!({"mae": 0.0, "mase": null, "wql": 0.0, "origins": 7, "scored": 168,
                                          "coverage": [{"level": 80, "share": 1.0}]});
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Evidence>(json).unwrap(), evidence);
    }
}
