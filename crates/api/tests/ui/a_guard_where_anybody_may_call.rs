//! The handler asks for leave, where its row lets anybody in and nobody is authenticated.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Guard, Public},
    routes::Routes,
};
use bailiwick_domain::access::action::InviteMember;

async fn handler(_: Guard<InviteMember>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Public, handler);
}
