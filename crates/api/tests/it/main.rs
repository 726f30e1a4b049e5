//! The adapter over HTTP, without a server and without a store.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

mod compile_fail;
mod sweep;
