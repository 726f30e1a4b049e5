//! What the tests of every crate share: real databases, fixed clocks, scenarios.

pub mod network;
pub mod pooler;
pub mod postgres;
