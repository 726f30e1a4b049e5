//! A record of the audit trail is written down field by field.

use bailiwick_domain::{
    UserId,
    access::{AuditEntry, Scope},
};

fn attempt(actor: UserId) -> AuditEntry {
    AuditEntry {
        actor: Some(actor),
        action: "member:invite",
        scope: Scope::Platform,
        target: String::new(),
        reason: None,
    }
}

fn main() {}
