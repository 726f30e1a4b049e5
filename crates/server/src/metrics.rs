//! Metrics, on a port of their own: whoever may reach the API need not see them.

use crate::start::StartError;
use actix_web::{
    App, HttpResponse, HttpServer,
    dev::Server,
    web::{self, Data},
};
use prometheus_client::{encoding::text::encode, metrics::info::Info, registry::Registry};
use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

/// OpenMetrics 1.0, which Prometheus asks for first.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Adds what this build is: its version, and the schema that it works on.
pub(crate) fn register_build(registry: &mut Registry, schema: &str) {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let labels = vec![("version", version), ("schema", schema.to_owned())];
    registry.register("bailiwick_build", "What is running", Info::new(labels));
}

/// Serves them at `/metrics`, by a single thread, which has nothing else to do.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) fn serve(
    bind: SocketAddr,
    registry: Registry,
) -> Result<(SocketAddr, Server), StartError> {
    let failed = |error| StartError::Bind(bind, error);
    let listener = TcpListener::bind(bind).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let registry = Data::from(Arc::new(registry));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(registry.clone())
            .route("/metrics", web::get().to(metrics))
            .route("/metrics", web::head().to(metrics))
    });
    let server = server
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .map_err(failed)?
        .run();
    Ok((address, server))
}

async fn metrics(registry: Data<Registry>) -> HttpResponse {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(error) => {
            tracing::error!(error = %error, "the metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
