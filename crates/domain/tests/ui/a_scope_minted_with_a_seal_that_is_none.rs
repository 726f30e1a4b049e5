//! A scope is minted by hand, with something that looks like a seal.

use bailiwick_domain::{
    TenantId, UserId,
    access::{Proof, TenantScope, Write},
};

struct Seal(());

fn attempt(tenant: TenantId, user: UserId) -> TenantScope<Write> {
    TenantScope::<Write>::mint(tenant, user, Seal(()))
}

fn main() {}
