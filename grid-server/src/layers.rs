//! What every request goes through, from the outside in: connection, request id and trace, security headers, other origins,
//! problems, panics, small bodies, places, codings, time, compression.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use grid_core::{error::excerpt, store::new_id};
use tokio::time::Instant;
use tower_http::{compression::CompressionLayer, cors::CorsLayer};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    admission::{self, Places},
    app::App,
    arriving, clock, connection, hurry, idempotency,
    metrics::TakenRoute,
    problem::{self, Problem, Reason},
    telemetry::traces::RequestSpan,
};

/// What keeps a page of another origin from holding on to one of ours, or from taking in what it may not read.
const ISOLATION: [(&str, &str); 3] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

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

/// Wraps the routes. Each layer of a router is a box that is made and copied with every request, so what can be one is one.
pub(crate) fn wrap(router: Router, app: App) -> Router {
    let config = app.config();
    let places = Places::new(config.max_requests.get());
    router
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(places, inner))
        .layer(cross_origin(&config.cors_origins))
        .layer(from_fn_with_state(app, outer))
}

/// What is around the answer to other origins.
async fn outer(State(app): State<App>, request: Request, next: Next) -> Response {
    let has_proxy = app.config().proxies() > 0;
    let secured = |request| secure(has_proxy, request, |request| next.run(request));
    connection::follow(request, |request| trace(app, request, secured)).await
}

/// What is between it and the routes.
async fn inner(State(places): State<Places>, request: Request, next: Next) -> Response {
    let hurried = |request| hurry::hurry(request, |request| next.run(request));
    let admitted = |request| admission::admit(&places, request, |request| as_it_is(request, hurried));
    problem::finish(request, |request| unbroken(admission::gather(request, admitted))).await
}

/// The answer where what makes it panics: the rest of the server goes on.
async fn unbroken(answer: impl Future<Output = Response>) -> Response {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_panic| {
        Problem::internal("a handler panicked; the panic's own text is above").into_response()
    })
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
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("last-event-id"),
            REQUEST_ID,
            idempotency::KEY,
        ])
        .expose_headers([
            REQUEST_ID,
            header::RETRY_AFTER,
            header::LINK,
            header::LOCATION,
            header::WWW_AUTHENTICATE,
            header::ETAG,
            header::CONTENT_DISPOSITION,
            idempotency::REPLAYED,
        ])
        .allow_credentials(true)
        .max_age(Duration::from_mins(10))
}

/// The trace that a request belongs to, where its sender says so: 32 hexadecimal digits.
///
/// `traceparent` is that of <https://www.w3.org/TR/trace-context/>, `X-Cloud-Trace-Context` the older one of Google Cloud.
fn trace_of(headers: &HeaderMap) -> Option<&str> {
    let sent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let standard = sent("traceparent").and_then(|text| text.split('-').nth(1));
    let cloud = || sent("x-cloud-trace-context").and_then(|text| text.split(['/', ';']).next());
    let is_one = |text: &&str| {
        text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) && text.bytes().any(|b| b != b'0')
    };
    standard.filter(is_one).or_else(|| cloud().filter(is_one))
}

/// What is counted of a request whose client left before its answer, as many servers and proxies write it down.
const GONE: u16 = 499;

/// A request that is counted at its end, also where that is the end of the patience of its client.
struct Counted {
    app: App,
    route: TakenRoute,
    method: Method,
    began: Instant,
    status: u16,
    id: Arc<str>,
    span: Option<RequestSpan>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(span) = self.span.take() {
            span.end(&self.method, self.route.path(), self.status, &self.id);
        }
        self.app.metrics().answered(&self.route, &self.method, self.status, self.began.elapsed());
    }
}

/// Gives the request its id, counts it, and logs it when it is answered.
async fn trace<F>(app: App, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let id = RequestId::of(&request);
    request.extensions_mut().insert(id.clone());
    let route = TakenRoute::default();
    request.extensions_mut().insert(route.clone());
    let taken = route.clone();
    let _in_flight = app.metrics().begin();
    let method = request.method().clone();
    // The query is left out: it may carry what should not be in a log.
    let path = request.uri().path().to_owned();
    let trace = trace_of(request.headers());
    let span = tracing::info_span!("request", id = %id.0, %method, path, trace);
    let mut counted = Counted {
        app: app.clone(),
        route,
        method,
        began: Instant::now(),
        status: GONE,
        id: Arc::clone(&id.0),
        span: app.traces().map(|traces| traces.begin(&request)),
    };
    let mut response = next(request).instrument(span.clone()).await;
    let took = counted.began.elapsed();
    counted.status = response.status().as_u16();
    if !counted.method.is_safe() && response.status().is_success() {
        app.listeners().wake();
    }
    drop(counted);
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        let (code, status) = (response.status(), response.status().as_u16());
        let reason = response.extensions().get::<Reason>().map(|reason| reason.0);
        let route = taken.path();
        // A probe of a server that starts or stops is no news, and what is not there is what the whole internet asks for.
        if code.is_server_error() && path != "/readyz" {
            tracing::warn!(status, milliseconds, route, reason, "answered");
        } else if code.is_client_error() && code != StatusCode::NOT_FOUND {
            tracing::info!(status, milliseconds, route, reason, "refused");
        } else {
            tracing::debug!(status, milliseconds, route, reason, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Refuses a body in a coding, which nobody here undoes: of a hundred bytes it could make a gigabyte.
///
/// RFC 9110, section 15.5.16: `Accept-Encoding` says what is taken instead.
async fn as_it_is<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    // The body of a question is not read at all.
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return next(request).await;
    }
    let coded = request.headers().get_all(header::CONTENT_ENCODING).iter().find(|coding| {
        let coding = coding.as_bytes().trim_ascii();
        !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
    });
    let Some(coding) = coded else { return next(request).await };
    let got = excerpt(&String::from_utf8_lossy(coding.as_bytes()));
    let problem = Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("expected a body without a `Content-Encoding`, got `{got}`"),
    )
    .hint("send the body as it is; a battery recording may itself be a file in gzip, without that header");
    let mut refused = problem.into_response();
    refused.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    refused
}

