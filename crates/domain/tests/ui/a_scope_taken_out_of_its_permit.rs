//! A scope is moved out of the permit that it belongs to.

use bailiwick_domain::access::{Permit, TenantScope, Write, action::InviteMember};

fn attempt(permit: Permit<InviteMember>) -> TenantScope<Write> {
    *permit.scope()
}

fn main() {}
