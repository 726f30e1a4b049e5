//! Leave for one thing is written down field by field.

use bailiwick_domain::access::{Object, ObjectScope, TenantScope, Write};

fn attempt(object: Object, within: TenantScope<Write>) -> ObjectScope<Write> {
    ObjectScope { object, within }
}

fn main() {}
