//! A route says nothing about who may call.

use bailiwick_api::{access::Public, answer::NoContent, operations::Does, routes::Routes};

async fn handler(_: Public) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", handler, Does::Live);
}
