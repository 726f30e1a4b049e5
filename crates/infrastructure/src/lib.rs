//! The ports of the application, over real components.

mod database;
mod entity;
mod keys;
mod passwords;
mod store;
mod system;
mod tokens;

pub use database::{ConnectError, Database, DatabaseOptions};
pub use keys::{KeyError, KeyRing, SealingKey, SealingKeyError};
pub use passwords::{Argon2Passwords, HashingOptions};
pub use store::SeaStore;
pub use system::{RandomIds, SystemClock, SystemEntropy};
pub use tokens::{JwtAccessTokens, JwtRefreshTokens};
