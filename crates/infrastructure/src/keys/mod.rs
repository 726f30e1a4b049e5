//! The keys that tokens are signed with: in the database, sealed.

mod pair;
mod ring;
mod sealing;

pub use pair::KeyAlgorithm;
pub use ring::{KeyError, KeyInfo, KeyPolicy, KeyRing, KeyState};
pub(crate) use ring::{Purpose, VerifyingKey};
pub use sealing::{SealingKey, SealingKeyError};
pub(crate) use sealing::{Use, half};
