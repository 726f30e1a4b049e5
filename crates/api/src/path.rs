//! Ids in paths.

use crate::{
    openapi::Description,
    problem::{Kind, Problem},
    reads::Reads,
    schema::{Spelled, Text},
};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use bailiwick_domain::MemberId;
use std::{
    fmt::Display,
    future::{Ready, ready},
    str::FromStr,
};

/// The `{id}` of the path.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

/// The `{member_id}` of the path, behind an `{id}`.
#[derive(Debug)]
pub(crate) struct OfMember(pub(crate) MemberId);

impl FromRequest for OfMember {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(named(request, "member_id").map(Self))
    }
}

impl<T: FromStr<Err: Display>> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(named(request, "id").map(Self))
    }
}

impl Reads for OfMember {
    fn describe(description: &mut Description<'_>) {
        let schema = description.read::<Text<MemberId>>();
        description.path("member_id", &schema);
        description.refuses(&[Kind::InvalidId]);
    }
}

impl<T: Spelled> Reads for Id<T> {
    fn describe(description: &mut Description<'_>) {
        let schema = description.read::<Text<T>>();
        description.path("id", &schema);
        description.refuses(&[Kind::InvalidId]);
    }
}

pub(crate) fn named<T: FromStr<Err: Display>>(
    request: &HttpRequest,
    name: &str,
) -> Result<T, Problem> {
    let id = request.match_info().query(name).parse();
    id.map_err(|error: T::Err| Problem::from(Kind::InvalidId).detail(error))
}
