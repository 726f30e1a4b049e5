//! How often somebody may try to guess a password.

use super::DeviceId;
use bailiwick_domain::user::EmailAddress;
use std::{net::IpAddr, time::Duration};

/// Counts attempts, before they cost anything.
pub trait Attempts: Send + Sync {
    /// One more. The attempt may go on, or has to wait.
    fn count(&self, attempt: &Attempt<'_>) -> Result<(), TooMany>;

    /// One more mail to this address that its owner may not have asked for.
    fn count_mail(&self, to: &EmailAddress) -> Result<(), TooMany>;
}

/// Somebody tries a password.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The account that it is tried on; it need not exist.
    pub account: &'a EmailAddress,
    /// From where.
    pub address: Option<IpAddr>,
    /// From which device, if its owner has signed in to this account with it before. Such a device is counted by
    /// itself: strangers can use up the attempts of strangers, and not those of the owner.
    pub device: Option<DeviceId>,
}

/// Too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts: wait {} seconds", .retry_after.as_secs())]
pub struct TooMany {
    /// When to try again.
    pub retry_after: Duration,
}
