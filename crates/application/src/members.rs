//! Members of the active organization, and the invitations that make them.

use crate::{
    Ground,
    ports::{MemberRow, Page, Slice, StoreError, Unique},
};
use bailiwick_domain::{
    InvitationId, MemberId,
    access::{
        Permit,
        action::{AddMember, ListMembers},
    },
    invitation::Invitation,
    member::{AlreadyElsewhere, Member, MembershipMode},
    role::{BuiltIn, Escalation},
    user::EmailAddress,
};

/// The use cases of members.
#[derive(Clone)]
pub struct Members {
    ground: Ground,
    mode: MembershipMode,
}

/// Somebody is to become a member.
#[derive(Debug, Clone)]
pub struct Add {
    /// Who.
    pub email: EmailAddress,
    /// As what.
    pub role: BuiltIn,
}

/// Why nobody was added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The person is a member already.
    #[error("this person is already a member")]
    AlreadyMember,
    /// An invitation waits for the address already.
    #[error("this address is already invited")]
    AlreadyInvited,
    /// The person belongs to an organization, and may to one only.
    #[error(transparent)]
    AlreadyElsewhere(#[from] AlreadyElsewhere),
    /// The role holds more than the one who adds.
    #[error(transparent)]
    Escalation(#[from] Escalation),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AddError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Member) => Self::AlreadyMember,
            StoreError::Taken(Unique::PendingInvitation) => Self::AlreadyInvited,
            error => Self::Store(error),
        }
    }
}

impl Members {
    /// The use cases over these ports; people belong to as many organizations as `mode` says.
    #[must_use]
    pub const fn new(ground: Ground, mode: MembershipMode) -> Self {
        Self { ground, mode }
    }

    /// Adds whoever has the address: at once when they have an account, by invitation when not. The answer does not
    /// tell which.
    ///
    /// # Errors
    /// When the role holds too much, when the person is a member or invited already, when the store fails.
    pub async fn add(&self, permit: &Permit<AddMember>, add: Add) -> Result<(), AddError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let role = unit.built_in_role(add.role).await?.ok_or_else(|| {
            StoreError::Corrupt(format!(
                "{} has no role `{}`",
                permit.scope().tenant(),
                add.role
            ))
        })?;
        let entry = match unit.user_with(&add.email).await? {
            Some(user) => {
                let id = MemberId::from_uuid(self.ground.ids.next());
                let member = Member::add(permit, id, user, vec![role], now)?;
                self.mode
                    .admits(member.tenant, &unit.tenants_of(user).await?)?;
                unit.add_member(&member).await?;
                permit.entry(member.id)
            }
            None => {
                let id = InvitationId::from_uuid(self.ground.ids.next());
                let invitation = Invitation::issue(permit, id, add.email, vec![role], now)?;
                unit.add_invitation(&invitation).await?;
                permit.entry(invitation.id)
            }
        };
        unit.commit(entry).await?;
        Ok(())
    }

    /// The members.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        permit: &Permit<ListMembers>,
        page: Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError> {
        self.ground.store.members(permit.scope(), page).await
    }

    /// One member.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(
        &self,
        permit: &Permit<ListMembers>,
        id: MemberId,
    ) -> Result<Option<MemberRow>, StoreError> {
        self.ground.store.member(permit.scope(), id).await
    }
}
