//! Hashing of passwords, which is slow on purpose and therefore bounded.

use async_trait::async_trait;
use bailiwick_domain::password::{Password, PasswordHash};
use std::time::Duration;

/// Hashes passwords, away from the threads that answer requests.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// Whether a password that came now would be hashed in time: whoever would be refused at the end is refused before
    /// anything is done for them.
    ///
    /// # Errors
    /// When it would not.
    fn admit(&self) -> Result<(), HashingError>;

    /// The hash of a new password.
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashingError>;

    /// Is this the password? Without a hash to compare with it never is, and it takes as long to say so.
    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<Comparison, HashingError>;
}

/// Whether a password is the one that was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It is another one.
    Differs,
    /// It is the one.
    Matches,
    /// It is the one, and it would be hashed otherwise today: a reason to do so.
    MatchesOutdated,
}

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// As many passwords wait as can be hashed in time.
    #[error("too many passwords wait to be hashed")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The hash in the store, or the hashing itself, is broken.
    #[error("the password could not be hashed: {0}")]
    Broken(String),
}
