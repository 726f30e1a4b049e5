//! The keys that tokens are signed with: in the database, sealed.

mod ring;
mod sealing;

pub use ring::{KeyError, KeyRing};
pub(crate) use ring::{Purpose, VerifyingKey};
pub use sealing::{SealingKey, SealingKeyError};
