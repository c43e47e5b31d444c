//! Forecasts: what a device or a series will do next, how sure that is, how good it would have been, and how good it was.

mod accuracy;
mod anomalies;
mod backtest;
mod community;
mod create;
mod request;
mod stored;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) use stored::own;
pub(super) use view::PointView;

/// What stands under `/api/v1`.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(stored::list, create::create))
        .routes(routes!(stored::show, stored::delete))
        .routes(routes!(accuracy::accuracy))
        .routes(routes!(anomalies::anomalies))
        .routes(routes!(backtest::backtest))
        .routes(routes!(community::forecast))
}
