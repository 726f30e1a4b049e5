//! The platform is asked about where the permission is one of a tenant.

use bailiwick_domain::access::{Platform, Principal, action::AddMember, authorize};

fn attempt(principal: &Principal) {
    let _ = authorize::<AddMember>(principal, Platform);
}

fn main() {}
