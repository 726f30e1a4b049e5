//! The kernel and the rules, held to what they promise.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod access;
mod compile_fail;
mod lifecycles;
mod machines;
mod policy_matrix;
mod promises;
mod properties;
mod public_api;
mod rotation;
mod small_worlds;
