//! The routes, one file a resource.
//!
//! A handler reads its request, asks the core and answers. [`plain`] and [`uploads`] stand under `/api/v1` and differ
//! in how large a body and how long a request may be; [`root`] stands at the root.

use axum::{
    http::{StatusCode, Uri},
    routing::get,
};
use grid_core::error::excerpt;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, problem::Problem};

mod auth;
mod battery;
mod charts;
mod communities;
mod devices;
pub(crate) mod docs;
mod forecasts;
mod health;
mod readings;
mod sharing;

/// What stands under `/api/v1`.
pub(crate) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::plain())
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::show, devices::change, devices::delete))
        .routes(routes!(readings::of_device))
        .routes(routes!(readings::completeness))
        .routes(routes!(readings::of_user))
        .routes(routes!(communities::list, communities::create))
        .routes(routes!(communities::show))
        .routes(routes!(communities::members, communities::add_member))
        .routes(routes!(communities::devices, communities::add_device))
        .routes(routes!(sharing::sums))
        .routes(routes!(sharing::balance))
        .routes(routes!(sharing::keys, sharing::set_key))
        .routes(routes!(battery::list))
        .routes(routes!(battery::show))
        .routes(routes!(battery::cycles))
        .routes(routes!(battery::chart))
        .routes(routes!(forecasts::list, forecasts::create))
        .routes(routes!(forecasts::show))
        .routes(routes!(charts::energy_day))
        .routes(routes!(charts::forecast))
        .route("/charts/{file}", get(charts::unknown))
}

/// What stands under `/api/v1` and takes files.
pub(crate) fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(readings::store))
        .routes(routes!(sharing::import))
        .routes(routes!(battery::upload))
}

/// What stands at the root.
pub(crate) fn root() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(auth::root()).routes(routes!(health::healthz)).routes(routes!(health::readyz))
}

/// What no route answers.
pub(crate) async fn nothing(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no path `{}`", excerpt(uri.path())))
        .hint("`/docs` lists the paths")
}
