//! How the active organization stands, for those who run it.

use crate::{
    Ground,
    ports::{AuditFilter, AuditRow, MemberRow, Order, Outcome, Overview, Page, Slice, StoreError},
};
use bailiwick_domain::{
    MemberId, Timestamp,
    access::{Permit, action::Oversee},
    member::MemberStatus,
};
use std::time::Duration;

/// The use cases of administrators.
#[derive(Clone)]
pub struct Admin {
    ground: Ground,
}

/// Why somebody should look at a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// They are suspended.
    Suspended,
    /// They have no role, and so may do nothing.
    NoRole,
    /// A role of theirs has expired.
    RoleExpired,
    /// A role of theirs expires within a week.
    RoleExpiring,
}

impl Concern {
    /// How long before its end a role is mentioned.
    pub const AHEAD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::NoRole => "no_role",
            Self::RoleExpired => "role_expired",
            Self::RoleExpiring => "role_expiring",
        }
    }

    /// All that there is about a member.
    #[must_use]
    pub fn about(row: &MemberRow, now: Timestamp) -> Vec<Self> {
        let assigned = || row.roles.iter().map(|role| role.assignment);
        let soon = now.plus(Self::AHEAD);
        let found = [
            (
                Self::Suspended,
                row.member.status == MemberStatus::Suspended,
            ),
            (Self::NoRole, !assigned().any(|one| one.is_live(now))),
            (Self::RoleExpired, assigned().any(|one| !one.is_live(now))),
            (
                Self::RoleExpiring,
                assigned().any(|one| one.is_live(now) && !one.is_live(soon)),
            ),
        ];
        found
            .into_iter()
            .filter_map(|(concern, is_so)| is_so.then_some(concern))
            .collect()
    }
}

impl Admin {
    /// How many refusals are shown at once.
    const REFUSALS: u8 = 50;

    /// The use cases over these ports.
    #[must_use]
    pub const fn new(ground: Ground) -> Self {
        Self { ground }
    }

    /// The organization in numbers.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn overview(&self, permit: &Permit<Oversee>) -> Result<Overview, StoreError> {
        let now = self.ground.clock.now();
        self.ground.store.overview(permit.scope(), now).await
    }

    /// The members whom somebody should look at, and why.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn attention(
        &self,
        permit: &Permit<Oversee>,
        page: &Page<MemberId>,
    ) -> Result<Slice<(MemberRow, Vec<Concern>)>, StoreError> {
        let now = self.ground.clock.now();
        let store = &self.ground.store;
        let slice = store.attention(permit.scope(), page, now).await?;
        let rows = slice.rows.into_iter().map(|row| {
            let concerns = Concern::about(&row, now);
            (row, concerns)
        });
        Ok(Slice {
            rows: rows.collect(),
            more: slice.more,
        })
    }

    /// What was refused last, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn refusals(&self, permit: &Permit<Oversee>) -> Result<Vec<AuditRow>, StoreError> {
        let filter = AuditFilter {
            outcome: Some(Outcome::Denied),
            ..AuditFilter::default()
        };
        let page = Page {
            after: None,
            limit: Self::REFUSALS,
            order: Order::Descending,
        };
        let store = &self.ground.store;
        let slice = store.audit_events(permit.scope(), &filter, &page).await?;
        Ok(slice.rows)
    }
}
