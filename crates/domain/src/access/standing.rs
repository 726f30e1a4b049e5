//! The facts about a person in a tenant, from which what they hold follows.

use super::{Catalogue, Grants, Permission, Scope};
use crate::{
    MemberId, ProjectId, RoleId, TenantId, Timestamp,
    member::MemberStatus,
    role::{Role, RoleBook},
    tenant::TenantStatus,
};
use alloc::vec::Vec;

/// The facts about a person in a tenant.
///
/// ```
/// use bailiwick_domain::{MemberId, RoleId, TenantId, Timestamp};
/// use bailiwick_domain::access::{Assignment, Obstacle, Permission, Scope, Standing};
/// use bailiwick_domain::{member::MemberStatus, tenant::TenantStatus};
/// use bailiwick_domain::role::{BuiltIn, Role, RoleBook};
/// # use uuid::Uuid;
///
/// let now = Timestamp::from_micros(0);
/// let owner = RoleId::from_uuid(Uuid::from_u128(1));
/// let tenant = TenantId::from_uuid(Uuid::from_u128(2));
/// let mut standing = Standing {
///     tenant,
///     tenant_status: TenantStatus::Active,
///     member: MemberId::from_uuid(Uuid::from_u128(3)),
///     member_status: MemberStatus::Active,
///     account_suspended: false,
///     second_factor_missing: false,
///     assignments: vec![Assignment::of(owner)],
///     roles: RoleBook::of(vec![Role::built_in(owner, BuiltIn::Owner)]),
/// };
/// assert!(standing.is_in_order());
/// assert_eq!(standing.live_roles(now)[0].id, owner);
/// assert_eq!(standing.held_by(&Assignment::of(owner)), BuiltIn::Owner.grants());
///
/// // Suspended, it can be resumed: that is all that is left.
/// standing.tenant_status = TenantStatus::Suspended;
/// assert_eq!(standing.obstacle(), Some(Obstacle::TenantSuspended));
/// let left = standing.left_of(&BuiltIn::Owner.grants());
/// assert_eq!(left, [Permission::OwnOrganization].into_iter().collect());
/// assert_eq!(standing.grants(now).last(), Some(&(Scope::Tenant(tenant), left)));
/// assert!(standing.may_enter(now));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<C: Catalogue = Permission> {
    /// Where.
    pub tenant: TenantId,
    /// Is the tenant itself in order?
    pub tenant_status: TenantStatus,
    /// Which membership.
    pub member: MemberId,
    /// Is the membership in order?
    pub member_status: MemberStatus,
    /// Have the operators of the platform suspended the person's account?
    pub account_suspended: bool,
    /// Does the tenant demand a second factor that the person has not shown?
    pub second_factor_missing: bool,
    /// Which roles the member was given, where, and until when.
    pub assignments: Vec<Assignment>,
    /// Those roles, and all that they include.
    pub roles: RoleBook<C>,
}

/// That a member has a role.
///
/// ```
/// use bailiwick_domain::{ProjectId, RoleId, TenantId, Timestamp, access::{Assignment, Scope}};
/// # use uuid::Uuid;
///
/// let role = RoleId::from_uuid(Uuid::from_u128(1));
/// let tenant = TenantId::from_uuid(Uuid::from_u128(2));
/// let apollo = ProjectId::from_uuid(Uuid::from_u128(3));
/// let (noon, evening) = (Timestamp::from_micros(12), Timestamp::from_micros(18));
///
/// let for_good = Assignment::of(role);
/// let today = Assignment { project: Some(apollo), expires_at: Some(evening), ..for_good };
///
/// assert_eq!(for_good.place(tenant), Scope::Tenant(tenant));
/// assert_eq!(today.place(tenant), Scope::Project(tenant, apollo));
/// assert!(today.is_live(noon) && !today.is_live(evening));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assignment {
    /// The role.
    pub role: RoleId,
    /// On which project, or in the whole tenant.
    pub project: Option<ProjectId>,
    /// Until when, if not for good.
    pub expires_at: Option<Timestamp>,
}

impl Assignment {
    /// A role in the whole tenant, for good.
    #[must_use]
    pub const fn of(role: RoleId) -> Self {
        Self {
            role,
            project: None,
            expires_at: None,
        }
    }

