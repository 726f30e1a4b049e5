//! A record of the audit trail is written down field by field.

use bailiwick_domain::access::{Actor, AuditEntry, Scope};

fn attempt(actor: Actor) -> AuditEntry {
    AuditEntry {
        actor: Some(actor),
        action: "member:invite",
        scope: Scope::Platform,
        target: String::new(),
        reason: None,
    }
}

fn main() {}
