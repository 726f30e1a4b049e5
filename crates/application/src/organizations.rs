//! Organizations: founding them, finding one's own, and the active one.

use crate::{
    Ground,
    locked::Locked,
    once::Once,
    ports::{MembershipRow, StoreError, Unique},
};
use bailiwick_domain::{
    MemberId, Name, RoleId, TenantId,
    access::{
        AccountScope, Denied, MemberAct, MemberScope, Permit,
        action::{OwnOrganization, ReadOrganization, UpdateOrganization},
    },
    member::{AlreadyElsewhere, MembershipMode},
    ownership::{Offer, OfferError},
    tenant::{Domain, Erasure, Settings, Slug, Tenant, TenantError},
    version::{Expected, Stale},
};

/// The use cases of organizations.
#[derive(Clone)]
pub struct Organizations {
    ground: Ground,
    mode: MembershipMode,
}

/// Why no organization was founded.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// Another organization has the slug of that name.
    #[error("the name is taken")]
    SlugTaken,
    /// The founder belongs to an organization, and may to one only.
    #[error(transparent)]
    AlreadyElsewhere(#[from] AlreadyElsewhere),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

/// What is to change of an organization.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Another name.
    pub name: Option<Name>,
    /// Another slug.
    pub slug: Option<Slug>,
    /// Another default role, by name or id, or none.
    pub default_role: Option<Option<String>>,
    /// Other domains whose addresses may join.
    pub allowed_domains: Option<Vec<Domain>>,
    /// Whether a second factor is demanded.
    pub second_factor_required: Option<bool>,
}

/// What its owners do with an organization as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing is permitted in it.
    Suspend,
    /// It goes on.
    Resume,
    /// It is gone, unless it is restored in time.
    Delete,
    /// It is back.
    Restore,
}

/// Why an organization is as before.
#[derive(Debug, thiserror::Error)]
pub enum ChangeOrganizationError {
    /// Another organization has the slug, or ever had it.
    #[error("the slug is taken")]
    SlugTaken,
    /// It cannot be so.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// It has changed since it was read.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The one who asked may not any more.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

/// Why ownership stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum OwnershipError {
    /// It cannot be offered, or taken.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// The one who asked may not any more.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<StoreError> for ChangeOrganizationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Slug) => Self::SlugTaken,
            error => Self::Store(error),
        }
    }
}

impl From<StoreError> for FoundError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Slug) => Self::SlugTaken,
            error => Self::Store(error),
        }
    }
}

impl Organizations {
    /// The use cases over these ports; people belong to as many organizations as `mode` says.
    #[must_use]
    pub const fn new(ground: Ground, mode: MembershipMode) -> Self {
        Self { ground, mode }
    }

    /// Founds an organization, owned by whoever founds it.
    ///
    /// # Errors
    /// When the slug is taken, when the founder may not belong to another organization, when the store fails.
    pub async fn found(
        &self,
        founder: AccountScope,
        name: Name,
        once: Once<Tenant>,
    ) -> Result<Tenant, FoundError> {
        once.first()?;
        let ids = &self.ground.ids;
        let founding = founder.founding(TenantId::from_uuid(ids.next()));
        let founded = Tenant::found(
            &founding,
            name,
            MemberId::from_uuid(ids.next()),
            [(); 3].map(|()| RoleId::from_uuid(ids.next())),
            self.ground.clock.now(),
        );
        let mut unit = self.ground.store.found(&founding, &founded.tenant).await?;
        let tenants = unit.tenants_of(founding.founder()).await?;
        self.mode.admits(founding.tenant(), &tenants)?;
        unit.add_roles(&founded.roles, founded.tenant.created_at)
            .await?;
        unit.add_member(&founded.owner).await?;
        once.keep(&mut *unit, &founded.tenant).await?;
        unit.commit(founding.entry()).await?;
        Ok(founded.tenant)
    }

