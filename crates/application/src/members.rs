//! Members of the active organization.

use crate::{
    Ground,
    invitations::letter,
    locked::Locked,
    once::Once,
    ports::{
        Entropy, HeldRole, MemberFilter, MemberRow, Outgoing, Page, Slice, StoreError, TenantUnit,
        Unique,
    },
};
use bailiwick_domain::{
    InvitationId, MemberId, Timestamp,
    access::{
        Assignment, Denied, MemberAct, MemberScope, Permit,
        action::{AssignRoles, InviteMember, ListMembers, RemoveMember, SuspendMember},
    },
    invitation::{Invitation, InviteError},
    member::{AlreadyElsewhere, LastOwner, Member, MemberError, MemberStatus, MembershipMode},
    role::{BuiltIn, RoleBook},
    tenant::DomainRefused,
    user::{EmailAddress, User},
    version::{Expected, Stale},
};
use std::sync::Arc;

/// The use cases of members.
#[derive(Clone)]
pub struct Members {
    ground: Ground,
    entropy: Arc<dyn Entropy>,
    rules: JoinRules,
}

/// What a deployment decides about who joins.
#[derive(Debug, Clone, Copy)]
pub struct JoinRules {
    /// To how many organizations a person may belong.
    pub mode: MembershipMode,
    /// Does an address count as its account's only when it was verified?
    pub verified_only: bool,
}

impl JoinRules {
    /// Does the account have what is meant for its address?
    #[must_use]
    pub const fn counts(self, user: &User) -> bool {
        !self.verified_only || user.verified_at.is_some()
    }
}

/// Somebody is to become a member.
#[derive(Debug, Clone)]
pub struct Add {
    /// Who.
    pub email: EmailAddress,
    /// As what: names or ids of roles; nothing is the default of the organization.
    pub roles: Vec<String>,
}

/// A role as it is asked for: by name or id, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRole {
    /// Its name or id.
    pub role: String,
    /// Until when, if not for good.
    pub expires_at: Option<Timestamp>,
}

/// Why nobody was added or invited.
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
    /// A role is none, or holds more than the one who adds.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// There is nothing to invite to, or nobody who could be.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// The organization takes no addresses of that domain.
    #[error(transparent)]
    DomainRefused(#[from] DomainRefused),
    /// The one who asked may not any more.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

/// Why a member is as before.
#[derive(Debug, thiserror::Error)]
pub enum ChangeMemberError {
    /// It cannot be so.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The member has changed since they were read.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The one who asked may not any more.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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

impl From<LastOwner> for ChangeMemberError {
    fn from(error: LastOwner) -> Self {
        Self::Member(error.into())
    }
}

impl Members {
    /// The use cases over these ports, by these rules.
    #[must_use]
    pub const fn new(ground: Ground, entropy: Arc<dyn Entropy>, rules: JoinRules) -> Self {
        Self {
            ground,
            entropy,
            rules,
        }
    }

    /// Adds whoever has the address: at once when they have an account that counts, by invitation when not, which is to be
    /// sent.
    ///
    /// # Errors
    /// When the roles hold too much, when the person is a member or invited already, when the store fails.
    pub async fn add(
        &self,
        permit: &Permit<InviteMember>,
        add: Add,
        once: Once<()>,
    ) -> Result<Option<Outgoing>, AddError> {
        once.first()?;
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let roles = roles_for_newcomers(&locked, &add.roles)?;
        let id = self.ground.ids.next();
        let known = unit.user_with(&add.email).await?;
        let Some(user) = known.filter(|user| self.rules.counts(user)) else {
            if is_member(&mut *unit, &add.email).await? {
                return Err(AddError::AlreadyMember);
            }
            let id = InvitationId::from_uuid(id);
            let (tenant, book) = (&locked.tenant, &locked.book);
            let roles = roles.into_iter().map(|one| one.role).collect();
            let invitation = Invitation::issue(permit, book, tenant, id, add.email, roles, now)?;
            let secret = self.entropy.secret();
            unit.add_invitation(&invitation, &secret).await?;
            let outgoing = letter(&mut *unit, tenant, &invitation, secret).await?;
            once.keep(&mut *unit, &()).await?;
            unit.commit(permit.entry(id)).await?;
            return Ok(Some(outgoing));
        };
        let id = MemberId::from_uuid(id);
        let member = Member::add(permit, &locked.book, id, user.id, roles, now)?;
        locked.tenant.settings.admit(&add.email)?;
        let tenants = unit.tenants_of(user.id).await?;
        self.rules.mode.admits(member.tenant, &tenants)?;
        unit.add_member(&member).await?;
        once.keep(&mut *unit, &()).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(None)
    }

    /// The members.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        permit: &Permit<ListMembers>,
        filter: &MemberFilter,
        page: &Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError> {
        self.ground
            .store
            .members(permit.scope(), filter, page)
            .await
    }

    /// The role that a list of members is narrowed to, by name or id. `None`: there is no such role.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn role_meant(
        &self,
        permit: &Permit<ListMembers>,
        text: &str,
    ) -> Result<Option<bailiwick_domain::RoleId>, StoreError> {
        let book = self.ground.store.roles(permit.scope()).await?;
        Ok(book.meant(text).map(|role| role.id))
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

    /// Gives a member other roles in the whole organization. `None`: there is no such member.
    ///
    /// # Errors
    /// When the old or the new roles hold too much; when the last owner would be gone; when the member has changed.
    pub async fn change_roles(
        &self,
        permit: &Permit<AssignRoles>,
        id: MemberId,
        wanted: Vec<WantedRole>,
        expected: &Expected,
    ) -> Result<Option<(Member, Vec<HeldRole>)>, ChangeMemberError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let Some(mut member) = unit.member(id).await? else {
            return Ok(None);
        };
        expected.met_by(member.version)?;
        let roles = assignments(&locked.book, &wanted)?;
        let owners = unit.owners().await?;
        member.change_roles(permit, &locked.book, &owners, roles, now)?;
        unit.save_member(&member, now).await?;
        unit.commit(permit.entry(id)).await?;
        let roles = held(&locked.book, member.assignments.iter());
        Ok(Some((member, roles)))
    }

    /// Suspends a member: their chains in the organization end. `None`: there is no such member.
    ///
    /// # Errors
    /// When they hold more than the one who asks; when they are the last owner; when the store fails.
    pub async fn suspend(
        &self,
        permit: &Permit<SuspendMember>,
        id: MemberId,
    ) -> Result<Option<()>, ChangeMemberError> {
        self.turn(permit, id, MemberStatus::Suspended).await
    }

    /// Resumes a member: they hold again what they held. `None`: there is no such member.
    ///
    /// # Errors
    /// When they hold more than the one who asks; when the store fails.
    pub async fn resume(
        &self,
        permit: &Permit<SuspendMember>,
        id: MemberId,
    ) -> Result<Option<()>, ChangeMemberError> {
        self.turn(permit, id, MemberStatus::Active).await
    }

    async fn turn(
        &self,
        permit: &Permit<SuspendMember>,
        id: MemberId,
        to: MemberStatus,
    ) -> Result<Option<()>, ChangeMemberError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let Some(mut member) = unit.member(id).await? else {
            return Ok(None);
        };
        if member.status == to {
            return Ok(Some(()));
        }
        let act = match to {
            MemberStatus::Suspended => {
                let owners = unit.owners().await?;
                member.suspend(permit, &locked.book, &owners)?;
                unit.end_chains(id, now).await?;
                "member:suspend"
            }
            MemberStatus::Active => {
                member.resume(permit, &locked.book)?;
                "member:resume"
            }
        };
        unit.save_member(&member, now).await?;
        unit.commit(permit.entry_of(act, id)).await?;
        Ok(Some(()))
    }

    /// Removes a member, with everything that they had in the organization. `None`: there is no such member.
    ///
    /// # Errors
    /// When they hold more than the one who asks; when they are the last owner; when the store fails.
    pub async fn remove(
        &self,
        permit: &Permit<RemoveMember>,
        id: MemberId,
    ) -> Result<Option<()>, ChangeMemberError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let Some(member) = unit.member(id).await? else {
            return Ok(None);
        };
        let owners = unit.owners().await?;
        member.removable(permit, &locked.book, &owners)?;
        unit.remove_member(id).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(Some(()))
    }

    /// Leaves the organization, with everything that the caller had in it.
    ///
    /// # Errors
    /// When the caller is the last owner; when the store fails.
    pub async fn leave(&self, scope: &MemberScope) -> Result<(), ChangeMemberError> {
        let mut unit = self.ground.store.begin(scope.writing()).await?;
        Locked::of(&mut *unit).await?;
        let Some(member) = unit.member(scope.member()).await? else {
            return Err(Denied::NoMember.into());
        };
        let owners = unit.owners().await?;
        member.may_leave(scope, &owners)?;
        unit.remove_member(member.id).await?;
        unit.commit(scope.entry(MemberAct::Leave, member.id))
            .await?;
        Ok(())
    }
}

