//! A scope is minted by hand, with a seal that is called by its name.

use bailiwick_domain::{
    TenantId, UserId,
    access::{Proof, TenantScope, Write, scope::Seal},
};

fn attempt(tenant: TenantId, user: UserId) -> TenantScope<Write> {
    TenantScope::mint(tenant, user, Seal(()))
}

fn main() {}
