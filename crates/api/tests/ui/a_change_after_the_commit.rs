//! Something is written after the record of it was closed.

use bailiwick_application::ports::TenantUnit;
use bailiwick_domain::{access::AuditEntry, member::Member};

async fn attempt(mut unit: Box<dyn TenantUnit>, entry: AuditEntry, member: &Member) {
    let _ = unit.commit(entry).await;
    let _ = unit.add_member(member).await;
}

fn main() {}