    /// Does it count at this moment?
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|until| now < until)
    }

    /// Where it counts.
    #[must_use]
    pub const fn place(&self, tenant: TenantId) -> Scope {
        match self.project {
            None => Scope::Tenant(tenant),
            Some(project) => Scope::Project(tenant, project),
        }
    }
}

/// What stands between a person and everything that their roles hold.
///
/// ```
/// use bailiwick_domain::access::Obstacle;
///
/// assert_eq!(Obstacle::SecondFactorMissing.name(), "second_factor_missing");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The tenant is suspended by its owners.
    TenantSuspended,
    /// The tenant is suspended by the operators of the platform.
    TenantLocked,
    /// The tenant is deleted.
    TenantDeleted,
    /// The membership is suspended.
    MemberSuspended,
    /// The person's account is suspended by the operators of the platform.
    AccountSuspended,
    /// The tenant demands a second factor that was not shown.
    SecondFactorMissing,
}

impl Obstacle {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TenantSuspended => "organization_suspended",
            Self::TenantLocked => "organization_locked",
            Self::TenantDeleted => "organization_deleted",
            Self::MemberSuspended => "member_suspended",
            Self::AccountSuspended => "account_suspended",
            Self::SecondFactorMissing => "second_factor_missing",
        }
    }
}

impl<C: Catalogue> Standing<C> {
    /// What is in the way, if something is.
    #[must_use]
    pub const fn obstacle(&self) -> Option<Obstacle> {
        if self.account_suspended {
            return Some(Obstacle::AccountSuspended);
        }
        match (self.tenant_status, self.member_status) {
            (TenantStatus::Locked, _) => Some(Obstacle::TenantLocked),
            (_, MemberStatus::Suspended) => Some(Obstacle::MemberSuspended),
            // Before what owners can undo: nobody undoes it with half a proof of who they are.
            (_, MemberStatus::Active) if self.second_factor_missing => {
                Some(Obstacle::SecondFactorMissing)
            }
            (TenantStatus::Deleted, MemberStatus::Active) => Some(Obstacle::TenantDeleted),
            (TenantStatus::Suspended, MemberStatus::Active) => Some(Obstacle::TenantSuspended),
            (TenantStatus::Active, MemberStatus::Active) => None,
        }
    }

    /// Is nothing in the way?
    #[must_use]
    pub const fn is_in_order(&self) -> bool {
        self.obstacle().is_none()
    }

    /// What of these grants is left, with what is in the way. In a tenant that its owners suspended or deleted, what
    /// is reserved to them is left: somebody has to be able to undo it.
    #[must_use]
    pub fn left_of(&self, grants: &Grants<C>) -> Grants<C> {
        match self.obstacle() {
            None => *grants,
            Some(Obstacle::TenantSuspended | Obstacle::TenantDeleted) => {
                grants.only(Catalogue::is_reserved)
            }
            Some(
                Obstacle::AccountSuspended
                | Obstacle::TenantLocked
                | Obstacle::MemberSuspended
                | Obstacle::SecondFactorMissing,
            ) => Grants::empty(),
        }
    }

    /// What one assignment holds, whatever is in the way.
    #[must_use]
    pub fn held_by(&self, assignment: &Assignment) -> Grants<C> {
        self.roles
            .effective(assignment.role)
            .in_place(assignment.place(self.tenant))
    }

    /// What follows from the facts at this moment, place by place; of the tenant always, if only that it is nothing.
    #[must_use]
    pub fn grants(&self, now: Timestamp) -> Vec<(Scope, Grants<C>)> {
        let nothing = (Scope::Tenant(self.tenant), Grants::empty());
        let live = self.assignments.iter().filter(|one| one.is_live(now));
        let held = live.map(|assignment| {
            let held = self.left_of(&self.held_by(assignment));
            (assignment.place(self.tenant), held)
        });
        core::iter::once(nothing).chain(held).collect()
    }

    /// Can the person enter the tenant? A member in order can, and whoever can undo what is in the way.
    #[must_use]
    pub fn may_enter(&self, now: Timestamp) -> bool {
        self.is_in_order() || self.grants(now).iter().any(|(_, held)| !held.is_empty())
    }

    /// The roles in the whole tenant that count at this moment.
    #[must_use]
    pub fn live_roles(&self, now: Timestamp) -> Vec<&Role<C>> {
        self.assignments
            .iter()
            .filter(|one| one.project.is_none() && one.is_live(now))
            .filter_map(|one| self.roles.get(one.role))
            .collect()
    }
}
