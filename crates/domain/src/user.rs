//! People: their accounts and addresses.
//!
//! ```
//! use bailiwick_domain::user::EmailAddress;
//!
//! let ada: EmailAddress = "Ada@Example.com".parse()?;
//! assert_eq!(ada.as_str(), "ada@example.com");
//! # Ok::<(), bailiwick_domain::user::InvalidEmail>(())
//! ```

use crate::{
    Name, Timestamp, UserId,
    access::{Permit, action::SuspendUser},
};
use alloc::string::String;
use core::{fmt, str::FromStr};

/// A person's account, which belongs to no tenant.
///
/// ```
/// use bailiwick_domain::{Timestamp, UserId, role::operator_grants, user::User};
/// use bailiwick_domain::access::{Platform, Principal, action::SuspendUser, authorize};
/// # use uuid::Uuid;
///
/// let now = Timestamp::from_micros(0);
/// let [ada, eve] = [1, 2].map(|id| UserId::from_uuid(Uuid::from_u128(id)));
/// let mut ada = User::new(ada, "ada@example.com".parse()?, "Ada".parse()?, now);
/// assert!(ada.is_active());
///
/// let operator = Principal::new(eve).granted(Platform, operator_grants());
/// let permit = authorize::<SuspendUser>(&operator, Platform)?;
/// ada.suspend(&permit, now);
/// assert!(!ada.is_active());
/// ada.resume(&permit);
/// assert!(ada.is_active());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who it is.
    pub id: UserId,
    /// Where they receive mail, and what they sign in with.
    pub email: EmailAddress,
    /// What they are called.
    pub name: Name,
    /// When they registered.
    pub created_at: Timestamp,
    /// Since when the address is known to be theirs, if it is.
    pub verified_at: Option<Timestamp>,
    /// Since when the account is closed, if it is.
    pub disabled_at: Option<Timestamp>,
}

impl User {
    /// An operator closes it.
    pub const fn suspend(&mut self, _: &Permit<SuspendUser>, now: Timestamp) {
        self.disabled_at = Some(now);
    }

    /// An operator opens it again.
    pub const fn resume(&mut self, _: &Permit<SuspendUser>) {
        self.disabled_at = None;
    }

    /// A new account, open.
    #[must_use]
    pub const fn new(id: UserId, email: EmailAddress, name: Name, now: Timestamp) -> Self {
        Self {
            id,
            email,
            name,
            created_at: now,
            verified_at: None,
            disabled_at: None,
        }
    }

    /// May this account be used at all?
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// An address that mail can be sent to (RFC 5321 §4.1.2), in lower case.
///
/// The local part is lowered too: RFC 5321 §2.4 would let it differ, no provider of note does, and two
/// accounts that differ in case alone are how people lose one.
///
/// ```
/// use bailiwick_domain::user::EmailAddress;
///
/// let address: EmailAddress = "Ada.Lovelace@Example.com".parse()?;
/// assert_eq!(address.as_str(), "ada.lovelace@example.com");
/// assert_eq!(address.host(), "example.com");
/// # Ok::<(), bailiwick_domain::user::InvalidEmail>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

/// Why a text is no [`EmailAddress`].
///
/// ```
/// use bailiwick_domain::user::{EmailAddress, InvalidEmail};
///
/// assert_eq!("ada".parse::<EmailAddress>(), Err(InvalidEmail::Form));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Not of the form `local@host.example`.
    #[error("must be an email address like `ada@example.com`")]
    Form,
    /// Longer than a path may be (RFC 5321 §4.5.3.1).
    #[error("must have at most {} characters", EmailAddress::MAX)]
    TooLong,
}

impl EmailAddress {
    /// The greatest length, in octets (RFC 5321 §4.5.3.1.3, less the angle brackets).
    pub const MAX: usize = 254;
    /// The greatest length before the `@`, in octets (RFC 5321 §4.5.3.1.1).
    pub const MAX_LOCAL: usize = 64;

    /// What stands behind the `@`, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, host)| host)
    }

    /// The address in its normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.len() > Self::MAX {
            return Err(InvalidEmail::TooLong);
        }
        let (local, host) = text.rsplit_once('@').ok_or(InvalidEmail::Form)?;
        if local.len() > Self::MAX_LOCAL {
            return Err(InvalidEmail::TooLong);
        }
        if !is_local_part(local) || !is_host(host) {
            return Err(InvalidEmail::Form);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// A dot-string of RFC 5321 §4.1.2: quoted local parts are refused, as nearly everybody does.
fn is_local_part(local: &str) -> bool {
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    })
}

/// At least two labels (RFC 1035 §2.3.1), the last not a number; internationalized ones in their `xn--` form.
fn is_host(host: &str) -> bool {
    host.contains('.')
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
        && !host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
