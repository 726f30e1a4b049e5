//! Invitations, read: by those who may list them, by those whose address they are for, by whoever brings a secret.

use super::{error::store_error, owned::ONLY, rows};
use crate::database::Tx;
use bailiwick_application::ports::{InvitationRow, Order, Page, StoreError};
use bailiwick_domain::{
    InvitationId, RoleId, TenantId, Timestamp, UserId,
    access::Assignment,
    invitation::{Invitation, InvitationStatus},
};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
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

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    tenant_id: Uuid,
    email: String,
    status: String,
    invited_by: Uuid,
    created_at: i64,
    expires_at: i64,
    organization: String,
    inviter: String,
    role_id: Option<Uuid>,
    role_name: Option<String>,
    builtin: Option<String>,
}

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
        "SELECT i.id, i.tenant_id, i.email, i.status, i.invited_by, i.created_at, i.expires_at,
                t.name AS organization, u.name AS inviter,
                r.id AS role_id, r.name AS role_name, r.builtin
         FROM (SELECT * FROM invitations WHERE {condition}) i
         JOIN tenants t ON t.id = i.tenant_id
         JOIN users u ON u.id = i.invited_by
         LEFT JOIN invitation_roles ir ON ir.tenant_id = i.tenant_id AND ir.invitation_id = i.id
         LEFT JOIN roles r ON r.tenant_id = ir.tenant_id AND r.id = ir.role_id
         ORDER BY i.id {way}, r.id"
    );
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let found = Row::find_by_statement(statement)
        .all(tx)
        .await
        .map_err(store_error)?;
    found
        .chunk_by(|one, next| one.id == next.id)
        .filter_map(|rows| Some((rows.first()?, rows)))
        .map(|(first, rows)| first.with(rows))
        .collect()
}

impl Row {
    /// The invitation, of the rows of its roles: at least one, also without a role.
    fn with(&self, rows: &[Self]) -> Result<InvitationRow, StoreError> {
        let roles = rows.iter().filter_map(|row| {
            let role = RoleId::from_uuid(row.role_id?);
            let name = row.role_name.as_deref()?;
            Some(rows::held(
                Assignment::of(role),
                name,
                row.builtin.as_deref(),
            ))
        });
        let roles: Vec<_> = roles.collect::<Result<_, _>>()?;
        Ok(InvitationRow {
            invitation: Invitation {
                id: InvitationId::from_uuid(self.id),
                tenant: TenantId::from_uuid(self.tenant_id),
                email: rows::stored(&self.email)?,
                roles: roles.iter().map(|role| role.assignment.role).collect(),
                status: rows::invitation_status(&self.status)?,
                invited_by: UserId::from_uuid(self.invited_by),
                created_at: Timestamp::from_micros(self.created_at),
                expires_at: Timestamp::from_micros(self.expires_at),
            },
            organization: rows::stored(&self.organization)?,
            inviter: rows::stored(&self.inviter)?,
            roles,
        })
    }
}
