//! The handler asks who calls, where its row says that a permission is required.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Requires, SignedIn},
    routes::Routes,
};
use bailiwick_domain::access::action::InviteMember;

async fn handler(_: SignedIn) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler);
}
