//! Members: who belongs to a tenant, and as what.

use crate::{
    MemberId, TenantId, Timestamp, UserId,
    access::{Permit, action::AddMember},
    role::{Escalation, Role, hand_on},
};

/// One person's membership of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which membership.
    pub id: MemberId,
    /// Of which tenant.
    pub tenant: TenantId,
    /// Whose.
    pub user: UserId,
    /// Is it in order?
    pub status: MemberStatus,
    /// What they were given.
    pub roles: Vec<Role>,
    /// When they became a member.
    pub created_at: Timestamp,
}

/// Is a membership in order?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStatus {
    /// Yes.
    Active,
    /// The member may do nothing in this tenant.
    Suspended,
}

impl MemberStatus {
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

impl Member {
    /// Somebody who has an account becomes a member at once.
    ///
    /// # Errors
    /// When a role holds more than the one who adds.
    pub fn add(
        permit: &Permit<AddMember>,
        id: MemberId,
        user: UserId,
        roles: Vec<Role>,
        now: Timestamp,
    ) -> Result<Self, Escalation> {
        hand_on(permit, &roles)?;
        Ok(Self {
            id,
            tenant: permit.scope().tenant(),
            user,
            status: MemberStatus::Active,
            roles,
            created_at: now,
        })
    }
}

/// To how many tenants a person may belong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MembershipMode {
    /// As many as they like.
    #[default]
    Many,
    /// One.
    One,
}

/// A second membership where one is the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this person belongs to another organization, and may belong to one only")]
pub struct AlreadyElsewhere;

impl MembershipMode {
    /// May somebody who belongs to these tenants join this one?
    ///
    /// # Errors
    /// When they may belong to one only, and belong to another.
    pub fn admits(self, tenant: TenantId, tenants: &[TenantId]) -> Result<(), AlreadyElsewhere> {
        match self {
            Self::Many => Ok(()),
            Self::One if tenants.iter().all(|other| *other == tenant) => Ok(()),
            Self::One => Err(AlreadyElsewhere),
        }
    }
}
