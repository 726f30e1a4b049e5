//! The kernel and the rules, held to what they promise.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod compile_fail;
mod policy_matrix;
mod properties;
mod rotation;
