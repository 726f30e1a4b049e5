//! Invitations: offers of membership to people who may have no account yet.
//!
//! ```
//! use bailiwick_domain::invitation::Invitation;
//!
//! assert_eq!(Invitation::LIFETIME.as_secs(), 7 * 24 * 60 * 60);
//! ```

use crate::{
    InvitationId, MemberId, RoleId, TenantId, Timestamp, UserId,
    access::{
        Actor, Assignment, AuditEntry, Permit, Principal, Scope,
        action::{InviteMember, RevokeInvitation},
        authorize,
    },
    member::Member,
    role::{Escalation, RoleBook, hand_on},
    tenant::{DomainRefused, Tenant},
    user::{EmailAddress, User},
};
use alloc::vec::Vec;
use core::time::Duration;

/// An offer of membership to an email address.
///
/// ```
/// # use bailiwick_domain::{InvitationId, MemberId, RoleId, TenantId, Timestamp, UserId};
/// # use bailiwick_domain::access::{AccountScope, action::*, authorize};
/// # use bailiwick_domain::tenant::Tenant;
/// # use bailiwick_domain::user::User;
/// # use uuid::Uuid;
/// use bailiwick_domain::invitation::{Invitation, InvitationStatus, Shown};
/// use bailiwick_domain::role::RoleBook;
///
/// # let now = Timestamp::from_micros(0);
/// # let id = Uuid::from_u128;
/// # let ada = User::new(UserId::from_uuid(id(1)), "ada@example.com".parse()?, "Ada".parse()?, now);
/// # let founding = AccountScope::registering(&ada).founding(TenantId::from_uuid(id(2)));
/// # let roles = [3, 4, 5].map(|role| RoleId::from_uuid(id(role)));
/// # let acme = Tenant::found(&founding, "Acme".parse()?, MemberId::from_uuid(id(6)), roles, now);
/// let book = RoleBook::of(acme.roles.to_vec());
/// let owner = acme.owner.principal(&acme.tenant, &book, now);
/// let permit = authorize::<InviteMember>(&owner, acme.tenant.id)?;
///
/// let mut invitation = Invitation::issue(
///     &permit,
///     &book,
///     &acme.tenant,
///     InvitationId::from_uuid(id(7)),
///     "bob@example.com".parse()?,
///     vec![acme.roles[2].id],
///     now,
/// )?;
/// invitation.resend(&permit, &book, &acme.tenant, now)?;
/// assert_eq!(invitation.status_at(invitation.expires_at), InvitationStatus::Expired);
///
/// let bob = User::new(UserId::from_uuid(id(8)), "bob@example.com".parse()?, "Bob".parse()?, now);
/// let redemption = invitation.redeem(&bob, Shown::Secret, now)?;
/// let member = MemberId::from_uuid(id(9));
/// let bob = invitation.accept(&redemption, &book, &acme.tenant, Some(&owner), member, now)?;
///
/// assert_eq!(bob.tenant, acme.tenant.id);
/// assert_eq!(invitation.status, InvitationStatus::Accepted);
/// let revoke = authorize::<RevokeInvitation>(&owner, acme.tenant.id)?;
/// assert!(invitation.revoke(&revoke).is_err(), "it was answered");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Which. The secret is another thing, and only the mail has it.
    pub id: InvitationId,
    /// To which tenant.
    pub tenant: TenantId,
    /// To whom.
    pub email: EmailAddress,
    /// As what.
    pub roles: Vec<RoleId>,
    /// What has become of it.
    pub status: InvitationStatus,
    /// By whom.
    pub invited_by: Actor,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// What has become of an invitation.
///
/// ```
/// use bailiwick_domain::invitation::InvitationStatus;
///
/// assert_eq!(InvitationStatus::Pending.name(), "pending");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationStatus {
    /// It waits.
    Pending,
    /// Somebody is a member by it.
    Accepted,
    /// It was turned down.
    Declined,
    /// It was taken back.
    Revoked,
    /// Nobody answered in time.
    Expired,
}

/// How somebody comes by an invitation.
///
/// ```
/// use bailiwick_domain::invitation::Shown;
///
/// assert_ne!(Shown::Secret, Shown::Address, "one proves who reads the mail, the other who signed in");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// They brought the secret that was mailed: they read the mail of the address.
    Secret,
    /// They are signed in with the address, and that counts in this deployment.
    Address,
}

