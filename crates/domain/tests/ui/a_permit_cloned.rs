//! A permit is kept for later, while the original goes where it must.

use bailiwick_domain::access::{Permit, action::InviteMember};

fn attempt(permit: &Permit<InviteMember>) -> Permit<InviteMember> {
    permit.clone()
}

fn main() {}
