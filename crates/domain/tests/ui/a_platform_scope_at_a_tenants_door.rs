//! A tenant is opened with leave that was given for the platform.

use bailiwick_domain::access::{PlatformScope, TenantScope, Write};

fn write(_: &TenantScope<Write>) {}

fn attempt(scope: &PlatformScope<Write>) {
    write(scope);
}

fn main() {}
