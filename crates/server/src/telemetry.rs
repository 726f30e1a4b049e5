//! Where what is traced goes: to the log, and to an OpenTelemetry collector if one is named.

use crate::config::{Log, LogFormat, Traces};
use actix_web::{
    HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::HeaderMap,
    middleware::Next,
};
use bailiwick_api::routes::Around;
use bailiwick_infrastructure::EXPORTED;
use opentelemetry::{
    KeyValue,
    propagation::{Extractor, TextMapPropagator},
    trace::{Status, TraceContextExt, TracerProvider as _},
};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use std::io;
use tracing::{Instrument, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

/// Why nothing can be traced.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is none.
    #[error("`log.filter` is not a filter")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter cannot be made.
    #[error("`traces.endpoint` cannot be exported to")]
    Exporter(#[from] ExporterBuildError),
    /// Somebody else listens already.
    #[error("the log is kept by somebody else already")]
    Taken(#[from] TryInitError),
}

/// What is still to be exported. It goes out when this is closed.
#[derive(Debug, Default)]
#[must_use]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Begins to log and to export, for the whole process.
    ///
    /// # Errors
    /// When filter or endpoint make no sense.
    pub fn start(log: &Log, traces: &Traces) -> Result<Self, TelemetryError> {
        let filter = EnvFilter::try_new(&log.filter)?;
        let filter = filter.and(filter_fn(|metadata| metadata.target() != EXPORTED));
        let written = tracing_subscriber::fmt::layer().with_writer(io::stderr);
        let written = match log.format {
            LogFormat::Pretty => written.boxed(),
            LogFormat::Json => written.json().boxed(),
        };
        let provider = traces.endpoint.as_deref();
        let provider = provider
            .map(|endpoint| provider_for(endpoint, traces))
            .transpose()?;
        let exported = provider.as_ref().map(|provider| {
            // Of all other spans what they say, such as the path of a request, is for whoever runs the service.
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("bailiwick"))
                // Where in our sources a span is opened is nobody's business.
                .with_location(false)
                .with_threads(false)
                .with_filter(filter_fn(|metadata| metadata.target() == EXPORTED))
        });
        tracing_subscriber::registry()
            .with(exported)
            .with(written.with_filter(filter))
            .try_init()?;
        Ok(Self(provider))
    }

    /// Sends what has not been sent, and waits for a few seconds at the most.
    pub fn close(self) {
        if let Some(Err(error)) = self.0.map(|provider| provider.shutdown()) {
            tracing::warn!(error = %error, "the last traces were not exported");
        }
    }
}

fn provider_for(endpoint: &str, traces: &Traces) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()?;
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder()
        .with_service_name("bailiwick")
        .with_attribute(version)
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        // Not by what the caller asks for: strangers would decide how much is exported.
        .with_sampler(Sampler::TraceIdRatioBased(traces.sample_ratio))
        .with_resource(resource)
        .build())
}

/// Traces a request from outside of everything else, in the trace of whoever calls (W3C Trace Context), by the names of the
/// semantic conventions of OpenTelemetry for HTTP servers.
///
/// # Errors
/// What the request ends with.
pub(crate) async fn traced<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let span = tracing::info_span!(
        target: EXPORTED,
        "request",
        otel.kind = "server",
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
    );
    let caller = TraceContextPropagator::new().extract(&Headers(request.headers()));
    // It fails where nothing is exported.
    let _ = span.set_parent(caller);
    request.extensions_mut().insert(Around(span.clone()));
    let outcome = next.call(request).instrument(span.clone()).await;
    let (row, status) = match &outcome {
        Ok(response) => (bailiwick_api::row_of(response.request()), response.status()),
        Err(error) => (None, error.as_response_error().status_code()),
    };
    // Nothing else of the request is exported: neither path nor query, nor whose it is.
    let (method, route) = row.unwrap_or(("_OTHER", ""));
    let exported = span.context();
    if route.is_empty() {
        exported.span().update_name("HTTP");
    } else {
        exported.span().update_name(format!("{method} {route}"));
        span.record("http.route", route);
    }
    span.record("http.request.method", method);
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        exported.span().set_status(Status::error(""));
    }
    outcome
}

/// The headers of a request, for whoever looks for a trace in them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
