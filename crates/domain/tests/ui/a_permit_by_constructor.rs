//! A permit is minted past the policy.

use bailiwick_domain::{
    TenantId, UserId,
    access::{Grants, Permission, Permit, action::InviteMember},
};

fn attempt(user: UserId, tenant: TenantId, all: Grants<Permission>) -> Permit<InviteMember> {
    Permit::mint(user, all, tenant)
}

fn main() {}
