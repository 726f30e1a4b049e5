//! Machines: what decides about their keys, and their part of a tenant's transaction.

use super::{
    error::store_error,
    owned::OfTenant,
    reading::{Reads, answers_of},
    roles, rows,
    tenant::TenantTx,
    views::count,
};
use crate::{
    database::Tx,
    entity::{api_key, service_account, service_account_role, tenant},
};
use async_trait::async_trait;
use bailiwick_application::ports::{KnownKey, Machines, Secret, StoreError};
use bailiwick_domain::{
    ApiKeyId, RoleId, ServiceAccountId, TenantId, Timestamp, api_key::ApiKey,
    service_account::ServiceAccount,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, DbErr, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::Expr,
};
use std::collections::HashMap;
use uuid::Uuid;

/// All that decides about a key of a tenant, and its row, if the key is there.
pub(super) async fn known(
    tx: &Tx,
    tenant: TenantId,
    key: ApiKeyId,
) -> Result<Option<(api_key::Model, KnownKey)>, StoreError> {
    let backend = tx.get_database_backend();
    let keys = api_key::Entity::of(tenant).filter(api_key::Column::Id.eq(key.as_uuid()));
    let owner = keys
        .clone()
        .select_only()
        .column(api_key::Column::AccountId);
    let owner = service_account::Column::Id.in_subquery(owner.into_query());
    let [key_row, account, organization, given] = answers_of(
        tx,
        [
            keys.build(backend),
            service_account::Entity::of(tenant)
                .filter(owner)
                .build(backend),
            tenant::Entity::of(tenant).build(backend),
            roles::given_to_machine(backend, tenant, key),
        ],
    )
    .await?;
    let (Some(row), Some(account), Some(organization)) =
        (key_row.first(), account.first(), organization.first())
    else {
        return Ok(None);
    };
    let row = Select::<api_key::Entity>::row(row)?;
    let account = Select::<service_account::Entity>::row(account)?;
    let organization = Select::<tenant::Entity>::row(organization)?;
    let (given, roles) = roles::given(tenant, &given)?;
    let given = given.into_iter().map(|one| one.role).collect();
    let known = KnownKey {
        key: rows::api_key(&row)?,
        account: rows::service_account(&account, given)?,
        tenant_status: rows::tenant(&organization)?.status,
        roles,
    };
    Ok(Some((row, known)))
}

/// The service accounts of these rows, each with its roles.
pub(super) async fn with_roles(
    tx: &Tx,
    tenant: TenantId,
    accounts: &[service_account::Model],
) -> Result<Vec<ServiceAccount>, StoreError> {
    let ids = accounts.iter().map(|row| row.id);
    let held = service_account_role::Entity::of(tenant)
        .filter(service_account_role::Column::AccountId.is_in(ids))
        .order_by_asc(service_account_role::Column::RoleId)
        .read_all(tx)
        .await?;
    let mut roles: HashMap<Uuid, Vec<RoleId>> = HashMap::new();
    for one in held {
        let role = RoleId::from_uuid(one.role_id);
        roles.entry(one.account_id).or_default().push(role);
    }
    accounts
        .iter()
        .map(|row| rows::service_account(row, roles.remove(&row.id).unwrap_or_default()))
        .collect()
}

#[async_trait]
impl Machines for TenantTx {
    async fn count_service_accounts(&mut self) -> Result<usize, StoreError> {
        let all = service_account::Entity::of(self.tenant);
        count(all, &self.tx).await.map(counted)
    }

    async fn add_service_account(&mut self, account: &ServiceAccount) -> Result<(), StoreError> {
        let row = service_account::ActiveModel {
            tenant_id: NotSet,
            id: Set(account.id.as_uuid()),
            name: Set(account.name.to_string()),
            status: Set(account.status.name().to_owned()),
            version: Set(account.version.number()),
            created_at: Set(account.created_at.as_micros()),
            updated_at: Set(account.created_at.as_micros()),
        };
        self.add::<service_account::Entity, _>(vec![row]).await?;
        self.give(account).await
    }

