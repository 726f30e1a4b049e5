//! Who asks: looked up before anybody can be asked for leave, by what a signed token names.

use super::{SeaStore, error::store_error, owned::OfNobody, rows};
use crate::{
    database::Context,
    entity::{mailed_token, session, user},
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    AccessClaims, Account, Credentials, Facts, KnownChain, Secret, StoreError,
};
use bailiwick_domain::{
    ChainId, SessionId, TenantId, Timestamp, UserId,
    access::Standing,
    mailed::MailedToken,
    member::MemberStatus,
    session::{Chain, Session},
    tenant::TenantStatus,
    user::{EmailAddress, User},
};
use sea_orm::{ColumnTrait, ConnectionTrait, FromQueryResult, QueryFilter, Statement};
use uuid::Uuid;

/// A chain with its session and account, and a row for each role where it has a place.
const FACTS: &str = "
    SELECT c.tenant_id, c.revoked_at,
           s.authenticated_at, s.expires_at, s.ended_at,
           u.email, u.name, u.created_at, u.email_verified_at, u.disabled_at,
           t.status AS tenant_status, m.status AS member_status,
           r.id AS role_id, r.builtin
    FROM refresh_chains c
    JOIN sessions s ON s.id = c.session_id
    JOIN users u ON u.id = s.user_id
    LEFT JOIN members m ON m.tenant_id = c.tenant_id AND m.id = c.member_id AND m.user_id = u.id
    LEFT JOIN tenants t ON t.id = m.tenant_id
    LEFT JOIN member_roles mr ON mr.tenant_id = m.tenant_id AND mr.member_id = m.id
    LEFT JOIN roles r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
    WHERE c.id = $1 AND s.id = $2 AND u.id = $3
    ORDER BY r.id";

#[derive(FromQueryResult)]
struct FactsRow {
    tenant_id: Option<Uuid>,
    revoked_at: Option<i64>,
    authenticated_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    email: String,
    name: String,
    created_at: i64,
    email_verified_at: Option<i64>,
    disabled_at: Option<i64>,
    tenant_status: Option<String>,
    member_status: Option<String>,
    role_id: Option<Uuid>,
    builtin: Option<String>,
}

/// A chain with its session, and all that would stop it.
const CHAIN: &str = "
    SELECT c.session_id, c.tenant_id, c.member_id, c.generation, c.secret, c.rotated_at, c.revoked_at,
           s.user_id, s.authenticated_at, s.expires_at, s.ended_at,
           u.disabled_at, t.status AS tenant_status, m.status AS member_status
    FROM refresh_chains c
    JOIN sessions s ON s.id = c.session_id
    JOIN users u ON u.id = s.user_id
    LEFT JOIN members m ON m.tenant_id = c.tenant_id AND m.id = c.member_id AND m.user_id = u.id
    LEFT JOIN tenants t ON t.id = m.tenant_id
    WHERE c.id = $1";

#[derive(FromQueryResult)]
struct ChainRow {
    session_id: Uuid,
    tenant_id: Option<Uuid>,
    member_id: Option<Uuid>,
    generation: i64,
    secret: Vec<u8>,
    rotated_at: i64,
    revoked_at: Option<i64>,
    user_id: Uuid,
    authenticated_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    disabled_at: Option<i64>,
    tenant_status: Option<String>,
    member_status: Option<String>,
}

