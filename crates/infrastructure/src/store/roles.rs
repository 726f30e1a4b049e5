//! Roles, read: the whole book of a tenant, and the pages of it that one member leads to.

use super::{
    owned::{ONLY, ONLY_IN_PLACE, OfTenant},
    reading::{Named, Part, Row, Table, read_both},
    rows::{self, RoleColumns},
};
use crate::{
    database::Tx,
    entity::{role, role_include},
};
use bailiwick_application::ports::StoreError;
use bailiwick_domain::{
    ApiKeyId, ChainId, RoleId, TenantId,
    access::Assignment,
    role::{Role, RoleBook},
};
use sea_orm::{DbBackend, QueryOrder, QueryResult, Statement};
use std::collections::HashMap;
use uuid::Uuid;

/// What the member of a chain was given, the roles that this leads to, and what each of those includes. `$1` is the chain.
pub(super) fn query_of_given() -> String {
    query_of(
        "SELECT tenant_id, member_id FROM refresh_chains WHERE id = $1",
        &format!(
            "SELECT 'member_roles', m.tenant_id, m.member_id, m.role_id, CAST(NULL AS uuid), m.expires_at
             FROM member_roles m WHERE {ONLY_IN_PLACE} AND member_id = (SELECT holder_id FROM place)
             UNION ALL
             SELECT 'project_roles', p.tenant_id, p.member_id, p.role_id, p.project_id, p.expires_at
             FROM project_roles p WHERE {ONLY_IN_PLACE} AND member_id = (SELECT holder_id FROM place)"
        ),
    )
}

/// The same for the service account of a key. `$1` is the tenant, `$2` the key.
fn query_of_given_to_machine() -> String {
    query_of(
        &format!("SELECT tenant_id, account_id FROM api_keys WHERE {ONLY} AND id = $2"),
        &format!(
            "SELECT 'service_account_roles', tenant_id, account_id, role_id, CAST(NULL AS uuid), CAST(NULL AS bigint)
             FROM service_account_roles WHERE {ONLY_IN_PLACE} AND account_id = (SELECT holder_id FROM place)"
        ),
    )
}

/// What was given to whoever has a place, the roles that this leads to, and what each of those includes: rows of one table
/// each.
fn query_of(place: &str, given: &str) -> String {
    format!(
        "WITH RECURSIVE place (tenant_id, holder_id) AS (
            {place}
        ), given (kind, tenant_id, member_id, role_id, project_id, expires_at) AS (
            {given}
        ), led (role_id) AS (
            SELECT role_id FROM given
            UNION
            SELECT i.included_id FROM role_includes i JOIN led ON led.role_id = i.role_id
            WHERE {ONLY_IN_PLACE}
        )
        SELECT kind, tenant_id, member_id, role_id, project_id, expires_at,
               CAST(NULL AS uuid) AS included_id, CAST(NULL AS uuid) AS id, CAST(NULL AS text) AS name,
               CAST(NULL AS text) AS builtin, CAST(NULL AS text) AS permissions, CAST(NULL AS bigint) AS version
        FROM given
        UNION ALL
        SELECT 'roles', r.tenant_id, NULL, NULL, NULL, NULL,
               NULL, r.id, r.name, r.builtin, r.permissions, r.version
        FROM roles r JOIN led ON led.role_id = r.id WHERE {ONLY_IN_PLACE}
        UNION ALL
        SELECT 'role_includes', i.tenant_id, NULL, i.role_id, NULL, NULL,
               i.included_id, NULL, NULL, NULL, NULL, NULL
        FROM role_includes i JOIN led ON led.role_id = i.role_id WHERE {ONLY_IN_PLACE}
        ORDER BY 1, 4, 5, 7, 8"
    )
}

const MEMBER_ROLES: Table =
    Table::behind("", "member_roles", &["tenant_id", "member_id", "role_id"]);
const PROJECT_ROLES: Table = Table::behind(
    "",
    "project_roles",
    &["tenant_id", "project_id", "member_id", "role_id"],
);
const MACHINE_ROLES: Table = Table::behind(
    "",
    "service_account_roles",
    &["tenant_id", "member_id", "role_id"],
);
const ROLES: Table = Table::behind("", "roles", &["tenant_id", "id"]);
const ROLE_INCLUDES: Table = Table::behind(
    "",
    "role_includes",
    &["tenant_id", "role_id", "included_id"],
);

