//! A scope is minted by hand, with a seal that is called by its name.

use bailiwick_domain::{
    TenantId,
    access::{Actor, Proof, TenantScope, Write, scope::Seal},
};

fn attempt(tenant: TenantId, actor: Actor) -> TenantScope<Write> {
    TenantScope::mint(tenant, actor, Seal(()))
}

fn main() {}
