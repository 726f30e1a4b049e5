//! A permit is conjured up as a default, as `mem::take` would.

use bailiwick_domain::access::{Permit, action::AddMember};

fn attempt(permit: &mut Permit<AddMember>) -> Permit<AddMember> {
    std::mem::take(permit)
}

fn main() {}
