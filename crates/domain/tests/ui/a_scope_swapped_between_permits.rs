//! The scopes of two permits are exchanged.

use bailiwick_domain::access::{Permit, action::AddMember};

fn attempt(mine: &mut Permit<AddMember>, theirs: &mut Permit<AddMember>) {
    std::mem::swap(mine.scope(), theirs.scope());
}

fn main() {}
