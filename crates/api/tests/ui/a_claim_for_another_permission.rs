//! The handler asks for leave to look at a thing, where its row says that it changes it.

use bailiwick_api::{
    access::{Claimed, RequiresOn},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::{ReadProject, UpdateProject};

async fn handler(_: Claimed<ReadProject>) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().patch("/projects", RequiresOn(UpdateProject), handler, Does::Live);
}
