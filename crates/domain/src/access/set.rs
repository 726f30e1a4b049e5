//! Sets of permissions.

use super::{Catalogue, Permission};
use core::fmt;

/// A set of permissions. The default is empty, which is *deny*.
///
/// ```
/// use bailiwick_domain::access::{Permission, PermissionSet};
///
/// let reading = PermissionSet::empty()
///     .with(Permission::ListMembers)
///     .with(Permission::ListRoles);
/// let members = PermissionSet::empty()
///     .with(Permission::ListMembers)
///     .with(Permission::InviteMember);
///
/// assert!(reading.contains(Permission::ListRoles));
/// assert!(PermissionSet::all().covers(&reading) && !reading.covers(&members));
/// assert_eq!(reading.union(&members).iter().count(), 3);
/// assert_eq!(reading.intersection(&members).iter().collect::<Vec<_>>(), [Permission::ListMembers]);
/// assert_eq!(reading.less(&members), reading.without(Permission::ListMembers));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PermissionSet<C: Catalogue = Permission>(C::Words);

impl<C: Catalogue> PermissionSet<C> {
    /// No permission at all.
    #[must_use]
    pub fn empty() -> Self {
        Self(C::Words::default())
    }

    /// Every permission of the catalogue.
    #[must_use]
    pub fn all() -> Self {
        C::ALL.iter().copied().collect()
    }

    /// This set and one more.
    #[must_use]
    pub fn with(mut self, permission: C) -> Self {
        let (word, bit) = place(permission);
        if let Some(word) = self.0.as_mut().get_mut(word) {
            *word |= bit;
        }
        self
    }

    /// This set less one.
    #[must_use]
    pub fn without(mut self, permission: C) -> Self {
        let (word, bit) = place(permission);
        if let Some(word) = self.0.as_mut().get_mut(word) {
            *word &= !bit;
        }
        self
    }

    /// Is it in the set?
    #[must_use]
    pub fn contains(&self, permission: C) -> bool {
        let (word, bit) = place(permission);
        self.0
            .as_ref()
            .get(word)
            .is_some_and(|word| word & bit != 0)
    }

    /// Is every permission of `other` in the set?
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.words(other).all(|(mine, theirs)| theirs & !mine == 0)
    }

    /// What is in either set.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        for (mine, theirs) in self.0.as_mut().iter_mut().zip(other.0.as_ref()) {
            *mine |= theirs;
        }
        self
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(mut self, other: &Self) -> Self {
        for (mine, theirs) in self.0.as_mut().iter_mut().zip(other.0.as_ref()) {
            *mine &= theirs;
        }
        self
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn less(mut self, other: &Self) -> Self {
        for (mine, theirs) in self.0.as_mut().iter_mut().zip(other.0.as_ref()) {
            *mine &= !theirs;
        }
        self
    }

    /// The members, in the order of the catalogue.
    pub fn iter(&self) -> impl Iterator<Item = C> {
        C::ALL
            .iter()
            .copied()
            .filter(|permission| self.contains(*permission))
    }

    fn words(&self, other: &Self) -> impl Iterator<Item = (u64, u64)> {
        self.0
            .as_ref()
            .iter()
            .copied()
            .zip(other.0.as_ref().iter().copied())
    }
}

fn place<C: Catalogue>(permission: C) -> (usize, u64) {
    (permission.index() / 64, 1 << (permission.index() % 64))
}

impl<C: Catalogue> Default for PermissionSet<C> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<C: Catalogue> FromIterator<C> for PermissionSet<C> {
    fn from_iter<I: IntoIterator<Item = C>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::empty(), Self::with)
    }
}

impl<C: Catalogue> fmt::Debug for PermissionSet<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Catalogue::name))
            .finish()
    }
}
