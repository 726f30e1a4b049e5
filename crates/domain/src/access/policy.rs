//! The one place that says yes.

use super::{
    Action, Catalogue, Claim, Grants, MemberScope, OnObject, Permission, Permit, Principal, Proof,
    Target,
};
use crate::TenantId;

/// What the policy says.
///
/// ```
/// use bailiwick_domain::{TenantId, UserId};
/// use bailiwick_domain::access::{Decision, Denied, Permission, Principal, decide};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let stranger = Principal::new(UserId::from_uuid(Uuid::from_u128(2)));
///
/// let decision = decide(&stranger, Permission::ListMembers, tenant);
/// assert_eq!(decision, Decision::Deny(Denied::Outsider));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Decision<C: Catalogue = Permission> {
    /// Yes.
    Permit,
    /// No.
    Deny(Denied<C>),
}

/// Why the policy said no. On the wire all of it looks the same: nobody learns what they lack, or where.
///
/// ```
/// use bailiwick_domain::access::{Denied, Permission};
///
/// let denied = Denied::Lacks(Permission::InviteMember);
/// assert_eq!(denied.to_string(), "the principal lacks `member:invite`");
/// ```
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
///
/// ```
/// use bailiwick_domain::{TenantId, UserId};
/// use bailiwick_domain::access::{Decision, Permission, Principal, decide};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let bob = Principal::new(UserId::from_uuid(Uuid::from_u128(2)))
///     .granted(tenant, [Permission::ListMembers].into_iter().collect());
///
/// assert_eq!(decide(&bob, Permission::ListMembers, tenant), Decision::Permit);
/// assert_ne!(decide(&bob, Permission::InviteMember, tenant), Decision::Permit);
/// ```
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
///
/// ```
/// use bailiwick_domain::{TenantId, UserId};
/// use bailiwick_domain::access::{Denied, Permission, Principal, action::*, authorize};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let bob = Principal::new(UserId::from_uuid(Uuid::from_u128(2)))
///     .granted(tenant, [Permission::ListMembers].into_iter().collect());
///
/// let permit = authorize::<ListMembers>(&bob, tenant)?;
/// assert_eq!(permit.scope().tenant(), tenant);
///
/// let refused = authorize::<InviteMember>(&bob, tenant).unwrap_err();
/// assert_eq!(refused, Denied::Lacks(Permission::InviteMember));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use bailiwick_domain::{TenantId, UserId};
/// use bailiwick_domain::access::{Permission, Principal, action::InviteMember, authorize, renew};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let bob = Principal::new(UserId::from_uuid(Uuid::from_u128(2)));
/// let before = bob.clone().granted(tenant, [Permission::InviteMember].into_iter().collect());
/// let permit = authorize::<InviteMember>(&before, tenant)?;
///
/// // Meanwhile somebody took it away: behind the lock it is asked again.
/// assert!(renew(&permit, &before).is_ok());
/// assert!(renew(&permit, &bob).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use bailiwick_domain::{ProjectId, TenantId, UserId};
/// use bailiwick_domain::access::{Object, Permission, Principal, Scope, action::ReadProject, claim};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let apollo = ProjectId::from_uuid(Uuid::from_u128(2));
/// let bob = Principal::new(UserId::from_uuid(Uuid::from_u128(3)))
///     .granted(Scope::Project(tenant, apollo), [Permission::ReadProject].into_iter().collect());
///
/// let claim = claim::<ReadProject>(&bob, tenant)?;
/// // Now that the project is found:
/// let permit = claim.on(Object { tenant, project: Some(apollo), owner: None })?;
/// assert_eq!(permit.scope().object().project, Some(apollo));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use bailiwick_domain::{TenantId, UserId};
/// use bailiwick_domain::access::{Denied, Permission, Principal, membership};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// // Permissions make nobody a member: a `Standing` does.
/// let bob = Principal::new(UserId::from_uuid(Uuid::from_u128(2)))
///     .granted(tenant, [Permission::ListMembers].into_iter().collect());
///
/// assert_eq!(membership(&bob, tenant).unwrap_err(), Denied::NoMember);
/// ```
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
