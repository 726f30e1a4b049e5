//! A route declares nothing, in as many words.

use actix_web::HttpResponse;
use bailiwick_api::{access::Public, routes::Routes};

async fn handler(_: Public) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", (), handler);
}