/// Asks what the member of a chain was given.
#[expect(
    clippy::disallowed_methods,
    reason = "each part is narrowed by `ONLY_IN_PLACE`"
)]
pub(super) fn given_to(backend: DbBackend, chain: ChainId) -> Statement {
    Statement::from_sql_and_values(backend, query_of_given(), [chain.as_uuid().into()])
}

/// Asks what the service account of a key was given.
#[expect(
    clippy::disallowed_methods,
    reason = "each part is narrowed by `ONLY_IN_PLACE`, and that by `ONLY`"
)]
pub(super) fn given_to_machine(backend: DbBackend, tenant: TenantId, key: ApiKeyId) -> Statement {
    let values = [tenant.as_uuid().into(), key.as_uuid().into()];
    Statement::from_sql_and_values(backend, query_of_given_to_machine(), values)
}

/// What was given, and the roles that this leads to, as [`given_to`] and [`given_to_machine`] are answered.
pub(super) fn given(
    tenant: TenantId,
    answers: &[QueryResult],
) -> Result<(Vec<Assignment>, RoleBook), StoreError> {
    let mut assignments = Vec::new();
    let mut includes = Includes::default();
    let mut roles = Vec::new();
    for answer in answers {
        match ROLES.of(answer).get::<String>("kind")?.as_str() {
            "roles" => roles.push(ROLES.of(answer)),
            "role_includes" => {
                let row = ROLE_INCLUDES.of(answer);
                includes.add(row.get("role_id")?, row.get("included_id")?);
            }
            "project_roles" => assignments.push(assignment(PROJECT_ROLES.of(answer))?),
            "service_account_roles" => assignments.push(assignment(MACHINE_ROLES.of(answer))?),
            _ => assignments.push(assignment(MEMBER_ROLES.of(answer))?),
        }
    }
    let roles = roles.into_iter().map(|row| {
        let name: String = row.get("name")?;
        let (builtin, permissions): (Option<String>, Option<String>) =
            (row.get_if("builtin")?, row.get_if("permissions")?);
        let columns = RoleColumns {
            id: row.get("id")?,
            name: &name,
            builtin: builtin.as_deref(),
            permissions: permissions.as_deref(),
            version: row.get("version")?,
        };
        rows::role(&row, &columns, includes.of(columns.id))
    });
    let roles = roles.collect::<Result<_, _>>()?;
    Ok((assignments, sound(tenant, roles)?))
}

fn assignment(row: Part<'_>) -> Result<Assignment, StoreError> {
    let (role, project) = (row.get("role_id")?, row.get_if("project_id")?);
    rows::assignment(&row, role, project, row.get_if("expires_at")?)
}

/// Which roles each role includes.
#[derive(Default)]
struct Includes(HashMap<Uuid, Vec<RoleId>>);

impl Includes {
    fn add(&mut self, role: Uuid, included: Uuid) {
        let included = RoleId::from_uuid(included);
        self.0.entry(role).or_default().push(included);
    }

    fn of(&mut self, role: Uuid) -> Vec<RoleId> {
        self.0.remove(&role).unwrap_or_default()
    }
}

/// The book of these roles, if each could have been drafted as it is: what a role holds that includes `owner` was never
/// decided by anybody.
fn sound(tenant: TenantId, roles: Vec<Role>) -> Result<RoleBook, StoreError> {
    let book = RoleBook::of(roles);
    let Some((role, flaw)) = book.flaw() else {
        return Ok(book);
    };
    let row = Row {
        table: "role_includes",
        ids: [("tenant_id", tenant.as_uuid()), ("role_id", role.as_uuid())],
    };
    Err(row.corrupt("included_id", flaw))
}

/// Every role of a tenant, the built-in ones first.
pub(super) async fn book(tx: &Tx, tenant: TenantId) -> Result<RoleBook, StoreError> {
    let roles = role::Entity::of(tenant).order_by_asc(role::Column::Id);
    let edges = role_include::Entity::of(tenant).order_by_asc(role_include::Column::IncludedId);
    let (found, edges) = read_both(tx, roles, edges).await?;
    let mut includes = Includes::default();
    for edge in edges {
        includes.add(edge.role_id, edge.included_id);
    }
    let roles = found.iter().map(|row| {
        let columns = RoleColumns {
            id: row.id,
            name: &row.name,
            builtin: row.builtin.as_deref(),
            permissions: row.permissions.as_deref(),
            version: row.version,
        };
        rows::role(row, &columns, includes.of(row.id))
    });
    sound(tenant, roles.collect::<Result<_, _>>()?)
}
