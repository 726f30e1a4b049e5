//! The handler lets in whoever is signed in, where its row says that the caller is a member.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{AnyMember, SignedIn},
    routes::Routes,
};

async fn handler(_: SignedIn) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/leave", AnyMember, handler);
}
