//! The handler asks for leave to list, where its row says that it adds.

use bailiwick_api::{
    access::{Guard, Requires},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::{InviteMember, ListMembers};

async fn handler(_: Guard<ListMembers>) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler, Does::Live);
}
