//! What every request meets first and every answer passes last.

use crate::{
    compression::{compressed, wanted},
    metrics::Metrics,
    oauth::Refusal,
    problem::{Kind, Problem},
};
use actix_cors::CorsError;
use actix_web::{
    HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        ConnectionType, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use bailiwick_application::ports::Ids;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer says, unless it says otherwise itself.
#[rustfmt::skip]
const ALWAYS: &[(HeaderName, &str)] = &[
    (header::X_CONTENT_TYPE_OPTIONS,     "nosniff"),
    (header::REFERRER_POLICY,            "no-referrer"),
    (header::CONTENT_SECURITY_POLICY,    "default-src 'none'; frame-ancestors 'none'"),
    (header::CACHE_CONTROL,              "no-store"),
];

/// Names the request, runs it, and writes what went wrong as a problem.
///
/// # Errors
/// When a part of actix that we do not own failed: then too the error is a problem.
pub async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let began = Instant::now();
    let metrics = request.app_data::<Data<Metrics>>().cloned();
    let id = request_id(&request);
    let compress = wanted(&request);
    let leaving = request.app_data::<Data<CancellationToken>>().cloned();
    let span = tracing::info_span!(
        "request",
        id = %id,
        method = %request.method(),
        path = request.path(),
    );
    match next.call(request).instrument(span.clone()).await {
        Ok(response) => {
            let mut response = response.map_into_boxed_body();
            if let Some(metrics) = metrics {
                let problem = response.response().error();
                let problem = problem.and_then(|error| error.as_error::<Problem>());
                let (request, status) = (response.request(), response.status());
                metrics.answered(Some(request), status, problem, began.elapsed());
            }
            if response.status().is_client_error() || response.status().is_server_error() {
                let problem = span.in_scope(|| spell_out(response.response(), &id));
                response = with_headers_of(response, problem);
            }
            seal(response.headers_mut(), &id);
            response = compressed(response, compress);
            // A process that is about to stop ends each connection with its next answer: the request after that goes to one
            // that stays.
            if leaving.is_some_and(|leaving| leaving.is_cancelled()) {
                let head = response.response_mut().head_mut();
                head.set_connection_type(ConnectionType::Close);
            }
            Ok(response)
        }
        Err(error) => {
            let mut problem = span.in_scope(|| spell_out(&error.error_response(), &id));
            seal(problem.headers_mut(), &id);
            if let Some(metrics) = metrics {
                metrics.answered(None, problem.status(), None, began.elapsed());
            }
            Err(InternalError::from_response(error, problem).into())
        }
    }
}

/// What every answer carries.
fn seal(headers: &mut HeaderMap, id: &str) {
    for (name, value) in ALWAYS {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// The caller's own name for the request if it is a plain word, else a new one.
fn request_id(request: &ServiceRequest) -> String {
    match (
        named(request.headers()),
        request.app_data::<Data<dyn Ids>>(),
    ) {
        (Some(id), _) => id.to_owned(),
        (None, Some(ids)) => ids.next().to_string(),
        (None, None) => "unnamed".to_owned(),
    }
}

/// The caller's own name for the request.
pub(crate) fn named(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .filter(|id| (1..=64).contains(&id.len()))
        .filter(|id| {
            id.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        })
}

/// The problem behind an answer, also where actix itself refused.
fn spell_out(response: &HttpResponse, id: &str) -> HttpResponse {
    let error = response.error();
    let problem = match error.and_then(|error| error.as_error::<Refusal>()) {
        // RFC 6749 has a form of its own.
        Some(refusal) => match refusal.answer() {
            Ok(answer) => return answer,
            Err(problem) => Some(problem),
        },
        None => error.and_then(|error| error.as_error::<Problem>()),
    };
    if let Some(refused) = error.and_then(|error| error.as_error::<CorsError>()) {
        return Problem::from(Kind::Forbidden).detail(refused).answer(id);
    }
    if let Some(problem) = problem {
        let kind = problem.kind();
        // Neither a flood of passwords nor an orderly stop is a failure.
        let expected = kind == Kind::Busy || kind == Kind::Unavailable && problem.cause().is_none();
        if kind.status().is_server_error() && !expected {
            let cause = problem.cause().map(tracing::field::display);
            tracing::error!(code = kind.code(), cause, "the request failed");
        }
        return problem.answer(id);
    }
    let kind = match response.status() {
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Kind::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Kind::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::UnsupportedMediaType,
        status if status.is_client_error() => Kind::MalformedBody,
        _ => {
            let cause = response.error().map(tracing::field::display);
            tracing::error!(cause, "the request failed");
            Kind::Internal
        }
    };
    Problem::from(kind).answer(id)
}

/// A new answer that keeps what was said beside the body: `Allow`, cookies.
fn with_headers_of(
    response: ServiceResponse<BoxBody>,
    mut answer: HttpResponse,
) -> ServiceResponse<BoxBody> {
    let (request, old) = response.into_parts();
    let said: Vec<_> = answer.headers().keys().cloned().collect();
    for (name, value) in old.headers() {
        if !said.contains(name) && name != header::CONTENT_LENGTH {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, answer)
}
