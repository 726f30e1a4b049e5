//! A scope is minted by hand, with something that looks like a seal.

use bailiwick_domain::{
    TenantId,
    access::{Actor, Proof, TenantScope, Write},
};

struct Seal(());

fn attempt(tenant: TenantId, actor: Actor) -> TenantScope<Write> {
    TenantScope::<Write>::mint(tenant, actor, Seal(()))
}

fn main() {}
