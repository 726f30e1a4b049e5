//! The ports of the application, over real components.

mod answers;
mod attempts;
mod database;
mod entity;
mod keys;
mod mail;
mod memory;
mod metrics;
mod passwords;
mod refusals;
mod rotations;
mod seed;
mod store;
mod system;
mod tokens;
mod uses;

/// The target of spans that are for a collector and not for the log: they say what is waited for, and nothing of what is
/// asked or answered.
pub const EXPORTED: &str = "bailiwick::exported";

#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;

pub use answers::SealedAnswers;
pub use attempts::{CountedAttempts, UncountedAttempts};
pub use database::{
    BackupError, ClockSkew, ConnectError, Database, DatabaseOptions, IsolationError, copy_database,
};
pub use keys::{
    KeyAlgorithm, KeyError, KeyInfo, KeyPolicy, KeyRing, KeyState, SealingKey, SealingKeyError,
};
pub use mail::{LettreMailer, MailRoute, MailSetupError};
pub use metrics::Metrics;
pub use passwords::{Argon2Passwords, HashingOptions};
pub use refusals::WrittenRefusals;
pub use rotations::CountedRotations;
pub use seed::{Progress, Seed, SeedError};
pub use store::{OfTenant, OwnUnit, OwnView, SeaStore, store_error_of};
pub use system::{RandomIds, SystemClock, SystemEntropy};
pub use tokens::{JwtAccessTokens, JwtDeviceTokens, JwtRefreshTokens};
pub use uses::WrittenKeyUses;
