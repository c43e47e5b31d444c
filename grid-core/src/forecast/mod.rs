//! Forecasts of load and generation, with intervals, and proof of how good they are.
//!
//! A [`History`] lies on the local clock, since that is what people follow. A [`Model`] learns from it ([`Fit`]) and
//! says what comes next ([`Predict`]), with quantiles that come from the errors it made on days it had not learnt from.
//! [`backtest`] answers the question that matters before anyone relies on a forecast: how good would it have been, with
//! nothing but what was known at the time?
//!
//! ```
//! use grid_core::forecast::{Fit, History, Model, Predict, quantiles_of_levels};
//! use jiff::civil::date;
//!
//! let values = (0..24 * 60).map(|hour| 1.0 + f64::from(hour % 24 / 6) + 0.1 * f64::from(hour * 7 % 5)).collect();
//! let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values)?;
//! let forecast = Model::Auto.fit(&history)?.predict(24, &quantiles_of_levels(&[50, 80])?)?;
//! assert_eq!(forecast.model, "ridge");
//! assert_eq!(forecast.points[0].start, date(2026, 3, 2).at(0, 0, 0, 0));
//! assert!(forecast.quantile(0.1) <= forecast.quantile(0.9));
//! # Ok::<(), grid_core::forecast::Error>(())
//! ```

mod backtest;
mod error;
mod evidence;
mod features;
mod history;
mod interval;
mod linear;
pub mod metrics;
mod model;
pub mod models;
mod normal;

pub use backtest::{Backtest, backtest};
pub use error::Error;
pub use evidence::{Coverage, EVIDENCE_DAYS, Evidence, LEARNT_DAYS, evidence};
pub use history::{History, known_kwh};
pub use model::{Fit, Forecast, Point, PointInTime, Predict, quantile_name, quantiles_of_levels};
pub use models::{Fitted, Model, Ridge, Season, SeasonalNaive};

pub(crate) use history::real;
