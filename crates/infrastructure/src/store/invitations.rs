//! Invitations, read: by those who may list them, by those whose address they are for, by whoever brings a secret.

use super::{
    owned::ONLY,
    reading::{Table, answers},
    rows,
};
use crate::database::Tx;
use bailiwick_application::ports::{HeldRole, InvitationRow, Order, Page, StoreError};
use bailiwick_domain::{
    InvitationId, RoleId, TenantId, Timestamp,
    access::Assignment,
    invitation::{Invitation, InvitationStatus},
};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use uuid::Uuid;

/// Which invitations.
pub(super) enum Wanted<'a> {
    /// The one with this hash of a secret.
    Secret([u8; 32]),
    /// Those that wait for this address.
    Address(&'a str, Timestamp),
    /// One of a tenant.
    One(TenantId, InvitationId),
    /// A page of a tenant's, and one row more.
    Page {
        tenant: TenantId,
        status: Option<InvitationStatus>,
        page: &'a Page<Uuid>,
        now: Timestamp,
    },
}

const INVITATION: Table = Table::behind("i_", "invitations", &["tenant_id", "id"]);
const TENANT: Table = Table::behind("t_", "tenants", &["id"]);
const INVITER: Table = Table::behind("u_", "users", &["id"]);
const ROLE: Table = Table::behind("r_", "roles", &["tenant_id", "id"]);

impl Wanted<'_> {
    /// What stands behind `WHERE`, and its values.
    fn condition(&self) -> (String, Vec<Value>) {
        const WAITS: &str = "status = 'pending' AND expires_at >";
        match self {
            Self::Secret(hash) => ("secret_hash = $1".to_owned(), vec![hash[..].into()]),
            Self::Address(email, now) => (
                format!("email = $1 AND {WAITS} $2"),
                vec![(*email).into(), now.as_micros().into()],
            ),
            Self::One(tenant, id) => (
                format!("{ONLY} AND id = $2"),
                vec![tenant.as_uuid().into(), id.as_uuid().into()],
            ),
            Self::Page {
                tenant,
                status,
                page,
                now,
            } => {
                let mut values: Vec<Value> = vec![tenant.as_uuid().into()];
                let mut place = |value: Value| {
                    values.push(value);
                    format!("${}", values.len())
                };
                let mut sql = ONLY.to_owned();
                match status {
                    None => {}
                    Some(InvitationStatus::Pending) => {
                        sql += &format!(" AND {WAITS} {}", place(now.as_micros().into()));
                    }
                    Some(InvitationStatus::Expired) => {
                        let now = place(now.as_micros().into());
                        sql += &format!(
                            " AND (status = 'expired' OR (status = 'pending' AND expires_at <= {now}))"
                        );
                    }
                    Some(status) => sql += &format!(" AND status = '{}'", status.name()),
                }
                let (way, beyond) = match page.order {
                    Order::Ascending => ("ASC", ">"),
                    Order::Descending => ("DESC", "<"),
                };
                if let Some(after) = &page.after {
                    sql += &format!(" AND id {beyond} {}", place(after.id.into()));
                }
                sql += &format!(" ORDER BY id {way} LIMIT {}", u32::from(page.limit) + 1);
                (sql, values)
            }
        }
    }
}

/// The invitations, each with the names of what it is about.
#[expect(
    clippy::disallowed_methods,
    reason = "those of a tenant are narrowed by `ONLY`; the others are of a secret or of an address"
)]
pub(super) async fn invitations(
    tx: &Tx,
    wanted: &Wanted<'_>,
) -> Result<Vec<InvitationRow>, StoreError> {
    let (condition, values) = wanted.condition();
    let way = match wanted {
        Wanted::Page { page, .. } if page.order == Order::Descending => "DESC",
        _ => "ASC",
    };
    let sql = format!(
        "SELECT i.tenant_id AS i_tenant_id, i.id AS i_id, i.email AS i_email, i.status AS i_status,
                i.invited_by AS i_invited_by, i.account_id AS i_account_id, i.key_id AS i_key_id, i.created_at AS i_created_at, i.expires_at AS i_expires_at,
                t.id AS t_id, t.name AS t_name, u.id AS u_id, u.name AS u_name,
                r.tenant_id AS r_tenant_id, r.id AS r_id, r.name AS r_name, r.builtin AS r_builtin
         FROM (SELECT * FROM invitations WHERE {condition}) i
         JOIN tenants t ON t.id = i.tenant_id
         JOIN users u ON u.id = i.invited_by
         LEFT JOIN invitation_roles ir ON ir.tenant_id = i.tenant_id AND ir.invitation_id = i.id
         LEFT JOIN roles r ON r.tenant_id = ir.tenant_id AND r.id = ir.role_id
         ORDER BY i.id {way}, r.id"
    );
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let answers = answers(tx, statement).await?;
    let ids = answers.iter().map(|row| INVITATION.of(row).get("id"));
    let ids: Vec<Uuid> = ids.collect::<Result<_, _>>()?;
    let found: Vec<_> = ids.into_iter().zip(&answers).collect();
    found
        .chunk_by(|(one, _), (next, _)| one == next)
        .filter_map(|rows| Some((rows.first()?.1, rows)))
        .map(|(first, rows)| invitation(first, rows.iter().map(|(_, row)| *row)))
        .collect()
}

/// The invitation, of the rows of its roles: at least one, also without a role.
fn invitation<'a>(
    first: &QueryResult,
    rows: impl Iterator<Item = &'a QueryResult>,
) -> Result<InvitationRow, StoreError> {
    let row = INVITATION.of(first);
    let roles = rows.filter_map(|row| held(row).transpose());
    let roles: Vec<_> = roles.collect::<Result<_, _>>()?;
    Ok(InvitationRow {
        invitation: Invitation {
            id: InvitationId::from_uuid(row.get("id")?),
            tenant: TenantId::from_uuid(row.get("tenant_id")?),
            email: row.parsed("email")?,
            roles: roles.iter().map(|role| role.assignment.role).collect(),
            status: rows::invitation_status(&row, &row.get::<String>("status")?)?,
            invited_by: rows::actor(
                &row,
                row.get("invited_by")?,
                row.get_if("account_id")?,
                row.get_if("key_id")?,
            )?,
            created_at: row.at("created_at")?,
            expires_at: row.at("expires_at")?,
        },
        organization: TENANT.of(first).parsed("name")?,
        inviter: INVITER.of(first).parsed("name")?,
        roles,
    })
}

/// The role in a row, if there is one in it.
fn held(row: &QueryResult) -> Result<Option<HeldRole>, StoreError> {
    let row = ROLE.of(row);
    let Some(role) = row.get_if("id")? else {
        return Ok(None);
    };
    let builtin: Option<String> = row.get_if("builtin")?;
    let assignment = Assignment::of(RoleId::from_uuid(role));
    rows::held(
        &row,
        assignment,
        &row.get::<String>("name")?,
        builtin.as_deref(),
    )
    .map(Some)
}
