//! The handler lets any member in, where its row says that the caller holds a permission.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Membership, Requires},
    routes::Routes,
};
use bailiwick_domain::access::action::InviteMember;

async fn handler(_: Membership) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler);
}
