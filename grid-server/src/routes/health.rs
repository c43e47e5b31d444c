//! Whether the process lives and whether it can work.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::store::{self, DatabaseKind, Location, greet};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::{App, StartUp},
    extract::Json,
    services::Services,
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
    /// The same of what is outside of the server, with how long it took to answer and why it cannot be used.
    dependencies: BTreeMap<&'static str, Dependency>,
}

/// How something outside of the server is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Dependency {
    /// `ok`, or what is wrong in two or three words, as in `checks`.
    #[schema(example = "ok")]
    status: &'static str,
    /// How long it took to answer, in milliseconds; missing where it was not asked.
    #[schema(example = 0.4)]
    latency_ms: Option<f64>,
    /// Why it cannot be used; missing where it can.
    #[schema(example = "the database cannot be reached")]
    reason: Option<String>,
}

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an answer of the database stands for the next ones.
const FRESH: Duration = Duration::from_millis(250);

impl Dependency {
    async fn database(app: &App) -> Self {
        let Ok(services) = app.services() else {
            return app.obstruction().unwrap_or_else(|| {
                let reason = match app.start_up() {
                    StartUp::Connecting => "it has not been reached since the server started",
                    _ => "its tables are being brought up to date",
                };
                Self { status: "not reached yet", latency_ms: None, reason: Some(reason.to_owned()) }
            });
        };
        // Whoever asks at the same time is answered the same: a flood of questions must not take every connection.
        let mut looked = app.looked().lock().await;
        if let Some((at, found)) = looked.as_ref()
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let found = Self::look(services).await;
        *looked = Some((Instant::now(), found.clone()));
        found
    }

    /// A database that could not be reached when the server began, with why. What the driver said stays in the error's source.
    pub(crate) async fn unreached(url: &str, error: &store::Error) -> Self {
        const STATUS: &str = "not reached yet";
        let is_file = Location::of(url).is_ok_and(|found| found.kind == DatabaseKind::Sqlite);
        if is_file {
            return Self { status: STATUS, latency_ms: None, reason: Some(error.to_string()) };
        }
        let began = Instant::now();
        let found = greet(url, PATIENCE).await;
        let latency_ms = Some(milliseconds(began));
        let reason = found.map_or_else(|obstacle| obstacle.to_string(), |_| error.to_string());
        Self { status: STATUS, latency_ms, reason: Some(reason) }
    }

    /// A database whose tables could not be brought up to date.
    pub(crate) fn unprepared(error: &store::Error) -> Self {
        Self { status: "not ready yet", latency_ms: None, reason: Some(error.to_string()) }
    }

    async fn look(services: &Services) -> Self {
        let began = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, services.store().ready()).await;
        let latency_ms = Some(milliseconds(began));
        match answer {
            Ok(Ok(())) => Self { status: "ok", latency_ms, reason: None },
            // What the driver said stays in the error's source.
            Ok(Err(error)) => Self { status: "does not answer", latency_ms, reason: Some(error.to_string()) },
            Err(_) => {
                let reason = format!("no answer within {} s", PATIENCE.as_secs());
                Self { status: "does not answer", latency_ms, reason: Some(reason) }
            }
        }
    }
}

/// The time since then, in whole microseconds.
fn milliseconds(began: Instant) -> f64 {
    (began.elapsed().as_secs_f64() * 1e6).round() / 1e3
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
    let database = Dependency::database(&app).await;
    let done = |done| if done { "ok" } else { "waiting" };
    let checks = BTreeMap::from([
        ("database", database.status),
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
    let report =
        Json(Readiness { status, start_up, checks, dependencies: BTreeMap::from([("database", database)]) });
    if status == "ready" {
        report.into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], report).into_response()
    }
}
