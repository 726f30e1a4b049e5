//! A permit is conjured up as a default, as `mem::take` would.

use bailiwick_domain::access::{Permit, action::InviteMember};

fn attempt(permit: &mut Permit<InviteMember>) -> Permit<InviteMember> {
    std::mem::take(permit)
}

fn main() {}
