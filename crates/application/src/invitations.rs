//! Invitations: written by those who may invite, answered by those who are invited.

use crate::{
    Ground,
    locked::Locked,
    members::{AddError, JoinRules, held, is_member, roles_for_newcomers},
    once::Once,
    ports::{
        Attempts, Entropy, InvitationRow, Letter, MailError, Mailer, Outgoing, Page, Secret, Slice,
        StoreError, TenantUnit, Unique,
    },
    sessions::Caller,
};
use bailiwick_domain::{
    InvitationId, MemberId,
    access::{
        AccountScope, Assignment, Denied, Permit,
        action::{InviteMember, ListInvitations, RevokeInvitation},
    },
    invitation::{
        Invitation, InvitationStatus, InviteError, RedeemInvitationError, Redemption, Shown,
    },
    member::{AlreadyElsewhere, Member},
    tenant::Tenant,
    user::EmailAddress,
};
use std::sync::Arc;

/// The use cases of invitations.
#[derive(Clone)]
pub struct Invitations {
    ground: Ground,
    entropy: Arc<dyn Entropy>,
    mailer: Arc<dyn Mailer>,
    attempts: Arc<dyn Attempts>,
    rules: JoinRules,
}

/// Somebody is to be invited.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Who.
    pub email: EmailAddress,
    /// As what: names or ids of roles; nothing is the default of the organization.
    pub roles: Vec<String>,
}

/// How somebody names the invitation that they answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// By the secret that was mailed.
    Mailed(Secret),
    /// By its id, from the list of their own.
    Listed(InvitationId),
}

/// Why an invitation is as before.
#[derive(Debug, thiserror::Error)]
pub enum ChangeInvitationError {
    /// It cannot be so.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// The one who asked may not any more.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nothing came of an answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// No invitation has the secret.
    #[error("no invitation has this secret")]
    UnknownSecret,
    /// Among those that wait for the caller there is none with the id.
    #[error("no invitation of yours has this id")]
    UnknownId,
    /// It does nothing for whoever brought it.
    #[error(transparent)]
    Redeem(#[from] RedeemInvitationError),
    /// The person is a member already.
    #[error("this person is already a member")]
    AlreadyMember,
    /// The person belongs to an organization, and may to one only.
    #[error(transparent)]
    AlreadyElsewhere(#[from] AlreadyElsewhere),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AnswerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Member) => Self::AlreadyMember,
            error => Self::Store(error),
        }
    }
}

impl Invitations {
    /// The use cases over these ports.
    #[must_use]
    pub const fn new(
        ground: Ground,
        entropy: Arc<dyn Entropy>,
        mailer: Arc<dyn Mailer>,
        attempts: Arc<dyn Attempts>,
        rules: JoinRules,
    ) -> Self {
        Self {
            ground,
            entropy,
            mailer,
            attempts,
            rules,
        }
    }

    /// Invites an address, whether it has an account or not; the letter is to be sent.
    ///
    /// # Errors
    /// When the roles hold too much, when the address is invited already or a member's, when the store fails.
    pub async fn invite(
        &self,
        permit: &Permit<InviteMember>,
        invite: Invite,
        once: Once<InvitationRow>,
    ) -> Result<(InvitationRow, Outgoing), AddError> {
        once.first()?;
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let roles = roles_for_newcomers(&locked, &invite.roles)?;
        let roles: Vec<_> = roles.into_iter().map(|one| one.role).collect();
        let id = InvitationId::from_uuid(self.ground.ids.next());
        let (tenant, book) = (&locked.tenant, &locked.book);
        let invitation = Invitation::issue(permit, book, tenant, id, invite.email, roles, now)?;
        if is_member(&mut *unit, &invitation.email).await? {
            return Err(AddError::AlreadyMember);
        }
        let secret = self.entropy.secret();
        unit.add_invitation(&invitation, &secret).await?;
        let row = row(&mut *unit, &locked, invitation).await?;
        let outgoing = letter(&mut *unit, tenant, &row.invitation, secret).await?;
        once.keep(&mut *unit, &row).await?;
        unit.commit(permit.entry(id)).await?;
        Ok((row, outgoing))
    }

