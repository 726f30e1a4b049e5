//! One transaction about one account.

use super::{audit::Recorder, error::store_error, owned::OfNobody, rows};
use crate::{
    database::Tx,
    entity::{refresh_chain, session, user},
};
use async_trait::async_trait;
use bailiwick_application::ports::{AccountUnit, ChainSecret, Device, Sessions, StoreError, Users};
use bailiwick_domain::{
    ChainId, SessionId, TenantId, Timestamp, UserId,
    access::{AuditEntry, Scope},
    session::{Chain, Session},
    user::{PasswordHash, User},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, QueryFilter, QuerySelect, UpdateMany, sea_query::Expr,
};

pub(super) struct AccountTx {
    pub(super) tx: Tx,
    pub(super) user: UserId,
    pub(super) recorder: Recorder,
}

#[async_trait]
impl AccountUnit for AccountTx {
    async fn commit(self: Box<Self>, entry: AuditEntry) -> Result<(), StoreError> {
        self.recorder.commit(self.tx, Scope::Platform, &entry).await
    }
}

#[async_trait]
impl Users for AccountTx {
    async fn add_user(&mut self, user: &User, password: &PasswordHash) -> Result<(), StoreError> {
        user::Entity::add(user::ActiveModel {
            id: Set(self.user.as_uuid()),
            email: Set(user.email.to_string()),
            name: Set(user.name.to_string()),
            password_hash: Set(Some(password.as_phc().to_owned())),
            created_at: Set(user.created_at.as_micros()),
            updated_at: Set(user.created_at.as_micros()),
            disabled_at: Set(user.disabled_at.map(Timestamp::as_micros)),
            email_verified_at: Set(None),
        })
        .exec_without_returning(&self.tx)
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
            expires_at: Set(session.expires_at.as_micros()),
            ended_at: Set(None),
            end_cause: Set(None),
            user_agent: Set(device.user_agent.clone()),
            address: Set(device.address.clone()),
        })
        .exec_without_returning(&self.tx)
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn end_session(&mut self, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
        let ended = session::Entity::change()
            .filter(session::Column::Id.eq(id.as_uuid()))
            .filter(session::Column::UserId.eq(self.user.as_uuid()))
            .filter(session::Column::EndedAt.is_null())
            .col_expr(session::Column::EndedAt, Expr::value(now.as_micros()))
            .col_expr(session::Column::EndCause, Expr::value("signed_out"))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        revoked(now, "session_ended")
            .filter(refresh_chain::Column::SessionId.eq(id.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(ended.rows_affected > 0)
    }

    async fn live_chain(
        &mut self,
        session: SessionId,
        tenant: Option<TenantId>,
    ) -> Result<Option<(Chain, ChainSecret)>, StoreError> {
        let place = match tenant {
            Some(tenant) => refresh_chain::Column::TenantId.eq(tenant.as_uuid()),
            None => refresh_chain::Column::TenantId.is_null(),
        };
        let row = refresh_chain::Entity::rows()
            .filter(refresh_chain::Column::SessionId.eq(session.as_uuid()))
            .filter(place)
            .filter(refresh_chain::Column::RevokedAt.is_null())
            .lock_exclusive()
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        row.map(rows::chain).transpose()
    }

    async fn add_chain(&mut self, chain: &Chain, secret: &ChainSecret) -> Result<(), StoreError> {
        refresh_chain::Entity::add(refresh_chain::ActiveModel {
            id: Set(chain.id.as_uuid()),
            session_id: Set(chain.session.as_uuid()),
            tenant_id: Set(chain.place.map(|place| place.tenant.as_uuid())),
            member_id: Set(chain.place.map(|place| place.member.as_uuid())),
            generation: Set(rows::generation(chain.generation)?),
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

    async fn revoke_chain(&mut self, id: ChainId, now: Timestamp) -> Result<bool, StoreError> {
        let revoked = revoked(now, "reuse")
            .filter(refresh_chain::Column::Id.eq(id.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(revoked.rows_affected > 0)
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
