//! A permit is written down field by field.

use bailiwick_domain::{
    TenantId, UserId,
    access::{Grants, Permit, TenantScope, Write, action::InviteMember},
};

fn attempt(
    user: UserId,
    held: Grants,
    at: TenantId,
    scope: TenantScope<Write>,
) -> Permit<InviteMember> {
    Permit {
        user,
        held,
        at,
        scope,
    }
}

fn main() {}
