//! A record of the audit trail is made without a permit.

use bailiwick_domain::{
    UserId,
    access::{AuditEntry, Scope},
};

fn attempt(user: UserId) -> AuditEntry {
    AuditEntry::new(Some(user), "member:invite", Scope::Platform, "somebody")
}

fn main() {}
