//! A handler that was given leave to look for a project creates one.

use bailiwick_api::access::Claimed;
use bailiwick_application::projects::Projects;
use bailiwick_domain::{Name, access::action::UpdateProject};

async fn attempt(claim: Claimed<UpdateProject>, projects: Projects, name: Name) {
    let _ = projects.create(&claim, name).await;
}

fn main() {}
