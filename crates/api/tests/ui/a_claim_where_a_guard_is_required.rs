//! The handler asks for leave to look for a thing, where its row says that the caller holds the permission.

use bailiwick_api::{
    access::{Claimed, Requires},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::ReadProject;

async fn handler(_: Claimed<ReadProject>) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().get("/projects", Requires(ReadProject), handler, Does::Live);
}
