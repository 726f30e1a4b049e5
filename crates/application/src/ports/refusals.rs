//! What was refused, noted beside the way of the request.

use bailiwick_domain::{TenantId, access::Actor};

/// Takes note of refusals. It never waits, and would rather lose one than hold up a request.
pub trait Refusals: Send + Sync {
    /// Takes note; it is in the audit trail a moment later.
    fn note(&self, refusal: Refusal);
}

/// Somebody who is known in a tenant was refused something there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// Where.
    pub tenant: TenantId,
    /// Who.
    pub actor: Actor,
    /// What: the wire name of the permission, or the verb and path where none is named.
    pub action: String,
    /// On which thing: the id in the path, if there is one.
    pub target: String,
}
