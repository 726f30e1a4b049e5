//! Deny by default: a [`Principal`] asks [`authorize`] for a [`Permit`], and nothing else can mint one.
//!
//! The kernel knows no permission by name. A catalogue is declared with [`permissions!`](crate::permissions);
//! [`Permission`] is the built-in one, and the default of every type parameter here.
//!
//! ```
//! use bailiwick_domain::{TenantId, UserId, access::*};
//! # use uuid::Uuid;
//!
//! /// The signature says what has to be asked before.
//! fn invite(permit: &Permit<action::InviteMember>, email: &str) -> AuditEntry {
//!     permit.entry(email)
//! }
//!
//! let tenant = TenantId::from_uuid(Uuid::from_u128(1));
//! let ada = Principal::new(UserId::from_uuid(Uuid::from_u128(2)));
//! assert!(authorize::<action::InviteMember>(&ada, tenant).is_err(), "nobody holds anything at first");
//!
//! let ada = ada.granted(tenant, [Permission::InviteMember].into_iter().collect());
//! let permit = authorize::<action::InviteMember>(&ada, tenant)?;
//! assert_eq!(invite(&permit, "bob@example.com").action(), "member:invite");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod actor;
mod audit;
pub mod catalogue;
mod claim;
mod explain;
mod grants;
mod member;
mod permit;
mod policy;
mod principal;
mod scope;
mod set;
mod standing;

pub use account::{AccountAct, AccountScope, Founding};
pub use actor::{Actor, Machine};
pub use audit::AuditEntry;
pub use catalogue::{Action, Catalogue, Permission, Risk, UnknownPermission, action};
pub use claim::{Claim, Selection};
pub use explain::{Explanation, Path, Reason, explain};
pub use grants::{Extent, Grant, Grants, InvalidGrant};
pub use member::{MemberAct, MemberScope};
pub use permit::Permit;
pub use policy::{Decision, Denied, authorize, claim, decide, membership, renew};
pub use principal::Principal;
pub use scope::{
    Level, Mode, Object, ObjectScope, OnObject, Platform, PlatformScope, Proof, Reach, Read, Scope,
    Target, TenantScope, Write,
};
pub use set::PermissionSet;
pub use standing::{Assignment, Obstacle, Standing};
