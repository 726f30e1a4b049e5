//! `ETag` and `If-Match` (RFC 9110 §8.8.3, §13.1.1): nobody overwrites what they have not seen.

use crate::{
    openapi::Description,
    problem::{Kind, Problem},
    reads::Reads,
};
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use bailiwick_domain::version::{Expected, Version};
use serde_json::json;
use std::future::{Ready, ready};

/// What the caller expects of the thing that they change. They have to say.
#[derive(Debug)]
pub(crate) struct IfMatch(pub(crate) Expected);

/// What the caller expects, if they say.
#[derive(Debug)]
pub(crate) struct IfMatchAny(pub(crate) Expected);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let expected = expected(request).ok_or_else(|| Kind::PreconditionRequired.into());
        ready(expected.map(Self))
    }
}

impl FromRequest for IfMatchAny {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(expected(request).unwrap_or(Expected::Any))))
    }
}

impl Reads for IfMatch {
    fn describe(description: &mut Description<'_>) {
        tag(description, true);
        description.refuses(&[Kind::PreconditionRequired, Kind::PreconditionFailed]);
    }
}

impl Reads for IfMatchAny {
    fn describe(description: &mut Description<'_>) {
        tag(description, false);
        description.refuses(&[Kind::PreconditionFailed]);
    }
}

fn tag(description: &mut Description<'_>, required: bool) {
    let what = "The `ETag` of what was read, or `*` for whatever is there.";
    let schema = json!({ "type": "string", "examples": ["*", "\"v1\""] });
    description.header("If-Match", what, required, &schema);
}

/// The tag of a thing at this version. It is about what can be changed here, and not about every byte: names of roles and people come from elsewhere.
pub(crate) fn etag(version: Version) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"v{}\"", version.number()))
}

/// A tag that is none of ours, or a weak one, is met by nothing.
fn expected(request: &HttpRequest) -> Option<Expected> {
    let mut said = request.headers().get_all(header::IF_MATCH).peekable();
    said.peek()?;
    let tags = said.filter_map(|tags| tags.to_str().ok());
    let tags: Vec<_> = tags
        .flat_map(|tags| tags.split(','))
        .map(str::trim)
        .collect();
    if tags == ["*"] {
        return Some(Expected::Any);
    }
    let versions = tags.iter().filter_map(|tag| {
        let number = tag.strip_prefix("\"v")?.strip_suffix('"')?.parse().ok();
        let version = number.map(Version::from_number);
        // Tags are compared letter for letter (RFC 9110 §8.8.3.2): `"v01"` is none of ours.
        version.filter(|version| etag(*version).1 == *tag)
    });
    Some(Expected::OneOf(versions.collect()))
}
