//! Somebody who holds everything in a catalogue of their own asks for a permission of the built-in one.

use bailiwick_domain::{
    TenantId,
    access::{Principal, action::AddMember, authorize},
};

bailiwick_domain::permissions! {
    /// A catalogue of one's own.
    pub enum Mine, pub mod mine {
        /// Add members.
        AddMember "member:add" TenantScope<Write> High;
    }
}

fn attempt(principal: &Principal<Mine>, tenant: TenantId) {
    let _ = authorize::<AddMember>(principal, tenant);
}

fn main() {}
