//! One transaction about one account.

use super::{
    audit::Recorder,
    error::store_error,
    owned::{OfNobody, OfPerson},
    reading::Reads,
    rows,
};
use crate::{
    answers::keep,
    database::Tx,
    entity::{mailed_token, operator, refresh_chain, session, user},
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    Account, AccountUnit, Device, Keeps, KeptAnswer, Secret, Sessions, StoreError, Users, Which,
};
use bailiwick_domain::{
    ChainId, MailedTokenId, SessionId, TenantId, Timestamp, UserId,
    access::{AuditEntry, Scope},
    mailed::{MailPurpose, MailedToken},
    password::PasswordHash,
    session::{Chain, EndCause, RevokeCause, Session},
    user::User,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DeleteMany, QueryFilter, QuerySelect, QueryTrait,
    Statement, UpdateMany,
    sea_query::{Expr, LockType},
};

/// Ends all that was started from a chain, and from that in turn.
const REVOKE_LINE: &str = "
    WITH RECURSIVE line (id) AS (
        SELECT id FROM refresh_chains WHERE parent_id = $1
        UNION SELECT c.id FROM refresh_chains c JOIN line ON c.parent_id = line.id
    )
    UPDATE refresh_chains SET revoked_at = $2, revoke_cause = $3
    WHERE revoked_at IS NULL AND id IN (SELECT id FROM line)";

pub(super) struct AccountTx {
    pub(super) tx: Tx,
    pub(super) user: UserId,
    pub(super) actor: Option<UserId>,
    pub(super) recorder: Recorder,
}

#[async_trait]
impl AccountUnit for AccountTx {
    async fn commit(self: Box<Self>, entry: AuditEntry) -> Result<(), StoreError> {
        if entry.actor() != self.actor.map(Into::into) {
            return Err(StoreError::Broken(
                "a change of an account was recorded for somebody else".to_owned(),
            ));
        }
        self.recorder.commit(self.tx, Scope::Platform, &entry).await
    }
}

#[async_trait]
impl Keeps for AccountTx {
    async fn keep(&mut self, answer: &KeptAnswer) -> Result<(), StoreError> {
        keep(&self.tx, answer).await
    }
}

