//! What operators see: every tenant and every account, by the proof that they are operators.

use super::{
    error::store_error,
    owned::{OfNobody, OfTenant, deleted},
    rows,
};
use crate::{
    database::Tx,
    entity::{member, operator, tenant, user},
};
use bailiwick_application::ports::{StoreError, TenantRow, UserRow};
use bailiwick_domain::{
    access::{PlatformScope, Read},
    tenant::Tenant,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

pub(super) async fn tenants(
    tx: &Tx,
    scope: &PlatformScope<Read>,
    select: Select<tenant::Entity>,
) -> Result<Vec<TenantRow>, StoreError> {
    let found = select.all(tx).await.map_err(store_error)?;
    let ids: Vec<_> = found.iter().map(|row| row.id).collect();
    let members = memberships(tx, scope, member::Column::TenantId, ids).await?;
    found
        .into_iter()
        .map(|row| {
            Ok(TenantRow {
                members: members.get(&row.id).copied().unwrap_or_default(),
                tenant: rows::tenant(row)?,
            })
        })
        .collect()
}

/// Those that are deleted and not erased.
pub(super) async fn deleted_tenants(tx: &Tx) -> Result<Vec<Tenant>, StoreError> {
    let found = deleted()
        .order_by_asc(tenant::Column::Id)
        .all(tx)
        .await
        .map_err(store_error)?;
    found.into_iter().map(rows::tenant).collect()
}

pub(super) async fn users(
    tx: &Tx,
    scope: &PlatformScope<Read>,
    select: Select<user::Entity>,
) -> Result<Vec<UserRow>, StoreError> {
    let found = select.all(tx).await.map_err(store_error)?;
    let ids: Vec<_> = found.iter().map(|row| row.id).collect();
    let operators: HashSet<Uuid> = operator::Entity::rows()
        .filter(operator::Column::UserId.is_in(ids.clone()))
        .all(tx)
        .await
        .map_err(store_error)?
        .into_iter()
        .map(|row| row.user_id)
        .collect();
    let organizations = memberships(tx, scope, member::Column::UserId, ids).await?;
    found
        .into_iter()
        .map(|row| {
            Ok(UserRow {
                operator: operators.contains(&row.id),
                organizations: organizations.get(&row.id).copied().unwrap_or_default(),
                user: rows::user(row)?,
            })
        })
        .collect()
}

/// How many memberships each of these tenants, or of these people, has.
async fn memberships(
    tx: &Tx,
    scope: &PlatformScope<Read>,
    of: member::Column,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, u64>, StoreError> {
    let counted = member::Entity::everywhere(scope)
        .select_only()
        .column(of)
        .column_as(member::Column::Id.count(), "members")
        .filter(of.is_in(ids))
        .group_by(of)
        .into_tuple::<(Uuid, i64)>()
        .all(tx)
        .await
        .map_err(store_error)?;
    Ok(counted
        .into_iter()
        .map(|(id, count)| (id, u64::try_from(count).unwrap_or_default()))
        .collect())
}
