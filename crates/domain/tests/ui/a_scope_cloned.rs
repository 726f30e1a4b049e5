//! A scope is kept for later, without its permit.

use bailiwick_domain::access::{Permit, TenantScope, Write, action::AddMember};

fn attempt(permit: &Permit<AddMember>) -> TenantScope<Write> {
    permit.scope().clone()
}

fn main() {}
