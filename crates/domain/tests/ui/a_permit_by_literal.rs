//! A permit is written down field by field.

use bailiwick_domain::{
    TenantId, UserId,
    access::{PermissionSet, Permit, Scope, TenantScope, Write, action::AddMember},
};

fn attempt(user: UserId, tenant: TenantId, scope: TenantScope<Write>) -> Permit<AddMember> {
    Permit {
        user,
        held: PermissionSet::all(),
        at: Scope::Tenant(tenant),
        scope,
    }
}

fn main() {}
