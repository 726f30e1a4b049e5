//! A route says nothing about what it does.

use bailiwick_api::{access::Public, answer::NoContent, routes::Routes};

async fn handler(_: Public) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", Public, handler);
}
