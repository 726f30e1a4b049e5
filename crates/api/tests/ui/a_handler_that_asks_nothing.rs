//! The handler takes no argument, where its row says that a permission is required.

use actix_web::HttpResponse;
use bailiwick_api::{access::Requires, routes::Routes};
use bailiwick_domain::access::action::InviteMember;

async fn handler() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler);
}
