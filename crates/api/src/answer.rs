//! What handlers answer, as their types say it: the status, the body, and the headers beside it.

use crate::{
    openapi::{Description, Media},
    precondition::etag,
    problem::Problem,
};
use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    cookie::Cookie,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use bailiwick_domain::version::Version;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// What a handler answers when nothing is wrong. A type that does not say what it is about is no answer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it answers",
    label = "a handler answers with one of the types of `bailiwick_api::answer`, whose body derives `JsonSchema`"
)]
pub trait Answers {
    /// Writes its status, body and headers into the description.
    fn answers(description: &mut Description<'_>);
}

impl<T: Answers> Answers for Result<T, Problem> {
    fn answers(description: &mut Description<'_>) {
        T::answers(description);
    }
}

/// A JSON body with this status.
#[derive(Debug)]
pub struct Json<const STATUS: u16, T>(pub T);

/// What was asked for.
pub type Found<T> = Json<200, T>;
/// What was made.
pub type Created<T> = Json<201, T>;
/// What goes on.
pub type Accepted<T> = Json<202, T>;

impl<const STATUS: u16, T: Serialize> Responder for Json<STATUS, T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(STATUS).unwrap_or_default();
        HttpResponse::build(status).json(self.0)
    }
}

impl<const STATUS: u16, T: JsonSchema> Answers for Json<STATUS, T> {
    fn answers(description: &mut Description<'_>) {
        let schema = description.written::<T>();
        description.answers_with(STATUS, Some((Media::Json, schema)));
    }
}

/// It is done, and there is nothing to say about it.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

impl Answers for NoContent {
    fn answers(description: &mut Description<'_>) {
        description.answers_with(204, None);
    }
}

/// One of two answers.
#[derive(Debug)]
pub(crate) enum Or<A, B> {
    This(A),
    That(B),
}

impl<A, B> Responder for Or<A, B>
where
    A: Responder<Body = BoxBody>,
    B: Responder<Body = BoxBody>,
{
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self {
            Self::This(answer) => answer.respond_to(request),
            Self::That(answer) => answer.respond_to(request),
        }
    }
}

impl<A: Answers, B: Answers> Answers for Or<A, B> {
    fn answers(description: &mut Description<'_>) {
        A::answers(description);
        B::answers(description);
    }
}

/// An answer about something at this version.
#[derive(Debug)]
pub(crate) struct Tagged<A>(pub(crate) Version, pub(crate) A);

impl<A: Responder<Body = BoxBody>> Responder for Tagged<A> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut answer = self.1.respond_to(request);
        let (name, tag) = etag(self.0);
        insert(&mut answer, name, &tag);
        answer
    }
}

impl<A: Answers> Answers for Tagged<A> {
    fn answers(description: &mut Description<'_>) {
        A::answers(description);
        let pattern = json!({ "type": "string", "pattern": "^\"v[1-9][0-9]*\"$" });
        let what = "The version of what is answered, for `If-Match`.";
        description.answers_header("ETag", what, true, &pattern);
    }
}

/// An answer that sets cookies, or takes them away.
#[derive(Debug)]
pub(crate) struct WithCookies<A>(pub(crate) Vec<Cookie<'static>>, pub(crate) A);

impl<A: Responder<Body = BoxBody>> Responder for WithCookies<A> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut answer = self.1.respond_to(request);
        for cookie in self.0 {
            // Its values are words of ours.
            let _ = answer.add_cookie(&cookie);
        }
        answer
    }
}

impl<A: Answers> Answers for WithCookies<A> {
    fn answers(description: &mut Description<'_>) {
        A::answers(description);
        let what = "Cookies for our own pages; to a page of another origin none is set.";
        description.answers_header("Set-Cookie", what, false, &json!({ "type": "string" }));
    }
}

/// An answer that may be kept, and for whom and how long.
#[derive(Debug)]
pub(crate) struct Kept<A>(pub(crate) String, pub(crate) A);

impl<A: Responder<Body = BoxBody>> Responder for Kept<A> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut answer = self.1.respond_to(request);
        insert(&mut answer, header::CACHE_CONTROL, &self.0);
        answer
    }
}

impl<A: Answers> Answers for Kept<A> {
    fn answers(description: &mut Description<'_>) {
        A::answers(description);
        let what = "Who may keep the answer, and for how long.";
        let text = json!({ "type": "string" });
        description.answers_header("Cache-Control", what, true, &text);
    }
}

/// A text that comes with this build.
#[derive(Debug)]
pub(crate) struct File<T>(pub(crate) T);

/// What is served as it is.
pub(crate) trait Served {
    /// Its type.
    const MEDIA: Media;

    /// Its text.
    fn text() -> &'static str;
}

impl<T: Served> Responder for File<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .content_type(T::MEDIA.name())
            .body(T::text())
    }
}

impl<T: Served> Answers for File<T> {
    fn answers(description: &mut Description<'_>) {
        let looks = match T::MEDIA {
            Media::Json => json!({ "type": "object" }),
            _ => json!({ "type": "string" }),
        };
        description.answers_with(200, Some((T::MEDIA, looks)));
    }
}

/// Puts a header that is a word of ours.
pub(crate) fn insert<B>(answer: &mut HttpResponse<B>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
