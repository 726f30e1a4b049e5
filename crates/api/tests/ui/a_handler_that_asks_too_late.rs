//! The handler reads the body before it asks for leave.

use bailiwick_api::{
    access::{Guard, Requires},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::InviteMember;

async fn handler(_: String, _: Guard<InviteMember>) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", Requires(InviteMember), handler, Does::Live);
}
