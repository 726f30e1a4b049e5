//! Somebody who holds everything in a catalogue of their own asks for a permission of the built-in one.

use bailiwick_domain::{
    TenantId,
    access::{Principal, action::InviteMember, authorize},
};

bailiwick_domain::permissions! {
    /// A catalogue of one's own.
    pub enum Mine, pub mod mine {
        /// Invite people.
        InviteMember "member:invite" TenantScope<Write> High;
    }
}

fn attempt(principal: &Principal<Mine>, tenant: TenantId) {
    let _ = authorize::<InviteMember>(principal, tenant);
}

fn main() {}
