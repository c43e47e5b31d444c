//! What every request goes through, from the outside in: request id, trace, problems, panics, load, time, headers.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use grid_core::store::new_id;
use tokio::sync::Semaphore;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, cors::CorsLayer};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    clock,
    config::Config,
    problem::{self, Problem},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request: the caller's, where it sends a sensible one, else a new one.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    fn of(request: &Request) -> Self {
        let sent = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        });
        Self(sent.map_or_else(|| new_id(clock::now()).to_string().into(), Into::into))
    }

    /// As a URI reference, for `instance`.
    pub(crate) fn urn(&self) -> String {
        if self.0.parse::<Uuid>().is_ok() {
            format!("urn:uuid:{}", self.0)
        } else {
            format!("urn:request:{}", self.0)
        }
    }
}

/// Wraps the routes.
pub(crate) fn wrap(router: Router, config: &Config) -> Router {
    let places = Arc::new(Semaphore::new(config.max_requests.get()));
    router
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(places, admit))
        .layer(CatchPanicLayer::custom(|_panic: Box<dyn std::any::Any + Send>| {
            Problem::internal("a handler panicked; the panic's own text is above").into_response()
        }))
        .layer(from_fn(problem::finish))
        .layer(cross_origin(&config.cors_origins))
        .layer(from_fn(secure))
        .layer(from_fn(trace))
}

/// Lets the pages of the listed origins call the API, and no others.
fn cross_origin(origins: &[String]) -> CorsLayer {
    let listed = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let listed: Vec<_> = listed.filter(|origin| !origin.is_empty()).collect();
    if listed.is_empty() {
        return CorsLayer::new();
    }
    CorsLayer::new()
        .allow_origin(listed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, REQUEST_ID])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER, header::LOCATION, header::WWW_AUTHENTICATE])
        .allow_credentials(true)
        .max_age(Duration::from_mins(10))
}

/// Gives the request its id and logs it when it is answered.
async fn trace(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(&request);
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    // The query is left out: it may carry what should not be in a log.
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("request", id = %id.0, %method, path);
    let began = tokio::time::Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        let status = response.status().as_u16();
        // A probe of a server that starts or stops is no news.
        if response.status().is_server_error() && path != "/readyz" {
            tracing::warn!(status, milliseconds, "answered");
        } else {
            tracing::debug!(status, milliseconds, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Refuses at once what is more than the server can work on.
async fn admit(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    // Health must be answered also by a server that is full.
    let exempt = matches!(request.uri().path(), "/healthz" | "/readyz");
    match places.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) if exempt => next.run(request).await,
        Err(_) => Problem::unavailable("the server is full", Duration::from_secs(1)).into_response(),
    }
}

/// The layer that gives a request up after a time.
pub(crate) async fn limit_time(State(most): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(most, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            format!("the request was given up after {} seconds", most.as_secs()),
        )
        .into_response(),
    }
}

/// Headers that keep browsers from guessing, framing and telling.
async fn secure(request: Request, next: Next) -> Response {
    let is_personal = request.headers().contains_key(header::AUTHORIZATION);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if is_personal {
        // What one caller sees is not for whoever asks the same cache next.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ));
    response
}
