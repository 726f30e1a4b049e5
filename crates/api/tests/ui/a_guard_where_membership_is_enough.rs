//! The handler asks for a permission, where its row says that membership is enough.

use bailiwick_api::{
    access::{AnyMember, Guard},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::ListMembers;

async fn handler(_: Guard<ListMembers>) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/leave", AnyMember, handler, Does::Live);
}
