//! Battery recordings: read any vendor's file, keep it, and show its cycles, steps, ageing and charts; and the levels of
//! the old system's battery service.
//!
//! A file is never whole in memory while it arrives, is summed up and is stored. [`kept`] finds a stored one again for
//! the user whose it is, and tells a client that has its answer already that nothing changed.

mod charts;
mod export;
mod kept;
mod levels;
mod recordings;
mod upload;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// What stands under `/api/v1`.
pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::show, recordings::delete))
        .routes(routes!(recordings::cycles))
        .routes(routes!(recordings::steps))
        .routes(routes!(recordings::analysis))
        .routes(routes!(charts::chart))
        .route("/battery/recordings/{id}/chart.png", axum::routing::get(charts::chart))
        .routes(routes!(charts::data))
        .routes(routes!(export::csv))
        .routes(routes!(export::parquet))
        .routes(routes!(export::json))
        .routes(routes!(levels::set))
        .routes(routes!(levels::current))
        .routes(routes!(levels::history, levels::forget))
}

/// What stands under `/api/v1` and takes files.
pub(super) fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(upload::upload)).routes(routes!(levels::load))
}

/// What stands at the root, where the old system had it.
pub(super) fn root() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(levels::set_at_root))
        .routes(routes!(levels::current_at_root))
        .routes(routes!(levels::history_at_root))
}

/// What stands at the root and takes files.
pub(super) fn root_uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(levels::load_at_root))
}
