//! The trail of what was done. Only for administrators.

use std::fmt::Write;

use axum::extract::State;
use grid_core::store::AuditEntry;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    extract::{Json, Query},
    page::{Listed, PageQuery},
    problem::Problem,
};

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Only what this user did.
    actor: Option<Uuid>,
    /// Only what is called so.
    #[param(example = "login")]
    action: Option<String>,
}

/// One thing that somebody did, or tried to.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditView {
    id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The user who did it; `null` where nobody knows, and for the command line.
    actor: Option<Uuid>,
    /// The name that they had then, or gave.
    #[schema(example = "kat")]
    actor_name: String,
    #[schema(example = "login")]
    action: String,
    /// What it was done to.
    target: String,
    succeeded: bool,
    /// Why it did not work.
    #[schema(example = "wrong_password")]
    reason: Option<String>,
    /// The address that it came from.
    #[schema(example = "192.0.2.7")]
    address: String,
    /// The SHA-256 of the token or key that was used or made, in hexadecimal digits.
    token_hash: Option<String>,
    /// The id of the request, which the log has too.
    request_id: String,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            actor_name: entry.actor_name,
            action: entry.action,
            target: entry.target,
            succeeded: entry.succeeded,
            reason: entry.reason,
            address: entry.address,
            token_hash: entry.token_hash.map(|hash| hex(&hash)),
            request_id: entry.request_id,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Lists what was done, the newest first.
#[utoipa::path(get, path = "/audit", tag = "administration", operation_id = "list_audit",
    security(("bearerAuth" = [])), params(PageQuery, AuditQuery), responses(
        (status = 200, description = "A page of entries; the next page has older ones", body = Listed<AuditView>),
        (status = 403, description = "The caller is no administrator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
    Query(wanted): Query<AuditQuery>,
) -> Result<Json<Listed<AuditView>>, Problem> {
    caller.administrator(&app).await?;
    let store = app.services()?.store();
    let entries = store.audit(page.into(), wanted.actor, wanted.action.as_deref()).await?;
    Ok(Json(Listed::of(entries, AuditView::from)))
}
