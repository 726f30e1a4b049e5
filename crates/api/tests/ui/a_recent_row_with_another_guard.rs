//! The handler asks for leave to list, where its row says that it adds, and that the caller has just signed in.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Guard, Recently, Requires},
    routes::Routes,
};
use bailiwick_domain::access::action::{InviteMember, ListMembers};

async fn handler(_: Guard<ListMembers>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Recently(Requires(InviteMember)), handler);
}
