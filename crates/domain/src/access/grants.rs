//! What is granted: permissions for everything in a place, and permissions for one's own things in it.

use super::{Catalogue, Permission, PermissionSet, Scope, UnknownPermission};
use alloc::{borrow::ToOwned, string::String, string::ToString, vec::Vec};
use core::{fmt, str::FromStr};

/// What somebody is granted in a place. The default is nothing.
///
/// A permission that is granted for everything is not listed for one's own things as well.
///
/// ```
/// use bailiwick_domain::access::{Extent, Grant, Grants, Level, Permission, Scope};
/// use bailiwick_domain::{TenantId, access::Catalogue};
/// # use uuid::Uuid;
///
/// let maker: Grants = Grants::stored("project:create project:update:own")?;
///
/// assert_eq!(maker.extent(Permission::UpdateProject), Some(Extent::Own));
/// assert!(maker.allow(Permission::UpdateProject, true), "his own");
/// assert!(!maker.allow(Permission::UpdateProject, false), "somebody else's");
/// assert_eq!(maker.to_string(), "project:create project:update:own");
///
/// // What holds for everything holds for one's own things.
/// let all = maker.with(Grant { permission: Permission::UpdateProject, extent: Extent::All });
/// assert!(all.cover(&maker) && !maker.cover(&all));
/// assert_eq!(all.union(&maker), all);
/// assert_eq!(all.intersection(&maker), maker);
///
/// let on_objects = maker.only(|permission| permission.reach().level == Level::Object);
/// assert_eq!(on_objects.len(), 1);
/// assert!(maker.in_place(Scope::Platform).is_empty());
/// assert_eq!(maker.in_place(TenantId::from_uuid(Uuid::nil()).into()), maker);
/// assert_eq!(Grants::<Permission>::empty().iter().count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Grants<C: Catalogue = Permission> {
    all: PermissionSet<C>,
    own: PermissionSet<C>,
}

/// One permission, as far as it is granted: `project:update`, or `project:update:own`.
///
/// ```
/// use bailiwick_domain::access::{Extent, Grant, Permission};
///
/// let own: Grant = "project:update:own".parse()?;
///
/// assert_eq!(own, Grant { permission: Permission::UpdateProject, extent: Extent::Own });
/// assert_eq!(own.to_string(), "project:update:own");
/// assert!("member:invite:own".parse::<Grant>().is_err(), "nobody owns a tenant's members");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant<C: Catalogue = Permission> {
    /// The permission.
    pub permission: C,
    /// On what.
    pub extent: Extent,
}

/// On which things of a place a permission is granted.
///
/// ```
/// use bailiwick_domain::access::{Extent, Grant};
///
/// let grant: Grant = "project:delete".parse()?;
/// assert_eq!(grant.extent, Extent::All);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// On every one.
    All,
    /// On those that are one's own.
    Own,
}

/// A text that names no grant.
///
/// ```
/// use bailiwick_domain::access::{Grant, InvalidGrant};
///
/// let error = "member:list:own".parse::<Grant>().unwrap_err();
///
/// assert_eq!(error, InvalidGrant::NotOwnable("member:list".to_owned()));
/// assert_eq!(error.to_string(), "`member:list` cannot be held for one's own things alone");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGrant {
    /// No line of the catalogue has the name.
    #[error(transparent)]
    Unknown(#[from] UnknownPermission),
    /// It is on the catalogue, and no role that anybody makes can hold it.
    #[error("no role of an organization's own can hold `{0}`")]
    NotOnOffer(String),
    /// There is nothing of that kind that could be one's own.
    #[error("`{0}` cannot be held for one's own things alone")]
    NotOwnable(String),
    /// The pattern fits no permission.
    #[error("`{0}` fits no permission")]
    FitsNothing(String),
}

const OWN: &str = ":own";

impl<C: Catalogue> Grants<C> {
    /// Nothing.
    #[must_use]
    pub fn empty() -> Self {
        PermissionSet::empty().into()
    }

    /// These and one more.
    #[must_use]
    pub fn with(mut self, grant: Grant<C>) -> Self {
        match grant.extent {
            Extent::All => {
                self.all = self.all.with(grant.permission);
                self.own = self.own.without(grant.permission);
            }
            Extent::Own if self.all.contains(grant.permission) => {}
            // There is nothing of that kind that could be one's own.
            Extent::Own if !grant.permission.is_ownable() => {}
            Extent::Own => self.own = self.own.with(grant.permission),
        }
        self
    }

    /// Is it granted on a thing? `theirs`: the thing is their own.
    #[must_use]
    pub fn allow(&self, permission: C, theirs: bool) -> bool {
        self.all.contains(permission) || (theirs && self.own.contains(permission))
    }

    /// How far it is granted, if it is.
    #[must_use]
    pub fn extent(&self, permission: C) -> Option<Extent> {
        if self.all.contains(permission) {
            Some(Extent::All)
        } else if self.own.contains(permission) {
            Some(Extent::Own)
        } else {
            None
        }
    }

