//! The handler takes no argument, where its row says that anybody may call.

use bailiwick_api::{access::Public, answer::NoContent, operations::Does, routes::Routes};

async fn handler() -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", Public, handler, Does::Live);
}
