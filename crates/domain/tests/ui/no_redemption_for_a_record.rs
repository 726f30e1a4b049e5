//! A record of an invitation having been answered is made without leave to answer it.

use bailiwick_domain::{
    InvitationId, TenantId,
    access::{Actor, AuditEntry, Scope},
};

fn attempt(actor: Actor, tenant: TenantId, invitation: InvitationId) -> AuditEntry {
    AuditEntry::of_redemption(
        Some(actor),
        "invitation:accept",
        Scope::Tenant(tenant),
        invitation,
    )
}

fn main() {}
