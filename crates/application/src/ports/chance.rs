//! Time, identity and chance.

use bailiwick_domain::Timestamp;
use uuid::Uuid;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Names for new things.
pub trait Ids: Send + Sync {
    /// A UUID that was never given before, sorting after those that were (version 7, RFC 9562 §5.7).
    fn next(&self) -> Uuid;
}

/// Chance that nobody can guess.
pub trait Entropy: Send + Sync {
    /// 256 bits of it.
    fn secret(&self) -> [u8; 32];
}
