//! What is written down whenever something is written.

use super::{Actor, Scope};
use crate::Name;
use alloc::{string::String, string::ToString};
use core::fmt;

/// Who did what to which thing, where. Only leave to act can write one, and no unit of work commits without one.
///
/// ```
/// use bailiwick_domain::{TenantId, UserId};
/// use bailiwick_domain::access::{Permission, Principal, Scope, action::CreateProject, authorize};
/// # use uuid::Uuid;
///
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let ada = UserId::from_uuid(Uuid::from_u128(2));
/// let principal = Principal::new(ada).granted(tenant, [Permission::CreateProject].into_iter().collect());
/// let permit = authorize::<CreateProject>(&principal, tenant)?;
///
/// let entry = permit.entry("proj_01h455vb4pex5vsknk084sn02q").because("for the moon".parse()?);
///
/// assert_eq!(entry.actor(), Some(ada.into()));
/// assert_eq!(entry.action(), "project:create");
/// assert_eq!(entry.scope(), Scope::Tenant(tenant));
/// assert_eq!(entry.target(), "proj_01h455vb4pex5vsknk084sn02q");
/// assert_eq!(entry.reason().map(|reason| reason.as_str()), Some("for the moon"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an entry is made in order to be committed"]
pub struct AuditEntry {
    actor: Option<Actor>,
    action: &'static str,
    scope: Scope,
    target: String,
    reason: Option<Name>,
}

impl AuditEntry {
    pub(super) fn new(
        actor: Option<Actor>,
        action: &'static str,
        scope: Scope,
        target: impl fmt::Display,
    ) -> Self {
        Self {
            actor,
            action,
            scope,
            target: target.to_string(),
            reason: None,
        }
    }

    /// The record of an invitation having been answered, whose only proof is an invitation's own.
    pub(crate) fn of_redemption(
        actor: Option<Actor>,
        action: &'static str,
        scope: Scope,
        target: impl fmt::Display,
    ) -> Self {
        Self::new(actor, action, scope, target)
    }

    /// The record of a tenant having been erased, whose only proof is a tenant's own.
    pub(crate) fn of_erasure(
        action: &'static str,
        scope: Scope,
        target: impl fmt::Display,
    ) -> Self {
        Self::new(None, action, scope, target)
    }

    /// The same, with the reason that was given.
    pub fn because(self, reason: Name) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    /// Who; nobody when it was somebody without an account, who held a secret.
    #[must_use]
    pub const fn actor(&self) -> Option<Actor> {
        self.actor
    }

    /// Why, in the words of whoever did it.
    #[must_use]
    pub const fn reason(&self) -> Option<&Name> {
        self.reason.as_ref()
    }

    /// What: the wire name of a permission or of an [`AccountAct`](super::AccountAct).
    #[must_use]
    pub const fn action(&self) -> &'static str {
        self.action
    }

    /// Where.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// To which thing: its id.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }
}
