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
//! assert_eq!(forecast.model, "auto");
//! assert_eq!(forecast.points[0].start, date(2026, 3, 2).at(0, 0, 0, 0));
//! assert!(forecast.quantile(0.1) <= forecast.quantile(0.9));
//! # Ok::<(), grid_core::forecast::Error>(())
//! ```

mod accuracy;
mod ahead;
mod anomaly;
mod anomaly_search;
mod archive;
mod backtest;
mod batch;
mod boosting;
mod bounds;
mod clear_sky;
mod dense;
mod error;
mod evidence;
mod explain;
mod failure;
mod features;
mod fitted;
mod hierarchy;
mod history;
mod instants;
mod interval;
mod learnt;
mod limits;
mod linear;
mod long_csv;
mod long_forecasts;
mod long_table;
mod many;
pub mod metrics;
mod model;
pub mod models;
mod normal;
mod paths;
mod random;
mod regressor;
mod sample;
mod saved;
mod scores;
mod state;
mod together;
mod week;

pub use accuracy::{Accuracy, accuracy};
pub use anomaly::{Anomaly, AnomalyKind, IntervalWatch, silent_panel, standby_changes};
pub use anomaly_search::AnomalySearch;
pub use archive::{load_all, save_all};
pub use backtest::{Backtest, Pooled, Protocol, backtest, backtest_with};
pub use batch::forecast_each;
pub use clear_sky::{Site, SunPosition, clear_sky, clear_sky_irradiance_w_per_m2, sun_position};
pub use error::Error;
pub use evidence::{Coverage, EVIDENCE_DAYS, Evidence, LEARNT_DAYS, evidence, last_days};
pub use explain::{Contribution, Explanation, Group};
pub use fitted::{Fitted, Member};
pub use hierarchy::{Hierarchy, Method, apportion_energy, reconcile};
pub use history::{History, known_kwh};
pub use instants::slots_to_instants;
pub use long_csv::{LongSeries, TableError, read_long};
pub use long_forecasts::LongForecasts;
pub use long_table::LongTable;
pub use many::{Stoppable, Watch, for_each};
pub use model::{
    Fit, Forecast, Point, PointInTime, Predict, quantile_name, quantile_of_name, quantiles_of_levels,
};
pub use models::{
    Combination, Decomposition, Drift, ElasticNet, Global, GlobalFitted, HoltWinters, Model, NearestDays,
    Profile, Ridge, Season, SeasonalNaive, Trees, WeekdayMean,
};
pub use regressor::{Known, Regressor};
pub use sample::sample_paths;
pub use saved::SAVED_VERSION;
pub use scores::{Scores, judge};
pub use together::{EnergyInTime, Part, Reconciling, Together, forecast_together};
pub use week::{WeekOutlook, week_outlook};

pub(crate) use history::real;
