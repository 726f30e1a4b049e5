//! A member is added with a permission of the same name on the wire, out of a catalogue of one's own.

use bailiwick_domain::{
    MemberId, Timestamp, UserId, access::Permit, member::Member, role::RoleBook,
};

bailiwick_domain::permissions! {
    /// A catalogue of one's own.
    pub enum Mine, pub mod mine {
        /// Invite people.
        Invite "member:invite" TenantScope<Write> High;
    }
}

fn attempt(
    permit: &Permit<mine::Invite>,
    book: &RoleBook,
    id: MemberId,
    user: UserId,
    now: Timestamp,
) {
    let _ = Member::add(permit, book, id, user, Vec::new(), now);
}

fn main() {}
