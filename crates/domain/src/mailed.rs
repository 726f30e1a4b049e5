//! Tokens sent by mail: whoever brings one back reads the mail of the account.
//!
//! ```
//! use bailiwick_domain::mailed::MailPurpose;
//!
//! assert!(MailPurpose::ResetPassword.lifetime() < MailPurpose::VerifyEmail.lifetime());
//! ```

use crate::{MailedTokenId, Timestamp, UserId};
use core::time::Duration;

/// A token that was sent to an account's address, for one purpose, good once.
///
/// ```
/// use bailiwick_domain::{MailedTokenId, Timestamp, UserId};
/// use bailiwick_domain::mailed::{MailPurpose, MailedToken};
/// # use uuid::Uuid;
///
/// let now = Timestamp::from_micros(0);
/// let id = MailedTokenId::from_uuid(Uuid::from_u128(1));
/// let ada = UserId::from_uuid(Uuid::from_u128(2));
/// let token = MailedToken::send(id, ada, MailPurpose::ResetPassword, now);
///
/// assert!(token.redeem(MailPurpose::ResetPassword, now).is_ok());
/// assert!(token.redeem(MailPurpose::VerifyEmail, now).is_err());
/// assert!(token.redeem(MailPurpose::ResetPassword, token.expires_at).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailedToken {
    /// Which. The secret is another thing, and only the mail has it.
    pub id: MailedTokenId,
    /// Whose.
    pub user: UserId,
    /// What for.
    pub purpose: MailPurpose,
    /// When it was sent.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What a mailed token is for.
///
/// ```
/// use bailiwick_domain::mailed::MailPurpose;
///
/// assert_eq!(MailPurpose::VerifyEmail.name(), "verify_email");
/// assert_eq!(MailPurpose::VerifyEmail.lifetime().as_secs(), 24 * 60 * 60);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPurpose {
    /// To show that the address is the account's.
    VerifyEmail,
    /// To choose another password.
    ResetPassword,
}

/// The token is for something else, or was good once.
///
/// ```
/// use bailiwick_domain::mailed::NotRedeemable;
///
/// assert_eq!(NotRedeemable.to_string(), "the token from the mail is not valid any more");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token from the mail is not valid any more")]
pub struct NotRedeemable;

/// Proof that somebody reads the mail of an account.
///
/// ```
/// use bailiwick_domain::{MailedTokenId, Timestamp, UserId};
/// use bailiwick_domain::mailed::{MailPurpose, MailedToken};
/// # use uuid::Uuid;
///
/// let now = Timestamp::from_micros(0);
/// let id = MailedTokenId::from_uuid(Uuid::from_u128(1));
/// let ada = UserId::from_uuid(Uuid::from_u128(2));
///
/// let redeemed = MailedToken::send(id, ada, MailPurpose::VerifyEmail, now)
///     .redeem(MailPurpose::VerifyEmail, now)?;
/// assert_eq!((redeemed.user(), redeemed.token()), (ada, id));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Redeemed {
    user: UserId,
    token: MailedTokenId,
}

impl MailPurpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::VerifyEmail, Self::ResetPassword];

    /// Its name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }

    /// How long its tokens are good.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        const HOUR: u64 = 60 * 60;
        match self {
            Self::VerifyEmail => Duration::from_secs(24 * HOUR),
            Self::ResetPassword => Duration::from_secs(HOUR),
        }
    }
}

impl MailedToken {
    /// A token that is sent now.
    #[must_use]
    pub fn send(id: MailedTokenId, user: UserId, purpose: MailPurpose, now: Timestamp) -> Self {
        Self {
            id,
            user,
            purpose,
            created_at: now,
            expires_at: now.plus(purpose.lifetime()),
        }
    }

    /// Takes the token back, for this purpose.
    ///
    /// # Errors
    /// When it is for another purpose, or has expired.
    pub fn redeem(&self, purpose: MailPurpose, now: Timestamp) -> Result<Redeemed, NotRedeemable> {
        if self.purpose != purpose || now >= self.expires_at {
            return Err(NotRedeemable);
        }
        Ok(Redeemed {
            user: self.user,
            token: self.id,
        })
    }
}

impl Redeemed {
    /// Whose mail it was.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Which token it was.
    #[must_use]
    pub const fn token(&self) -> MailedTokenId {
        self.token
    }
}
