//! The routes, one file a resource.
//!
//! A handler reads its request, asks the core and answers. [`plain`] and [`uploads`] stand under `/api/v1` and differ
//! in how large a body and how long a request may be; [`root`] stands at the root.

use axum::{
    http::{StatusCode, Uri},
    routing::get,
};
use grid_core::error::{Place, excerpt};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, problem::Problem};

mod agreements;
mod audit;
mod auth;
mod battery;
mod charts;
mod communities;
mod devices;
pub(crate) mod docs;
mod forecasts;
mod health;
mod log;
mod metering;
mod readings;
mod reconcile;
mod settlements;
pub(crate) mod setup;
mod sharing;
mod users;

/// What stands under `/api/v1`.
pub(crate) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::plain())
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::show, users::change))
        .routes(routes!(audit::list))
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::show, devices::change, devices::delete))
        .routes(routes!(readings::of_device))
        .routes(routes!(readings::completeness))
        .routes(routes!(metering::registers))
        .routes(routes!(metering::findings))
        .routes(routes!(metering::substitutions))
        .routes(routes!(readings::of_user))
        .routes(routes!(communities::list, communities::create))
        .routes(routes!(communities::show))
        .routes(routes!(communities::members, communities::add_member))
        .routes(routes!(communities::devices, communities::add_device))
        .routes(routes!(sharing::sums))
        .routes(routes!(communities::completeness))
        .routes(routes!(sharing::balance))
        .routes(routes!(sharing::keys, sharing::set_key))
        .routes(routes!(agreements::contracts, agreements::set_contract))
        .routes(routes!(agreements::tariffs, agreements::add_tariff))
        .routes(routes!(agreements::prices, agreements::add_prices))
        .routes(routes!(settlements::list, settlements::settle))
        .routes(routes!(settlements::statements))
        .routes(routes!(settlements::show))
        .routes(routes!(settlements::proof))
        .routes(routes!(log::head))
        .routes(routes!(log::key))
        .routes(routes!(log::consistency))
        .routes(routes!(battery::list))
        .routes(routes!(battery::show))
        .routes(routes!(battery::cycles))
        .routes(routes!(battery::chart))
        .routes(routes!(forecasts::list, forecasts::create))
        .routes(routes!(forecasts::show))
        .routes(routes!(charts::energy_day))
        .routes(routes!(charts::member_day))
        .routes(routes!(charts::community_month))
        .routes(routes!(charts::bill))
        .routes(routes!(charts::load_by_band))
        .routes(routes!(charts::forecast))
        .route("/charts/{file}", get(charts::unknown))
}

/// What stands under `/api/v1` and takes files.
pub(crate) fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(readings::store))
        .routes(routes!(sharing::import))
        .routes(routes!(reconcile::reconcile))
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

/// A value that is none of those that a parameter may have.
pub(crate) fn not_one_of(name: &str, expected: &str, got: &str) -> Problem {
    let got = excerpt(got);
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("expected {name} {expected}, got `{got}`")).place(
        Place { pointer: Some(name.to_owned()), expected: expected.to_owned(), got, ..Place::default() },
    )
}