/// Why there is no invitation to write.
///
/// ```
/// use bailiwick_domain::invitation::InviteError;
///
/// assert_eq!(InviteError::Over.to_string(), "the invitation was answered, or taken back");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// A role holds more than the one who invites.
    #[error(transparent)]
    Escalation(#[from] Escalation),
    /// There is no such role in the tenant.
    #[error("there is no such role")]
    UnknownRole,
    /// The tenant takes no addresses of that domain.
    #[error(transparent)]
    DomainRefused(#[from] DomainRefused),
    /// It waits no more.
    #[error("the invitation was answered, or taken back")]
    Over,
}

/// Why an invitation does nothing for somebody.
///
/// ```
/// use bailiwick_domain::invitation::RedeemInvitationError;
///
/// let error = RedeemInvitationError::AnotherAddress;
/// assert_eq!(error.to_string(), "the invitation is for another address");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedeemInvitationError {
    /// It waits no more, or has lapsed.
    #[error("the invitation is good no more")]
    Over,
    /// It is for another address.
    #[error("the invitation is for another address")]
    AnotherAddress,
    /// Whoever invited may not hand on its roles any more.
    #[error("whoever invited may do so no more")]
    Void,
    /// The tenant takes no addresses of that domain any more.
    #[error(transparent)]
    DomainRefused(#[from] DomainRefused),
}

/// Leave to answer one invitation: it was for the address of whoever answers, or they brought its secret.
///
/// ```
/// # use bailiwick_domain::{InvitationId, RoleId, TenantId, Timestamp, UserId};
/// # use bailiwick_domain::access::Actor;
/// # use uuid::Uuid;
/// use bailiwick_domain::invitation::{Invitation, InvitationStatus};
///
/// # let now = Timestamp::from_micros(0);
/// let mut invitation = Invitation {
///     id: InvitationId::from_uuid(Uuid::from_u128(1)),
///     tenant: TenantId::from_uuid(Uuid::from_u128(2)),
///     email: "bob@example.com".parse()?,
///     roles: vec![RoleId::from_uuid(Uuid::from_u128(3))],
///     status: InvitationStatus::Pending,
///     invited_by: Actor::User(UserId::from_uuid(Uuid::from_u128(4))),
///     created_at: now,
///     expires_at: now.plus(Invitation::LIFETIME),
/// };
///
/// // Whoever brought the secret needs no account to say no.
/// let redemption = invitation.redeem_to_decline(now)?;
/// assert_eq!((redemption.tenant(), redemption.invitation()), (invitation.tenant, invitation.id));
/// assert_eq!(redemption.user(), None);
/// assert!(redemption.verifies_address());
///
/// invitation.decline(&redemption, now)?;
/// assert_eq!(redemption.declined().action(), "invitation:decline");
/// assert_eq!(redemption.accepted().action(), "invitation:accept");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "leave is asked for in order to be presented"]
pub struct Redemption {
    user: Option<UserId>,
    tenant: TenantId,
    invitation: InvitationId,
    shown: Shown,
}

impl InvitationStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Accepted,
        Self::Declined,
        Self::Revoked,
        Self::Expired,
    ];

    /// Its name on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

impl Invitation {
    /// How long an invitation stands.
    pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// A new offer, pending. Without a role it is for the tenant's default one.
    ///
    /// # Errors
    /// When a role holds more than the one who invites; when the tenant takes no such address.
    pub fn issue(
        permit: &Permit<InviteMember>,
        book: &RoleBook,
        tenant: &Tenant,
        id: InvitationId,
        email: EmailAddress,
        roles: Vec<RoleId>,
        now: Timestamp,
    ) -> Result<Self, InviteError> {
        tenant.settings.admit(&email)?;
        handed_on(permit, book, &roles)?;
        Ok(Self {
            id,
            tenant: permit.scope().tenant(),
            email,
            roles,
            status: InvitationStatus::Pending,
            invited_by: permit.actor(),
            created_at: now,
            expires_at: now.plus(Self::LIFETIME),
        })
    }

    /// The same offer again, with all its time before it, from whoever sends it again: they answer for it now.
    ///
    /// # Errors
    /// When it waits no more; when a role holds more than the one who invites.
    pub fn resend(
        &mut self,
        permit: &Permit<InviteMember>,
        book: &RoleBook,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<(), InviteError> {
        if self.status != InvitationStatus::Pending {
            return Err(InviteError::Over);
        }
        tenant.settings.admit(&self.email)?;
        handed_on(permit, book, &self.roles)?;
        self.invited_by = permit.actor();
        self.expires_at = now.plus(Self::LIFETIME);
        Ok(())
    }

    /// Taken back.
    ///
    /// # Errors
    /// When it waits no more.
    pub fn revoke(&mut self, _: &Permit<RevokeInvitation>) -> Result<(), InviteError> {
        if self.status != InvitationStatus::Pending {
            return Err(InviteError::Over);
        }
        self.status = InvitationStatus::Revoked;
        Ok(())
    }

    /// What has become of it, also when nobody has written down yet that its time is over.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> InvitationStatus {
        match self.status {
            InvitationStatus::Pending if now >= self.expires_at => InvitationStatus::Expired,
            status => status,
        }
    }

    /// Leave for somebody with an account to answer it.
    ///
    /// # Errors
    /// When it waits no more, or is for another address.
    pub fn redeem(
        &self,
        user: &User,
        shown: Shown,
        now: Timestamp,
    ) -> Result<Redemption, RedeemInvitationError> {
        if user.email != self.email {
            return Err(RedeemInvitationError::AnotherAddress);
        }
        self.redeemed(Some(user.id), shown, now)
    }

