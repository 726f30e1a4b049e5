//! Who asks: looked up before anybody can be asked for leave, by what a signed token names.

use super::{
    SeaStore,
    invitations::{Wanted, invitations},
    machines,
    owned::{OfNobody, shown_key},
    reading::{Reads, Table, answers_of},
    roles::{given, given_to},
    rows,
};
use crate::{
    database::{Context, Tx},
    entity::{mailed_token, session, user},
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    AccessClaims, Account, Credentials, Facts, InvitationRow, KnownChain, KnownKey, MachineClaims,
    RefreshClaims, Secret, StoreError, WhichSecret,
};
use bailiwick_domain::{
    ApiKeyId, ChainId, SessionId, TenantId, Timestamp, UserId,
    access::Standing,
    mailed::MailedToken,
    session::{Chain, Outage, Place, Session},
    user::{EmailAddress, User},
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryResult, Statement};
use std::sync::Arc;

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

/// What [`FACTS`] is answered with, and what the member was given. What is not asked for need not be in order.
struct Found(QueryResult, Vec<QueryResult>);

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
        let tx = self.look(Context::nobody());
        let row = user::Entity::rows()
            .filter(user::Column::Email.eq(email.as_str()))
            .read_one(&tx)
            .await?;
        row.map(rows::account).transpose()
    }

    async fn facts(&self, claims: &AccessClaims) -> Result<Option<Arc<Facts>>, StoreError> {
        let memory = self.database.memory();
        if let Some(facts) = memory.recall(claims) {
            return Ok(Some(facts));
        }
        let moment = memory.moment();
        let tx = self.look(Context::person(claims.user).and_tenant(claims.tenant));
        let facts = match Found::of(&tx, claims.chain).await? {
            Some(found) if found.is_meant_by(claims)? => Arc::new(found.facts()?),
            _ => return Ok(None),
        };
        if let Some(moment) = moment {
            memory.keep(moment, claims, &facts);
        }
        Ok(Some(facts))
    }

    async fn chain(&self, claims: &RefreshClaims) -> Result<Option<KnownChain>, StoreError> {
        let tx = self.look(Context::person(claims.user));
        let found = Found::of(&tx, claims.chain).await?;
        found.map(|found| found.known()).transpose()
    }

    async fn mailed_token(&self, secret: &Secret) -> Result<Option<MailedToken>, StoreError> {
        let tx = self.look(Context::nobody());
        let row = mailed_token::Entity::rows()
            .filter(mailed_token::Column::SecretHash.eq(&rows::hash(secret)[..]))
            .read_one(&tx)
            .await?;
        row.as_ref().map(rows::mailed_token).transpose()
    }

    async fn invited(&self, secret: &Secret) -> Result<Option<InvitationRow>, StoreError> {
        let hash = rows::hash(secret);
        let tx = self.look(Context::invited(hash));
        let found = invitations(&tx, &Wanted::Secret(hash)).await?;
        Ok(found.into_iter().next())
    }

    async fn key_with(
        &self,
        id: ApiKeyId,
        secret: &Secret,
    ) -> Result<Option<(KnownKey, WhichSecret)>, StoreError> {
        let hash = rows::hash(secret);
        let tx = self.look(Context::key(hash));
        let row = shown_key(id).read_one(&tx).await?;
        let shown = row.filter(|row| rows::which_secret(row, &hash).is_some());
        let Some(row) = shown else { return Ok(None) };
        // From here on it is known whose it is. Since then it may have changed.
        let tenant = TenantId::from_uuid(row.tenant_id);
        let tx = self.look(Context::tenant(tenant));
        let known = machines::known(&tx, tenant, id).await?;
        Ok(known.and_then(|(row, known)| Some((known, rows::which_secret(&row, &hash)?))))
    }

    async fn key_of(&self, claims: &MachineClaims) -> Result<Option<KnownKey>, StoreError> {
        let tx = self.look(Context::tenant(claims.tenant));
        let known = machines::known(&tx, claims.tenant, claims.key).await?;
        let known = known.map(|(_, known)| known);
        Ok(known.filter(|known| known.account.id == claims.account))
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let tx = self.look(Context::nobody());
        let row = session::Entity::rows()
            .filter(session::Column::Id.eq(id.as_uuid()))
            .read_one(&tx)
            .await?;
        row.as_ref().map(rows::session).transpose()
    }
}

impl Found {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is about one chain, and the membership that the chain names"
    )]
    async fn of(tx: &Tx, chain: ChainId) -> Result<Option<Self>, StoreError> {
        let backend = tx.get_database_backend();
        let facts = Statement::from_sql_and_values(backend, FACTS, [chain.as_uuid().into()]);
        let [found, given] = answers_of(tx, [facts, given_to(backend, chain)]).await?;
        Ok(found.into_iter().next().map(|found| Self(found, given)))
    }

    fn is_meant_by(&self, claims: &AccessClaims) -> Result<bool, StoreError> {
        let tenant = CHAIN.of(&self.0).get_if("tenant_id")?;
        Ok(self.session_id()? == claims.session
            && self.user_id()? == claims.user
            && tenant.map(TenantId::from_uuid) == claims.tenant)
    }

    fn facts(&self) -> Result<Facts, StoreError> {
        Ok(Facts {
            standing: self.standing()?.map(Arc::new),
            operator: OPERATOR.of(&self.0).at_if("created_at")?.is_some(),
            chain_revoked: CHAIN.of(&self.0).at_if("revoked_at")?.is_some(),
            session: self.session()?,
            user: self.user()?,
        })
    }

    fn known(&self) -> Result<KnownChain, StoreError> {
        let chain = CHAIN.of(&self.0);
        Ok(KnownChain {
            standing: self.standing()?,
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
    fn standing(&self) -> Result<Option<Standing>, StoreError> {
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
        let (assignments, roles) = given(place.tenant, &self.1)?;
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

/// Every column that the facts about a caller are read from, as `table.column`.
#[cfg(test)]
pub(crate) fn columns_of_facts() -> Vec<String> {
    let given = super::roles::query_of_given();
    let mut columns = Vec::new();
    for sql in [FACTS, &given] {
        let words: Vec<_> = sql
            .split(|letter: char| !(letter.is_alphanumeric() || "._'".contains(letter)))
            .filter(|word| !word.is_empty())
            .collect();
        // `FROM table alias` and `JOIN table alias` say what an alias stands for; `place` is no table.
        let named = |words: &&[&str]| matches!(words[0], "FROM" | "JOIN") && words[1] != "place";
        let tables = words.windows(3).filter(named);
        let tables: Vec<_> = tables.map(|words| (words[2], words[1])).collect();
        for word in &words {
            let Some((alias, column)) = word.split_once('.') else {
                continue;
            };
            if let Some((_, table)) = tables.iter().find(|(known, _)| *known == alias) {
                columns.push(format!("{table}.{column}"));
            }
        }
    }
    columns.sort_unstable();
    columns.dedup();
    columns
}
