//! Traces: one span a request, sent to a collector of OpenTelemetry by OTLP over HTTP.
//!
//! The names of attributes are those of OpenTelemetry's semantic conventions for HTTP servers:
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>. A span continues the trace that its request names in
//! `traceparent`, and is left out where that says so; of the others a part is taken. It waits for nobody: spans are sent
//! together in the background, and those that find no room are dropped.

use std::time::Duration;

use async_trait::async_trait;
use axum::{
    extract::Request,
    http::{Method, header},
};
use bytes::Bytes;
use opentelemetry::{
    KeyValue,
    propagation::TextMapPropagator,
    trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _},
};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError, hyper::HyperClient};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider, Span},
};
use tokio::runtime::Handle;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest attribute that a client chooses, in characters.
const LONGEST: usize = 256;

/// How long the last spans may take when the server ends.
const FAREWELL: Duration = Duration::from_millis(500);

/// The way to a collector.
#[derive(Debug)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
}

/// The span of a request.
#[derive(Debug)]
pub(crate) struct RequestSpan(Span);

/// Sends on the threads of the server, since those of the exporter know nothing of sockets.
#[derive(Debug)]
struct Sender {
    runtime: Handle,
    client: std::sync::Arc<HyperClient>,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(
        &self,
        request: axum::http::Request<Bytes>,
    ) -> Result<axum::http::Response<Bytes>, HttpError> {
        let client = std::sync::Arc::clone(&self.client);
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}

impl Traces {
    /// Sends spans to a collector from within a runtime: a `ratio` of those whose trace begins here.
    ///
    /// # Errors
    ///
    /// Where the address is none of HTTP.
    pub(crate) fn to(
        collector: &str,
        ratio: f64,
        service: &str,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let client = std::sync::Arc::new(HyperClient::with_default_connector(PATIENCE, None));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender { runtime: Handle::current(), client })
            .with_protocol(Protocol::HttpJson)
            .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()?;
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", service.to_owned()),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("grid-server");
        Ok(Self { provider, tracer, propagator: TraceContextPropagator::new() })
    }

    /// Begins the span of a request.
    pub(crate) fn begin(&self, request: &Request) -> RequestSpan {
        let parent = self.propagator.extract(&HeaderExtractor(request.headers()));
        let builder = self.tracer.span_builder(request.method().to_string()).with_kind(SpanKind::Server);
        let mut span = self.tracer.build_with_context(builder, &parent);
        if span.is_recording() {
            span.set_attribute(KeyValue::new("http.request.method", request.method().to_string()));
            // Without the query, which may carry what should not be told.
            span.set_attribute(KeyValue::new("url.path", cut(request.uri().path())));
            let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
            if let Some(agent) = agent {
                span.set_attribute(KeyValue::new("user_agent.original", cut(agent)));
            }
        }
        RequestSpan(span)
    }

    /// Sends what is left, for as long as the server's end may take.
    pub(crate) fn close(&self) {
        if let Err(problem) = self.provider.shutdown_with_timeout(FAREWELL) {
            tracing::debug!("some traces were not sent: {problem}");
        }
    }
}

/// What a client sends, at a length that a collector takes a thousand times a second.
fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

impl RequestSpan {
    /// Ends the span with what became of its request.
    pub(crate) fn end(mut self, method: &Method, route: Option<&str>, status: u16, request_id: &str) {
        let span = &mut self.0;
        if let Some(route) = route {
            // Named by the route, of which there are few, and not by the path.
            span.update_name(format!("{method} {route}"));
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        span.set_attribute(KeyValue::new("grid.request_id", request_id.to_owned()));
        if status >= 500 {
            span.set_attribute(KeyValue::new("error.type", status.to_string()));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}