/// The layer that gives a request up after a time; whoever was waited for then is told so.
pub(crate) async fn limit_time(State(most): State<Duration>, request: Request, next: Next) -> Response {
    let (request, arrival) = arriving::watched(request);
    match tokio::time::timeout(most, next.run(request)).await {
        Ok(response) => response,
        Err(_) if arrival.is_awaited() => Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not arrive within {} seconds", most.as_secs()),
        )
        .into_response(),
        Err(_) => Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            format!("the request was given up after {} seconds", most.as_secs()),
        )
        .into_response(),
    }
}

/// Headers that keep browsers from guessing, framing, sharing and telling. Where a proxy says that it was reached by HTTPS,
/// browsers are told to come that way only; without a proxy that is trusted, a header like that is the client's own.
async fn secure<F>(has_proxy: bool, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let sent = request.headers().get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let by_https = has_proxy
        && sent
            .and_then(|text| text.rsplit(',').next())
            .is_some_and(|last| last.trim().eq_ignore_ascii_case("https"));
    let is_personal = request.headers().contains_key(header::AUTHORIZATION);
    let mut response = next(request).await;
    let headers = response.headers_mut();
    if is_personal {
        // What one caller sees is not for whoever asks the same cache next.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // For browsers that do not know `frame-ancestors`.
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    for (name, value) in ISOLATION {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if by_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ));
    response
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request, routing::any};
    use tower::Service as _;

    use super::*;

    #[tokio::test]
    async fn what_is_given_up_was_late_itself_or_its_body_was() {
        use futures_util::{StreamExt, stream};

        // A handler that reads the body to its end, one that wants its beginning alone, and one that wants nothing of it.
        async fn all(request: Request) {
            let _ = axum::body::to_bytes(request.into_body(), 1 << 20).await;
            std::future::pending::<()>().await;
        }
        async fn some(request: Request) {
            let mut body = request.into_body().into_data_stream();
            let _ = body.next().await;
            std::future::pending::<()>().await;
        }
        async fn nothing(_: Request) {
            std::future::pending::<()>().await;
        }
        let ends = async |path: &str, body: Body| {
            let mut routes = Router::new()
                .route("/all", any(all))
                .route("/some", any(some))
                .route("/nothing", any(nothing))
                .layer(from_fn_with_state(Duration::from_millis(20), limit_time));
            let request = Request::builder().method("POST").uri(path).body(body).unwrap();
            routes.call(request).await.unwrap().status()
        };
        let begun = || {
            let first = stream::iter([Ok::<_, std::io::Error>("first")]);
            Body::from_stream(first.chain(stream::pending()))
        };
        for (path, body, status) in [
            ("/all", Body::empty(), StatusCode::GATEWAY_TIMEOUT),
            ("/all", Body::from("whole"), StatusCode::GATEWAY_TIMEOUT),
            ("/all", begun(), StatusCode::REQUEST_TIMEOUT),
            ("/some", begun(), StatusCode::GATEWAY_TIMEOUT),
            ("/nothing", begun(), StatusCode::GATEWAY_TIMEOUT),
            ("/nothing", Body::from("whole"), StatusCode::GATEWAY_TIMEOUT),
        ] {
            assert_eq!(ends(path, body).await, status, "{path}");
        }
    }

    #[test]
    fn a_trace_is_taken_from_either_header_and_from_nothing_else() {
        const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
        let trace = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            trace_of(&headers).map(str::to_owned)
        };
        // The example of the W3C's text, and the two forms of the older header.
        assert_eq!(trace("traceparent", &format!("00-{TRACE}-b7ad6b7169203331-01")).as_deref(), Some(TRACE));
        assert_eq!(trace("x-cloud-trace-context", &format!("{TRACE}/1;o=1")).as_deref(), Some(TRACE));
        assert_eq!(trace("x-cloud-trace-context", TRACE).as_deref(), Some(TRACE));
        for wrong in ["00", "00-xyz-b7-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
            assert_eq!(trace("traceparent", wrong), None, "{wrong}");
        }
    }
}
