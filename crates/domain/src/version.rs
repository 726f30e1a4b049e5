//! Versions: how a change tells whether what it is based on still stands.
//!
//! ```
//! use bailiwick_domain::{Version, version::Expected};
//!
//! let read = Version::FIRST;
//! assert!(Expected::OneOf(vec![read]).met_by(read.next()).is_err(), "somebody was faster");
//! ```

use alloc::vec::Vec;

/// How often something has changed since it was made, from 1.
///
/// ```
/// use bailiwick_domain::Version;
///
/// let second = Version::FIRST.next();
/// assert_eq!(second.number(), 2);
/// assert_eq!(second, Version::from_number(2));
/// assert_eq!(Version::stored(2), Ok(second));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

/// What a change expects of the thing that it changes (RFC 9110 §13.1.1).
///
/// ```
/// use bailiwick_domain::{Version, version::{Expected, Stale}};
///
/// let (first, second) = (Version::FIRST, Version::FIRST.next());
/// assert_eq!(Expected::Any.met_by(second), Ok(()));
/// assert_eq!(Expected::OneOf(vec![first]).met_by(second), Err(Stale));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// That it is there.
    Any,
    /// That it stands at one of these.
    OneOf(Vec<Version>),
}

/// The thing has changed since it was read.
///
/// ```
/// use bailiwick_domain::version::Stale;
///
/// assert_eq!(Stale.to_string(), "this has changed since it was read");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this has changed since it was read")]
pub struct Stale;

/// A number that is no [`Version`].
///
/// ```
/// use bailiwick_domain::{Version, version::InvalidVersion};
///
/// assert_eq!(Version::stored(0), Err(InvalidVersion));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 1 on that another one can follow")]
pub struct InvalidVersion;

impl Version {
    /// That of a thing that was just made.
    pub const FIRST: Self = Self(1);

    /// The version with this number.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The version that a store has kept.
    ///
    /// # Errors
    /// When nothing was ever changed as often.
    pub const fn stored(number: i64) -> Result<Self, InvalidVersion> {
        if number < 1 || number == i64::MAX {
            return Err(InvalidVersion);
        }
        Ok(Self(number))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Expected {
    /// Does the thing stand as expected?
    ///
    /// # Errors
    /// When it does not.
    pub fn met_by(&self, version: Version) -> Result<(), Stale> {
        match self {
            Self::Any => Ok(()),
            Self::OneOf(versions) if versions.contains(&version) => Ok(()),
            Self::OneOf(_) => Err(Stale),
        }
    }
}
