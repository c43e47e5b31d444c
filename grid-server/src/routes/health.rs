//! Whether the process lives and whether it can work.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::{App, StartUp},
    extract::Json,
};

/// That the process lives.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the server can work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready`, `starting`, `stopping` or `unavailable`.
    #[schema(example = "ready")]
    status: &'static str,
    /// How far the start has come.
    start_up: StartUp,
    /// What is needed, and how it is: `ok` or what is wrong.
    checks: BTreeMap<&'static str, &'static str>,
}

/// Says that the process lives.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "It lives", body = Alive)))]
pub(crate) async fn healthz() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// Says whether the server can work, and what it waits for.
#[utoipa::path(get, path = "/readyz", tag = "service", responses(
    (status = 200, description = "It can", body = Readiness),
    (status = 503, description = "It cannot, or not yet, or not any more", body = Readiness),
))]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let start_up = app.start_up();
    let database = match app.services() {
        Err(_) => "not reached yet",
        Ok(services) => match tokio::time::timeout(Duration::from_secs(2), services.store().ready()).await {
            Ok(Ok(())) => "ok",
            _ => "does not answer",
        },
    };
    let done = |done| if done { "ok" } else { "waiting" };
    let checks = BTreeMap::from([
        ("database", database),
        ("migrations", done(matches!(start_up, StartUp::Loading | StartUp::Done))),
        ("signing_key", done(app.services().is_ok())),
    ]);
    let status = if app.is_stopping() {
        "stopping"
    } else if start_up != StartUp::Done {
        "starting"
    } else if checks.values().all(|check| *check == "ok") {
        "ready"
    } else {
        "unavailable"
    };
    let report = Json(Readiness { status, start_up, checks });
    if status == "ready" {
        report.into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], report).into_response()
    }
}
