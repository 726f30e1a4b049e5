//! The handler asks for leave everywhere, where its row says that it depends on the thing.

use bailiwick_api::{
    access::{Guard, RequiresOn},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::ReadProject;

async fn handler(_: Guard<ReadProject>) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().get("/projects", RequiresOn(ReadProject), handler, Does::Live);
}
