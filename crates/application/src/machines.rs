//! Machines of the active organization: its service accounts, and their API keys.

use crate::{
    Ground,
    locked::Locked,
    once::Once,
    ports::{Entropy, KnownKey, Page, Secret, Slice, StoreError, TenantUnit},
};
use bailiwick_domain::{
    ApiKeyId, Name, RoleId, ServiceAccountId, TenantId, Timestamp,
    access::{
        Action, Denied, InvalidGrant, Permission, Permit, Principal, TenantScope, Write,
        action::{
            CreateApiKey, CreateServiceAccount, DeleteServiceAccount, ListApiKeys,
            ListServiceAccounts, RevokeApiKey, RotateApiKey, UpdateServiceAccount,
        },
    },
    api_key::{ApiKey, ApiKeyError, KeyDraft, ShownKey, grants_named},
    role::RoleBook,
    service_account::{
        ServiceAccount, ServiceAccountChange, ServiceAccountError, ServiceAccountStatus,
    },
    tenant::TenantStatus,
    version::{Expected, Stale},
};
use std::sync::Arc;

/// The use cases of machines.
#[derive(Clone)]
pub struct Machines {
    ground: Ground,
    entropy: Arc<dyn Entropy>,
}

/// A machine that asks, as the store knows it at this moment.
#[derive(Debug, Clone)]
pub struct MachineCaller {
    /// Which.
    pub account: ServiceAccount,
    /// With which key.
    pub key: ApiKey,
    /// Is its tenant in order? In one that is not, it holds nothing.
    pub tenant_status: TenantStatus,
    /// What it holds.
    pub principal: Principal,
    /// When all this was so.
    pub now: Timestamp,
}

/// What is to be otherwise about a service account; what is not named stays.
#[derive(Debug, Clone, Default)]
pub struct WantedAccount {
    /// What people are to call it.
    pub name: Option<Name>,
    /// Names or ids of its roles.
    pub roles: Option<Vec<String>>,
    /// Is it to be in order?
    pub status: Option<ServiceAccountStatus>,
}

/// A key as it is asked for.
#[derive(Debug, Clone)]
pub struct WantedKey {
    /// Of which service account.
    pub account: ServiceAccountId,
    /// What people are to call it.
    pub name: Name,
    /// Names and patterns of what it is to hold.
    pub permissions: Vec<String>,
    /// Until when it is to be good.
    pub expires_at: Option<Timestamp>,
}

