//! A project is deleted with leave to rename it.

use bailiwick_domain::{
    Timestamp,
    access::{Permit, action::RenameProject},
    project::Project,
};

fn attempt(permit: &Permit<RenameProject>, project: &mut Project, now: Timestamp) {
    project.delete(permit, now);
}

fn main() {}
