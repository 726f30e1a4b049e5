//! A permit is written down field by field.

use bailiwick_domain::{
    TenantId,
    access::{Actor, Grants, Permit, TenantScope, Write, action::InviteMember},
};

fn attempt(
    actor: Actor,
    held: Grants,
    at: TenantId,
    scope: TenantScope<Write>,
) -> Permit<InviteMember> {
    Permit {
        actor,
        held,
        at,
        scope,
    }
}

fn main() {}
