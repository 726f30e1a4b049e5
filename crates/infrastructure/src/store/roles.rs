//! Roles, read: the whole book of a tenant, and the pages of it that one member leads to.

use super::{
    error::store_error,
    owned::{ONLY, OfTenant},
    rows,
};
use crate::{
    database::Tx,
    entity::{role, role_include},
};
use bailiwick_application::ports::StoreError;
use bailiwick_domain::{
    MemberId, RoleId, TenantId,
    access::Assignment,
    role::{Role, RoleBook},
};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryOrder, Statement};
use std::collections::HashMap;
use uuid::Uuid;

/// What a member was given, the roles that this leads to, and what each of those includes: one kind of row each, in one
/// round trip. `$1` is the tenant, `$2` the member.
fn query_of_given() -> String {
    format!(
        "WITH RECURSIVE given (role_id, project_id, expires_at) AS (
            SELECT role_id, CAST(NULL AS uuid), expires_at FROM member_roles
            WHERE {ONLY} AND member_id = $2
            UNION ALL
            SELECT role_id, project_id, expires_at FROM project_roles
            WHERE {ONLY} AND member_id = $2
        ), led (role_id) AS (
            SELECT role_id FROM given
            UNION
            SELECT i.included_id FROM role_includes i JOIN led ON led.role_id = i.role_id
            WHERE {ONLY}
        )
        SELECT 'given' AS kind, role_id, project_id AS other_id, expires_at AS number,
               CAST(NULL AS text) AS name, CAST(NULL AS text) AS builtin, CAST(NULL AS text) AS permissions
        FROM given
        UNION ALL
        SELECT 'role', r.id, NULL, r.version, r.name, r.builtin, r.permissions
        FROM roles r JOIN led ON led.role_id = r.id WHERE {ONLY}
        UNION ALL
        SELECT 'includes', i.role_id, i.included_id, NULL, NULL, NULL, NULL
        FROM role_includes i JOIN led ON led.role_id = i.role_id WHERE {ONLY}
        ORDER BY 1, 2, 3"
    )
}

#[derive(FromQueryResult)]
struct GivenRow {
    kind: String,
    role_id: Uuid,
    other_id: Option<Uuid>,
    number: Option<i64>,
    name: Option<String>,
    builtin: Option<String>,
    permissions: Option<String>,
}

/// What a member was given, and the roles that this leads to.
#[expect(clippy::disallowed_methods, reason = "each part is narrowed by `ONLY`")]
pub(super) async fn given(
    tx: &Tx,
    tenant: TenantId,
    member: MemberId,
) -> Result<(Vec<Assignment>, RoleBook), StoreError> {
    let statement = Statement::from_sql_and_values(
        tx.get_database_backend(),
        query_of_given(),
        [tenant.as_uuid().into(), member.as_uuid().into()],
    );
    let found = GivenRow::find_by_statement(statement)
        .all(tx)
        .await
        .map_err(store_error)?;
    let mut includes: HashMap<Uuid, Vec<RoleId>> = HashMap::new();
    for row in found.iter().filter(|row| row.kind == "includes") {
        let included = row.other_id.map(RoleId::from_uuid);
        includes.entry(row.role_id).or_default().extend(included);
    }
    let assignments = found.iter().filter(|row| row.kind == "given");
    let assignments =
        assignments.map(|row| rows::assignment(row.role_id, row.other_id, row.number));
    let roles = found.iter().filter(|row| row.kind == "role");
    let roles = roles.map(|row| {
        rows::role(
            row.role_id,
            row.name.as_deref().unwrap_or_default(),
            row.builtin.as_deref(),
            row.permissions.as_deref(),
            row.number.unwrap_or_default(),
            includes.remove(&row.role_id).unwrap_or_default(),
        )
    });
    let roles = roles.collect::<Result<_, _>>()?;
    Ok((assignments.collect(), RoleBook::of(roles)))
}

/// Every role of a tenant, the built-in ones first.
pub(super) async fn book(tx: &Tx, tenant: TenantId) -> Result<RoleBook, StoreError> {
    let found = role::Entity::of(tenant)
        .order_by_asc(role::Column::Id)
        .all(tx)
        .await
        .map_err(store_error)?;
    let edges = role_include::Entity::of(tenant)
        .order_by_asc(role_include::Column::IncludedId)
        .all(tx)
        .await
        .map_err(store_error)?;
    let mut includes: HashMap<Uuid, Vec<RoleId>> = HashMap::new();
    for edge in edges {
        let included = RoleId::from_uuid(edge.included_id);
        includes.entry(edge.role_id).or_default().push(included);
    }
    let roles = found.iter().map(|row| {
        rows::role(
            row.id,
            &row.name,
            row.builtin.as_deref(),
            row.permissions.as_deref(),
            row.version,
            includes.remove(&row.id).unwrap_or_default(),
        )
    });
    let roles: Vec<Role> = roles.collect::<Result<_, _>>()?;
    Ok(RoleBook::of(roles))
}
