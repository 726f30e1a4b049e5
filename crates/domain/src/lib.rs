//! Multi-tenant access control that the compiler can follow, and the rules of an organization's life: pure.
//!
//! No async, no I/O, no clock, no randomness, no database, no HTTP, and no `std`. Whoever wants to act asks
//! [`access`] for a permit; whoever wants to build an aggregate asks its own module. The built-in catalogue of
//! permissions is a default: [`permissions!`] declares another one.
//!
//! ```
//! use bailiwick_domain::{TenantId, UserId, access::*};
//! # use uuid::Uuid;
//!
//! let tenant = TenantId::from_uuid(Uuid::from_u128(1));
//! let ada = Principal::new(UserId::from_uuid(Uuid::from_u128(2)))
//!     .granted(tenant, [Permission::CreateProject].into_iter().collect());
//!
//! let permit = authorize::<action::CreateProject>(&ada, tenant)?;
//! assert_eq!(permit.scope().tenant(), tenant);
//! assert!(authorize::<action::RemoveMember>(&ada, tenant).is_err());
//! # Ok::<(), Denied>(())
//! ```

#![no_std]

extern crate alloc;

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

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
