//! The handler asks for leave everywhere, where its row says that it depends on the thing.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Guard, RequiresOn},
    routes::Routes,
};
use bailiwick_domain::access::action::ReadProject;

async fn handler(_: Guard<ReadProject>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().get("/projects", RequiresOn(ReadProject), handler);
}
