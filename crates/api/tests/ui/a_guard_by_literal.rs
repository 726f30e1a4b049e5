//! A handler makes its own guard.

use bailiwick_api::access::Guard;
use bailiwick_domain::access::{Permit, action::InviteMember};

fn attempt(permit: Permit<InviteMember>) -> Guard<InviteMember> {
    Guard(permit)
}

fn main() {}
