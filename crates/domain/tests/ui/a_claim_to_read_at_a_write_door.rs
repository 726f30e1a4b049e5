//! A store is opened for writing with leave to look for what may be read.

use bailiwick_domain::access::{Claim, TenantScope, Write, action::ReadProject};

fn write(_: &TenantScope<Write>) {}

fn attempt(claim: &Claim<ReadProject>) {
    write(claim.within());
}

fn main() {}
