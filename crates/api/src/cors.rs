//! Which pages of other origins may use the API from a browser (the Fetch standard, §3.2).

use actix_cors::Cors;
use actix_web::http::{Method, header};

/// How long a browser may remember what it may do, in seconds.
const REMEMBERED: usize = 60 * 60;

/// What pages may read beside the body.
const EXPOSED: [&str; 9] = [
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-request-id",
];

/// Pages of these origins (RFC 6454) may, with cookies; to all others nothing is said.
pub fn cors(origins: &[String]) -> Cors {
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let cors = Cors::default()
        .allowed_methods(methods)
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::HeaderName::from_static("idempotency-key"),
            header::HeaderName::from_static("x-request-id"),
        ])
        .expose_headers(EXPOSED)
        .supports_credentials()
        .block_on_origin_mismatch(false)
        .max_age(REMEMBERED);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