    async fn service_account(
        &mut self,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError> {
        let row = service_account::Entity::of(self.tenant)
            .filter(service_account::Column::Id.eq(id.as_uuid()))
            .read_all(&self.tx)
            .await?;
        Ok(with_roles(&self.tx, self.tenant, &row).await?.pop())
    }

    async fn save_service_account(
        &mut self,
        account: &ServiceAccount,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        service_account::Entity::change_of(self.tenant)
            .filter(service_account::Column::Id.eq(account.id.as_uuid()))
            .col_expr(
                service_account::Column::Name,
                Expr::value(account.name.as_str()),
            )
            .col_expr(
                service_account::Column::Status,
                Expr::value(account.status.name()),
            )
            .col_expr(
                service_account::Column::Version,
                Expr::value(account.version.number()),
            )
            .col_expr(
                service_account::Column::UpdatedAt,
                Expr::value(now.as_micros()),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        service_account_role::Entity::removal_of(self.tenant)
            .filter(service_account_role::Column::AccountId.eq(account.id.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        self.give(account).await
    }

    async fn remove_service_account(&mut self, id: ServiceAccountId) -> Result<(), StoreError> {
        service_account::Entity::removal_of(self.tenant)
            .filter(service_account::Column::Id.eq(id.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn count_live_keys(
        &mut self,
        account: ServiceAccountId,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let live = api_key::Entity::of(self.tenant)
            .filter(api_key::Column::AccountId.eq(account.as_uuid()))
            .filter(api_key::Column::RevokedAt.is_null())
            .filter(api_key::Column::ExpiresAt.gt(now.as_micros()));
        count(live, &self.tx).await.map(counted)
    }

    async fn add_api_key(&mut self, key: &ApiKey, secret: &Secret) -> Result<(), StoreError> {
        let row = api_key::ActiveModel {
            tenant_id: NotSet,
            id: Set(key.id.as_uuid()),
            account_id: Set(key.account.as_uuid()),
            name: Set(key.name.to_string()),
            permissions: Set(key.grants.to_string()),
            secret_hash: Set(rows::hash(secret).to_vec()),
            previous_hash: Set(None),
            previous_until: Set(None),
            made_by: Set(key.made_by.as_uuid()),
            created_at: Set(key.created_at.as_micros()),
            expires_at: Set(key.expires_at.as_micros()),
            revoked_at: Set(None),
            last_used_at: Set(None),
        };
        self.add::<api_key::Entity, _>(vec![row]).await
    }

    async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let row = api_key::Entity::of(self.tenant)
            .filter(api_key::Column::Id.eq(id.as_uuid()))
            .read_one(&self.tx)
            .await?;
        row.as_ref().map(rows::api_key).transpose()
    }

    async fn save_api_key(
        &mut self,
        key: &ApiKey,
        secret: Option<&Secret>,
    ) -> Result<(), StoreError> {
        let mut change = api_key::Entity::change_of(self.tenant)
            .filter(api_key::Column::Id.eq(key.id.as_uuid()))
            .col_expr(
                api_key::Column::PreviousUntil,
                Expr::value(key.previous_until.map(Timestamp::as_micros)),
            )
            .col_expr(
                api_key::Column::RevokedAt,
                Expr::value(key.revoked_at.map(Timestamp::as_micros)),
            );
        if key.previous_until.is_none() {
            change = change.col_expr(api_key::Column::PreviousHash, Expr::value(None::<Vec<u8>>));
        } else if secret.is_some() {
            // What stands on the right is as it was before.
            change = change.col_expr(
                api_key::Column::PreviousHash,
                Expr::col(api_key::Column::SecretHash),
            );
        }
        if let Some(secret) = secret {
            let hash = Expr::value(rows::hash(secret).to_vec());
            change = change.col_expr(api_key::Column::SecretHash, hash);
        }
        change.exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }
}

impl TenantTx {
    async fn give(&self, account: &ServiceAccount) -> Result<(), StoreError> {
        let rows = account
            .roles
            .iter()
            .map(|role| service_account_role::ActiveModel {
                tenant_id: NotSet,
                account_id: Set(account.id.as_uuid()),
                role_id: Set(role.as_uuid()),
            });
        self.add::<service_account_role::Entity, _>(rows.collect())
            .await
    }

    /// Every machine that has the one role has the other.
    pub(super) async fn replace_role_of_machines(
        &mut self,
        old: RoleId,
        new: RoleId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let holding = service_account_role::Entity::of(self.tenant)
            .filter(service_account_role::Column::RoleId.eq(old.as_uuid()))
            .order_by_asc(service_account_role::Column::AccountId)
            .read_all(&self.tx)
            .await?;
        for one in holding {
            let id = ServiceAccountId::from_uuid(one.account_id);
            let Some(mut account) = self.service_account(id).await? else {
                continue;
            };
            account.roles.retain(|role| *role != old && *role != new);
            account.roles.push(new);
            account.version = account.version.next();
            self.save_service_account(&account, now).await?;
        }
        Ok(())
    }
}

fn counted(many: u64) -> usize {
    usize::try_from(many).unwrap_or(usize::MAX)
}

/// Notes that a key was used, unless something later than `since` stands there.
pub(crate) async fn touch(
    tx: &Tx,
    tenant: TenantId,
    key: ApiKeyId,
    at: Timestamp,
    since: Timestamp,
) -> Result<(), DbErr> {
    let column = api_key::Column::LastUsedAt;
    let stale = Condition::any()
        .add(column.is_null())
        .add(column.lte(since.as_micros()));
    api_key::Entity::change_of(tenant)
        .filter(api_key::Column::Id.eq(key.as_uuid()))
        .filter(stale)
        .col_expr(column, Expr::value(at.as_micros()))
        .exec(tx)
        .await?;
    Ok(())
}
