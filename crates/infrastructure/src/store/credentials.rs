//! Who asks: looked up before anybody can be asked for leave, by what a signed token names.

use super::{
    SeaStore,
    error::store_error,
    invitations::{Wanted, invitations},
    owned::OfNobody,
    roles::given,
    rows,
};
use crate::{
    database::{Context, Tx},
    entity::{mailed_token, session, user},
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    AccessClaims, Account, Credentials, Facts, InvitationRow, KnownChain, RefreshClaims, Secret,
    StoreError,
};
use bailiwick_domain::{
    ChainId, SessionId, TenantId, Timestamp, UserId,
    access::Standing,
    mailed::MailedToken,
    session::{Chain, Place, Session},
    user::{EmailAddress, User},
};
use sea_orm::{ColumnTrait, ConnectionTrait, FromQueryResult, QueryFilter, Statement};
use uuid::Uuid;

/// A chain with its session and account, and the membership where it has a place.
const FACTS: &str = "
    SELECT c.session_id, c.tenant_id, c.member_id, c.generation, c.secret, c.rotated_at, c.revoked_at,
           s.user_id, s.authenticated_at, s.expires_at, s.ended_at, s.second_factor_at,
           u.email, u.name, u.created_at, u.email_verified_at, u.disabled_at,
           o.created_at AS operator_since,
           t.status AS tenant_status, t.suspended_by, t.deleted_at, t.second_factor_required,
           m.status AS member_status
    FROM refresh_chains c
    JOIN sessions s ON s.id = c.session_id
    JOIN users u ON u.id = s.user_id
    LEFT JOIN operators o ON o.user_id = u.id
    LEFT JOIN members m ON m.tenant_id = c.tenant_id AND m.id = c.member_id AND m.user_id = u.id
    LEFT JOIN tenants t ON t.id = m.tenant_id
    WHERE c.id = $1";

#[derive(FromQueryResult)]
struct FactsRow {
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
    second_factor_at: Option<i64>,
    email: String,
    name: String,
    created_at: i64,
    email_verified_at: Option<i64>,
    disabled_at: Option<i64>,
    operator_since: Option<i64>,
    tenant_status: Option<String>,
    suspended_by: Option<String>,
    deleted_at: Option<i64>,
    second_factor_required: Option<i64>,
    member_status: Option<String>,
}

#[async_trait]
impl Credentials for SeaStore {
    async fn account_of(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let tx = self.read(Context::nobody()).await?;
        let row = user::Entity::rows()
            .filter(user::Column::Email.eq(email.as_str()))
            .one(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        row.map(rows::account).transpose()
    }

    async fn facts(&self, claims: &AccessClaims) -> Result<Option<Facts>, StoreError> {
        let who = Context::person(claims.user).and_tenant(claims.tenant);
        let tx = self.read(who).await?;
        let found = FactsRow::of(&tx, claims.chain).await?;
        let facts = match found {
            Some(row) if row.is_meant_by(claims) => Some(row.facts(&tx).await?),
            _ => None,
        };
        tx.commit().await.map_err(store_error)?;
        Ok(facts)
    }

    async fn chain(&self, claims: &RefreshClaims) -> Result<Option<KnownChain>, StoreError> {
        let tx = self.read(Context::person(claims.user)).await?;
        let known = match FactsRow::of(&tx, claims.chain).await? {
            Some(row) => Some(row.known(claims.chain, &tx).await?),
            None => None,
        };
        tx.commit().await.map_err(store_error)?;
        Ok(known)
    }

    async fn mailed_token(&self, secret: &Secret) -> Result<Option<MailedToken>, StoreError> {
        let tx = self.read(Context::nobody()).await?;
        let row = mailed_token::Entity::rows()
            .filter(mailed_token::Column::SecretHash.eq(&rows::hash(secret)[..]))
            .one(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        row.map(rows::mailed_token).transpose()
    }

    async fn invited(&self, secret: &Secret) -> Result<Option<InvitationRow>, StoreError> {
        let hash = rows::hash(secret);
        let tx = self.read(Context::invited(hash)).await?;
        let found = invitations(&tx, &Wanted::Secret(hash)).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(found.into_iter().next())
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let tx = self.read(Context::nobody()).await?;
        let row = session::Entity::rows()
            .filter(session::Column::Id.eq(id.as_uuid()))
            .one(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(row.as_ref().map(rows::session))
    }
}

impl FactsRow {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is about one chain, and the membership that the chain names"
    )]
    async fn of(tx: &Tx, chain: ChainId) -> Result<Option<Self>, StoreError> {
        let id = [chain.as_uuid().into()];
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), FACTS, id);
        let found = Self::find_by_statement(statement).one(tx).await;
        found.map_err(store_error)
    }

    fn is_meant_by(&self, claims: &AccessClaims) -> bool {
        self.session_id == claims.session.as_uuid()
            && self.user_id == claims.user.as_uuid()
            && self.tenant_id.map(TenantId::from_uuid) == claims.tenant
    }

    async fn facts(self, tx: &Tx) -> Result<Facts, StoreError> {
        Ok(Facts {
            standing: self.standing(tx).await?,
            operator: self.operator_since.is_some(),
            chain_revoked: self.revoked_at.is_some(),
            session: self.session(),
            user: User {
                id: UserId::from_uuid(self.user_id),
                email: rows::stored(&self.email)?,
                name: rows::stored(&self.name)?,
                created_at: Timestamp::from_micros(self.created_at),
                verified_at: self.email_verified_at.map(Timestamp::from_micros),
                disabled_at: self.disabled_at.map(Timestamp::from_micros),
            },
        })
    }

    async fn known(self, id: ChainId, tx: &Tx) -> Result<KnownChain, StoreError> {
        Ok(KnownChain {
            standing: self.standing(tx).await?,
            account_open: self.disabled_at.is_none(),
            session: self.session(),
            chain: Chain {
                id,
                session: SessionId::from_uuid(self.session_id),
                place: rows::place(self.tenant_id, self.member_id)?,
                generation: u64::try_from(self.generation).map_err(rows::corrupt)?,
                rotated_at: Timestamp::from_micros(self.rotated_at),
                revoked_at: self.revoked_at.map(Timestamp::from_micros),
            },
            secret: rows::secret(self.secret)?,
        })
    }

    fn session(&self) -> Session {
        Session {
            id: SessionId::from_uuid(self.session_id),
            user: UserId::from_uuid(self.user_id),
            authenticated_at: Timestamp::from_micros(self.authenticated_at),
            expires_at: Timestamp::from_micros(self.expires_at),
            ended_at: self.ended_at.map(Timestamp::from_micros),
            second_factor_at: self.second_factor_at.map(Timestamp::from_micros),
        }
    }

    /// The standing where the chain has a place, if the membership is still there.
    async fn standing(&self, tx: &Tx) -> Result<Option<Standing>, StoreError> {
        let place = rows::place(self.tenant_id, self.member_id)?;
        let (Some(Place { tenant, member }), Some(tenant_status), Some(member_status)) =
            (place, &self.tenant_status, &self.member_status)
        else {
            return Ok(None);
        };
        let suspended_by = self.suspended_by.as_deref();
        let (assignments, roles) = given(tx, tenant, member).await?;
        Ok(Some(Standing {
            tenant,
            tenant_status: rows::tenant_status(tenant_status, suspended_by, self.deleted_at)?,
            member,
            member_status: rows::member_status(member_status)?,
            account_suspended: self.disabled_at.is_some(),
            second_factor_missing: self.second_factor_required != Some(0)
                && self.second_factor_at.is_none(),
            assignments,
            roles,
        }))
    }
}
