//! The routes, one file a resource.
//!
//! A handler reads its request, asks the core and answers. [`plain`] and [`uploads`] stand under `/api/v1` and differ
//! in how large a body and how long a request may be; [`root`] stands at the root.

use axum::http::{StatusCode, Uri};
use grid_core::error::excerpt;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, problem::Problem};

pub(crate) mod docs;
mod health;

/// What stands under `/api/v1`.
pub(crate) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}

/// What stands under `/api/v1` and takes files.
pub(crate) fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}

/// What stands at the root.
pub(crate) fn root() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health::healthz)).routes(routes!(health::readyz))
}

/// What no route answers.
pub(crate) async fn nothing(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no path `{}`", excerpt(uri.path())))
        .hint("`/docs` lists the paths")
}
