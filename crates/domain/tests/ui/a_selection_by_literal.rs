//! Somebody writes down that a list may show them everything.

use bailiwick_domain::{TenantId, UserId, access::Selection};

fn attempt(tenant: TenantId, user: UserId) -> Selection {
    Selection {
        tenant,
        everything: true,
        owner: None,
        projects: Vec::new(),
        own_in: Vec::new(),
        user: Some(user),
    }
}

fn main() {}
