//! The handler lets anybody in, where its row says that the caller is signed in.

use bailiwick_api::{
    access::{AnyUser, Public},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};

async fn handler(_: Public) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().post("/members", AnyUser, handler, Does::Live);
}
