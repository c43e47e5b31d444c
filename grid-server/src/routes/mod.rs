//! The routes, one file a resource.
//!
//! A handler reads its request, asks the core and answers. [`plain`] and [`uploads`] stand under `/api/v1` and differ
//! in how large a body and how long a request may be; [`root`] and [`root_uploads`] stand at the root.

use axum::http::{StatusCode, Uri};
use grid_core::error::{Place, excerpt};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, problem::Problem};

mod agreements;
mod audit;
pub(crate) mod auth;
mod battery;
mod charts;
mod coefficients;
mod communities;
mod community_devices;
mod compat;
mod devices;
pub(crate) mod docs;
mod events;
mod forecasts;
mod health;
mod log;
mod metering;
mod metrics;
mod predictions;
mod profile;
mod readings;
mod reconcile;
mod settlements;
pub(crate) mod setup;
mod sharing;
mod users;

pub(crate) use health::Dependency;

/// What stands under `/api/v1`.
pub(crate) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::plain())
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::show, users::change))
        .routes(routes!(profile::show, profile::set))
        .routes(routes!(audit::list))
        .routes(routes!(events::events))
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::show, devices::change, devices::delete))
        .routes(routes!(readings::of_device))
        .routes(routes!(readings::completeness))
        .routes(routes!(metering::registers::registers))
        .routes(routes!(metering::findings::findings))
        .routes(routes!(metering::substitutions::substitutions))
        .routes(routes!(readings::of_user))
        .routes(routes!(communities::list, communities::create))
        .routes(routes!(communities::show))
        .routes(routes!(communities::members, communities::add_member))
        .routes(routes!(community_devices::list, community_devices::add))
        .routes(routes!(community_devices::placements, community_devices::change, community_devices::remove))
        .routes(routes!(sharing::sums))
        .routes(routes!(communities::completeness))
        .routes(routes!(sharing::balance))
        .routes(routes!(sharing::keys, sharing::set_key))
        .routes(routes!(coefficients::show))
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
        .merge(battery::plain())
        .merge(forecasts::router())
        .merge(charts::router())
        .merge(compat::plain())
}

/// What stands under `/api/v1` and takes files, or gives one that takes as long.
pub(crate) fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::long())
        .routes(routes!(readings::store))
        .routes(routes!(sharing::import))
        .routes(routes!(coefficients::set))
        .routes(routes!(reconcile::reconcile))
        .merge(battery::uploads())
}

/// What stands at the root.
pub(crate) fn root() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::root())
        .merge(battery::root())
        .merge(predictions::root())
        .merge(compat::root())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}

/// What stands at the root and takes files.
pub(crate) fn root_uploads() -> OpenApiRouter<App> {
    battery::root_uploads()
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
