//! A project is renamed with leave to look for it.

use bailiwick_domain::{
    Name, Timestamp,
    access::{Claim, action::UpdateProject},
    project::Project,
};

fn attempt(claim: &Claim<UpdateProject>, project: &mut Project, name: Name, now: Timestamp) {
    let _ = project.rename(claim, name, now);
}

fn main() {}
