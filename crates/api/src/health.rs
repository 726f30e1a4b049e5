//! Is the process alive, and can it do its work?

use crate::{
    access::Public,
    answer::{Answers, Found, Json, insert},
    openapi::Description,
    problem::{Kind, Problem},
};
use actix_web::{
    HttpRequest, HttpResponse, Responder, body::BoxBody, http::header::WARNING, web::Data,
};
use bailiwick_application::ports::Readiness;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// That the process answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Health")]
pub(crate) struct HealthBody {
    #[schemars(extend("const" = "ok"))]
    status: &'static str,
}

/// That the process can do its work.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Readiness")]
pub(crate) struct ReadyBody {
    #[schemars(extend("const" = "ready"))]
    status: &'static str,
}

/// Touches nothing: whoever asks learns that the process answers.
pub(crate) async fn live(_: Public) -> Found<HealthBody> {
    Json(HealthBody { status: "ok" })
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
) -> Result<Warned<Found<ReadyBody>>, Problem> {
    if leaving.is_cancelled() {
        return Err(Problem::from(Kind::Unavailable)
            .detail("this process is about to stop")
            .retry_after(Duration::from_secs(1)));
    }
    store.ready().await?;
    Ok(Warned(
        caveat.0.clone(),
        Json(ReadyBody { status: "ready" }),
    ))
}

/// An answer with what is wrong nevertheless.
#[derive(Debug)]
pub(crate) struct Warned<A>(Option<String>, A);

impl<A: Responder<Body = BoxBody>> Responder for Warned<A> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut answer = self.1.respond_to(request);
        if let Some(caveat) = self.0 {
            // "Miscellaneous warning" (RFC 7234 §5.5.6); a cache makes nothing of it any more (RFC 9111 §5.5), people do.
            insert(&mut answer, WARNING, &format!("199 bailiwick \"{caveat}\""));
        }
        answer
    }
}

impl<A: Answers> Answers for Warned<A> {
    fn answers(description: &mut Description<'_>) {
        A::answers(description);
        let what = "What is wrong with the deployment, though it serves.";
        description.answers_header("Warning", what, false, &json!({ "type": "string" }));
    }
}
