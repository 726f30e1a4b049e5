//! A scope is minted by hand, with a seal that the compiler is left to find.

use bailiwick_domain::{
    TenantId,
    access::{Proof, TenantScope, Write},
};

fn attempt(tenant: TenantId) -> TenantScope<Write> {
    TenantScope::<Write>::mint(tenant, Default::default())
}

fn main() {}
