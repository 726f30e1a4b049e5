//! A scope is minted by hand, with a seal that the compiler is left to find.

use bailiwick_domain::{
    TenantId,
    access::{Actor, Proof, TenantScope, Write},
};

fn attempt(tenant: TenantId, actor: Actor) -> TenantScope<Write> {
    TenantScope::<Write>::mint(tenant, actor, Default::default())
}

fn main() {}
