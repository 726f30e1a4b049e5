//! The row and its handler ask for leave everywhere, where the policy has to know the thing.

use bailiwick_api::{
    access::{Guard, Requires},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::ReadProject;

async fn handler(_: Guard<ReadProject>) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().get("/projects", Requires(ReadProject), handler, Does::Live);
}
