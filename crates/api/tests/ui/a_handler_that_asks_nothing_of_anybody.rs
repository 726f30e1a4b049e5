//! The handler takes no argument, where its row says that anybody may call.

use actix_web::HttpResponse;
use bailiwick_api::{access::Public, routes::Routes};

async fn handler() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/members", Public, handler);
}
