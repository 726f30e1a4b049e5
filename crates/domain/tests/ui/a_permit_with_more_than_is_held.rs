//! Somebody writes into their own permit that they hold everything.

use bailiwick_domain::access::{PermissionSet, Permit, action::AddMember};

fn attempt(permit: &mut Permit<AddMember>) {
    *permit.held() = PermissionSet::all();
}

fn main() {}
