//! The handler asks for leave to look at a thing, where its row says that it changes it.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{Claimed, RequiresOn},
    routes::Routes,
};
use bailiwick_domain::access::action::{ReadProject, UpdateProject};

async fn handler(_: Claimed<ReadProject>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().patch("/projects", RequiresOn(UpdateProject), handler);
}
