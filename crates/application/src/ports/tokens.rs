//! Tokens: one port for each kind, so that one can never pass as another.

use async_trait::async_trait;
use bailiwick_domain::{ChainId, SessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

/// What an access token says: who, in which session, where. Never what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// Its own id.
    pub id: Uuid,
    /// Whose.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// With which chain of refresh tokens it lives and dies.
    pub chain: ChainId,
    /// In which tenant it is good, if in any.
    pub tenant: Option<TenantId>,
    /// From when it is good.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Signs and reads access tokens (RFC 9068).
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// The token that says this.
    async fn issue(&self, claims: &AccessClaims) -> Result<String, TokenError>;

    /// What the token says, if it is ours and good at this time.
    async fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError>;
}

/// What a refresh token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshClaims {
    /// Whose.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// Of which chain.
    pub chain: ChainId,
    /// Its place in the chain.
    pub generation: u64,
    /// From when it is good.
    pub issued_at: Timestamp,
    /// Until when it is good, at the longest.
    pub expires_at: Timestamp,
}

/// What only the store knows of a chain, so that a stolen signing key alone makes no refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct ChainSecret(pub [u8; 32]);

impl std::fmt::Debug for ChainSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainSecret(…)")
    }
}

/// A refresh token whose signature is ours; whether the store had a hand in it is still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedRefresh {
    /// What it says.
    pub claims: RefreshClaims,
    /// What the chain's secret is to be held against.
    pub mac: Vec<u8>,
}

/// Signs and reads refresh tokens.
#[async_trait]
pub trait RefreshTokens: Send + Sync {
    /// The token that says this.
    async fn issue(
        &self,
        claims: &RefreshClaims,
        secret: &ChainSecret,
    ) -> Result<String, TokenError>;

    /// What the token says, if its signature is ours and it is good at this time.
    async fn read(&self, token: &str, now: Timestamp) -> Result<PresentedRefresh, TokenError>;

    /// Was it made with this secret?
    fn vouches(&self, presented: &PresentedRefresh, secret: &ChainSecret) -> bool;
}

/// Why there is no token, or nothing to read in it.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not ours, of another kind, or not good at this time.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// The keys are out of reach.
    #[error("the keys are unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
