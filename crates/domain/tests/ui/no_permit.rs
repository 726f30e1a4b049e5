//! A project is created without a permit.

use bailiwick_domain::{Name, ProjectId, Timestamp, project::Project};

fn attempt(id: ProjectId, name: Name, now: Timestamp) -> Project {
    Project::create(id, name, now)
}

fn main() {}
