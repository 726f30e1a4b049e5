//! What the use cases need from outside, as traits: each is chosen once, when the process starts.

mod chance;
mod passwords;
mod store;
mod tokens;

pub use chance::*;
pub use passwords::*;
pub use store::*;
pub use tokens::*;
