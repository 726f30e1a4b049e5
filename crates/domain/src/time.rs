//! Instants, as the databases hold them.
//!
//! ```
//! use bailiwick_domain::Timestamp;
//!
//! let start_of_2030 = Timestamp::stored(1_893_456_000_000_000)?;
//! assert_eq!(start_of_2030.as_seconds(), 1_893_456_000);
//! # Ok::<(), bailiwick_domain::time::InvalidTimestamp>(())
//! ```

use core::time::Duration;

/// An instant in microseconds since 1970-01-01T00:00:00Z, which both databases keep exactly.
///
/// ```
/// use bailiwick_domain::Timestamp;
/// use core::time::Duration;
///
/// let now = Timestamp::from_micros(1_500_000);
/// let later = now.plus(Duration::from_secs(1));
///
/// assert_eq!(later.as_micros(), 2_500_000);
/// assert_eq!(later.minus(Duration::from_secs(1)), now);
/// assert_eq!(now.until(later), Duration::from_secs(1));
/// assert_eq!(later.until(now), Duration::ZERO);
/// assert_eq!(now.rounded_up(), Timestamp::from_micros(2_000_000));
/// assert_eq!(now.as_seconds(), 1);
/// assert!(Timestamp::stored(-1).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A number that is no [`Timestamp`] of ours.
///
/// ```
/// use bailiwick_domain::{Timestamp, time::InvalidTimestamp};
///
/// assert_eq!(Timestamp::stored(i64::MAX), Err(InvalidTimestamp));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an instant between the years 1970 and 9999")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The last instant that a store keeps: years have four digits (RFC 3339 §1).
    pub const LAST: Self = Self(253_402_300_799_999_999);

    /// The instant that a store has kept.
    ///
    /// # Errors
    /// When nothing of ours can be as old, or last as long.
    pub const fn stored(micros: i64) -> Result<Self, InvalidTimestamp> {
        if micros < 0 || micros > Self::LAST.0 {
            return Err(InvalidTimestamp);
        }
        Ok(Self(micros))
    }

    /// The instant so many microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: a `NumericDate` (RFC 7519 §2).
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This much later; at the end of time, the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// This much earlier; at the beginning of time, the beginning of time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros))
    }

    /// The next whole second, if this is none: no token may be good for less than it says.
    #[must_use]
    pub const fn rounded_up(self) -> Self {
        let beyond = self.0.rem_euclid(1_000_000);
        match beyond {
            0 => self,
            _ => Self(self.0.saturating_add(1_000_000 - beyond)),
        }
    }

    /// How long until `later`; nothing when that has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_micros(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }
}
