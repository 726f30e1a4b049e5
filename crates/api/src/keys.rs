//! The keys that access tokens are verified with, for whoever wants to.

use crate::{
    access::Public,
    answer::{Found, Json, Kept},
};
use actix_web::web::Data;
use bailiwick_application::ports::{KEYS_CACHED, PublicKey, PublicKeys};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The set in the form of RFC 7517 §5: of each key, the members that its kind has.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "KeySet")]
pub(crate) struct KeySetBody {
    keys: Vec<BTreeMap<String, String>>,
}

pub(crate) async fn jwks(_: Public, keys: Data<dyn PublicKeys>) -> Kept<Found<KeySetBody>> {
    let keys = keys.public_keys().into_iter().map(|PublicKey(members)| {
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    });
    Kept(
        format!("public, max-age={}", KEYS_CACHED.as_secs()),
        Json(KeySetBody {
            keys: keys.collect(),
        }),
    )
}