/// What newcomers get: what was asked for, else the default of the organization, else `member`.
pub(crate) fn roles_for_newcomers(
    locked: &Locked,
    wanted: &[String],
) -> Result<Vec<Assignment>, MemberError> {
    if !wanted.is_empty() {
        let wanted: Vec<_> = wanted
            .iter()
            .map(|role| WantedRole {
                role: role.clone(),
                expires_at: None,
            })
            .collect();
        return assignments(&locked.book, &wanted);
    }
    let default = match locked.tenant.settings.default_role {
        Some(role) => locked.book.get(role),
        None => locked.book.built_in(BuiltIn::Member),
    };
    let default = default.ok_or(MemberError::UnknownRole)?;
    Ok(vec![Assignment::of(default.id)])
}

/// The roles that are meant, each once, and of two ends of one role the later.
pub(crate) fn assignments(
    book: &RoleBook,
    wanted: &[WantedRole],
) -> Result<Vec<Assignment>, MemberError> {
    let mut found: Vec<Assignment> = Vec::new();
    for WantedRole { role, expires_at } in wanted {
        let role = book.meant(role).ok_or(MemberError::UnknownRole)?.id;
        match found.iter_mut().find(|one| one.role == role) {
            Some(one) => {
                one.expires_at = one.expires_at.zip(*expires_at).map(|(a, b)| a.max(b));
            }
            None => found.push(Assignment {
                expires_at: *expires_at,
                ..Assignment::of(role)
            }),
        }
    }
    // The order in which they are read.
    found.sort_unstable();
    Ok(found)
}

/// Assignments with the names of their roles.
pub(crate) fn held<'a>(
    book: &RoleBook,
    assignments: impl Iterator<Item = &'a Assignment>,
) -> Vec<HeldRole> {
    assignments
        .filter_map(|one| {
            let role = book.get(one.role)?;
            Some(HeldRole {
                assignment: *one,
                name: role.name.clone(),
                built_in: role.built_in,
            })
        })
        .collect()
}

/// Is the person with this address a member already? Asked where the answer is no secret.
pub(crate) async fn is_member(
    unit: &mut dyn TenantUnit,
    email: &EmailAddress,
) -> Result<bool, StoreError> {
    match unit.user_with(email).await? {
        Some(user) => Ok(unit.member_of(user.id).await?.is_some()),
        None => Ok(false),
    }
}
