//! People: their accounts, addresses and passwords.

use crate::{Name, Timestamp, UserId};
use std::{fmt, str::FromStr};

/// A person's account, which belongs to no tenant.
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
    /// Since when the account is closed, if it is.
    pub disabled_at: Option<Timestamp>,
}

impl User {
    /// A new account, open.
    #[must_use]
    pub const fn new(id: UserId, email: EmailAddress, name: Name, now: Timestamp) -> Self {
        Self {
            id,
            email,
            name,
            created_at: now,
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

/// Why a text is no [`EmailAddress`].
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

/// A password as it was typed: any bytes, never printed, never changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The greatest length, in octets, so that hashing has a bound.
    pub const MAX: usize = 1024;

    /// A password as it was typed.
    #[must_use]
    pub const fn typed(text: String) -> Self {
        Self(text)
    }

    /// May it be hashed at all? A longer one is nobody's.
    #[must_use]
    pub const fn is_bounded(&self) -> bool {
        self.0.len() <= Self::MAX
    }

    /// What was typed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What a new password must be (NIST SP 800-63B-4 §3.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_length: usize,
}

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer characters than the policy asks for.
    #[error("must have at least {0} characters")]
    TooShort(usize),
    /// More octets than [`Password::MAX`].
    #[error("must have at most {} bytes", Password::MAX)]
    TooLong,
}

impl PasswordPolicy {
    /// No deployment may ask for less.
    pub const FLOOR: usize = 8;

    /// At least this many characters, and never fewer than [`PasswordPolicy::FLOOR`].
    #[must_use]
    pub fn at_least(min_length: usize) -> Self {
        Self {
            min_length: min_length.max(Self::FLOOR),
        }
    }

    /// Says what is wrong with a new password, if anything is.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn check(&self, password: &str) -> Result<(), WeakPassword> {
        if password.chars().count() < self.min_length {
            Err(WeakPassword::TooShort(self.min_length))
        } else if password.len() > Password::MAX {
            Err(WeakPassword::TooLong)
        } else {
            Ok(())
        }
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self::at_least(12)
    }
}

/// A password as the database holds it: a PHC string, which is salted and slow to try.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash with this PHC string.
    #[must_use]
    pub const fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
