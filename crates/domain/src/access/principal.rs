//! Who asks.

use super::{Actor, Catalogue, Grants, Machine, Object, Permission, Scope, Standing, Target};
use crate::{MemberId, TenantId, Timestamp, UserId};
use alloc::vec::Vec;

/// Who asks, and what they hold where. A new principal holds nothing.
///
/// ```
/// use bailiwick_domain::{MemberId, RoleId, TenantId, Timestamp, UserId};
/// use bailiwick_domain::access::{Assignment, Decision, Grants, Permission, Principal, Standing, decide};
/// use bailiwick_domain::{member::MemberStatus, tenant::TenantStatus};
/// use bailiwick_domain::role::{BuiltIn, Role, RoleBook};
/// # use uuid::Uuid;
///
/// let admin = RoleId::from_uuid(Uuid::from_u128(1));
/// let standing = Standing {
///     tenant: TenantId::from_uuid(Uuid::from_u128(2)),
///     tenant_status: TenantStatus::Active,
///     member: MemberId::from_uuid(Uuid::from_u128(3)),
///     member_status: MemberStatus::Active,
///     account_suspended: false,
///     second_factor_missing: false,
///     assignments: vec![Assignment::of(admin)],
///     roles: RoleBook::of(vec![Role::built_in(admin, BuiltIn::Admin)]),
/// };
/// let ada = UserId::from_uuid(Uuid::from_u128(4));
///
/// let principal = Principal::new(ada).standing(&standing, Timestamp::from_micros(0));
/// assert_eq!(principal.actor(), ada.into());
/// assert_eq!(decide(&principal, Permission::InviteMember, standing.tenant), Decision::Permit);
///
/// // With a ceiling, as a key has one:
/// let ceiling = Grants::stored("member:list")?;
/// let narrow = principal.restricted(&ceiling);
/// assert_ne!(decide(&narrow, Permission::InviteMember, standing.tenant), Decision::Permit);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Principal<C: Catalogue = Permission> {
    actor: Actor,
    // A handful of places: a list is smaller and faster than a map.
    grants: Vec<(Scope, Grants<C>)>,
    memberships: Vec<(TenantId, MemberId)>,
}

impl<C: Catalogue> Principal<C> {
    /// Somebody who holds nothing anywhere.
    #[must_use]
    pub const fn new(user: UserId) -> Self {
        Self::of(Actor::User(user))
    }

    /// A machine that holds nothing anywhere.
    ///
    /// ```
    /// use bailiwick_domain::{ApiKeyId, ServiceAccountId, UserId};
    /// use bailiwick_domain::access::{Machine, Platform, Principal, action::ListUsers, authorize};
    /// use bailiwick_domain::role::operator_grants;
    /// # use uuid::Uuid;
    ///
    /// let robot = Principal::machine(Machine {
    ///     account: ServiceAccountId::from_uuid(Uuid::from_u128(1)),
    ///     key: ApiKeyId::from_uuid(Uuid::from_u128(2)),
    ///     made_by: UserId::from_uuid(Uuid::from_u128(3)),
    /// });
    ///
    /// // No machine runs the platform.
    /// let robot = robot.granted(Platform, operator_grants());
    /// assert!(authorize::<ListUsers>(&robot, Platform).is_err());
    /// ```
    #[must_use]
    pub const fn machine(machine: Machine) -> Self {
        Self::of(Actor::Machine(machine))
    }

    const fn of(actor: Actor) -> Self {
        Self {
            actor,
            grants: Vec::new(),
            memberships: Vec::new(),
        }
    }

    /// The same one, holding these as well, as far as they mean something in that place. On the platform people alone hold
    /// anything.
    ///
    /// ```
    /// use bailiwick_domain::{TenantId, UserId};
    /// use bailiwick_domain::access::{Permission, Principal, action::ListUsers, authorize, Platform};
    /// # use uuid::Uuid;
    ///
    /// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    /// // Held in a tenant, a permission about the platform means nothing.
    /// let bob = Principal::new(UserId::from_uuid(Uuid::from_u128(2)))
    ///     .granted(tenant, [Permission::ListUsers].into_iter().collect());
    ///
    /// assert!(authorize::<ListUsers>(&bob, Platform).is_err());
    /// ```
    #[must_use]
    pub fn granted(mut self, place: impl Into<Scope>, grants: Grants<C>) -> Self {
        let place = place.into();
        if place == Scope::Platform && self.actor.machine().is_some() {
            return self;
        }
        let grants = grants.in_place(place);
        match self.grants.iter_mut().find(|(at, _)| *at == place) {
            Some((_, held)) => *held = held.union(&grants),
            None => self.grants.push((place, grants)),
        }
        self
    }

    /// The same person, holding what follows from the facts about them in a tenant at this moment.
    #[must_use]
    pub fn standing(mut self, standing: &Standing<C>, now: Timestamp) -> Self {
        if standing.is_in_order() {
            self.memberships.push((standing.tenant, standing.member));
        }
        standing
            .grants(now)
            .into_iter()
            .fold(self, |held, (place, grants)| held.granted(place, grants))
    }

    /// The same one, holding in each place no more than the ceiling has, and a member nowhere: what membership opens by
    /// itself no grant names.
    #[must_use]
    pub fn restricted(mut self, ceiling: &Grants<C>) -> Self {
        for (_, held) in &mut self.grants {
            *held = held.intersection(ceiling);
        }
        self.memberships.clear();
        self
    }

    /// Who it is.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// The membership of the tenant, if it is in order.
    pub(super) fn member_of(&self, tenant: TenantId) -> Option<MemberId> {
        self.memberships
            .iter()
            .find(|(of, _)| *of == tenant)
            .map(|(_, member)| *member)
    }

    /// What is held in places of the tenant.
    pub(super) fn grants_within(
        &self,
        tenant: TenantId,
    ) -> impl Iterator<Item = (Scope, &Grants<C>)> {
        self.grants
            .iter()
            .filter(move |(at, _)| match at {
                Scope::Platform => false,
                Scope::Tenant(at) | Scope::Project(at, _) => *at == tenant,
            })
            .map(|(at, grants)| (*at, grants))
    }

    /// What counts for the target, and whether the target is the person's own.
    pub(super) fn grants_on(&self, target: Target) -> impl Iterator<Item = (&Grants<C>, bool)> {
        let theirs = matches!(target, Target::Object(Object { owner: Some(owner), .. }) if self.actor == Actor::User(owner));
        self.grants
            .iter()
            .filter(move |(place, _)| match (*place, target) {
                (Scope::Platform, Target::Platform) => true,
                (Scope::Tenant(at), Target::Tenant(tenant)) => at == tenant,
                (Scope::Tenant(at), Target::Object(object)) => at == object.tenant,
                (Scope::Project(at, project), Target::Object(object)) => {
                    at == object.tenant && object.project == Some(project)
                }
                (Scope::Platform, _) | (_, Target::Platform) => false,
                (Scope::Project(..), Target::Tenant(_)) => false,
            })
            .map(move |(_, grants)| (grants, theirs))
    }
}
