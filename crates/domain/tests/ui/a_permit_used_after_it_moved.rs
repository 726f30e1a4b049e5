//! A permit is used after it was handed over.

use bailiwick_domain::access::{Permit, TenantScope, Write, action::AddMember};

fn keep(_: Permit<AddMember>) {}

fn write(_: &TenantScope<Write>) {}

fn attempt(permit: Permit<AddMember>) {
    keep(permit);
    write(permit.scope());
}

fn main() {}
