//! Leave to look for the one thing that the policy has to know before it can say yes.

use super::{
    Action, Actor, Decision, Denied, Extent, Object, OnObject, Permit, Principal, Read, Scope,
    TenantScope, authorize, decide,
};
use crate::{ProjectId, TenantId, UserId};
use alloc::vec::Vec;

/// Leave to look for a thing of a tenant on which the caller might do `A`: there is one, at least in principle.
///
/// It writes no record, so nothing can be committed with it. The permit for the thing comes from [`Claim::on`].
///
/// ```
/// use bailiwick_domain::{ProjectId, TenantId, UserId};
/// use bailiwick_domain::access::{Extent, Grant, Object, Permission, Principal, action::UpdateProject, claim};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let [bob, eve] = [2, 3].map(|id| UserId::from_uuid(Uuid::from_u128(id)));
/// let own = Grant { permission: Permission::UpdateProject, extent: Extent::Own };
/// let principal = Principal::new(bob).granted(tenant, [own].into_iter().collect());
///
/// // Before the project is known: it may be one of his.
/// let claim = claim::<UpdateProject>(&principal, tenant)?;
/// assert_eq!(claim.actor(), bob.into());
/// assert_eq!(claim.within().tenant(), tenant);
/// assert_eq!(claim.reading().tenant(), tenant);
///
/// let project = |owner| Object {
///     tenant,
///     project: Some(ProjectId::from_uuid(Uuid::from_u128(4))),
///     owner: Some(owner),
/// };
/// assert!(claim.on(project(bob)).is_ok());
/// assert!(claim.on(project(eve)).is_err());
/// assert!(!claim.may(Permission::ReadProject, project(eve)), "it is not there for him");
/// assert!(claim.selection().contains(project(bob)));
/// assert_eq!(claim.into_reading().tenant(), tenant);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "leave to look is asked for in order to look"]
pub struct Claim<A: Action<Scope: OnObject>> {
    principal: Principal<A::Catalogue>,
    within: TenantScope<<A::Scope as OnObject>::Mode>,
    reading: TenantScope<Read>,
}

/// Which things of a tenant a list may show: those on which a read would be permitted, and no other.
///
/// ```
/// use bailiwick_domain::{ProjectId, TenantId, UserId};
/// use bailiwick_domain::access::{Object, Permission, Principal, Scope, action::ReadProject, claim};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let bob = UserId::from_uuid(Uuid::from_u128(2));
/// let apollo = ProjectId::from_uuid(Uuid::from_u128(3));
/// let principal = Principal::new(bob)
///     .granted(Scope::Project(tenant, apollo), [Permission::ReadProject].into_iter().collect());
///
/// let selection = claim::<ReadProject>(&principal, tenant)?.selection();
///
/// assert!(!selection.is_everything());
/// assert_eq!(selection.projects(), [apollo]);
/// assert_eq!(selection.owner(), None);
/// assert_eq!(selection.own_in(), Some((&[][..], bob)));
/// assert!(selection.contains(Object { tenant, project: Some(apollo), owner: None }));
/// assert!(!selection.contains(Object { tenant, project: None, owner: None }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    tenant: TenantId,
    everything: bool,
    owner: Option<UserId>,
    projects: Vec<ProjectId>,
    own_in: Vec<ProjectId>,
    user: Option<UserId>,
}

impl<A: Action<Scope: OnObject>> Claim<A> {
    pub(super) fn mint(principal: Principal<A::Catalogue>, tenant: TenantId) -> Self {
        Self {
            principal,
            within: TenantScope::new(tenant),
            reading: TenantScope::new(tenant),
        }
    }

    /// Who claims.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.principal.actor()
    }

    /// Where to look, as the proof that a store's door demands.
    #[must_use]
    pub const fn within(&self) -> &TenantScope<<A::Scope as OnObject>::Mode> {
        &self.within
    }

    /// The same, to read.
    #[must_use]
    pub const fn reading(&self) -> &TenantScope<Read> {
        &self.reading
    }

    /// The same, to read and for nothing else.
    #[must_use]
    pub fn into_reading(self) -> TenantScope<Read> {
        self.reading
    }

    /// May they, now that the thing is known?
    ///
    /// # Errors
    /// When they may not, or when it is a thing of another tenant.
    pub fn on(&self, object: Object) -> Result<Permit<A>, Denied<A::Catalogue>> {
        if object.tenant != self.within.tenant() {
            return Err(Denied::Outsider);
        }
        authorize(&self.principal, object)
    }

    /// May they do something else with the thing? Whoever may not even see it is told that it is not there.
    #[must_use]
    pub fn may(&self, permission: A::Catalogue, object: Object) -> bool {
        decide(&self.principal, permission, object) == Decision::Permit
    }

    /// The things on which they may.
    #[must_use]
    pub fn selection(&self) -> Selection {
        let tenant = self.within.tenant();
        let mut selection = Selection {
            tenant,
            everything: false,
            owner: None,
            projects: Vec::new(),
            own_in: Vec::new(),
            user: self.actor().user(),
        };
        for (place, grants) in self.principal.grants_within(tenant) {
            match (place, grants.extent(A::PERMISSION)) {
                (Scope::Tenant(_), Some(Extent::All)) => selection.everything = true,
                (Scope::Tenant(_), Some(Extent::Own)) => selection.owner = self.actor().user(),
                (Scope::Project(_, project), Some(Extent::All)) => selection.projects.push(project),
                (Scope::Project(_, project), Some(Extent::Own)) => selection.own_in.push(project),
                (_, None) | (Scope::Platform, _) => {}
            }
        }
        selection
    }
}

impl Selection {
    /// Is it every thing of the tenant?
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.everything
    }

    /// The person whose own things are in it, if they are.
    #[must_use]
    pub const fn owner(&self) -> Option<UserId> {
        self.owner
    }

    /// The projects that are in it with everything in them.
    #[must_use]
    pub fn projects(&self) -> &[ProjectId] {
        &self.projects
    }

    /// The projects in which the person's own things are in it, and the person; a machine has none.
    #[must_use]
    pub fn own_in(&self) -> Option<(&[ProjectId], UserId)> {
        Some((&self.own_in, self.user?))
    }

    /// Is the thing in it?
    #[must_use]
    pub fn contains(&self, object: Object) -> bool {
        let inside = |projects: &[ProjectId]| {
            object
                .project
                .is_some_and(|project| projects.contains(&project))
        };
        object.tenant == self.tenant
            && (self.everything
                || (self.owner.is_some() && self.owner == object.owner)
                || inside(&self.projects)
                || (inside(&self.own_in) && self.user.is_some() && object.owner == self.user))
    }
}

impl<A: Action<Scope: OnObject>> core::fmt::Debug for Claim<A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Claim")
            .field("actor", &self.actor())
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}
