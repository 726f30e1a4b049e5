//! Tenants: the organizations that share the platform and nothing else.

use crate::{
    MemberId, Name, RoleId, TenantId, Timestamp, UserId,
    access::{Founding, Permit, action::RenameOrganization},
    member::{Member, MemberStatus},
    role::{BuiltIn, Role},
};
use std::fmt;

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Which.
    pub id: TenantId,
    /// What people call it.
    pub name: Name,
    /// What addresses call it: unique on the platform.
    pub slug: Slug,
    /// Is it in order?
    pub status: TenantStatus,
    /// Who founded it.
    pub created_by: UserId,
    /// When it was founded.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Is a tenant in order?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantStatus {
    /// Yes.
    Active,
    /// Nothing is permitted in it.
    Suspended,
}

/// All that a tenant starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    /// The tenant.
    pub tenant: Tenant,
    /// Its built-in roles.
    pub roles: [Role; 3],
    /// Its first member, the founder, who owns it.
    pub owner: Member,
}

impl TenantStatus {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Active, Self::Suspended];

    /// Its name on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

impl Tenant {
    /// A new tenant with the built-in roles, owned by its founder: never without an owner.
    #[must_use]
    pub fn found(
        founding: &Founding,
        name: Name,
        member: MemberId,
        roles: [RoleId; 3],
        now: Timestamp,
    ) -> Founded {
        let [owner, admin, plain] = roles;
        let roles = [
            Role::built_in(owner, BuiltIn::Owner),
            Role::built_in(admin, BuiltIn::Admin),
            Role::built_in(plain, BuiltIn::Member),
        ];
        let [owner, ..] = &roles;
        Founded {
            owner: Member {
                id: member,
                tenant: founding.tenant(),
                user: founding.founder(),
                status: MemberStatus::Active,
                roles: vec![owner.clone()],
                created_at: now,
            },
            tenant: Self {
                id: founding.tenant(),
                slug: Slug::of(&name, founding.tenant()),
                name,
                status: TenantStatus::Active,
                created_by: founding.founder(),
                created_at: now,
                updated_at: now,
            },
            roles,
        }
    }

    /// Another name. The slug stays: addresses that people wrote down go on working.
    pub fn rename(&mut self, _: &Permit<RenameOrganization>, name: Name, now: Timestamp) {
        self.name = name;
        self.updated_at = now;
    }
}

/// A tenant's name for addresses: lower-case ASCII letters and digits in groups joined by `-`, never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// The slug of this name, or the tenant's id when the name holds no ASCII letter or digit.
    #[must_use]
    pub fn of(name: &Name, tenant: TenantId) -> Self {
        let slug = name
            .as_str()
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|group| !group.is_empty())
            .map(str::to_ascii_lowercase)
            .collect::<Vec<_>>()
            .join("-");
        if slug.is_empty() {
            return Self(tenant.to_string().replace('_', "-"));
        }
        Self(slug)
    }

    /// The slug that a store holds.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The slug as it stands in addresses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