#[async_trait]
impl Credentials for SeaStore {
    async fn account_of(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let tx = self.read(Context::default()).await?;
        let row = user::Entity::rows()
            .filter(user::Column::Email.eq(email.as_str()))
            .one(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        row.map(rows::account).transpose()
    }

    async fn facts(&self, claims: &AccessClaims) -> Result<Option<Facts>, StoreError> {
        let tx = self
            .read(Context {
                tenant: claims.tenant.map(TenantId::as_uuid),
                user: Some(claims.user.as_uuid()),
            })
            .await?;
        let statement = Statement::from_sql_and_values(
            tx.get_database_backend(),
            FACTS,
            [
                claims.chain.as_uuid().into(),
                claims.session.as_uuid().into(),
                claims.user.as_uuid().into(),
            ],
        );
        let found = FactsRow::find_by_statement(statement)
            .all(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        match found.first() {
            Some(first) if first.tenant_id.map(TenantId::from_uuid) == claims.tenant => {
                facts(claims, first, &found).map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn chain(&self, id: ChainId) -> Result<Option<KnownChain>, StoreError> {
        let tx = self.read(Context::default()).await?;
        let statement =
            Statement::from_sql_and_values(tx.get_database_backend(), CHAIN, [id.as_uuid().into()]);
        let found = ChainRow::find_by_statement(statement)
            .one(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        found.map(|row| row.read(id)).transpose()
    }

    async fn mailed_token(&self, secret: &Secret) -> Result<Option<MailedToken>, StoreError> {
        let tx = self.read(Context::default()).await?;
        let row = mailed_token::Entity::rows()
            .filter(mailed_token::Column::SecretHash.eq(rows::hash(secret)))
            .one(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        row.map(rows::mailed_token).transpose()
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let tx = self.read(Context::default()).await?;
        let row = session::Entity::rows()
            .filter(session::Column::Id.eq(id.as_uuid()))
            .one(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(row.as_ref().map(rows::session))
    }
}

impl ChainRow {
    fn read(self, id: ChainId) -> Result<KnownChain, StoreError> {
        let session = SessionId::from_uuid(self.session_id);
        let place = rows::place(self.tenant_id, self.member_id)?;
        let open = match (place, self.tenant_status, self.member_status) {
            (None, ..) => true,
            (Some(_), Some(tenant), Some(member)) => {
                rows::tenant_status(&tenant)? == TenantStatus::Active
                    && rows::member_status(&member)? == MemberStatus::Active
            }
            (Some(_), ..) => false,
        };
        Ok(KnownChain {
            chain: Chain {
                id,
                session,
                place,
                generation: u64::try_from(self.generation).map_err(rows::corrupt)?,
                rotated_at: Timestamp::from_micros(self.rotated_at),
                revoked_at: self.revoked_at.map(Timestamp::from_micros),
            },
            secret: rows::secret(self.secret)?,
            session: Session {
                id: session,
                user: UserId::from_uuid(self.user_id),
                authenticated_at: Timestamp::from_micros(self.authenticated_at),
                expires_at: Timestamp::from_micros(self.expires_at),
                ended_at: self.ended_at.map(Timestamp::from_micros),
            },
            in_order: open && self.disabled_at.is_none(),
        })
    }
}

/// The facts about whoever the claims name, from the rows of their roles: at least one, also without a role.
fn facts(claims: &AccessClaims, first: &FactsRow, found: &[FactsRow]) -> Result<Facts, StoreError> {
    let standing = match (claims.tenant, &first.tenant_status, &first.member_status) {
        (Some(tenant), Some(tenant_status), Some(member_status)) => Some(Standing {
            tenant,
            tenant_status: rows::tenant_status(tenant_status)?,
            member_status: rows::member_status(member_status)?,
            roles: found
                .iter()
                .filter_map(|row| row.role_id.map(|id| rows::role(id, row.builtin.as_deref())))
                .collect::<Result<_, _>>()?,
        }),
        _ => None,
    };
    Ok(Facts {
        user: User {
            id: claims.user,
            email: rows::stored(&first.email)?,
            name: rows::stored(&first.name)?,
            created_at: Timestamp::from_micros(first.created_at),
            verified_at: first.email_verified_at.map(Timestamp::from_micros),
            disabled_at: first.disabled_at.map(Timestamp::from_micros),
        },
        session: Session {
            id: claims.session,
            user: claims.user,
            authenticated_at: Timestamp::from_micros(first.authenticated_at),
            expires_at: Timestamp::from_micros(first.expires_at),
            ended_at: first.ended_at.map(Timestamp::from_micros),
        },
        chain_revoked: first.revoked_at.is_some(),
        standing,
    })
}
