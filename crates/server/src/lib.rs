//! The composition root: where each port gets its adapter.
//!
//! [`start`] is the whole service as a function, which the binary calls and the tests call too; [`app`] is the same for
//! whoever mounts it in an application of their own.

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
pub use start::{Embedded, Machine, Running, StartError, app, start};
pub use telemetry::{Telemetry, TelemetryError};
