//! A handler that was given leave to look at a project deletes it.

use bailiwick_api::access::Claimed;
use bailiwick_application::projects::Projects;
use bailiwick_domain::{ProjectId, access::action::ReadProject};

async fn attempt(claim: Claimed<ReadProject>, projects: Projects, id: ProjectId) {
    let _ = projects.delete(&claim, id).await;
}

fn main() {}
