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
    fn secret(&self) -> Secret;
}

/// 256 bits that nobody can guess, and that are never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
