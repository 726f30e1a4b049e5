//! The handler asks for leave to list, where its row says that it adds.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Guard, Requires},
    routes::Routes,
};
use bailiwick_domain::access::action::{InviteMember, ListMembers};

async fn handler(_: Guard<ListMembers>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler);
}
