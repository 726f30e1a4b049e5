//! A scope is kept for later, without its permit.

use bailiwick_domain::access::{Permit, TenantScope, Write, action::InviteMember};

fn attempt(permit: &Permit<InviteMember>) -> TenantScope<Write> {
    permit.scope().clone()
}

fn main() {}
