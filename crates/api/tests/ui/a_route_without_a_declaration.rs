//! A route says nothing about who may call.

use actix_web::HttpResponse;
use bailiwick_api::{access::Public, routes::Routes};

async fn handler(_: Public) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", handler);
}
