//! The policy's leave, as a value.

use super::{Action, AuditEntry, Catalogue, PermissionSet, Proof, Scope, scope::Seal};
use crate::UserId;
use std::fmt;

/// The policy's leave to do `A`, in one scope, for one person.
///
/// It has no public constructor, cannot be cloned and cannot be read from bytes: the only way to hold one is to have
/// asked [`authorize`](super::authorize).
#[derive(Debug)]
#[must_use = "a permit is asked for in order to be presented"]
pub struct Permit<A: Action> {
    user: UserId,
    held: PermissionSet<A::Catalogue>,
    at: Scope,
    scope: A::Scope,
}

impl<A: Action> Permit<A> {
    pub(super) fn mint(
        user: UserId,
        held: PermissionSet<A::Catalogue>,
        at: <A::Scope as Proof>::At,
    ) -> Self {
        Self {
            user,
            held,
            at: at.into(),
            scope: A::Scope::mint(at, Seal(())),
        }
    }

    /// Who may.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Where, as the proof that a store's door demands.
    #[must_use]
    pub const fn scope(&self) -> &A::Scope {
        &self.scope
    }

    /// All that they hold there: the ceiling of what they may hand on.
    #[must_use]
    pub const fn held(&self) -> &PermissionSet<A::Catalogue> {
        &self.held
    }

    /// The record of this permit having been used on `target`. Leave to read writes no record of a change.
    pub fn entry(&self, target: impl fmt::Display) -> AuditEntry {
        const { assert!(A::Scope::REACH.writes, "leave to read writes no record") }
        AuditEntry::new(self.user, A::PERMISSION.name(), self.at, target)
    }
}
