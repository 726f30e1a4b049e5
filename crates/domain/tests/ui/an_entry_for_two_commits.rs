//! One record is to do for two changes.

use bailiwick_domain::access::AuditEntry;

fn commit(_: AuditEntry) {}

fn attempt(entry: AuditEntry) {
    commit(entry);
    commit(entry);
}

fn main() {}
