//! What is written down whenever something is written.

use super::Scope;
use crate::UserId;
use std::fmt;

/// Who did what to which thing, where. Only leave to act can write one, and no unit of work commits without one.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an entry is made in order to be committed"]
pub struct AuditEntry {
    actor: UserId,
    action: &'static str,
    scope: Scope,
    target: String,
}

impl AuditEntry {
    pub(super) fn new(
        actor: UserId,
        action: &'static str,
        scope: Scope,
        target: impl fmt::Display,
    ) -> Self {
        Self {
            actor,
            action,
            scope,
            target: target.to_string(),
        }
    }

    /// Who.
    #[must_use]
    pub const fn actor(&self) -> UserId {
        self.actor
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
