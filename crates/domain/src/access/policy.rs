//! The one place that says yes.

use super::{
    Action, Catalogue, Claim, Grants, MemberScope, OnObject, Permission, Permit, Principal, Proof,
    Target,
};
use crate::TenantId;

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
    #[error("the principal has no standing in this place")]
    Outsider,
    /// The principal is known there, and does not hold the permission.
    #[error("the principal lacks `{}`", .0.name())]
    Lacks(C),
    /// The principal is known there, and is no member in order.
    #[error("the principal is no member in order")]
    NoMember,
}

/// May they? No grant, no permission.
pub fn decide<C: Catalogue>(
    principal: &Principal<C>,
    permission: C,
    target: impl Into<Target>,
) -> Decision<C> {
    match look(principal, permission, target.into()) {
        Ok(()) => Decision::Permit,
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
    look(principal, A::PERMISSION, at.into())?;
    Ok(Permit::mint(
        principal.actor(),
        held(principal, at.into()),
        at,
    ))
}

/// May they still? Asked again with facts that cannot change until the answer has been used, so that whoever lost a power
/// a moment ago hands nothing on with it.
///
/// # Errors
/// When they may not any more, or when somebody else's permit is presented.
pub fn renew<A: Action>(
    permit: &Permit<A>,
    principal: &Principal<A::Catalogue>,
) -> Result<Permit<A>, Denied<A::Catalogue>> {
    if permit.actor() != principal.actor() {
        return Err(Denied::Outsider);
    }
    authorize(principal, permit.at())
}

/// Might they, on some thing of the tenant? If so, here is leave to look for it, and to ask again when it is found.
///
/// # Errors
/// When there is nothing in the tenant that they could.
pub fn claim<A>(
    principal: &Principal<A::Catalogue>,
    tenant: TenantId,
) -> Result<Claim<A>, Denied<A::Catalogue>>
where
    A: Action<Scope: OnObject>,
{
    let _sealed = A::seal();
    let mut known = false;
    for (_, grants) in principal.grants_within(tenant) {
        known = true;
        if grants.extent(A::PERMISSION).is_some() {
            return Ok(Claim::mint(principal.clone(), tenant));
        }
    }
    Err(if known {
        Denied::Lacks(A::PERMISSION)
    } else {
        Denied::Outsider
    })
}

/// Are they a member of the tenant, with everything in order? If so, here is the proof.
///
/// # Errors
/// When they are not.
pub fn membership<C: Catalogue>(
    principal: &Principal<C>,
    tenant: TenantId,
) -> Result<MemberScope, Denied<C>> {
    match (principal.actor().user(), principal.member_of(tenant)) {
        (Some(user), Some(member)) => Ok(MemberScope::mint(user, tenant, member)),
        (None, _) | (_, None) => Err(Denied::NoMember),
    }
}

fn look<C: Catalogue>(
    principal: &Principal<C>,
    permission: C,
    target: Target,
) -> Result<(), Denied<C>> {
    let mut known = false;
    for (grants, theirs) in principal.grants_on(target) {
        known = true;
        if grants.allow(permission, theirs) {
            return Ok(());
        }
    }
    Err(if known {
        Denied::Lacks(permission)
    } else {
        Denied::Outsider
    })
}

/// All that counts at the target. What is held for one's own things stays so: it is handed on as that.
fn held<C: Catalogue>(principal: &Principal<C>, target: Target) -> Grants<C> {
    principal
        .grants_on(target)
        .fold(Grants::empty(), |held, (grants, _)| held.union(grants))
}
