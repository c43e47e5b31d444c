//! Forecasts of many series, with the memory of a few.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::{Error, Fit, Fitted, Forecast, History, Predict};

/// So many series are in memory at once.
const AT_ONCE: usize = 256;

/// Forecasts each of many series: fits `model` to its history, and predicts `horizon` slots with the quantiles of those
/// levels.
///
/// Some hundred series are taken from `histories` at a time and forecast side by side on the threads of rayon; `take` gets each
/// result with its key, in the order in which they came, whatever the number of threads. A series that is refused does not
/// stop the others. `take` may end the work, which is what is answered then.
///
/// ```
/// use std::ops::ControlFlow;
/// use grid_core::forecast::{History, Model, forecast_each};
/// use jiff::civil::date;
///
/// let start = date(2026, 1, 1).at(0, 0, 0, 0);
/// let histories = (0..1000).map(|meter| {
///     let values = (0..72).map(|hour| f64::from(hour % 24 * meter)).collect();
///     (meter, History::new(start, 60, values).expect("three days of hours"))
/// });
/// let mut done = 0;
/// let ended = forecast_each(&Model::SeasonalNaiveDay, histories, 24, &[0.5], |meter, forecast| {
///     assert_eq!(forecast.expect("three days are enough").points[1].mean, f64::from(meter));
///     done += 1;
///     if done == 600 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
/// });
/// assert!(ended.is_break() && done == 600);
/// ```
pub fn forecast_each<K: Send>(
    model: &(impl Fit<Fitted = Fitted> + Sync),
    histories: impl IntoIterator<Item = (K, History)>,
    horizon: usize,
    quantiles: &[f64],
    mut take: impl FnMut(K, Result<Forecast, Error>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut histories = histories.into_iter().fuse();
    loop {
        let some: Vec<(K, History)> = histories.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return ControlFlow::Continue(());
        }
        let forecast = |(key, history): (K, History)| {
            (key, model.fit(&history).and_then(|fitted| fitted.predict(horizon, quantiles)))
        };
        let forecasts: Vec<_> = some.into_par_iter().map(forecast).collect();
        for (key, forecast) in forecasts {
            take(key, forecast)?;
        }
    }
}
