//! What the use cases need from outside, as traits: each is chosen once, when the process starts.

mod answers;
mod attempts;
mod chance;
mod cursors;
mod machines;
mod mail;
mod passwords;
mod refusals;
mod rotations;
mod store;
mod tokens;

pub use answers::*;
pub use attempts::*;
pub use chance::*;
pub use cursors::*;
pub use machines::*;
pub use mail::*;
pub use passwords::*;
pub use refusals::*;
pub use rotations::*;
pub use store::*;
pub use tokens::*;
