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
use core::fmt;

/// Leave to act on one account.
///
/// ```
/// use bailiwick_domain::{
///     Name, Timestamp, UserId,
///     access::{AccountAct, AccountScope},
///     user::User,
/// };
/// # use uuid::Uuid;
///
/// let now = Timestamp::from_micros(0);
/// let ada = User::new(
///     UserId::from_uuid(Uuid::from_u128(1)),
///     "ada@example.com".parse()?,
///     "Ada".parse()?,
///     now,
/// );
///
/// let scope = AccountScope::registering(&ada);
/// let entry = scope.entry(AccountAct::Register, ada.id);
///
/// assert_eq!(scope.user(), ada.id);
/// assert_eq!(scope.actor(), Some(ada.id));
/// assert_eq!(entry.action(), "account:register");
/// // No record says who sat at the console.
/// assert_eq!(AccountScope::at_the_console(&ada).actor(), None);
/// // Whoever asks for a mail has shown nothing: it goes to the account's owner.
/// assert_eq!(AccountScope::mailing(&ada).user(), ada.id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "leave is asked for in order to be presented"]
pub struct AccountScope {
    user: UserId,
    actor: Option<UserId>,
}

/// What happens to accounts.
///
/// ```
/// use bailiwick_domain::access::AccountAct;
///
/// assert_eq!(AccountAct::ChangePassword.name(), "password:change");
/// ```
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
    ///
    /// ```
    /// use bailiwick_domain::{SessionId, Timestamp, UserId, access::AccountScope};
    /// use bailiwick_domain::session::{Lifetimes, Session};
    /// # use uuid::Uuid;
    ///
    /// let ada = UserId::from_uuid(Uuid::from_u128(1));
    /// let id = SessionId::from_uuid(Uuid::from_u128(2));
    /// let session = Session::open(id, ada, &Lifetimes::default(), Timestamp::from_micros(0));
    ///
    /// assert_eq!(AccountScope::of_session(&session).user(), ada);
    /// ```
    pub const fn of_session(session: &Session) -> Self {
        Self::own(session.user)
    }

    /// A mail goes to the address of the account. It tells whoever asked for it nothing.
    pub const fn mailing(user: &User) -> Self {
        Self::own(user.id)
    }

    /// A token that was mailed to the account's address came back.
    ///
    /// ```
    /// use bailiwick_domain::{MailedTokenId, Timestamp, UserId, access::AccountScope};
    /// use bailiwick_domain::mailed::{MailPurpose, MailedToken};
    /// # use uuid::Uuid;
    ///
    /// let (now, ada) = (Timestamp::from_micros(0), UserId::from_uuid(Uuid::from_u128(1)));
    /// let id = MailedTokenId::from_uuid(Uuid::from_u128(2));
    /// let token = MailedToken::send(id, ada, MailPurpose::ResetPassword, now);
    ///
    /// let redeemed = token.redeem(MailPurpose::ResetPassword, now)?;
    /// assert_eq!(AccountScope::redeemed(&redeemed).user(), ada);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// use bailiwick_domain::{UserId, role::operator_grants};
    /// use bailiwick_domain::access::{AccountScope, Platform, Principal, action::SuspendUser, authorize};
    /// # use uuid::Uuid;
    ///
    /// let [eve, bob] = [1, 2].map(|id| UserId::from_uuid(Uuid::from_u128(id)));
    /// let operator = Principal::new(eve).granted(Platform, operator_grants());
    ///
    /// let permit = authorize::<SuspendUser>(&operator, Platform)?;
    /// let scope = AccountScope::by_operator(&permit, bob);
    /// assert_eq!((scope.user(), scope.actor()), (bob, Some(eve)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn by_operator(permit: &Permit<SuspendUser>, user: UserId) -> Self {
        Self {
            user,
            actor: permit.actor().user(),
        }
    }

    /// A spent refresh token of the account came back.
    ///
    /// ```
    /// use bailiwick_domain::{ChainId, UserId, access::AccountScope, session::Reuse};
    /// # use uuid::Uuid;
    ///
    /// let user = UserId::from_uuid(Uuid::from_u128(1));
    /// let chain = ChainId::from_uuid(Uuid::from_u128(2));
    ///
    /// assert_eq!(AccountScope::reused(&Reuse { user, chain, presented: 3 }).user(), user);
    /// ```
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
    ///
    /// ```
    /// use bailiwick_domain::{TenantId, UserId, SessionId, Timestamp, access::AccountScope};
    /// use bailiwick_domain::session::{Lifetimes, Session};
    /// # use uuid::Uuid;
    ///
    /// let user = UserId::from_uuid(Uuid::from_u128(1));
    /// let id = SessionId::from_uuid(Uuid::from_u128(2));
    /// let session = Session::open(id, user, &Lifetimes::default(), Timestamp::from_micros(0));
    ///
    /// let tenant = TenantId::from_uuid(Uuid::from_u128(3));
    /// assert_eq!(AccountScope::of_session(&session).founding(tenant).tenant(), tenant);
    /// ```
    pub const fn founding(self, tenant: TenantId) -> Founding {
        Founding {
            founder: self.user,
            tenant,
        }
    }
}

/// Leave to write a tenant that does not exist yet.
///
/// ```
/// use bailiwick_domain::{TenantId, Timestamp, UserId, access::AccountScope, user::User};
/// # use uuid::Uuid;
///
/// let id = UserId::from_uuid(Uuid::from_u128(1));
/// let ada = User::new(id, "ada@example.com".parse()?, "Ada".parse()?, Timestamp::from_micros(0));
/// let tenant = TenantId::from_uuid(Uuid::from_u128(2));
///
/// let founding = AccountScope::registering(&ada).founding(tenant);
///
/// assert_eq!((founding.founder(), founding.tenant()), (ada.id, tenant));
/// assert_eq!(founding.entry().action(), "organization:found");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
