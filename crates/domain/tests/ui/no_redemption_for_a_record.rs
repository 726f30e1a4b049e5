//! A record of an invitation having been answered is made without leave to answer it.

use bailiwick_domain::{
    InvitationId, TenantId, UserId,
    access::{AuditEntry, Scope},
};

fn attempt(user: UserId, tenant: TenantId, invitation: InvitationId) -> AuditEntry {
    AuditEntry::of_redemption(
        Some(user),
        "invitation:accept",
        Scope::Tenant(tenant),
        invitation,
    )
}

fn main() {}
