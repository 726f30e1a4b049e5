//! A tenant as a whole is written with leave for one thing in it.

use bailiwick_domain::access::{Permit, TenantScope, Write, action::UpdateProject};

fn write(_: &TenantScope<Write>) {}

fn attempt(permit: &Permit<UpdateProject>) {
    write(permit.scope());
}

fn main() {}
