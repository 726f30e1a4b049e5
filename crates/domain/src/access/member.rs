//! The doors that membership opens by itself, whatever roles go with it: leaving, and taking what was offered.

use super::{AuditEntry, Read, Scope, TenantScope, Write};
use crate::{MemberId, TenantId, UserId};
use core::fmt;

/// Proof that somebody is a member of a tenant, with everything in order. They may act on their own membership.
///
/// ```
/// use bailiwick_domain::{MemberId, RoleId, TenantId, Timestamp, UserId};
/// use bailiwick_domain::access::{Assignment, MemberAct, Principal, Standing, membership};
/// use bailiwick_domain::{member::MemberStatus, tenant::TenantStatus};
/// use bailiwick_domain::role::{BuiltIn, Role, RoleBook};
/// # use uuid::Uuid;
///
/// let role = RoleId::from_uuid(Uuid::from_u128(1));
/// let standing = Standing {
///     tenant: TenantId::from_uuid(Uuid::from_u128(2)),
///     tenant_status: TenantStatus::Active,
///     member: MemberId::from_uuid(Uuid::from_u128(3)),
///     member_status: MemberStatus::Active,
///     account_suspended: false,
///     second_factor_missing: false,
///     assignments: vec![Assignment::of(role)],
///     roles: RoleBook::of(vec![Role::built_in(role, BuiltIn::Member)]),
/// };
/// let bob = UserId::from_uuid(Uuid::from_u128(4));
/// let principal = Principal::new(bob).standing(&standing, Timestamp::from_micros(0));
///
/// let scope = membership(&principal, standing.tenant)?;
///
/// assert_eq!((scope.user(), scope.member()), (bob, standing.member));
/// assert_eq!(scope.reading().tenant(), standing.tenant);
/// assert_eq!(scope.writing().tenant(), standing.tenant);
/// assert_eq!(scope.entry(MemberAct::Leave, scope.member()).action(), "member:leave");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "leave is asked for in order to be presented"]
pub struct MemberScope {
    user: UserId,
    member: MemberId,
    reading: TenantScope<Read>,
    writing: TenantScope<Write>,
}

/// What members do as such.
///
/// ```
/// use bailiwick_domain::access::MemberAct;
///
/// assert_eq!(MemberAct::AcceptOwnership.name(), "organization:accept_ownership");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberAct {
    /// Leave.
    Leave,
    /// Take over the ownership that was offered.
    AcceptOwnership,
    /// Turn the offer down.
    DeclineOwnership,
}

impl MemberAct {
    /// Its name in the audit trail.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leave => "member:leave",
            Self::AcceptOwnership => "organization:accept_ownership",
            Self::DeclineOwnership => "organization:decline_ownership",
        }
    }
}

impl MemberScope {
    pub(super) const fn mint(user: UserId, tenant: TenantId, member: MemberId) -> Self {
        Self {
            user,
            member,
            reading: TenantScope::new(tenant),
            writing: TenantScope::new(tenant),
        }
    }

    /// Who it is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Which membership.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// Where, as the proof that a store's door demands, to read.
    #[must_use]
    pub const fn reading(&self) -> &TenantScope<Read> {
        &self.reading
    }

    /// Where, as the proof that a store's door demands, to write.
    #[must_use]
    pub const fn writing(&self) -> &TenantScope<Write> {
        &self.writing
    }

    /// The record of `act` on `target`.
    pub fn entry(&self, act: MemberAct, target: impl fmt::Display) -> AuditEntry {
        let tenant = Scope::Tenant(self.writing.tenant());
        AuditEntry::new(Some(self.user.into()), act.name(), tenant, target)
    }
}
