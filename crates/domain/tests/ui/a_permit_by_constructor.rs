//! A permit is minted past the policy.

use bailiwick_domain::{
    TenantId, UserId,
    access::{PermissionSet, Permit, action::AddMember},
};

fn attempt(user: UserId, tenant: TenantId) -> Permit<AddMember> {
    Permit::mint(user, PermissionSet::all(), tenant)
}

fn main() {}