/// Why a machine or its key is not as it was asked to be.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// The service account cannot be so.
    #[error(transparent)]
    Account(#[from] ServiceAccountError),
    /// The key cannot be so.
    #[error(transparent)]
    Key(#[from] ApiKeyError),
    /// There is no such service account.
    #[error("there is no such service account")]
    NoAccount,
    /// A text names nothing that a key could hold.
    #[error(transparent)]
    Grant(#[from] InvalidGrant),
    /// The one who asked may not any more.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Stale> for MachineError {
    fn from(stale: Stale) -> Self {
        Self::Account(stale.into())
    }
}

impl MachineCaller {
    /// Whoever shows what is known here, if all of it is in order.
    pub(crate) fn of(known: KnownKey, now: Timestamp) -> Option<Self> {
        let KnownKey {
            account,
            key,
            tenant_status,
            roles,
        } = known;
        if account.status != ServiceAccountStatus::Active || !key.is_live(now) {
            return None;
        }
        Some(Self {
            principal: account.principal(&key, tenant_status, &roles, now),
            account,
            key,
            tenant_status,
            now,
        })
    }

    /// Where it works: in the one tenant that it belongs to.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.account.tenant
    }
}

impl Machines {
    /// The use cases over these ports.
    #[must_use]
    pub const fn new(ground: Ground, entropy: Arc<dyn Entropy>) -> Self {
        Self { ground, entropy }
    }

    /// The service accounts, and the roles that they refer to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn accounts(
        &self,
        permit: &Permit<ListServiceAccounts>,
        page: &Page<ServiceAccountId>,
    ) -> Result<(Slice<ServiceAccount>, RoleBook), StoreError> {
        let store = &self.ground.store;
        let accounts = store.service_accounts(permit.scope(), page).await?;
        Ok((accounts, store.roles(permit.scope()).await?))
    }

    /// One service account, and the roles that it refers to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account(
        &self,
        permit: &Permit<ListServiceAccounts>,
        id: ServiceAccountId,
    ) -> Result<Option<(ServiceAccount, RoleBook)>, StoreError> {
        let store = &self.ground.store;
        let Some(account) = store.service_account(permit.scope(), id).await? else {
            return Ok(None);
        };
        Ok(Some((account, store.roles(permit.scope()).await?)))
    }

    /// Makes a service account, which has no key yet.
    ///
    /// # Errors
    /// When a role is none or holds too much; when there are too many; when the store fails.
    pub async fn create_account(
        &self,
        permit: &Permit<CreateServiceAccount>,
        name: Name,
        roles: &[String],
        once: Once<(ServiceAccount, RoleBook)>,
    ) -> Result<(ServiceAccount, RoleBook), MachineError> {
        once.first()?;
        let (mut unit, locked, permit, now) = self.locked(permit).await?;
        let id = ServiceAccountId::from_uuid(self.ground.ids.next());
        let roles = meant(&locked.book, roles)?;
        let many = unit.count_service_accounts().await?;
        let book = &locked.book;
        let account = ServiceAccount::create(&permit, book, id, name, roles, many, now)?;
        unit.add_service_account(&account).await?;
        let created = (account, locked.book);
        once.keep(&mut *unit, &created).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(created)
    }

    /// Changes what is named of a service account. `None`: there is none.
    ///
    /// # Errors
    /// When a role is none, when the old or the new ones hold too much; when it has changed since; when the store fails.
    pub async fn change_account(
        &self,
        permit: &Permit<UpdateServiceAccount>,
        id: ServiceAccountId,
        wanted: WantedAccount,
        expected: &Expected,
    ) -> Result<Option<(ServiceAccount, RoleBook)>, MachineError> {
        let (mut unit, locked, permit, now) = self.locked(permit).await?;
        let Some(mut account) = unit.service_account(id).await? else {
            return Ok(None);
        };
        expected.met_by(account.version)?;
        let roles = wanted.roles.map(|roles| meant(&locked.book, &roles));
        let change = ServiceAccountChange {
            name: wanted.name,
            roles: roles.transpose()?,
            status: wanted.status,
        };
        account.change(&permit, &locked.book, change)?;
        unit.save_service_account(&account, now).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(Some((account, locked.book)))
    }

    /// Deletes a service account, with all of its keys. `None`: there is none.
    ///
    /// # Errors
    /// When it holds more than the one who asks; when the store fails.
    pub async fn delete_account(
        &self,
        permit: &Permit<DeleteServiceAccount>,
        id: ServiceAccountId,
    ) -> Result<Option<()>, MachineError> {
        let (mut unit, locked, permit, _) = self.locked(permit).await?;
        let Some(account) = unit.service_account(id).await? else {
            return Ok(None);
        };
        account.removable(&permit, &locked.book)?;
        unit.remove_service_account(id).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(Some(()))
    }

    /// The keys.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keys(
        &self,
        permit: &Permit<ListApiKeys>,
        page: &Page<ApiKeyId>,
    ) -> Result<Slice<ApiKey>, StoreError> {
        self.ground.store.api_keys(permit.scope(), page).await
    }

    /// One key.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn key(
        &self,
        permit: &Permit<ListApiKeys>,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StoreError> {
        self.ground.store.api_key(permit.scope(), id).await
    }

    /// Makes a key, and shows it this once.
    ///
    /// # Errors
    /// When there is no such service account; when the key would go too far or last too long; when the store fails.
    pub async fn create_key(
        &self,
        permit: &Permit<CreateApiKey>,
        wanted: WantedKey,
        once: Once<(ApiKey, ShownKey)>,
    ) -> Result<(ApiKey, ShownKey), MachineError> {
        once.first()?;
        let grants = grants_named(wanted.permissions.iter().map(String::as_str))?;
        let (mut unit, _locked, permit, now) = self.locked(permit).await?;
        let account = unit.service_account(wanted.account).await?;
        let account = account.ok_or(MachineError::NoAccount)?;
        let id = ApiKeyId::from_uuid(self.ground.ids.next());
        let draft = KeyDraft {
            name: wanted.name,
            grants,
            expires_at: wanted.expires_at,
        };
        let many = unit.count_live_keys(account.id, now).await?;
        let key = ApiKey::make(&permit, &account, id, draft, many, now)?;
        let secret = self.entropy.secret();
        unit.add_api_key(&key, &secret).await?;
        let made = (key, shown(id, &secret));
        once.keep(&mut *unit, &made).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(made)
    }

    /// Gives a key another secret, and shows it this once; the old one is good until the time that is stated, if one is.
    /// `None`: there is no such key.
    ///
    /// # Errors
    /// When it is good no more, or goes further than the one who asks; when the store fails.
    pub async fn rotate_key(
        &self,
        permit: &Permit<RotateApiKey>,
        id: ApiKeyId,
        previous_until: Option<Timestamp>,
        once: Once<(ApiKey, ShownKey)>,
    ) -> Result<Option<(ApiKey, ShownKey)>, MachineError> {
        once.first()?;
        let (mut unit, _locked, permit, now) = self.locked(permit).await?;
        let Some(mut key) = unit.api_key(id).await? else {
            return Ok(None);
        };
        key.rotate(&permit, previous_until, now)?;
        let secret = self.entropy.secret();
        unit.save_api_key(&key, Some(&secret)).await?;
        let rotated = (key, shown(id, &secret));
        once.keep(&mut *unit, &rotated).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(Some(rotated))
    }

    /// Revokes a key, and with it every token that was made with it. `None`: there is no such key.
    ///
    /// # Errors
    /// When it goes further than the one who asks; when the store fails.
    pub async fn revoke_key(
        &self,
        permit: &Permit<RevokeApiKey>,
        id: ApiKeyId,
    ) -> Result<Option<()>, MachineError> {
        let (mut unit, _locked, permit, now) = self.locked(permit).await?;
        let Some(mut key) = unit.api_key(id).await? else {
            return Ok(None);
        };
        let over = key.revoked_at.is_some();
        key.revoke(&permit, now)?;
        if over {
            return Ok(Some(()));
        }
        unit.save_api_key(&key, None).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(Some(()))
    }

    /// Ends the time of the secret that a key had before its last rotation. `None`: there is no such key.
    ///
    /// # Errors
    /// When it goes further than the one who asks; when the store fails.
    pub async fn revoke_previous(
        &self,
        permit: &Permit<RevokeApiKey>,
        id: ApiKeyId,
    ) -> Result<Option<()>, MachineError> {
        let (mut unit, _locked, permit, _) = self.locked(permit).await?;
        let Some(mut key) = unit.api_key(id).await? else {
            return Ok(None);
        };
        let had_none = key.previous_until.is_none();
        key.forget_previous(&permit)?;
        if had_none {
            return Ok(Some(()));
        }
        unit.save_api_key(&key, None).await?;
        unit.commit(permit.entry_of("api_key:revoke_previous", id))
            .await?;
        Ok(Some(()))
    }

    /// The tenant, standing still, and the permit, asked for again.
    async fn locked<A>(
        &self,
        permit: &Permit<A>,
    ) -> Result<(Box<dyn TenantUnit>, Locked, Permit<A>, Timestamp), MachineError>
    where
        A: Action<Catalogue = Permission, Scope = TenantScope<Write>>,
    {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let permit = locked.renew(&mut *unit, permit, now).await??;
        Ok((unit, locked, permit, now))
    }
}

/// The roles that are meant by names and ids.
fn meant(book: &RoleBook, texts: &[String]) -> Result<Vec<RoleId>, ServiceAccountError> {
    let one = |text: &String| book.meant(text).map(|role| role.id);
    texts
        .iter()
        .map(|text| one(text).ok_or(ServiceAccountError::UnknownRole))
        .collect()
}

fn shown(id: ApiKeyId, Secret(secret): &Secret) -> ShownKey {
    ShownKey {
        id,
        secret: *secret,
    }
}
