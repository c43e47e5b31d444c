//! Whole paths of a model that has learnt.

use super::{Error, Fitted, Predict, sample_paths};

/// The quantiles that the values of paths are drawn from.
const TWENTIETHS: u8 = 20;
/// The last days whose errors say how the slots hang together.
const DAYS: usize = 112;

impl Fitted {
    /// Draws `count` whole paths of the `horizon` slots after the history, one row each: values that follow the forecast's
    /// quantiles, and hang together from slot to slot as the errors of the last 112 days did ([`sample_paths`]).
    ///
    /// The same seed gives the same paths. It takes the same past days for each series whose days are known without a gap, so
    /// the paths of one place belong together over such series.
    ///
    /// ```
    /// use grid_core::forecast::{Fit, History, Model};
    /// use jiff::civil::date;
    ///
    /// let values = (0..24 * 40).map(|hour| f64::from(hour * 7919 % 24)).collect();
    /// let fitted = Model::SeasonalNaiveDay.fit(&History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values)?)?;
    /// let paths = fitted.sample(24, 100, 7)?;
    /// assert_eq!((paths.len(), paths[0].len()), (100, 24));
    /// assert_eq!(paths, fitted.sample(24, 100, 7)?);
    /// # Ok::<(), grid_core::forecast::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Predict::predict`] and of [`sample_paths`]: the history must have seven days without a gap to compare with.
    pub fn sample(&self, horizon: usize, count: usize, seed: u64) -> Result<Vec<Vec<f64>>, Error> {
        let levels: Vec<f64> =
            (1..TWENTIETHS).map(|level| f64::from(level) / f64::from(TWENTIETHS)).collect();
        let forecast = self.predict(horizon, &levels)?;
        sample_paths(&forecast, &self.past_errors(horizon, DAYS)?, count, seed)
    }
}
