//! The composition root: where each port gets its adapter.
//!
//! [`start`] is the whole service as a function, which the binary calls and the tests call too.

pub mod admin;
pub mod config;
pub mod keys;
mod metrics;
pub mod migrate;
mod start;

pub use config::Config;
pub use start::{Machine, Running, StartError, start};
