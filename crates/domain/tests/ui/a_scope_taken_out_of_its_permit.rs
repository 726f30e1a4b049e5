//! A scope is moved out of the permit that it belongs to.

use bailiwick_domain::access::{Permit, TenantScope, Write, action::AddMember};

fn attempt(permit: Permit<AddMember>) -> TenantScope<Write> {
    *permit.scope()
}

fn main() {}
