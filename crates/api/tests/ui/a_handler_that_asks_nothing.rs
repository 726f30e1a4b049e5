//! The handler takes no argument, where its row says that a permission is required.

use bailiwick_api::{access::Requires, answer::NoContent, operations::Does, routes::Routes};
use bailiwick_domain::access::action::InviteMember;

async fn handler() -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler, Does::Live);
}
