//! The row and its handler ask for leave everywhere, where the policy has to know the thing.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Guard, Requires},
    routes::Routes,
};
use bailiwick_domain::access::action::ReadProject;

async fn handler(_: Guard<ReadProject>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().get("/projects", Requires(ReadProject), handler);
}
