//! The handler answers with bytes that no type describes.

use actix_web::HttpResponse;
use bailiwick_api::{access::Public, operations::Does, routes::Routes};

async fn handler(_: Public) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().get("/members", Public, handler, Does::Live);
}
