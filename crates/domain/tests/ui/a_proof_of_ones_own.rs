//! A scope that mints itself comes from outside.

use bailiwick_domain::{
    TenantId, UserId,
    access::{Level, Proof, Reach},
};

#[derive(Debug)]
struct Everywhere;

impl Proof for Everywhere {
    type At = TenantId;
    const REACH: Reach = Reach {
        level: Level::Tenant,
        writes: true,
    };

    fn mint<Seal>(_: TenantId, _: UserId, _: Seal) -> Self {
        Self
    }
}

fn main() {}
