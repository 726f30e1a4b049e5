//! A change is recorded with leave to look for what is to be changed.

use bailiwick_domain::access::{AuditEntry, Claim, action::UpdateProject};

fn attempt(claim: &Claim<UpdateProject>) -> AuditEntry {
    claim.entry("something")
}

fn main() {}
