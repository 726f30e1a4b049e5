//! Why: the same decision, with everything that led to it.

use super::{
    Assignment, Catalogue, Decision, Extent, Grant, Object, Obstacle, Permission, Principal, Scope,
    Standing, Target, decide,
};
use crate::{RoleId, Timestamp, UserId};
use alloc::vec::Vec;

/// What the policy says about a member, and why.
///
/// ```
/// use bailiwick_domain::{MemberId, RoleId, TenantId, Timestamp, UserId};
/// use bailiwick_domain::access::{Assignment, Decision, Permission, Reason, Standing, explain};
/// use bailiwick_domain::{member::MemberStatus, tenant::TenantStatus};
/// use bailiwick_domain::role::{BuiltIn, Role, RoleBook};
/// # use uuid::Uuid;
///
/// let now = Timestamp::from_micros(0);
/// let bob = UserId::from_uuid(Uuid::from_u128(1));
/// let member = RoleId::from_uuid(Uuid::from_u128(2));
/// let standing = Standing {
///     tenant: TenantId::from_uuid(Uuid::from_u128(3)),
///     tenant_status: TenantStatus::Active,
///     member: MemberId::from_uuid(Uuid::from_u128(4)),
///     member_status: MemberStatus::Active,
///     account_suspended: false,
///     second_factor_missing: false,
///     assignments: vec![Assignment::of(member)],
///     roles: RoleBook::of(vec![Role::built_in(member, BuiltIn::Member)]),
/// };
///
/// let may = |permission| explain(bob, &standing, permission, standing.tenant.into(), now);
///
/// let list = may(Permission::ListMembers);
/// assert_eq!(list.decision, Decision::Permit);
/// assert_eq!(list.paths[0].roles, [member]);
/// assert_eq!(may(Permission::InviteMember).reason, Some(Reason::NotHeld));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<C: Catalogue = Permission> {
    /// What it says.
    pub decision: Decision<C>,
    /// Why not, if it says no.
    pub reason: Option<Reason>,
    /// The ways by which the member holds the permission for this; when it says no, those that nearly lead there.
    pub paths: Vec<Path<C>>,
}

/// Why the policy said no, the weightiest first.
///
/// ```
/// use bailiwick_domain::access::{Obstacle, Reason};
///
/// assert_eq!(Reason::NotTheirOwn.name(), "held_for_own_only");
/// assert_eq!(Reason::Obstacle(Obstacle::MemberSuspended).name(), "member_suspended");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It would have said yes, but for this.
    Obstacle(Obstacle),
    /// The role that held it has expired.
    Expired,
    /// It is held for one's own things, and this is somebody else's.
    NotTheirOwn,
    /// It is held on another project.
    OtherProject,
    /// No role of the member holds it.
    NotHeld,
}

/// How a member comes by a permission: from the role that they were given to the one that holds it.
///
/// ```
/// use bailiwick_domain::{RoleId, access::{Assignment, Extent, Grant, Path, Permission}};
/// # use uuid::Uuid;
///
/// let [given, included] = [1, 2].map(|id| RoleId::from_uuid(Uuid::from_u128(id)));
/// let path = Path {
///     assignment: Assignment::of(given),
///     roles: vec![given, included],
///     grant: Grant { permission: Permission::CreateProject, extent: Extent::All },
///     live: true,
/// };
///
/// assert_eq!(path.roles.first(), Some(&path.assignment.role));
/// assert_eq!(path.grant.to_string(), "project:create");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<C: Catalogue = Permission> {
    /// The role that was given, where, and until when.
    pub assignment: Assignment,
    /// From that role to the one that holds the permission; each includes the next.
    pub roles: Vec<RoleId>,
    /// How far it holds it.
    pub grant: Grant<C>,
    /// Does the role count at this moment?
    pub live: bool,
}

impl Reason {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Obstacle(obstacle) => obstacle.name(),
            Self::Expired => "role_expired",
            Self::NotTheirOwn => "held_for_own_only",
            Self::OtherProject => "held_on_another_project",
            Self::NotHeld => "not_held",
        }
    }
}

