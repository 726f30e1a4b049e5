//! Who asks: looked up before anybody can be asked for leave, by what a signed token names.

use super::{
    SeaStore,
    error::store_error,
    invitations::{Wanted, invitations},
    owned::OfNobody,
    reading::{Reads, Table, answers},
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
    session::{Chain, Outage, Place, Session},
    user::{EmailAddress, User},
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryResult, Statement};

/// A chain with its session and account, and the membership where it has a place: each table behind a prefix.
const FACTS: &str = "
    SELECT c.id AS c_id, c.session_id AS c_session_id, c.tenant_id AS c_tenant_id, c.member_id AS c_member_id,
           c.generation AS c_generation, c.secret AS c_secret, c.rotated_at AS c_rotated_at,
           c.revoked_at AS c_revoked_at,
           s.id AS s_id, s.user_id AS s_user_id, s.authenticated_at AS s_authenticated_at,
           s.expires_at AS s_expires_at, s.ended_at AS s_ended_at, s.second_factor_at AS s_second_factor_at,
           u.id AS u_id, u.email AS u_email, u.name AS u_name, u.created_at AS u_created_at,
           u.email_verified_at AS u_email_verified_at, u.disabled_at AS u_disabled_at,
           o.user_id AS o_user_id, o.created_at AS o_created_at,
           t.id AS t_id, t.status AS t_status, t.suspended_by AS t_suspended_by, t.deleted_at AS t_deleted_at,
           t.second_factor_required AS t_second_factor_required,
           m.tenant_id AS m_tenant_id, m.id AS m_id, m.status AS m_status
    FROM refresh_chains c
    JOIN sessions s ON s.id = c.session_id
    JOIN users u ON u.id = s.user_id
    LEFT JOIN operators o ON o.user_id = u.id
    LEFT JOIN members m ON m.tenant_id = c.tenant_id AND m.id = c.member_id AND m.user_id = u.id
    LEFT JOIN tenants t ON t.id = m.tenant_id
    WHERE c.id = $1";

const CHAIN: Table = Table::behind("c_", "refresh_chains", &["id"]);
const SESSION: Table = Table::behind("s_", "sessions", &["id"]);
const USER: Table = Table::behind("u_", "users", &["id"]);
const OPERATOR: Table = Table::behind("o_", "operators", &["user_id"]);
const TENANT: Table = Table::behind("t_", "tenants", &["id"]);
const MEMBER: Table = Table::behind("m_", "members", &["tenant_id", "id"]);

/// What [`FACTS`] is answered with. What is not asked for need not be in order.
struct Found(QueryResult);

#[async_trait]
impl Credentials for SeaStore {
    fn outage(&self) -> Option<Outage> {
        let silent = self.database.silence()?;
        let now = self.recorder.clock.now();
        Some(Outage {
            from: now.minus(silent.first),
            until: now.minus(silent.last),
        })
    }

    async fn account_of(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let tx = self.read(Context::nobody()).await?;
        let row = user::Entity::rows()
            .filter(user::Column::Email.eq(email.as_str()))
            .read_one(&tx)
            .await?;
        tx.commit().await.map_err(store_error)?;
        row.map(rows::account).transpose()
    }

    async fn facts(&self, claims: &AccessClaims) -> Result<Option<Facts>, StoreError> {
        let who = Context::person(claims.user).and_tenant(claims.tenant);
        let tx = self.read(who).await?;
        let facts = match Found::of(&tx, claims.chain).await? {
            Some(found) if found.is_meant_by(claims)? => Some(found.facts(&tx).await?),
            _ => None,
        };
        tx.commit().await.map_err(store_error)?;
        Ok(facts)
    }

    async fn chain(&self, claims: &RefreshClaims) -> Result<Option<KnownChain>, StoreError> {
        let tx = self.read(Context::person(claims.user)).await?;
        let known = match Found::of(&tx, claims.chain).await? {
            Some(found) => Some(found.known(&tx).await?),
            None => None,
        };
        tx.commit().await.map_err(store_error)?;
        Ok(known)
    }

    async fn mailed_token(&self, secret: &Secret) -> Result<Option<MailedToken>, StoreError> {
        let tx = self.read(Context::nobody()).await?;
        let row = mailed_token::Entity::rows()
            .filter(mailed_token::Column::SecretHash.eq(&rows::hash(secret)[..]))
            .read_one(&tx)
            .await?;
        tx.commit().await.map_err(store_error)?;
        row.as_ref().map(rows::mailed_token).transpose()
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
            .read_one(&tx)
            .await?;
        tx.commit().await.map_err(store_error)?;
        row.as_ref().map(rows::session).transpose()
    }
}

