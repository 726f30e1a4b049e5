//! A scope is written down field by field.

use bailiwick_domain::{
    TenantId,
    access::{TenantScope, Write},
};
use std::marker::PhantomData;

fn attempt(tenant: TenantId) -> TenantScope<Write> {
    TenantScope {
        tenant,
        mode: PhantomData,
    }
}

fn main() {}