    /// Sends an invitation again, with another secret and all its time before it. `None`: there is none.
    ///
    /// # Errors
    /// When it waits no more, when the roles hold too much, when the store fails.
    pub async fn resend(
        &self,
        permit: &Permit<InviteMember>,
        id: InvitationId,
    ) -> Result<Option<(InvitationRow, Outgoing)>, ChangeInvitationError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let Some(mut invitation) = unit.invitation(id).await? else {
            return Ok(None);
        };
        invitation.resend(permit, &locked.book, &locked.tenant, now)?;
        let secret = self.entropy.secret();
        unit.save_invitation(&invitation, Some(&secret), now)
            .await?;
        let row = row(&mut *unit, &locked, invitation).await?;
        let outgoing = letter(&mut *unit, &locked.tenant, &row.invitation, secret).await?;
        unit.commit(permit.entry_of("invitation:resend", id))
            .await?;
        Ok(Some((row, outgoing)))
    }

    /// Takes an invitation back. `None`: there is none.
    ///
    /// # Errors
    /// When it waits no more, when the store fails.
    pub async fn revoke(
        &self,
        permit: &Permit<RevokeInvitation>,
        id: InvitationId,
    ) -> Result<Option<()>, ChangeInvitationError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let Some(mut invitation) = unit.invitation(id).await? else {
            return Ok(None);
        };
        invitation.revoke(permit)?;
        unit.save_invitation(&invitation, None, now).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(Some(()))
    }

    /// The invitations of the active organization.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        permit: &Permit<ListInvitations>,
        status: Option<InvitationStatus>,
        page: &Page<InvitationId>,
    ) -> Result<Slice<InvitationRow>, StoreError> {
        let now = self.ground.clock.now();
        let store = &self.ground.store;
        store.invitations(permit.scope(), status, page, now).await
    }

    /// One invitation of the active organization.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(
        &self,
        permit: &Permit<ListInvitations>,
        id: InvitationId,
    ) -> Result<Option<InvitationRow>, StoreError> {
        self.ground.store.invitation(permit.scope(), id).await
    }

    /// The invitations that wait for the caller.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn mine(&self, caller: &Caller) -> Result<Vec<InvitationRow>, StoreError> {
        if !self.address_counts(caller) {
            return Ok(Vec::new());
        }
        let scope = AccountScope::of_session(&caller.session);
        let now = self.ground.clock.now();
        let store = &self.ground.store;
        store.invitations_of(&scope, &caller.user.email, now).await
    }

    /// What an invitation offers, for whoever brings its secret.
    ///
    /// # Errors
    /// When no invitation has the secret, when it waits no more, when the store fails.
    pub async fn preview(&self, secret: &Secret) -> Result<InvitationRow, AnswerError> {
        let row = self.ground.store.invited(secret).await?;
        let row = row.ok_or(AnswerError::UnknownSecret)?;
        let _open = row.invitation.redeem_to_decline(self.ground.clock.now())?;
        Ok(row)
    }

    /// The caller becomes a member, with the roles of the invitation, if whoever invited may still hand them on.
    ///
    /// # Errors
    /// When it is not for the caller, when it waits no more, when it can be kept no more, when the store fails.
    pub async fn accept(&self, caller: &Caller, which: &Which) -> Result<Member, AnswerError> {
        let redemption = self.redeem(caller, which).await?;
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.redeem(&redemption).await?;
        let locked = Locked::of(&mut *unit).await?;
        let mut invitation = self.locked_invitation(&mut *unit, &redemption).await?;
        let inviter = locked
            .principal(&mut *unit, invitation.invited_by, now)
            .await?;
        let id = MemberId::from_uuid(self.ground.ids.next());
        let (book, tenant) = (&locked.book, &locked.tenant);
        let member = invitation.accept(&redemption, book, tenant, inviter.as_ref(), id, now)?;
        let tenants = unit.tenants_of(member.user).await?;
        self.rules.mode.admits(member.tenant, &tenants)?;
        unit.add_member(&member).await?;
        unit.save_invitation(&invitation, None, now).await?;
        if redemption.verifies_address() {
            unit.verify_address(member.user, now).await?;
        }
        unit.commit(redemption.accepted()).await?;
        Ok(member)
    }

    /// Whoever is invited does not want to be: with an account by either name, without one by the secret.
    ///
    /// # Errors
    /// When it is not for the caller, when it waits no more, when the store fails.
    pub async fn decline(&self, caller: Option<&Caller>, which: &Which) -> Result<(), AnswerError> {
        let redemption = match (caller, which) {
            (_, Which::Mailed(secret)) => {
                let row = self.ground.store.invited(secret).await?;
                let row = row.ok_or(AnswerError::UnknownSecret)?;
                row.invitation.redeem_to_decline(self.ground.clock.now())?
            }
            (Some(caller), Which::Listed(_)) => self.redeem(caller, which).await?,
            (None, Which::Listed(_)) => return Err(AnswerError::UnknownId),
        };
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.redeem(&redemption).await?;
        let mut invitation = self.locked_invitation(&mut *unit, &redemption).await?;
        invitation.decline(&redemption, now)?;
        unit.save_invitation(&invitation, None, now).await?;
        unit.commit(redemption.declined()).await?;
        Ok(())
    }

    /// Sends a letter, unless its address was sent too many.
    ///
    /// # Errors
    /// When it cannot be handed over.
    pub async fn deliver(&self, outgoing: Outgoing) -> Result<(), MailError> {
        let Outgoing { to, letter } = outgoing;
        if self.attempts.count_mail(&to).is_err() {
            return Ok(());
        }
        self.mailer.send(&to, &letter).await
    }

    async fn redeem(&self, caller: &Caller, which: &Which) -> Result<Redemption, AnswerError> {
        let now = self.ground.clock.now();
        let (row, shown) = match which {
            Which::Mailed(secret) => {
                let row = self.ground.store.invited(secret).await?;
                (row.ok_or(AnswerError::UnknownSecret)?, Shown::Secret)
            }
            Which::Listed(id) => {
                let mut mine = self.mine(caller).await?.into_iter();
                let row = mine.find(|row| row.invitation.id == *id);
                (row.ok_or(AnswerError::UnknownId)?, Shown::Address)
            }
        };
        Ok(row.invitation.redeem(&caller.user, shown, now)?)
    }

    async fn locked_invitation(
        &self,
        unit: &mut dyn TenantUnit,
        redemption: &Redemption,
    ) -> Result<Invitation, AnswerError> {
        let invitation = unit.invitation(redemption.invitation()).await?;
        Ok(invitation.ok_or(RedeemInvitationError::Over)?)
    }

    /// Where addresses are taken at their word, an account may answer what was sent to its address.
    const fn address_counts(&self, caller: &Caller) -> bool {
        self.rules.counts(&caller.user)
    }
}

/// The letter that an invitation goes out with.
pub(crate) async fn letter(
    unit: &mut dyn TenantUnit,
    tenant: &Tenant,
    invitation: &Invitation,
    secret: Secret,
) -> Result<Outgoing, StoreError> {
    Ok(Outgoing {
        to: invitation.email.clone(),
        letter: Letter::Invitation {
            organization: tenant.name.clone(),
            inviter: unit.name_of(invitation.invited_by.answerable()).await?,
            secret,
        },
    })
}

async fn row(
    unit: &mut dyn TenantUnit,
    locked: &Locked,
    invitation: Invitation,
) -> Result<InvitationRow, StoreError> {
    let roles = invitation
        .roles
        .iter()
        .copied()
        .map(Assignment::of)
        .collect::<Vec<_>>();
    Ok(InvitationRow {
        organization: locked.tenant.name.clone(),
        inviter: unit.name_of(invitation.invited_by.answerable()).await?,
        roles: held(&locked.book, roles.iter()),
        invitation,
    })
}