impl Found {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is about one chain, and the membership that the chain names"
    )]
    async fn of(tx: &Tx, chain: ChainId) -> Result<Option<Self>, StoreError> {
        let id = [chain.as_uuid().into()];
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), FACTS, id);
        let found = answers(tx, statement).await?;
        Ok(found.into_iter().next().map(Self))
    }

    fn is_meant_by(&self, claims: &AccessClaims) -> Result<bool, StoreError> {
        let tenant = CHAIN.of(&self.0).get_if("tenant_id")?;
        Ok(self.session_id()? == claims.session
            && self.user_id()? == claims.user
            && tenant.map(TenantId::from_uuid) == claims.tenant)
    }

    async fn facts(self, tx: &Tx) -> Result<Facts, StoreError> {
        Ok(Facts {
            standing: self.standing(tx).await?,
            operator: OPERATOR.of(&self.0).at_if("created_at")?.is_some(),
            chain_revoked: CHAIN.of(&self.0).at_if("revoked_at")?.is_some(),
            session: self.session()?,
            user: self.user()?,
        })
    }

    async fn known(self, tx: &Tx) -> Result<KnownChain, StoreError> {
        let chain = CHAIN.of(&self.0);
        Ok(KnownChain {
            standing: self.standing(tx).await?,
            account_open: self.closed_at()?.is_none(),
            session: self.session()?,
            chain: Chain {
                id: ChainId::from_uuid(chain.get("id")?),
                session: self.session_id()?,
                place: self.place()?,
                generation: rows::generation(&chain, chain.get("generation")?)?,
                rotated_at: chain.at("rotated_at")?,
                revoked_at: chain.at_if("revoked_at")?,
            },
            secret: rows::secret(&chain, &chain.get::<Vec<u8>>("secret")?)?,
        })
    }

    fn session_id(&self) -> Result<SessionId, StoreError> {
        CHAIN
            .of(&self.0)
            .get("session_id")
            .map(SessionId::from_uuid)
    }

    fn user_id(&self) -> Result<UserId, StoreError> {
        SESSION.of(&self.0).get("user_id").map(UserId::from_uuid)
    }

    fn closed_at(&self) -> Result<Option<Timestamp>, StoreError> {
        USER.of(&self.0).at_if("disabled_at")
    }

    fn place(&self) -> Result<Option<Place>, StoreError> {
        let chain = CHAIN.of(&self.0);
        rows::place(
            &chain,
            chain.get_if("tenant_id")?,
            chain.get_if("member_id")?,
        )
    }

    fn user(&self) -> Result<User, StoreError> {
        let user = USER.of(&self.0);
        Ok(User {
            id: self.user_id()?,
            email: user.parsed("email")?,
            name: user.parsed("name")?,
            created_at: user.at("created_at")?,
            verified_at: user.at_if("email_verified_at")?,
            disabled_at: self.closed_at()?,
        })
    }

    fn session(&self) -> Result<Session, StoreError> {
        let session = SESSION.of(&self.0);
        Ok(Session {
            id: self.session_id()?,
            user: self.user_id()?,
            authenticated_at: session.at("authenticated_at")?,
            expires_at: session.at("expires_at")?,
            ended_at: session.at_if("ended_at")?,
            second_factor_at: session.at_if("second_factor_at")?,
        })
    }

    /// The standing where the chain has a place, if the membership is still there.
    async fn standing(&self, tx: &Tx) -> Result<Option<Standing>, StoreError> {
        let (tenant, member) = (TENANT.of(&self.0), MEMBER.of(&self.0));
        let statuses = tenant
            .get_if::<String>("status")?
            .zip(member.get_if::<String>("status")?);
        let (Some(place), Some((tenant_status, member_status))) = (self.place()?, statuses) else {
            return Ok(None);
        };
        let suspended_by: Option<String> = tenant.get_if("suspended_by")?;
        let demanded = tenant.get("second_factor_required")?;
        let demanded = rows::is_so(&tenant, "second_factor_required", demanded)?;
        let shown = SESSION.of(&self.0).at_if("second_factor_at")?.is_some();
        let (assignments, roles) = given(tx, place.tenant, place.member).await?;
        Ok(Some(Standing {
            tenant: place.tenant,
            tenant_status: rows::tenant_status(
                &tenant,
                &tenant_status,
                suspended_by.as_deref(),
                tenant.at_if("deleted_at")?,
            )?,
            member: place.member,
            member_status: rows::member_status(&member, &member_status)?,
            account_suspended: self.closed_at()?.is_some(),
            second_factor_missing: demanded && !shown,
            assignments,
            roles,
        }))
    }
}
