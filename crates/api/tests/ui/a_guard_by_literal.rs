//! A handler makes its own guard.

use bailiwick_api::access::Guard;
use bailiwick_domain::access::{Permit, action::AddMember};

fn attempt(permit: Permit<AddMember>) -> Guard<AddMember> {
    Guard(permit)
}

fn main() {}
