//! The log of what was issued, for anybody who wants to verify it.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use grid_core::{
    error::{Failure as _, Kind},
    proof::{Digest, SignedHead},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    extract::{Json, Query},
    problem::Problem,
};

/// The public key of the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct LogKeyView {
    /// `ed25519:` and the key in base64url.
    #[schema(example = "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    public_key: String,
    /// The same as PEM (RFC 8410).
    pem: String,
    /// Its id, which heads name.
    key_id: String,
}

/// Two sizes of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SizesQuery {
    /// The size of the older head.
    #[param(example = 12)]
    from: u64,
    /// The size of the newer one.
    #[param(example = 24)]
    to: u64,
}

/// How one head follows from another.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsistencyView {
    from: u64,
    to: u64,
    /// Hashes, in hexadecimal. RFC 9162 section 2.1.4.
    path: Vec<String>,
    /// The signed head of the newer size, where one was signed at it.
    #[schema(value_type = Option<Object>)]
    head: Option<SignedHead>,
}

/// The newest signed head of the log.
#[utoipa::path(get, path = "/log/head", tag = "settlement",
    responses(
        (status = 200, description = "The signed head", body = Object),
        (status = 404, description = "Nothing has been issued yet", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn head(State(app): State<App>) -> Result<Response, Problem> {
    let head = app.services()?.store().log_head().await?.ok_or_else(nothing_yet)?;
    Ok(Json(head).into_response())
}

/// The public key of the log: all that is needed to verify what was issued.
#[utoipa::path(get, path = "/log/key", tag = "settlement",
    responses(
        (status = 200, description = "The key", body = LogKeyView),
        (status = 404, description = "Nothing has been issued yet", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn key(State(app): State<App>) -> Result<Json<LogKeyView>, Problem> {
    let services = app.services()?;
    let public = services.log_key().await?.ok_or_else(nothing_yet)?;
    let key_id = public.key_id().to_string();
    Ok(Json(LogKeyView { public_key: public.to_string(), pem: public.to_pem(), key_id }))
}

/// The path that shows that the log of one size is the beginning of that of another: that nothing was rewritten.
#[utoipa::path(get, path = "/log/consistency", tag = "settlement", params(SizesQuery),
    responses(
        (status = 200, description = "The path", body = ConsistencyView),
        (status = 404, description = "The log was never that large", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn consistency(
    State(app): State<App>,
    Query(sizes): Query<SizesQuery>,
) -> Result<Json<ConsistencyView>, Problem> {
    let SizesQuery { from, to } = sizes;
    let store = app.services()?.store();
    let path = store.log_consistency(from, to).await?;
    let head = match store.log_head_at(to).await {
        Ok(head) => Some(head),
        Err(error) if error.kind() == Kind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Json(ConsistencyView { from, to, path: path.iter().map(Digest::to_string).collect(), head }))
}

fn nothing_yet() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "nothing has been issued yet")
        .hint("an operator issues statements with POST /api/v1/communities/{id}/settlements")
}
