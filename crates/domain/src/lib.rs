//! The policy, its proofs, and the rules of each aggregate: pure.
//!
//! No async, no I/O, no clock, no randomness, no database, no HTTP. Whoever wants to act asks
//! [`access`] for a permit; whoever wants to build an aggregate asks its own module.

pub mod access;
pub mod api_key;
pub mod id;
pub mod invitation;
pub mod mailed;
pub mod member;
pub mod ownership;
pub mod password;
pub mod project;
pub mod role;
pub mod service_account;
pub mod session;
pub mod tenant;
pub mod text;
pub mod time;
pub mod user;
pub mod version;

#[doc(inline)]
pub use id::{
    ApiKeyId, AuditId, ChainId, InvitationId, MailedTokenId, MemberId, ProjectId, RoleId,
    ServiceAccountId, SessionId, TenantId, UserId,
};
#[doc(inline)]
pub use text::Name;
#[doc(inline)]
pub use time::Timestamp;
#[doc(inline)]
pub use version::Version;