/// Decides, and tells why. The decision is [`decide`]'s own.
///
/// ```
/// use bailiwick_domain::{MemberId, RoleId, TenantId, Timestamp, UserId};
/// use bailiwick_domain::access::{Assignment, Obstacle, Permission, Reason, Standing, explain};
/// use bailiwick_domain::{member::MemberStatus, tenant::TenantStatus};
/// use bailiwick_domain::role::{BuiltIn, Role, RoleBook};
/// # use uuid::Uuid;
///
/// let admin = RoleId::from_uuid(Uuid::from_u128(1));
/// let standing = Standing {
///     tenant: TenantId::from_uuid(Uuid::from_u128(2)),
///     tenant_status: TenantStatus::Active,
///     member: MemberId::from_uuid(Uuid::from_u128(3)),
///     member_status: MemberStatus::Suspended,
///     account_suspended: false,
///     second_factor_missing: false,
///     assignments: vec![Assignment::of(admin)],
///     roles: RoleBook::of(vec![Role::built_in(admin, BuiltIn::Admin)]),
/// };
///
/// let ada = UserId::from_uuid(Uuid::from_u128(4));
/// let tenant = standing.tenant.into();
/// let why = explain(ada, &standing, Permission::InviteMember, tenant, Timestamp::from_micros(0));
/// assert_eq!(why.reason, Some(Reason::Obstacle(Obstacle::MemberSuspended)));
/// ```
#[must_use]
pub fn explain<C: Catalogue>(
    user: UserId,
    standing: &Standing<C>,
    permission: C,
    target: Target,
    now: Timestamp,
) -> Explanation<C> {
    let principal = Principal::new(user).standing(standing, now);
    let decision = decide(&principal, permission, target);
    // What somebody holds here leads to nothing of another tenant, not even nearly.
    let here = target.scope() == Scope::Tenant(standing.tenant);
    let found: Vec<Path<C>> = standing
        .assignments
        .iter()
        .filter(|_| here)
        .filter_map(|assignment| path(standing, *assignment, permission, now))
        .collect();
    let leads = |path: &Path<C>| leads(standing, path, user, target);
    let (reason, paths) = match decision {
        Decision::Permit => (
            None,
            found
                .into_iter()
                .filter(|path| path.live && leads(path))
                .collect(),
        ),
        Decision::Deny(_) => (Some(reason(standing, &found, leads, target)), found),
    };
    Explanation {
        decision,
        reason,
        paths,
    }
}

/// The shortest way from a role that was given to one that holds the permission, as far as the first holds it.
fn path<C: Catalogue>(
    standing: &Standing<C>,
    assignment: Assignment,
    permission: C,
    now: Timestamp,
) -> Option<Path<C>> {
    let extent = standing.held_by(&assignment).extent(permission)?;
    let grant = Grant { permission, extent };
    Some(Path {
        assignment,
        roles: standing.roles.path(assignment.role, grant),
        grant,
        live: assignment.is_live(now),
    })
}

/// Would the path lead to the target, if nothing were in the way and the role had not expired?
fn leads<C: Catalogue>(
    standing: &Standing<C>,
    path: &Path<C>,
    user: UserId,
    target: Target,
) -> bool {
    let Target::Object(Object { project, owner, .. }) = target else {
        return target == Target::Tenant(standing.tenant)
            && path.assignment.project.is_none()
            && path.grant.extent == Extent::All;
    };
    let in_place = match path.assignment.place(standing.tenant) {
        Scope::Platform => false,
        Scope::Tenant(_) => true,
        Scope::Project(_, at) => project == Some(at),
    };
    in_place && (path.grant.extent == Extent::All || owner == Some(user))
}

fn reason<C: Catalogue>(
    standing: &Standing<C>,
    found: &[Path<C>],
    leads: impl Fn(&Path<C>) -> bool,
    target: Target,
) -> Reason {
    let there = |path: &&Path<C>| match (path.assignment.project, target) {
        (None, _) => true,
        (Some(project), Target::Object(object)) => object.project == Some(project),
        (Some(_), Target::Platform | Target::Tenant(_)) => false,
    };
    match standing.obstacle() {
        Some(obstacle) if found.iter().any(|path| path.live && leads(path)) => {
            Reason::Obstacle(obstacle)
        }
        _ if found.iter().any(|path| !path.live && leads(path)) => Reason::Expired,
        _ if found.iter().any(|path| there(&path)) => Reason::NotTheirOwn,
        _ if !found.is_empty() => Reason::OtherProject,
        _ => Reason::NotHeld,
    }
}
