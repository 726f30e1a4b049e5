//! The handler lets anybody in, where its row says that a permission is required.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Public, Requires},
    routes::Routes,
};
use bailiwick_domain::access::action::InviteMember;

async fn handler(_: Public) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler);
}
