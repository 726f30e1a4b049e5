//! Organizations: founding them, finding one's own, and the active one.

use crate::{
    Ground,
    ports::{MembershipRow, StoreError, Unique},
};
use bailiwick_domain::{
    MemberId, Name, RoleId, TenantId,
    access::{
        AccountScope, Permit,
        action::{ReadOrganization, RenameOrganization},
    },
    member::{AlreadyElsewhere, MembershipMode},
    tenant::Tenant,
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
    pub async fn found(&self, founder: AccountScope, name: Name) -> Result<Tenant, FoundError> {
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
        unit.commit(founding.entry()).await?;
        Ok(founded.tenant)
    }

    /// The organizations of whoever asks.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn mine(&self, scope: &AccountScope) -> Result<Vec<MembershipRow>, StoreError> {
        self.ground.store.organizations_of(scope).await
    }

    /// The active organization.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(
        &self,
        permit: &Permit<ReadOrganization>,
    ) -> Result<Option<Tenant>, StoreError> {
        self.ground.store.organization(permit.scope()).await
    }

    /// Gives the active organization another name; its slug stays.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rename(
        &self,
        permit: &Permit<RenameOrganization>,
        name: Name,
    ) -> Result<Option<Tenant>, StoreError> {
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let Some(mut tenant) = unit.tenant().await? else {
            return Ok(None);
        };
        tenant.rename(permit, name, self.ground.clock.now());
        unit.save_tenant(&tenant).await?;
        unit.commit(permit.entry(tenant.id)).await?;
        Ok(Some(tenant))
    }
}
