//! What else is known beside the series itself: the weather, a clear sky, a price.

use serde::{Deserialize, Serialize};

use super::Error;

/// Up to when the values of a regressor are known when a forecast is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// Past the origin too: known for certain (a clear sky, a tariff) or forecast (the weather).
    Ahead,
    /// Only before the origin, as a measurement is.
    Observed,
}

/// A second series on the slots of a [`History`](super::History), by which it is explained.
///
/// Where a value is missing (NaN), a model takes the mean of the others for it, and learns what a missing value means
/// from the times at which one was missing before.
///
/// ```
/// use grid_core::forecast::{History, Known, Regressor};
/// use jiff::civil::date;
///
/// let temperature = Regressor { name: "temperature".into(), values: vec![8.5; 48], known: Known::Ahead };
/// let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, vec![1.0; 24])?.with_regressor(temperature)?;
/// assert_eq!(history.regressors()[0].values.len(), 48); // a day further than the history
/// let before = history.before(date(2026, 1, 1).at(12, 0, 0, 0), 400);
/// assert_eq!((before.values().len(), before.regressors()[0].values.len()), (12, 48));
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Regressor {
    /// Its name, which no other regressor of the history has.
    pub name: String,
    /// Its values, in any unit: the first one for the first slot of the history, and going on past its end where they are
    /// known ahead; NaN where one is missing.
    pub values: Vec<f64>,
    /// Up to when they are known.
    pub known: Known,
}

impl Regressor {
    /// Checks that the values are finite or missing.
    pub(crate) fn check(&self, largest: f64) -> Result<(), Error> {
        match self.values.iter().enumerate().find(|(_, value)| value.abs() > largest) {
            Some((slot, got)) => Err(Error::RegressorNotFinite { name: self.name.clone(), got: *got, slot }),
            None => Ok(()),
        }
    }

    /// What is left of it when the slots before `from` are cut off and the origin lies at `until`: what was known then.
    pub(crate) fn between(&self, from: usize, until: usize) -> Self {
        let end = match self.known {
            Known::Ahead => self.values.len(),
            Known::Observed => until.min(self.values.len()),
        };
        let values = self.values.get(from..end).unwrap_or_default().to_vec();
        Self { name: self.name.clone(), values, known: self.known }
    }
}
