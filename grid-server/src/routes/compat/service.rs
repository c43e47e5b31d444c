//! Whether the service is there, as clients of the old system ask.

use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Json;

/// That the process lives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// That the service is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceStatus)]
pub(crate) struct Status {
    /// Always `active`.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(example = "GRID is running")]
    message: &'static str,
}

/// Says that the process lives, as `/healthz` does.
#[utoipa::path(get, path = "/health", tag = "compatibility", operation_id = "health",
    responses((status = 200, description = "It lives", body = Health)))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Says that the service is there; whether it can work, `/readyz` says.
#[utoipa::path(get, path = "/status", tag = "compatibility", operation_id = "status",
    responses((status = 200, description = "It is there", body = Status)))]
pub(crate) async fn status() -> Json<Status> {
    Json(Status { status: "active", message: "GRID is running" })
}
