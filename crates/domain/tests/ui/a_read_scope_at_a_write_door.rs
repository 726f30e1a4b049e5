//! A store is opened for writing with leave to read.

use bailiwick_domain::access::{Permit, TenantScope, Write, action::ListMembers};

fn write(_: &TenantScope<Write>) {}

fn attempt(permit: &Permit<ListMembers>) {
    write(permit.scope());
}

fn main() {}
