//! The page on which the first administrator is made, for whoever opens the link that the server printed.
//!
//! The link's token stands behind `#`: a browser sends it to no server, so that it is in no log and in no `Referer`.

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::app::App;

/// Only what this server itself sends, no style or script in the page, and no form that is sent without the script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page and what belongs to it.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route(
            "/setup",
            get(|| async { asset(include_str!("setup/index.html"), "text/html; charset=utf-8") }),
        )
        .route("/setup/page.js", get(|| async { asset(include_str!("setup/page.js"), "text/javascript") }))
        .route("/setup/page.css", get(|| async { asset(include_str!("setup/page.css"), "text/css") }))
}

fn asset(text: &'static str, kind: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}
