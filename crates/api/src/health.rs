//! Is the process alive, and can it do its work?

use crate::{access::Public, problem::Problem};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::ports::Readiness;
use serde_json::json;

/// Touches nothing: whoever asks learns that the process answers.
pub(crate) async fn live(_: Public) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// Asks the store.
pub(crate) async fn ready(_: Public, store: Data<dyn Readiness>) -> Result<HttpResponse, Problem> {
    store.ready().await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}