    /// Is every grant of `other` among these, at least as far?
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        self.all.covers(&other.all) && self.all.union(&self.own).covers(&other.own)
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let all = self.all.union(&other.all);
        Self {
            all,
            own: self.own.union(&other.own).less(&all),
        }
    }

    /// What is in both, as far as it is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let all = self.all.intersection(&other.all);
        let mine = self.all.union(&self.own);
        let theirs = other.all.union(&other.own);
        Self {
            all,
            own: mine.intersection(&theirs).less(&all),
        }
    }

    /// Those whose permission keeps the condition.
    #[must_use]
    pub fn only(&self, keep: impl Fn(C) -> bool) -> Self {
        self.iter().filter(|grant| keep(grant.permission)).collect()
    }

    /// Those that mean something in this place.
    #[must_use]
    pub fn in_place(&self, place: Scope) -> Self {
        self.only(|permission| place.takes(permission.reach().level))
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The grants, in the order of the catalogue.
    pub fn iter(&self) -> impl Iterator<Item = Grant<C>> {
        C::ALL.iter().copied().filter_map(|permission| {
            let extent = self.extent(permission)?;
            Some(Grant { permission, extent })
        })
    }

    /// What a text grants: a name (`project:update`), a name for one's own things (`project:update:own`), or a pattern
    /// that stands for every permission on offer that fits (`member:*`, `project:*:own`, `*`). A pattern is written
    /// once and expanded at once: what the catalogue gains later it does not grant.
    ///
    /// # Errors
    /// When nothing on offer has the name or fits the pattern.
    ///
    /// ```
    /// use bailiwick_domain::access::{Grants, Permission};
    ///
    /// let projects = Grants::named("project:*:own", |_: Permission| true)?;
    ///
    /// assert_eq!(projects.to_string(), "project:read:own project:update:own project:delete:own project:share:own");
    /// assert!(Grants::named("proj*", |_: Permission| true).is_err(), "whole kinds only");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(text: &str, offered: impl Fn(C) -> bool) -> Result<Self, InvalidGrant> {
        let (pattern, extent) = match text.strip_suffix(OWN) {
            Some(pattern) => (pattern, Extent::Own),
            None => (text, Extent::All),
        };
        let Some(prefix) = pattern.strip_suffix('*') else {
            let grant: Grant<C> = text.parse()?;
            if !offered(grant.permission) {
                return Err(InvalidGrant::NotOnOffer(grant.to_string()));
            }
            return Ok(Self::empty().with(grant));
        };
        let whole_kinds = prefix.is_empty() || prefix.ends_with(':');
        let fitting = C::ALL.iter().copied().filter(|permission| {
            whole_kinds
                && permission.name().starts_with(prefix)
                && offered(*permission)
                && (extent == Extent::All || permission.is_ownable())
        });
        let grants: Self = fitting
            .map(|permission| Grant { permission, extent })
            .collect();
        if grants.is_empty() {
            return Err(InvalidGrant::FitsNothing(text.to_owned()));
        }
        Ok(grants)
    }

    /// What a store has kept as [`Display`](fmt::Display) wrote it. A name that the catalogue does not have grants
    /// nothing: a newer build may have written it.
    ///
    /// # Errors
    /// When it was written by something else.
    ///
    /// ```
    /// use bailiwick_domain::access::{Grants, Permission};
    ///
    /// let kept: Grants = Grants::stored("member:list rocket:launch")?;
    ///
    /// assert_eq!(kept.to_string(), "member:list", "a newer build's word grants nothing");
    /// assert!(Grants::<Permission>::stored("member:list; drop").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stored(text: &str) -> Result<Self, InvalidGrant> {
        text.split(' ')
            .filter(|name| !name.is_empty())
            .try_fold(Self::empty(), |grants, name| {
                match name.parse::<Grant<C>>() {
                    Ok(grant) => Ok(grants.with(grant)),
                    Err(InvalidGrant::Unknown(_)) if is_name(name) => Ok(grants),
                    Err(error) => Err(error),
                }
            })
    }
}

/// Could some catalogue have the name?
fn is_name(text: &str) -> bool {
    let parts = text.split(':').collect::<Vec<_>>();
    let well_formed = parts.iter().all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'-')
    });
    well_formed && matches!(parts.as_slice(), [_, _] | [_, _, "own"])
}

impl<C: Catalogue> Default for Grants<C> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<C: Catalogue> From<PermissionSet<C>> for Grants<C> {
    fn from(all: PermissionSet<C>) -> Self {
        Self {
            all,
            own: PermissionSet::empty(),
        }
    }
}

impl<C: Catalogue> FromIterator<C> for Grants<C> {
    fn from_iter<I: IntoIterator<Item = C>>(permissions: I) -> Self {
        PermissionSet::from_iter(permissions).into()
    }
}

impl<C: Catalogue> FromIterator<Grant<C>> for Grants<C> {
    fn from_iter<I: IntoIterator<Item = Grant<C>>>(grants: I) -> Self {
        grants.into_iter().fold(Self::empty(), Self::with)
    }
}

impl<C: Catalogue> FromStr for Grant<C> {
    type Err = InvalidGrant;

    fn from_str(text: &str) -> Result<Self, InvalidGrant> {
        // `organization:own` is the whole name of a permission.
        let whole = C::named(text);
        let (Some(name), Err(_)) = (text.strip_suffix(OWN), &whole) else {
            return Ok(Self {
                permission: whole?,
                extent: Extent::All,
            });
        };
        let permission = C::named(name)?;
        if !permission.is_ownable() {
            return Err(InvalidGrant::NotOwnable(name.to_owned()));
        }
        Ok(Self {
            permission,
            extent: Extent::Own,
        })
    }
}

impl<C: Catalogue> fmt::Display for Grant<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.permission.name())?;
        match self.extent {
            Extent::All => Ok(()),
            Extent::Own => f.write_str(OWN),
        }
    }
}

impl<C: Catalogue> fmt::Display for Grants<C> {
    /// The names with spaces between them, like the `scope` of RFC 6749 §3.3.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, grant) in self.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{grant}")?;
        }
        Ok(())
    }
}

impl<C: Catalogue> fmt::Debug for Grants<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.iter().map(|grant| grant.to_string());
        f.debug_set().entries(names).finish()
    }
}
