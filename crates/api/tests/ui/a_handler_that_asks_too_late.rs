//! The handler reads the body before it asks for leave.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Guard, Requires},
    routes::Routes,
};
use bailiwick_domain::access::action::InviteMember;

async fn handler(_: String, _: Guard<InviteMember>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler);
}
