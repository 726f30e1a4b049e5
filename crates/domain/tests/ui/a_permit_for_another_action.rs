//! A project is deleted with leave to rename it.

use bailiwick_domain::{
    Timestamp,
    access::{Permit, action::UpdateProject},
    project::Project,
};

fn attempt(permit: &Permit<UpdateProject>, project: &mut Project, now: Timestamp) {
    let _ = project.delete(permit, now);
}

fn main() {}