#[async_trait]
impl Users for AccountTx {
    async fn add_user(
        &mut self,
        user: &User,
        password: Option<&PasswordHash>,
    ) -> Result<(), StoreError> {
        user::Entity::add(user::ActiveModel {
            id: Set(self.user.as_uuid()),
            email: Set(user.email.to_string()),
            name: Set(user.name.to_string()),
            password_hash: Set(password.map(|hash| hash.as_phc().to_owned())),
            created_at: Set(user.created_at.as_micros()),
            updated_at: Set(user.created_at.as_micros()),
            disabled_at: Set(user.disabled_at.map(Timestamp::as_micros)),
            email_verified_at: Set(user.verified_at.map(Timestamp::as_micros)),
        })
        .exec_without_returning(&self.tx)
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn save_user(&mut self, user: &User, now: Timestamp) -> Result<(), StoreError> {
        let disabled_at = user.disabled_at.map(Timestamp::as_micros);
        self.change_user()
            .col_expr(user::Column::DisabledAt, Expr::value(disabled_at))
            .col_expr(user::Column::UpdatedAt, Expr::value(now.as_micros()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn appoint(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        // Of two who appoint at once, one waits here.
        self.locked_user().await?;
        let known = operator::Entity::rows()
            .filter(operator::Column::UserId.eq(self.user.as_uuid()))
            .read_one(&self.tx)
            .await?;
        if known.is_some() {
            return Ok(false);
        }
        operator::Entity::add(operator::ActiveModel {
            user_id: Set(self.user.as_uuid()),
            created_at: Set(now.as_micros()),
        })
        .exec_without_returning(&self.tx)
        .await
        .map_err(store_error)?;
        Ok(true)
    }

    async fn dismiss(&mut self) -> Result<bool, StoreError> {
        let dismissed = operator::Entity::removal()
            .filter(operator::Column::UserId.eq(self.user.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(dismissed.rows_affected > 0)
    }

    async fn account(&mut self) -> Result<Option<Account>, StoreError> {
        let row = self.locked_user().await?;
        row.map(rows::account).transpose()
    }

    async fn verify_email(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.change_user()
            .filter(user::Column::EmailVerifiedAt.is_null())
            .col_expr(user::Column::EmailVerifiedAt, Expr::value(now.as_micros()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn add_mailed_token(
        &mut self,
        token: &MailedToken,
        secret: &Secret,
    ) -> Result<(), StoreError> {
        // Of two that are sent at once, one waits here.
        self.locked_user().await?;
        self.mailed_tokens(token.purpose)
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        mailed_token::Entity::add(mailed_token::ActiveModel {
            id: Set(token.id.as_uuid()),
            user_id: Set(self.user.as_uuid()),
            purpose: Set(token.purpose.name().to_owned()),
            secret_hash: Set(rows::hash(secret).to_vec()),
            created_at: Set(token.created_at.as_micros()),
            expires_at: Set(token.expires_at.as_micros()),
        })
        .exec_without_returning(&self.tx)
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn take_mailed_token(&mut self, id: MailedTokenId) -> Result<bool, StoreError> {
        let taken = mailed_token::Entity::removal()
            .filter(mailed_token::Column::Id.eq(id.as_uuid()))
            .filter(mailed_token::Column::UserId.eq(self.user.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(taken.rows_affected > 0)
    }

    async fn set_password(
        &mut self,
        password: &PasswordHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_user()
            .col_expr(user::Column::PasswordHash, Expr::value(password.as_phc()))
            .col_expr(user::Column::UpdatedAt, Expr::value(now.as_micros()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        self.mailed_tokens(MailPurpose::ResetPassword)
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl Sessions for AccountTx {
    async fn add_session(&mut self, session: &Session, device: &Device) -> Result<(), StoreError> {
        session::Entity::add(session::ActiveModel {
            id: Set(session.id.as_uuid()),
            user_id: Set(self.user.as_uuid()),
            created_at: Set(session.authenticated_at.as_micros()),
            authenticated_at: Set(session.authenticated_at.as_micros()),
            // One that is to last for ever lasts as long as there are dates.
            expires_at: Set(session.expires_at.min(Timestamp::LAST).as_micros()),
            ended_at: Set(None),
            end_cause: Set(None),
            second_factor_at: Set(session.second_factor_at.map(Timestamp::as_micros)),
            user_agent: Set(device.user_agent.clone()),
            address: Set(device.address.clone()),
        })
        .exec_without_returning(&self.tx)
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row = session::Entity::about(self.user)
            .filter(session::Column::Id.eq(id.as_uuid()))
            .lock(LockType::NoKeyUpdate)
            .read_one(&self.tx)
            .await?;
        row.as_ref().map(rows::session).transpose()
    }

    async fn end_sessions(
        &mut self,
        which: Which,
        cause: EndCause,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let id = session::Column::Id;
        let which = match which {
            Which::All => Condition::all(),
            Which::One(one) => Condition::all().add(id.eq(one.as_uuid())),
            Which::AllBut(one) => Condition::all().add(id.ne(one.as_uuid())),
        };
        let which = which.add(session::Column::UserId.eq(self.user.as_uuid()));
        let these = session::Entity::rows()
            .select_only()
            .column(id)
            .filter(which.clone())
            .into_query();
        revoked(now, "session_ended")
            .filter(refresh_chain::Column::SessionId.in_subquery(these))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        let ended = session::Entity::change()
            .filter(which)
            .filter(session::Column::EndedAt.is_null())
            .col_expr(session::Column::EndedAt, Expr::value(now.as_micros()))
            .col_expr(session::Column::EndCause, Expr::value(cause.name()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(ended.rows_affected)
    }

    async fn live_chain(
        &mut self,
        session: SessionId,
        tenant: Option<TenantId>,
    ) -> Result<Option<(Chain, Secret)>, StoreError> {
        let place = match tenant {
            Some(tenant) => refresh_chain::Column::TenantId.eq(tenant.as_uuid()),
            None => refresh_chain::Column::TenantId.is_null(),
        };
        let row = refresh_chain::Entity::rows()
            .filter(refresh_chain::Column::SessionId.eq(session.as_uuid()))
            .filter(place)
            .filter(refresh_chain::Column::RevokedAt.is_null())
            .lock(LockType::NoKeyUpdate)
            .read_one(&self.tx)
            .await?;
        row.as_ref().map(rows::chain).transpose()
    }

    async fn add_chain(
        &mut self,
        chain: &Chain,
        secret: &Secret,
        parent: Option<ChainId>,
    ) -> Result<(), StoreError> {
        refresh_chain::Entity::add(refresh_chain::ActiveModel {
            id: Set(chain.id.as_uuid()),
            session_id: Set(chain.session.as_uuid()),
            parent_id: Set(parent.map(ChainId::as_uuid)),
            tenant_id: Set(chain.place.map(|place| place.tenant.as_uuid())),
            member_id: Set(chain.place.map(|place| place.member.as_uuid())),
            generation: Set(rows::counted(chain.generation)?),
            secret: Set(secret.0.to_vec()),
            rotated_at: Set(chain.rotated_at.as_micros()),
            created_at: Set(chain.rotated_at.as_micros()),
            revoked_at: Set(None),
            revoke_cause: Set(None),
        })
        .exec_without_returning(&self.tx)
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn rotate_chain(
        &mut self,
        id: ChainId,
        generation: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let next = rows::counted(generation)?;
        let rotated = refresh_chain::Entity::change()
            .filter(refresh_chain::Column::Id.eq(id.as_uuid()))
            .filter(refresh_chain::Column::Generation.eq(next - 1))
            .filter(refresh_chain::Column::RevokedAt.is_null())
            .col_expr(refresh_chain::Column::Generation, Expr::value(next))
            .col_expr(
                refresh_chain::Column::RotatedAt,
                Expr::value(now.as_micros()),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(rotated.rows_affected == 1)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it is about a chain of the account and what came of it, wherever that led"
    )]
    async fn revoke_chain(
        &mut self,
        id: ChainId,
        cause: RevokeCause,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = revoked(now, cause.name())
            .filter(refresh_chain::Column::Id.eq(id.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        match cause {
            RevokeCause::Lapsed | RevokeCause::MembershipEnded | RevokeCause::GivenBack => {}
            // Whoever stole a token may have gone on from there.
            RevokeCause::Reuse => {
                let line = Statement::from_sql_and_values(
                    self.tx.get_database_backend(),
                    REVOKE_LINE,
                    [
                        id.as_uuid().into(),
                        now.as_micros().into(),
                        cause.name().into(),
                    ],
                );
                self.tx.execute_raw(line).await.map_err(store_error)?;
            }
        }
        Ok(revoked.rows_affected > 0)
    }
}

impl AccountTx {
    async fn locked_user(&self) -> Result<Option<user::Model>, StoreError> {
        user::Entity::rows()
            .filter(user::Column::Id.eq(self.user.as_uuid()))
            .lock(LockType::NoKeyUpdate)
            .read_one(&self.tx)
            .await
    }

    /// The end of tokens that were mailed for this purpose.
    fn mailed_tokens(&self, purpose: MailPurpose) -> DeleteMany<mailed_token::Entity> {
        mailed_token::Entity::removal()
            .filter(mailed_token::Column::UserId.eq(self.user.as_uuid()))
            .filter(mailed_token::Column::Purpose.eq(purpose.name()))
    }

    fn change_user(&self) -> UpdateMany<user::Entity> {
        user::Entity::change().filter(user::Column::Id.eq(self.user.as_uuid()))
    }
}

/// The end of chains that are still alive.
fn revoked(now: Timestamp, cause: &str) -> UpdateMany<refresh_chain::Entity> {
    refresh_chain::Entity::change()
        .filter(refresh_chain::Column::RevokedAt.is_null())
        .col_expr(
            refresh_chain::Column::RevokedAt,
            Expr::value(now.as_micros()),
        )
        .col_expr(refresh_chain::Column::RevokeCause, Expr::value(cause))
}
