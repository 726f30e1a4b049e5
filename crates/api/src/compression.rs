//! Compression of what is long (RFC 9110 §8.4).

use actix_http::encoding::Encoder;
use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, AcceptEncoding, ContentEncoding, Encoding, Header as _, HeaderValue},
    },
};

/// Shorter answers fit into a packet as they are, in bytes.
const LONG: u64 = 1_024;

/// Is the request one whose answer may come compressed? Answers to reads hold no secrets, by whose length anybody could
/// guess them (CRIME, BREACH).
pub(crate) fn wanted(request: &ServiceRequest) -> bool {
    if *request.method() != Method::GET || !request.headers().contains_key(header::ACCEPT_ENCODING)
    {
        return false;
    }
    let accepted = AcceptEncoding::parse(request);
    let best = accepted
        .map(|accepted| accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter()));
    best.is_ok_and(|best| best == Some(Encoding::gzip()))
}

/// The same answer, compressed if that is wanted and worth it. One with a tag stays as it is, since the tag is of its very bytes
/// (RFC 9110 §8.8.3).
pub(crate) fn compressed(
    mut response: ServiceResponse<BoxBody>,
    wanted: bool,
) -> ServiceResponse<BoxBody> {
    let BodySize::Sized(length) = response.response().body().size() else {
        return response;
    };
    let read = response.request().method().is_safe();
    let tagged = response.headers().contains_key(header::ETAG);
    if !read || response.status() != StatusCode::OK || length < LONG || tagged {
        return response;
    }
    // Whoever keeps the answer keeps one of each: it varies, and the encoder says so by itself.
    if wanted {
        return response
            .map_body(|head, body| Encoder::response(ContentEncoding::Gzip, head, body).boxed());
    }
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().append(header::VARY, vary);
    response
}
