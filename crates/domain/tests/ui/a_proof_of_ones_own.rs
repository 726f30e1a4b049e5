//! A scope that mints itself comes from outside.

use bailiwick_domain::{
    TenantId,
    access::{Actor, Level, Proof, Reach},
};

#[derive(Debug)]
struct Everywhere;

impl Proof for Everywhere {
    type At = TenantId;
    const REACH: Reach = Reach {
        level: Level::Tenant,
        writes: true,
    };

    fn mint<Seal>(_: TenantId, _: Actor, _: Seal) -> Self {
        Self
    }
}

fn main() {}