    /// Leave for whoever brought its secret to turn it down, with or without an account.
    ///
    /// # Errors
    /// When it waits no more.
    ///
    /// ```
    /// # use bailiwick_domain::{InvitationId, TenantId, Timestamp, UserId, access::Actor};
    /// # use uuid::Uuid;
    /// # use bailiwick_domain::invitation::{Invitation, InvitationStatus};
    /// # let now = Timestamp::from_micros(0);
    /// # let mut invitation = Invitation {
    /// #     id: InvitationId::from_uuid(Uuid::from_u128(1)),
    /// #     tenant: TenantId::from_uuid(Uuid::from_u128(2)),
    /// #     email: "bob@example.com".parse()?,
    /// #     roles: Vec::new(),
    /// #     status: InvitationStatus::Pending,
    /// #     invited_by: Actor::User(UserId::from_uuid(Uuid::from_u128(4))),
    /// #     created_at: now,
    /// #     expires_at: now.plus(Invitation::LIFETIME),
    /// # };
    /// let redemption = invitation.redeem_to_decline(now)?;
    /// invitation.decline(&redemption, now)?;
    /// assert_eq!(invitation.status, InvitationStatus::Declined);
    /// assert!(invitation.redeem_to_decline(now).is_err(), "it was answered");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn redeem_to_decline(&self, now: Timestamp) -> Result<Redemption, RedeemInvitationError> {
        self.redeemed(None, Shown::Secret, now)
    }

    fn redeemed(
        &self,
        user: Option<UserId>,
        shown: Shown,
        now: Timestamp,
    ) -> Result<Redemption, RedeemInvitationError> {
        if self.status_at(now) != InvitationStatus::Pending {
            return Err(RedeemInvitationError::Over);
        }
        Ok(Redemption {
            user,
            tenant: self.tenant,
            invitation: self.id,
            shown,
        })
    }

    /// Whoever was invited becomes a member, if whoever invited may still hand on as much at this moment.
    ///
    /// # Errors
    /// When it waits no more, or can be kept no more.
    pub fn accept(
        &mut self,
        redemption: &Redemption,
        book: &RoleBook,
        tenant: &Tenant,
        inviter: Option<&Principal>,
        member: MemberId,
        now: Timestamp,
    ) -> Result<Member, RedeemInvitationError> {
        self.is_answered_by(redemption, now)?;
        let user = redemption
            .user
            .ok_or(RedeemInvitationError::AnotherAddress)?;
        let void = RedeemInvitationError::Void;
        let inviter = inviter.filter(|inviter| inviter.actor() == self.invited_by);
        let permit =
            authorize::<InviteMember>(inviter.ok_or(void)?, self.tenant).map_err(|_| void)?;
        tenant.settings.admit(&self.email)?;
        handed_on(&permit, book, &self.roles).map_err(|_| void)?;
        self.status = InvitationStatus::Accepted;
        let roles = self.roles.iter().copied().map(Assignment::of).collect();
        Ok(Member::joined(self.tenant, member, user, roles, now))
    }

    /// Whoever was invited does not want to be.
    ///
    /// # Errors
    /// When it waits no more.
    pub fn decline(
        &mut self,
        redemption: &Redemption,
        now: Timestamp,
    ) -> Result<(), RedeemInvitationError> {
        self.is_answered_by(redemption, now)?;
        self.status = InvitationStatus::Declined;
        Ok(())
    }

    fn is_answered_by(
        &self,
        redemption: &Redemption,
        now: Timestamp,
    ) -> Result<(), RedeemInvitationError> {
        let this = (redemption.tenant, redemption.invitation) == (self.tenant, self.id);
        if !this || self.status_at(now) != InvitationStatus::Pending {
            return Err(RedeemInvitationError::Over);
        }
        Ok(())
    }
}

fn handed_on(
    permit: &Permit<InviteMember>,
    book: &RoleBook,
    roles: &[RoleId],
) -> Result<(), InviteError> {
    for role in roles {
        book.get(*role).ok_or(InviteError::UnknownRole)?;
        hand_on(permit.held(), &book.effective(*role))?;
    }
    Ok(())
}

impl Redemption {
    /// Who answers, if they have an account.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        self.user
    }

    /// The tenant that invites.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Which invitation.
    #[must_use]
    pub const fn invitation(&self) -> InvitationId {
        self.invitation
    }

    /// Did they show that they read the mail of the address?
    #[must_use]
    pub fn verifies_address(&self) -> bool {
        self.shown == Shown::Secret
    }

    /// The record of the invitation having been accepted.
    pub fn accepted(&self) -> AuditEntry {
        self.entry("invitation:accept")
    }

    /// The record of the invitation having been declined.
    pub fn declined(&self) -> AuditEntry {
        self.entry("invitation:decline")
    }

    fn entry(&self, act: &'static str) -> AuditEntry {
        AuditEntry::of_redemption(
            self.user.map(Into::into),
            act,
            Scope::Tenant(self.tenant),
            self.invitation,
        )
    }
}
