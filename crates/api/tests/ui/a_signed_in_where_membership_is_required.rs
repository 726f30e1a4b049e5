//! The handler lets in whoever is signed in, where its row says that the caller is a member.

use bailiwick_api::{
    access::{AnyMember, SignedIn},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};

async fn handler(_: SignedIn) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/leave", AnyMember, handler, Does::Live);
}
