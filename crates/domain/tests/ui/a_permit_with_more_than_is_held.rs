//! Somebody writes into their own permit that they hold everything.

use bailiwick_domain::access::{Grants, Permit, action::InviteMember};

fn attempt(permit: &mut Permit<InviteMember>, all: Grants) {
    *permit.held() = all;
}

fn main() {}
