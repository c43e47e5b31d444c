//! The server's figures, for Prometheus and whoever reads its format.

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    app::App,
    config::{Config, Metrics},
    connection::Peer,
    metrics::{self, MEDIA_TYPE},
    problem::Problem,
};

/// What a proxy adds to a request: whoever sends one of these is not known to be on this machine.
const FORWARDED: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "via"];

/// Tells the server's figures in the text format of Prometheus; to this machine alone, unless `GRID_METRICS` says otherwise.
#[utoipa::path(get, path = "/metrics", tag = "service", responses(
    (status = 200, description = "The figures", body = String, content_type = "text/plain"),
    (status = 401, description = "They need the token of GRID_METRICS_TOKEN", body = crate::problem::Body, content_type = "application/problem+json"),
    (status = 403, description = "They are for this machine alone", body = crate::problem::Body, content_type = "application/problem+json"),
    (status = 404, description = "They are turned off", body = crate::problem::Body, content_type = "application/problem+json"),
))]
pub(crate) async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let config = app.config();
    match config.metrics {
        Metrics::Open => {}
        Metrics::Off => return Err(super::nothing(request.uri().clone()).await),
        Metrics::Token => check_token(config, request.headers())?,
        Metrics::Local => check_place(config, &request)?,
    }
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let fresh = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([kind, fresh], metrics::exposed(&app).await).into_response())
}

fn check_place(config: &Config, request: &Request) -> Result<(), Problem> {
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let is_near = peer.is_some_and(|ConnectInfo(peer)| peer.address.ip().to_canonical().is_loopback());
    let through_a_proxy =
        config.proxies() > 0 || FORWARDED.iter().any(|name| request.headers().contains_key(*name));
    if is_near && !through_a_proxy {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "the figures are told to this machine alone").hint(
        "GRID_METRICS=token with GRID_METRICS_TOKEN lets others read them, GRID_METRICS=open everybody",
    ))
}

fn check_token(config: &Config, headers: &HeaderMap) -> Result<(), Problem> {
    let expected = config.metrics_token().map_err(|error| Problem::internal(&crate::cli::chain(&error)))?;
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent = sent
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let is_right = match (&expected, sent) {
        (Some(expected), Some((_, sent))) => same(expected.as_bytes(), sent.trim().as_bytes()),
        _ => false,
    };
    if is_right {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNAUTHORIZED, "the figures need their own token")
        .hint("send `Authorization: Bearer` with what GRID_METRICS_TOKEN holds")
        .challenge(HeaderValue::from_static("Bearer realm=\"metrics\"")))
}

/// Whether two texts are the same, in a time that does not tell how much of them is.
fn same(expected: &[u8], sent: &[u8]) -> bool {
    let difference = expected.iter().zip(sent).fold(0, |difference, (a, b)| difference | (a ^ b));
    expected.len() == sent.len() && difference == 0
}
