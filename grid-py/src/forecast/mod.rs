//! Forecasts of many series at once.

mod forecaster;
mod hierarchy;
mod results;
mod settings;
mod table_in;
mod table_out;
mod waiting;

pub(crate) use forecaster::PyForecaster;
pub(crate) use hierarchy::reconcile_forecasts;
pub(crate) use results::PyForecastTable;
