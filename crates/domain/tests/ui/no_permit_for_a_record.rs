//! A record of the audit trail is made without a permit.

use bailiwick_domain::access::{Actor, AuditEntry, Scope};

fn attempt(actor: Actor) -> AuditEntry {
    AuditEntry::new(Some(actor), "member:invite", Scope::Platform, "somebody")
}

fn main() {}
