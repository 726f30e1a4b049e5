//! A scope is minted by hand, with a seal that the compiler is left to find.

use bailiwick_domain::{
    TenantId, UserId,
    access::{Proof, TenantScope, Write},
};

fn attempt(tenant: TenantId, user: UserId) -> TenantScope<Write> {
    TenantScope::<Write>::mint(tenant, user, Default::default())
}

fn main() {}
