//! The handler asks for leave, where its row lets anybody in and nobody is authenticated.

use bailiwick_api::{
    access::{Guard, Public},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::InviteMember;

async fn handler(_: Guard<InviteMember>) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", Public, handler, Does::Live);
}
