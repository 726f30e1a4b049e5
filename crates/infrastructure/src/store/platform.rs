//! What operators see: every tenant and every account, by the proof that they are operators.

use super::{
    error::store_error,
    owned::{OfNobody, OfTenant, deleted},
    reading::{Reads, Table, answers},
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
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

pub(super) async fn tenants(
    tx: &Tx,
    scope: &PlatformScope<Read>,
    select: Select<tenant::Entity>,
) -> Result<Vec<TenantRow>, StoreError> {
    let found = select.read_all(tx).await?;
    let ids: Vec<_> = found.iter().map(|row| row.id).collect();
    let members = memberships(tx, scope, member::Column::TenantId, ids).await?;
    found
        .into_iter()
        .map(|row| {
            Ok(TenantRow {
                members: members.get(&row.id).copied().unwrap_or_default(),
                tenant: rows::tenant(&row)?,
            })
        })
        .collect()
}

/// Those that are deleted and not erased.
pub(super) async fn deleted_tenants(tx: &Tx) -> Result<Vec<Tenant>, StoreError> {
    let found = deleted()
        .order_by_asc(tenant::Column::Id)
        .read_each(tx)
        .await
        .map_err(store_error)?;
    let tenants = found.into_iter().map(|row| rows::tenant(&row?));
    // One that is not understood must not keep the others from being erased.
    let understood = tenants.filter_map(|tenant| {
        tenant
            .inspect_err(|error| tracing::error!(error = %error, "a deleted organization stays"))
            .ok()
    });
    Ok(understood.collect())
}

pub(super) async fn users(
    tx: &Tx,
    scope: &PlatformScope<Read>,
    select: Select<user::Entity>,
) -> Result<Vec<UserRow>, StoreError> {
    let found = select.read_all(tx).await?;
    let ids: Vec<_> = found.iter().map(|row| row.id).collect();
    let operators: HashSet<Uuid> = operator::Entity::rows()
        .filter(operator::Column::UserId.is_in(ids.clone()))
        .read_all(tx)
        .await?
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
                user: rows::user(&row)?,
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
    const COUNTED: Table = Table::behind("", "members", &["tenant_id"]);
    let counted = member::Entity::everywhere(scope)
        .select_only()
        .column_as(of, "of")
        .column_as(member::Column::Id.count(), "members")
        .filter(of.is_in(ids))
        .group_by(of)
        .build(tx.get_database_backend());
    let counted = answers(tx, counted).await?;
    let counted = counted.iter().map(|row| {
        let row = COUNTED.of(row);
        let members: i64 = row.get("members")?;
        Ok((row.get("of")?, u64::try_from(members).unwrap_or_default()))
    });
    counted.collect()
}
