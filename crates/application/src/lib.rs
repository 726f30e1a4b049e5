//! Use cases, and the ports that they need. Knows no HTTP, SQL or JSON.
//!
//! Each use case reads as five sentences: begin, look, let the domain decide, write, commit with a record.

pub mod access;
pub mod accounts;
pub mod admin;
pub mod audit;
pub mod invitations;
mod locked;
pub mod machines;
pub mod members;
pub mod oauth;
pub mod once;
pub mod operators;
pub mod organizations;
pub mod platform;
pub mod ports;
pub mod projects;
pub mod roles;
pub mod sessions;

use ports::{Clock, Ids, Store};
use std::sync::Arc;

/// What every use case stands on.
#[derive(Clone)]
pub struct Ground {
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Names for new things.
    pub ids: Arc<dyn Ids>,
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground").finish_non_exhaustive()
    }
}