    /// The organizations of whoever asks.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn mine(&self, scope: &AccountScope) -> Result<Vec<MembershipRow>, StoreError> {
        let now = self.ground.clock.now();
        self.ground.store.organizations_of(scope, now).await
    }

    /// The active organization, and what its default role is called, if it has chosen one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(
        &self,
        permit: &Permit<ReadOrganization>,
    ) -> Result<Option<(Tenant, Option<Name>)>, StoreError> {
        let store = &self.ground.store;
        let Some(tenant) = store.organization(permit.scope()).await? else {
            return Ok(None);
        };
        let role = match tenant.settings.default_role {
            Some(id) => {
                let book = store.roles(permit.scope()).await?;
                book.get(id).map(|role| role.name.clone())
            }
            None => None,
        };
        Ok(Some((tenant, role)))
    }

    /// Changes what is named of the active organization.
    ///
    /// # Errors
    /// When it cannot be so, when another organization has the slug or ever had it, when it has changed since, when the
    /// store fails.
    pub async fn change(
        &self,
        permit: &Permit<UpdateOrganization>,
        change: Change,
        expected: &Expected,
        second_factor_shown: bool,
    ) -> Result<(Tenant, Option<Name>), ChangeOrganizationError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let mut locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        expected.met_by(locked.tenant.version)?;
        if let Some(name) = change.name {
            locked.tenant.rename(permit, name, now);
        }
        if let Some(slug) = change.slug {
            locked.tenant.move_to(permit, slug, now);
        }
        let old = &locked.tenant.settings;
        let default_role = match &change.default_role {
            None => old.default_role,
            Some(None) => None,
            Some(Some(text)) => Some(locked.book.meant(text).ok_or(TenantError::UnknownRole)?.id),
        };
        let settings = Settings {
            default_role,
            allowed_domains: change
                .allowed_domains
                .unwrap_or_else(|| old.allowed_domains.clone()),
            second_factor_required: change
                .second_factor_required
                .unwrap_or(old.second_factor_required),
        };
        if settings != *old {
            let book = &locked.book;
            locked
                .tenant
                .configure(permit, book, settings, second_factor_shown, now)?;
        }
        unit.save_tenant(&locked.tenant).await?;
        unit.commit(permit.entry(locked.tenant.id)).await?;
        Ok(locked.with_default_role())
    }

    /// Suspends, resumes, deletes or restores the active organization.
    ///
    /// # Errors
    /// When it is in no state for that, when the store fails.
    pub async fn turn(
        &self,
        permit: &Permit<OwnOrganization>,
        turn: Turn,
    ) -> Result<(Tenant, Option<Name>), ChangeOrganizationError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let mut locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let tenant = &mut locked.tenant;
        let before = tenant.version;
        let act = match turn {
            Turn::Suspend => {
                tenant.suspend(permit, now)?;
                "organization:suspend"
            }
            Turn::Resume => {
                tenant.resume(permit, now)?;
                "organization:resume"
            }
            Turn::Delete => {
                tenant.delete(permit, now)?;
                "organization:delete"
            }
            Turn::Restore => {
                tenant.restore(permit, now)?;
                "organization:restore"
            }
        };
        if tenant.version != before {
            unit.save_tenant(tenant).await?;
            unit.commit(permit.entry_of(act, tenant.id)).await?;
        }
        Ok(locked.with_default_role())
    }

    /// Erases what deleted organizations held that nobody can restore any more, and says how many those were.
    ///
    /// # Errors
    /// What the store said at last, when it failed; those that it did not fail at are erased.
    pub async fn erase_lapsed(&self) -> Result<usize, StoreError> {
        let now = self.ground.clock.now();
        let store = &self.ground.store;
        let mut erased = 0;
        let mut failed = Ok(());
        for tenant in store.deleted_tenants().await? {
            let Some(erasure) = tenant.erasure(now) else {
                continue;
            };
            match self.erase(&erasure).await {
                Ok(true) => erased += 1,
                Ok(false) => {}
                Err(error) => failed = Err(error),
            }
        }
        failed.map(|()| erased)
    }

    async fn erase(&self, erasure: &Erasure) -> Result<bool, StoreError> {
        match self.ground.store.erase(erasure).await? {
            Some(unit) => unit.commit(erasure.entry()).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// The offer of its ownership that stands, if one does.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn offer(
        &self,
        permit: &Permit<ReadOrganization>,
    ) -> Result<Option<Offer>, StoreError> {
        let now = self.ground.clock.now();
        let offer = self.ground.store.offer(permit.scope()).await?;
        Ok(offer.filter(|offer| now < offer.expires_at))
    }

    /// Offers ownership to a member, in the place of an offer that was made before. `None`: there is no such member.
    ///
    /// # Errors
    /// When the member cannot take it, when the store fails.
    pub async fn offer_ownership(
        &self,
        permit: &Permit<OwnOrganization>,
        to: MemberId,
        once: Once<Offer>,
    ) -> Result<Option<Offer>, OwnershipError> {
        once.first()?;
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        // Machines own nothing that they could offer.
        let owner = permit.actor().user().ok_or(Denied::NoMember)?;
        let Some(from) = unit.member_of(owner).await? else {
            return Err(Denied::NoMember.into());
        };
        let Some(to) = unit.member(to).await? else {
            return Ok(None);
        };
        let offer = Offer::make(permit, &locked.book, &from, &to, now)?;
        unit.put_offer(&offer).await?;
        once.keep(&mut *unit, &offer).await?;
        unit.commit(permit.entry_of("organization:offer_ownership", to.id))
            .await?;
        Ok(Some(offer))
    }

    /// Takes the offer back. `None`: there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn withdraw_offer(
        &self,
        permit: &Permit<OwnOrganization>,
    ) -> Result<Option<()>, OwnershipError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = locked.renew(&mut *unit, permit, now).await??;
        let Some(offer) = unit.offer().await? else {
            return Ok(None);
        };
        unit.remove_offer().await?;
        unit.commit(permit.entry_of("organization:withdraw_ownership", offer.to))
            .await?;
        Ok(Some(()))
    }

    /// The caller takes the ownership that was offered to them. `None`: none was.
    ///
    /// # Errors
    /// When whoever offered it can keep the offer no more, when the store fails.
    pub async fn accept_ownership(
        &self,
        scope: &MemberScope,
    ) -> Result<Option<()>, OwnershipError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(scope.writing()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let Some(offer) = unit
            .offer()
            .await?
            .filter(|offer| offer.to == scope.member())
        else {
            return Ok(None);
        };
        let (from, to) = (unit.member(offer.from).await?, unit.member(offer.to).await?);
        let (Some(mut from), Some(mut to)) = (from, to) else {
            return Err(OfferError::Void.into());
        };
        // Whoever the platform has suspended gives nothing away either.
        if !unit.is_open(from.user).await? {
            return Err(OfferError::Void.into());
        }
        offer.accept(scope, &locked.book, &mut from, &mut to, now)?;
        unit.save_member(&from, now).await?;
        unit.save_member(&to, now).await?;
        unit.remove_offer().await?;
        unit.commit(scope.entry(MemberAct::AcceptOwnership, offer.from))
            .await?;
        Ok(Some(()))
    }

    /// The caller turns down the ownership that was offered to them. `None`: none was.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn decline_ownership(
        &self,
        scope: &MemberScope,
    ) -> Result<Option<()>, OwnershipError> {
        let mut unit = self.ground.store.begin(scope.writing()).await?;
        unit.tenant().await?;
        let Some(offer) = unit
            .offer()
            .await?
            .filter(|offer| offer.to == scope.member())
        else {
            return Ok(None);
        };
        unit.remove_offer().await?;
        unit.commit(scope.entry(MemberAct::DeclineOwnership, offer.from))
            .await?;
        Ok(Some(()))
    }
}
