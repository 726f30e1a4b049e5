//! A permit is used after it was handed over.

use bailiwick_domain::access::{Permit, TenantScope, Write, action::InviteMember};

fn keep(_: Permit<InviteMember>) {}

fn write(_: &TenantScope<Write>) {}

fn attempt(permit: Permit<InviteMember>) {
    keep(permit);
    write(permit.scope());
}

fn main() {}
