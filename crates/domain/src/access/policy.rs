//! The one place that says yes.

use super::{Action, Catalogue, Permission, PermissionSet, Permit, Principal, Proof, Scope};

/// What the policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Decision<C: Catalogue = Permission> {
    /// Yes.
    Permit,
    /// No.
    Deny(Denied<C>),
}

/// Why the policy said no. On the wire all of it looks the same: nobody learns what they lack, or where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied<C: Catalogue = Permission> {
    /// The principal has nothing to do with this place.
    #[error("the principal has no standing in this scope")]
    Outsider,
    /// The principal is known there, and does not hold the permission.
    #[error("the principal lacks `{}`", .0.name())]
    Lacks(C),
}

/// May they? No grant, no permission.
pub fn decide<C: Catalogue>(principal: &Principal<C>, permission: C, scope: Scope) -> Decision<C> {
    match look(principal, permission, scope) {
        Ok(_) => Decision::Permit,
        Err(denied) => Decision::Deny(denied),
    }
}

/// May they? If so, here is the proof.
///
/// # Errors
/// When they may not.
pub fn authorize<A: Action>(
    principal: &Principal<A::Catalogue>,
    at: <A::Scope as Proof>::At,
) -> Result<Permit<A>, Denied<A::Catalogue>> {
    let _sealed = A::seal();
    let held = look(principal, A::PERMISSION, at.into())?;
    Ok(Permit::mint(principal.user(), *held, at))
}

fn look<C: Catalogue>(
    principal: &Principal<C>,
    permission: C,
    scope: Scope,
) -> Result<&PermissionSet<C>, Denied<C>> {
    let held = principal.held(scope).ok_or(Denied::Outsider)?;
    if held.contains(permission) {
        return Ok(held);
    }
    Err(Denied::Lacks(permission))
}
