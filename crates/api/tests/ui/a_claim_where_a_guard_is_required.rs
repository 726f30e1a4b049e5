//! The handler asks for leave to look for a thing, where its row says that the caller holds the permission.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Claimed, Requires},
    routes::Routes,
};
use bailiwick_domain::access::action::ReadProject;

async fn handler(_: Claimed<ReadProject>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().get("/projects", Requires(ReadProject), handler);
}
