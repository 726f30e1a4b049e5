//! Deny by default: a [`Principal`] asks [`authorize`] for a [`Permit`], and nothing else can mint one.
//!
//! The kernel knows no permission by name. A catalogue is declared with [`permissions!`](crate::permissions);
//! [`Permission`] is the built-in one, and the default of every type parameter here.

mod account;
mod audit;
pub mod catalogue;
mod permit;
mod policy;
mod principal;
mod scope;
mod set;

pub use account::{AccountAct, AccountScope, Founding};
pub use audit::AuditEntry;
pub use catalogue::{Action, Catalogue, Permission, Risk, UnknownPermission, action};
pub use permit::Permit;
pub use policy::{Decision, Denied, authorize, decide};
pub use principal::{Principal, Standing};
pub use scope::{Mode, Platform, PlatformScope, Proof, Reach, Read, Scope, TenantScope, Write};
pub use set::PermissionSet;
