//! A change is recorded as something that was read.

use bailiwick_domain::access::{AuditEntry, Permit, action::ListMembers};

fn attempt(permit: &Permit<ListMembers>) -> AuditEntry {
    permit.entry("somebody")
}

fn main() {
    let _ = attempt as fn(&Permit<ListMembers>) -> AuditEntry;
}
