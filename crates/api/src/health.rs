//! Is the process alive, and can it do its work?

use crate::{
    access::Public,
    problem::{Kind, Problem},
};
use actix_web::{HttpResponse, http::header::WARNING, web::Data};
use bailiwick_application::ports::Readiness;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Touches nothing: whoever asks learns that the process answers.
pub(crate) async fn live(_: Public) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// What is wrong with a deployment that serves nevertheless, for whoever watches it.
#[derive(Debug, Clone, Default)]
pub struct Caveat(pub Option<String>);

/// Asks the store; a process that is about to stop wants no more requests.
pub(crate) async fn ready(
    _: Public,
    leaving: Data<CancellationToken>,
    store: Data<dyn Readiness>,
    caveat: Data<Caveat>,
) -> Result<HttpResponse, Problem> {
    if leaving.is_cancelled() {
        return Err(Problem::from(Kind::Unavailable)
            .detail("this process is about to stop")
            .retry_after(Duration::from_secs(1)));
    }
    store.ready().await?;
    let mut answer = HttpResponse::Ok();
    if let Caveat(Some(caveat)) = &**caveat {
        // "Miscellaneous warning" (RFC 7234 §5.5.6); a cache makes nothing of it any more (RFC 9111 §5.5), people do.
        answer.insert_header((WARNING, format!("199 bailiwick \"{caveat}\"")));
    }
    Ok(answer.json(json!({ "status": "ready" })))
}
