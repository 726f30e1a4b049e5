//! The handler lets in whoever is signed in, where its row says that the caller holds a permission on the thing.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{RequiresOn, SignedIn},
    routes::Routes,
};
use bailiwick_domain::access::action::UpdateProject;

async fn handler(_: SignedIn) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().patch("/projects", RequiresOn(UpdateProject), handler);
}
