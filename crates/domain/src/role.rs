//! Roles: named sets of permissions, owned by a tenant.

use crate::{
    RoleId,
    access::{Action, Catalogue, Permission, PermissionSet, Permit},
};
use std::{fmt, str::FromStr};

/// A role of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role<C: Catalogue = Permission> {
    /// Which.
    pub id: RoleId,
    /// What people call it: unique in its tenant.
    pub name: String,
    /// Which of the three that every tenant has, if it is one of them.
    pub built_in: Option<BuiltIn>,
    /// What its holders may do.
    pub permissions: PermissionSet<C>,
}

/// The three roles that every tenant has and none can change, the highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltIn {
    /// Holds everything, and is the only one who can make another owner.
    Owner,
    /// Runs the organization, without owning it.
    Admin,
    /// Sees it.
    Member,
}

/// A name that no built-in role has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `owner`, `admin` or `member`")]
pub struct UnknownRole;

/// Somebody tried to hand on more than they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role holds permissions that its giver does not")]
pub struct Escalation;

impl BuiltIn {
    /// All three, the highest first.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Admin, Self::Member];

    /// Its name on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// What its holders may do.
    #[must_use]
    pub fn permissions(self) -> PermissionSet {
        match self {
            Self::Owner => Permission::ALL
                .iter()
                .copied()
                .filter(|permission| permission.reach().in_tenant)
                .collect(),
            Self::Admin => Self::Owner
                .permissions()
                .without(Permission::OwnOrganization),
            Self::Member => [
                Permission::ReadOrganization,
                Permission::ListMembers,
                Permission::ListProjects,
            ]
            .into_iter()
            .collect(),
        }
    }
}

impl Role {
    /// One of the three that every tenant has.
    #[must_use]
    pub fn built_in(id: RoleId, role: BuiltIn) -> Self {
        Self {
            id,
            name: role.name().to_owned(),
            built_in: Some(role),
            permissions: role.permissions(),
        }
    }
}

/// The highest built-in role among these, if there is one.
#[must_use]
pub fn highest<C: Catalogue>(roles: &[Role<C>]) -> Option<BuiltIn> {
    roles.iter().filter_map(|role| role.built_in).min()
}

/// Decides every hand-on: nobody gives what they do not hold themselves, at that moment, in that place.
///
/// # Errors
/// When a role holds more than the permit's bearer.
pub fn hand_on<A: Action>(
    permit: &Permit<A>,
    roles: &[Role<A::Catalogue>],
) -> Result<(), Escalation> {
    let covered = roles
        .iter()
        .all(|role| permit.held().covers(&role.permissions));
    if covered { Ok(()) } else { Err(Escalation) }
}

impl fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BuiltIn {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or(UnknownRole)
    }
}
