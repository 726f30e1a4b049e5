//! What is noted about keys, beside the requests that they come with.

use bailiwick_domain::{ApiKeyId, TenantId, Timestamp};

/// Takes note of when keys are used. It never waits, and would rather lose one than hold up a request.
pub trait KeyUses: Send + Sync {
    /// The key was used now. What is kept of it is coarse: one moment in a minute.
    fn note(&self, tenant: TenantId, key: ApiKeyId, now: Timestamp);
}
