//! The handler asks who calls, where its row says that a permission is required.

use bailiwick_api::{
    access::{Requires, SignedIn},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::InviteMember;

async fn handler(_: SignedIn) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler, Does::Live);
}
