//! The handler lets any member in, where its row says that the caller holds a permission.

use bailiwick_api::{
    access::{Membership, Requires},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::InviteMember;

async fn handler(_: Membership) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler, Does::Live);
}
