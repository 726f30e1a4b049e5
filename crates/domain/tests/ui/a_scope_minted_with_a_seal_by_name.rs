//! A scope is minted by hand, with a seal that is called by its name.

use bailiwick_domain::{
    TenantId,
    access::{Proof, TenantScope, Write, scope::Seal},
};

fn attempt(tenant: TenantId) -> TenantScope<Write> {
    TenantScope::mint(tenant, Seal(()))
}

fn main() {}
