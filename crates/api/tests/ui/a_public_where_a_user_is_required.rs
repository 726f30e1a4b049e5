//! The handler lets anybody in, where its row says that the caller is signed in.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{AnyUser, Public},
    routes::Routes,
};

async fn handler(_: Public) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", AnyUser, handler);
}
