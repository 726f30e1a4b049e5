//! The handler answers with a body that has no schema.

use bailiwick_api::{
    access::Public,
    answer::{Found, Json},
    operations::Does,
    routes::Routes,
};

async fn handler(_: Public) -> Found<Vec<std::num::ParseIntError>> {
    Json(Vec::new())
}

fn main() {
    let _ = Routes::default().get("/members", Public, handler, Does::Live);
}
