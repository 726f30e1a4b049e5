//! The composition root: where each port gets its adapter.
//!
//! [`start`] is the whole service as a function, which the binary calls and the tests call too.

pub mod admin;
mod backup;
pub mod config;
pub mod doctor;
pub mod keys;
mod metrics;
pub mod migrate;
pub mod seed;
mod start;
mod telemetry;

pub use backup::{CopyError, backup, restore};
pub use config::Config;
pub use start::{Machine, Running, StartError, start};
pub use telemetry::{Telemetry, TelemetryError};
