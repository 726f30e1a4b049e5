//! The keys that access tokens are verified with, for whoever wants to.

use crate::access::Public;
use actix_web::{HttpResponse, http::header, web::Data};
use bailiwick_application::ports::{KEYS_CACHED, PublicKey, PublicKeys};
use serde_json::{Map, json};

/// The set in the form of RFC 7517 §5.
pub(crate) async fn jwks(_: Public, keys: Data<dyn PublicKeys>) -> HttpResponse {
    let keys = keys.public_keys().into_iter().map(|PublicKey(members)| {
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect()
    });
    HttpResponse::Ok()
        .insert_header((
            header::CACHE_CONTROL,
            format!("public, max-age={}", KEYS_CACHED.as_secs()),
        ))
        .json(json!({ "keys": keys.collect::<Vec<Map<_, _>>>() }))
}
