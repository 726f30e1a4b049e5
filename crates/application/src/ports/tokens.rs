//! Tokens: one port for each kind, so that one can never pass as another.

use super::Secret;
use async_trait::async_trait;
use bailiwick_domain::{
    ApiKeyId, ChainId, ServiceAccountId, SessionId, TenantId, Timestamp, UserId, user::EmailAddress,
};
use std::time::Duration;
use uuid::Uuid;

/// The built-in client of whoever signs in with a password (RFC 9068 §2.2 wants one named).
pub const FIRST_PARTY: &str = "bailiwick-first-party";

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
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// From when it is good.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What an access token of a machine says: which service account, by which key, where. It lives and dies with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineClaims {
    /// Its own id.
    pub id: Uuid,
    /// Whose.
    pub account: ServiceAccountId,
    /// With which key it was made.
    pub key: ApiKeyId,
    /// In which tenant it is good.
    pub tenant: TenantId,
    /// From when it is good.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What an access token says, whosever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// A person's.
    Person(AccessClaims),
    /// A machine's.
    Machine(MachineClaims),
}

/// Signs and reads access tokens (RFC 9068).
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// The token that says this.
    async fn issue(&self, access: &Access) -> Result<String, TokenError>;

    /// What the token says, if it is ours and good at this time.
    async fn verify(&self, token: &str, now: Timestamp) -> Result<Access, TokenError>;
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

/// A refresh token whose signature is ours; whether the store had a hand in it is still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedRefresh {
    /// What it says.
    pub claims: RefreshClaims,
    /// What the chain's secret is to be held against.
    pub mac: Vec<u8>,
}

/// Signs and reads refresh tokens. Each is made with a secret that only the store knows, so that a stolen signing key
/// alone makes none.
#[async_trait]
pub trait RefreshTokens: Send + Sync {
    /// The token that says this.
    async fn issue(&self, claims: &RefreshClaims, secret: &Secret) -> Result<String, TokenError>;

    /// What the token says, if its signature is ours and it is good at this time.
    async fn read(&self, token: &str, now: Timestamp) -> Result<PresentedRefresh, TokenError>;

    /// Was it made with this secret?
    fn vouches(&self, presented: &PresentedRefresh, secret: &Secret) -> bool;
}

/// Remembers, on a device itself, to which account its owner has signed in. It grants nothing.
#[async_trait]
pub trait DeviceTokens: Send + Sync {
    /// The token that says that this device has signed in to this account.
    async fn issue(&self, device: &KnownDevice) -> Result<String, TokenError>;

    /// What the token says, if it is ours and good at this time.
    async fn verify(&self, token: &str, now: Timestamp) -> Result<KnownDevice, TokenError>;
}

/// A device that has signed in to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDevice {
    /// The device.
    pub id: DeviceId,
    /// The account, by its address.
    pub account: EmailAddress,
    /// From when on it is known.
    pub issued_at: Timestamp,
    /// Until when it is remembered.
    pub expires_at: Timestamp,
}

/// A device, as far as one can be told from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId(pub Uuid);

/// How long a verifier may go without asking for the keys again. No key signs before it was public for longer.
pub const KEYS_CACHED: Duration = Duration::from_secs(60);

/// Tells the world how to verify access tokens.
pub trait PublicKeys: Send + Sync {
    /// Every key whose tokens may still be good.
    fn public_keys(&self) -> Vec<PublicKey>;
}

/// A public key, as the members of a JSON Web Key (RFC 7517 §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(pub Vec<(&'static str, String)>);

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
