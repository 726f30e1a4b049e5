//! Leave to look is asked for where there is nothing to look for: the permission is one of the whole tenant.

use bailiwick_domain::{
    TenantId,
    access::{Principal, action::ListMembers, claim},
};

fn attempt(principal: &Principal, tenant: TenantId) {
    let _ = claim::<ListMembers>(principal, tenant);
}

fn main() {}
