//! The house as seen from outside: what it promises over HTTP, and how it is built.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[macro_use]
mod world;

mod accounts;
mod architecture;
mod audit;
mod canonical;
mod documents;
mod problems;
mod seed_contract;
mod sessions;
mod tenancy;
