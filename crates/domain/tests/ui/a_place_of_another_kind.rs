//! The platform is asked about where the permission is one of a tenant.

use bailiwick_domain::access::{Platform, Principal, action::InviteMember, authorize};

fn attempt(principal: &Principal) {
    let _ = authorize::<InviteMember>(principal, Platform);
}

fn main() {}
