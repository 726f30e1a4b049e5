//! The handler lets in whoever is signed in, where its row says that the caller holds a permission on the thing.

use bailiwick_api::{
    access::{RequiresOn, SignedIn},
    answer::NoContent,
    operations::Does,
    routes::Routes,
};
use bailiwick_domain::access::action::UpdateProject;

async fn handler(_: SignedIn) -> NoContent {
    NoContent
}

fn main() {
    let _ = Routes::default().patch("/projects", RequiresOn(UpdateProject), handler, Does::Live);
}
