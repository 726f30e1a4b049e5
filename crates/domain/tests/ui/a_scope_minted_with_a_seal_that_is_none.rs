//! A scope is minted by hand, with something that looks like a seal.

use bailiwick_domain::{
    TenantId,
    access::{Proof, TenantScope, Write},
};

struct Seal(());

fn attempt(tenant: TenantId) -> TenantScope<Write> {
    TenantScope::<Write>::mint(tenant, Seal(()))
}

fn main() {}
