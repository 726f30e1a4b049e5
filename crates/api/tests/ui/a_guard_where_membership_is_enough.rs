//! The handler asks for a permission, where its row says that membership is enough.

use actix_web::HttpResponse;
use bailiwick_api::{
    access::{AnyMember, Guard},
    routes::Routes,
};
use bailiwick_domain::access::action::ListMembers;

async fn handler(_: Guard<ListMembers>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = Routes::default().post("/leave", AnyMember, handler);
}
