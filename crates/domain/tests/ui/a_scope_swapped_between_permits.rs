//! The scopes of two permits are exchanged.

use bailiwick_domain::access::{Permit, action::InviteMember};

fn attempt(mine: &mut Permit<InviteMember>, theirs: &mut Permit<InviteMember>) {
    std::mem::swap(mine.scope(), theirs.scope());
}

fn main() {}
