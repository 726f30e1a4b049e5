//! Ids in paths.

use crate::problem::{Kind, Problem};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::{
    fmt::Display,
    future::{Ready, ready},
    str::FromStr,
};

/// The `{id}` of the path.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr<Err: Display>> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().query("id").parse();
        ready(
            id.map(Self)
                .map_err(|error| Problem::from(Kind::InvalidId).detail(error)),
        )
    }
}
