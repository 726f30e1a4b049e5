//! Mail.

use super::Secret;
use async_trait::async_trait;
use bailiwick_domain::{Name, user::EmailAddress};

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a letter over to whoever delivers it.
    async fn send(&self, to: &EmailAddress, letter: &Letter) -> Result<(), MailError>;
}

/// What is written to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letter {
    /// Somebody registered with this address: was it you? Without a name, since a stranger may have chosen it.
    VerifyEmail {
        /// What they have to bring back.
        secret: Secret,
    },
    /// Somebody registered with an address that has an account.
    AlreadyRegistered {
        /// What they are called.
        name: Name,
    },
    /// Somebody is invited into an organization.
    Invitation {
        /// What people call the organization.
        organization: Name,
        /// What whoever invites is called.
        inviter: Name,
        /// What they have to bring back.
        secret: Secret,
    },
    /// Somebody forgot their password.
    ResetPassword {
        /// What they are called.
        name: Name,
        /// What they have to bring back.
        secret: Secret,
    },
}

/// A letter that is to be sent now that what it says is so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "somebody waits for it"]
pub struct Outgoing {
    /// To whom.
    pub to: EmailAddress,
    /// What.
    pub letter: Letter,
}

/// A letter that was not handed over.
#[derive(Debug, thiserror::Error)]
#[error("the mail was not sent")]
pub struct MailError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
