//! The handler asks for leave to list, where its row says that it adds, and that the caller has just signed in.

use bailiwick_api::{
    access::{Guard, Recently, Requires},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::{InviteMember, ListMembers};

async fn handler(_: Guard<ListMembers>) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post(
        "/members",
        Recently(Requires(InviteMember)),
        handler,
        Does::Live,
    );
}
