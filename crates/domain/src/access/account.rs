//! The doors that no permission opens: one's own account, and a tenant that does not exist yet.
//!
//! Nobody is given leave to register, to sign in or to found. Each of these rests on a fact instead, and each
//! constructor names its fact.

use super::{AuditEntry, Permit, Scope, action::SuspendUser};
use crate::{
    TenantId, UserId,
    mailed::Redeemed,
    session::{Reuse, Session},
    user::User,
};
use std::fmt;

/// Leave to act on one account.
#[derive(Debug)]
#[must_use = "leave is asked for in order to be presented"]
pub struct AccountScope {
    user: UserId,
    actor: Option<UserId>,
}

/// What happens to accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountAct {
    /// Make an account.
    Register,
    /// Sign in: open a session.
    OpenSession,
    /// Sign out, or end another of one's sessions.
    EndSession,
    /// End all sessions but the one that it is asked from.
    EndOtherSessions,
    /// End all sessions.
    EndAllSessions,
    /// Take another password, which ends the other sessions.
    ChangePassword,
    /// Choose another password with a token from a mail, which ends all sessions.
    ResetPassword,
    /// Show that one reads the mail of one's address.
    VerifyEmail,
    /// Be sent a token by mail.
    SendToken,
    /// Enter an organization, which mints tokens for it.
    SelectOrganization,
    /// Spend a refresh token for a new pair.
    RefreshTokens,
    /// Lose a chain of refresh tokens, because a spent one was presented again.
    LoseChain,
    /// Give back a token, and with it the chain that it is of.
    GiveBackTokens,
    /// Be made an operator of the platform.
    BecomeOperator,
    /// Be an operator of the platform no more.
    CeaseOperator,
    /// Be suspended by an operator.
    Suspend,
    /// Be resumed by an operator.
    Resume,
}

impl AccountAct {
    /// Its name in the audit trail.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "account:register",
            Self::OpenSession => "session:open",
            Self::EndSession => "session:end",
            Self::EndOtherSessions => "session:end_others",
            Self::EndAllSessions => "session:end_all",
            Self::ChangePassword => "password:change",
            Self::ResetPassword => "password:reset",
            Self::VerifyEmail => "email:verify",
            Self::SendToken => "email:send_token",
            Self::SelectOrganization => "organization:select",
            Self::RefreshTokens => "session:refresh",
            Self::LoseChain => "session:reuse_detected",
            Self::GiveBackTokens => "session:revoke_tokens",
            Self::BecomeOperator => "operator:appoint",
            Self::CeaseOperator => "operator:dismiss",
            Self::Suspend => "user:suspend",
            Self::Resume => "user:resume",
        }
    }
}

impl AccountScope {
    /// The account is new: there is nobody yet whom it could be taken from.
    pub const fn registering(user: &User) -> Self {
        Self::own(user.id)
    }

    /// The session was opened with the account's password, or its token was presented.
    pub const fn of_session(session: &Session) -> Self {
        Self::own(session.user)
    }

    /// A mail goes to the address of the account. It tells whoever asked for it nothing.
    pub const fn mailing(user: &User) -> Self {
        Self::own(user.id)
    }

    /// A token that was mailed to the account's address came back.
    pub const fn redeemed(redeemed: &Redeemed) -> Self {
        Self::own(redeemed.user())
    }

    /// Whoever runs the program on the machine of the deployment says who its operators are. Which person that is nobody
    /// knows, and no record says.
    pub const fn at_the_console(user: &User) -> Self {
        Self {
            user: user.id,
            actor: None,
        }
    }

    /// An operator may act on the account.
    pub const fn by_operator(permit: &Permit<SuspendUser>, user: UserId) -> Self {
        Self {
            user,
            actor: permit.actor().user(),
        }
    }

    /// A spent refresh token of the account came back.
    pub const fn reused(reuse: &Reuse) -> Self {
        Self::own(reuse.user)
    }

    const fn own(user: UserId) -> Self {
        Self {
            user,
            actor: Some(user),
        }
    }

    /// Who acts on it: its owner, an operator, or nobody who is known.
    #[must_use]
    pub const fn actor(&self) -> Option<UserId> {
        self.actor
    }

    /// Whose account it is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The record of `act` on `target`.
    pub fn entry(&self, act: AccountAct, target: impl fmt::Display) -> AuditEntry {
        AuditEntry::new(
            self.actor.map(Into::into),
            act.name(),
            Scope::Platform,
            target,
        )
    }

    /// Leave to found `tenant`: anybody with an account may found, nobody may found what exists.
    pub const fn founding(self, tenant: TenantId) -> Founding {
        Founding {
            founder: self.user,
            tenant,
        }
    }
}

/// Leave to write a tenant that does not exist yet.
#[derive(Debug)]
#[must_use = "leave is asked for in order to be presented"]
pub struct Founding {
    founder: UserId,
    tenant: TenantId,
}

impl Founding {
    /// Who founds, and becomes the first owner.
    #[must_use]
    pub const fn founder(&self) -> UserId {
        self.founder
    }

    /// The tenant-to-be.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The record of the founding, the first of the tenant.
    pub fn entry(&self) -> AuditEntry {
        AuditEntry::new(
            Some(self.founder.into()),
            "organization:found",
            Scope::Tenant(self.tenant),
            self.tenant,
        )
    }
}
