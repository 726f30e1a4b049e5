//! A member writes into the trail of another tenant, as only operators of the platform do.

use bailiwick_domain::{
    TenantId,
    access::{AuditEntry, Permit, action::UpdateOrganization},
};

fn attempt(permit: &Permit<UpdateOrganization>, other: TenantId) -> AuditEntry {
    permit.entry_in(other, "tenant:suspend", other)
}

fn main() {}
