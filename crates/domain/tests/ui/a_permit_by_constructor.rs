//! A permit is minted past the policy.

use bailiwick_domain::{
    TenantId,
    access::{Actor, Grants, Permission, Permit, action::InviteMember},
};

fn attempt(actor: Actor, tenant: TenantId, all: Grants<Permission>) -> Permit<InviteMember> {
    Permit::mint(actor, all, tenant)
}

fn main() {}
