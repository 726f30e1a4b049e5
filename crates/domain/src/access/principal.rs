//! Who asks.

use super::{Catalogue, Permission, PermissionSet, Scope};
use crate::{TenantId, UserId, member::MemberStatus, role::Role, tenant::TenantStatus};

/// Who asks, and what they hold where. A new principal holds nothing.
#[derive(Debug, Clone)]
pub struct Principal<C: Catalogue = Permission> {
    user: UserId,
    // One place or two: a list is smaller and faster than a map.
    grants: Vec<(Scope, PermissionSet<C>)>,
}

/// The facts about a person in a tenant, from which their grants follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<C: Catalogue = Permission> {
    /// Where.
    pub tenant: TenantId,
    /// Is the tenant itself in order?
    pub tenant_status: TenantStatus,
    /// Is the membership in order?
    pub member_status: MemberStatus,
    /// What the member was given.
    pub roles: Vec<Role<C>>,
}

impl<C: Catalogue> Standing<C> {
    /// What follows from the facts: all that the roles hold, and nothing when anything is suspended.
    #[must_use]
    pub fn permissions(&self) -> PermissionSet<C> {
        match (self.tenant_status, self.member_status) {
            (TenantStatus::Active, MemberStatus::Active) => self
                .roles
                .iter()
                .fold(PermissionSet::empty(), |held, role| {
                    held.union(&role.permissions)
                }),
            (TenantStatus::Suspended, _) | (_, MemberStatus::Suspended) => PermissionSet::empty(),
        }
    }
}

impl<C: Catalogue> Principal<C> {
    /// Somebody who holds nothing anywhere.
    #[must_use]
    pub const fn new(user: UserId) -> Self {
        Self {
            user,
            grants: Vec::new(),
        }
    }

    /// The same person, holding these permissions in this scope as well.
    #[must_use]
    pub fn granted(mut self, scope: impl Into<Scope>, permissions: PermissionSet<C>) -> Self {
        let scope = scope.into();
        match self.grants.iter_mut().find(|(at, _)| *at == scope) {
            Some((_, held)) => *held = held.union(&permissions),
            None => self.grants.push((scope, permissions)),
        }
        self
    }

    /// The same person, holding what follows from the facts about them in a tenant.
    #[must_use]
    pub fn standing(self, standing: &Standing<C>) -> Self {
        self.granted(standing.tenant, standing.permissions())
    }

    /// The person.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    pub(super) fn held(&self, scope: Scope) -> Option<&PermissionSet<C>> {
        self.grants
            .iter()
            .find(|(at, _)| *at == scope)
            .map(|(_, held)| held)
    }
}
