//! The public keys, for whoever verifies tokens without asking anybody.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{app::App, conditional::is_known, problem::Problem};

/// Gives the public keys that access tokens are verified with (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "service", responses(
    (status = 200, description = "The keys", body = serde_json::Value),
    (status = 304, description = "The keys are those that `If-None-Match` names"),
))]
pub(crate) async fn jwks(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let keys = app.services()?.jwks();
    // The thumbprints of the keys name the set.
    let names: Vec<_> = keys.keys.iter().filter_map(|key| key.kid.as_deref()).collect();
    let tag = format!("\"{}\"", names.join("."));
    let known = is_known(&headers, &tag);
    // A key is published when it is made and its tokens are seen at once, so a verifier that meets a name it does not
    // know reads the set again, as PyJWT and others do; five minutes are for all others.
    let caching = [(header::CACHE_CONTROL, "public, max-age=300".to_owned()), (header::ETAG, tag)];
    Ok(if known {
        (StatusCode::NOT_MODIFIED, caching).into_response()
    } else {
        (caching, axum::Json(keys)).into_response()
    })
}
