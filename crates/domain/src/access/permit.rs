//! The policy's leave, as a value.

use super::{
    Action, Actor, AuditEntry, Catalogue, Grants, PlatformScope, Proof, Scope, Target, Write,
    scope::Seal,
};
use crate::TenantId;
use core::fmt;

/// The policy's leave to do `A`, in one place, for one actor.
///
/// It has no public constructor, cannot be cloned and cannot be read from bytes: the only way to hold one is to have
/// asked [`authorize`](super::authorize).
///
/// ```
/// use bailiwick_domain::{TenantId, UserId};
/// use bailiwick_domain::access::{Permit, Principal, action::OwnOrganization, authorize};
/// use bailiwick_domain::role::BuiltIn;
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let ada = UserId::from_uuid(Uuid::from_u128(2));
/// let principal = Principal::new(ada).granted(tenant, BuiltIn::Owner.grants());
///
/// let permit: Permit<OwnOrganization> = authorize(&principal, tenant)?;
///
/// assert_eq!(permit.actor(), ada.into());
/// assert_eq!(permit.scope().tenant(), tenant);
/// assert_eq!(permit.held(), &BuiltIn::Owner.grants());
/// assert_eq!(permit.entry(tenant).action(), "organization:own");
/// assert_eq!(permit.entry_of("organization:suspend", tenant).action(), "organization:suspend");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a permit is asked for in order to be presented"]
pub struct Permit<A: Action> {
    actor: Actor,
    held: Grants<A::Catalogue>,
    at: <A::Scope as Proof>::At,
    scope: A::Scope,
}

impl<A: Action> Permit<A> {
    pub(super) fn mint(
        actor: Actor,
        held: Grants<A::Catalogue>,
        at: <A::Scope as Proof>::At,
    ) -> Self {
        Self {
            actor,
            held,
            at,
            scope: A::Scope::mint(at, actor, Seal(())),
        }
    }

    /// Who may.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// Where, as the proof that a store's door demands.
    #[must_use]
    pub const fn scope(&self) -> &A::Scope {
        &self.scope
    }

    /// All that they hold there: the ceiling of what they may hand on.
    #[must_use]
    pub const fn held(&self) -> &Grants<A::Catalogue> {
        &self.held
    }

    pub(super) const fn at(&self) -> <A::Scope as Proof>::At {
        self.at
    }

    /// The record of this permit having been used on `target`. Leave to read writes no record of a change.
    pub fn entry(&self, target: impl fmt::Display) -> AuditEntry {
        self.entry_of(A::PERMISSION.name(), target)
    }

    /// The same, where one permission covers several acts: `organization:own` both suspends and resumes.
    pub fn entry_of(&self, act: &'static str, target: impl fmt::Display) -> AuditEntry {
        const { assert!(A::Scope::REACH.writes, "leave to read writes no record") }
        let at: Target = self.at.into();
        AuditEntry::new(Some(self.actor), act, at.scope(), target)
    }
}

impl<A: Action<Scope = PlatformScope<Write>>> Permit<A> {
    /// The record of an operator's act on a tenant, in the trail of that tenant: its members are told.
    ///
    /// ```
    /// use bailiwick_domain::{TenantId, UserId, role::operator_grants};
    /// use bailiwick_domain::access::{Platform, Principal, Scope, action::SuspendTenant, authorize};
    /// # use uuid::Uuid;
    ///
    /// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    /// let eve = UserId::from_uuid(Uuid::from_u128(2));
    /// let operator = Principal::new(eve).granted(Platform, operator_grants());
    ///
    /// let permit = authorize::<SuspendTenant>(&operator, Platform)?;
    /// let entry = permit.entry_in(tenant, "organization:lock", tenant);
    /// assert_eq!(entry.scope(), Scope::Tenant(tenant));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn entry_in(
        &self,
        tenant: TenantId,
        act: &'static str,
        target: impl fmt::Display,
    ) -> AuditEntry {
        AuditEntry::new(Some(self.actor), act, Scope::Tenant(tenant), target)
    }
}
