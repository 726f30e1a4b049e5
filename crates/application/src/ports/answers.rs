//! Requests that may come twice, and the answers that are kept for the second time.

use super::StoreError;
use async_trait::async_trait;
use bailiwick_domain::{TenantId, Timestamp, UserId, access::Actor};
use std::net::IpAddr;
use uuid::Uuid;

/// A request by whose key it is recognized when it comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// What its answer is found by: nobody learns from it the key, or whose it is.
    pub id: Uuid,
    /// The tenant that it is about, if it is about one.
    pub tenant: Option<TenantId>,
    /// Whose account it is about, if it is about no tenant.
    pub user: Option<UserId>,
    /// Tells what was asked from anything else that could be, without telling it.
    pub fingerprint: [u8; 32],
}

/// Whose keys are told apart from everybody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requester {
    /// Whoever is not signed in, by what one customer of a network provider is given: strangers elsewhere have keys of their own.
    Stranger(IpAddr),
    /// A person, about their own account.
    Person(UserId),
    /// A person or a machine in a tenant.
    Within(TenantId, Actor),
}

/// An answer that is kept in the unit of work that it tells of: both last, or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// What it answers.
    pub request: KeyedRequest,
    /// The answer, for nobody but this service to read.
    pub sealed: Vec<u8>,
    /// How long it is kept.
    pub expires_at: Timestamp,
}

/// What is known of a request that came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// It was the same, and this was the answer.
    Same(Vec<u8>),
    /// It had the same key, and asked for something else.
    Other,
}

/// The answers that are kept.
#[async_trait]
pub trait Answers: Send + Sync {
    /// What a request with this key is recognized by; its parts are all that it asks.
    fn recognize(&self, requester: Requester, key: &str, parts: &[&[u8]]) -> KeyedRequest;

    /// Seals an answer, for the unit of work to keep.
    ///
    /// # Errors
    /// When it cannot be sealed.
    fn seal(&self, request: &KeyedRequest, answer: &[u8]) -> Result<KeptAnswer, StoreError>;

    /// What is known of an earlier request with the key.
    async fn earlier(&self, request: &KeyedRequest) -> Result<Option<Earlier>, StoreError>;

    /// Forgets the answers whose time is over, and says how many they were.
    async fn forget_lapsed(&self) -> Result<u64, StoreError>;
}
