//! A permit is kept for later, while the original goes where it must.

use bailiwick_domain::access::{Permit, action::AddMember};

fn attempt(permit: &Permit<AddMember>) -> Permit<AddMember> {
    permit.clone()
}

fn main() {}
