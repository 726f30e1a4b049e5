//! Answers that are kept for requests that may come again: sealed, and found by what only this service can make of a key.

use crate::{
    Database, SealingKey,
    database::{Context, Tx},
    entity::kept_answer,
    keys::{Use, half},
    store::{Named, OfNobody, OfTenant, Reads, store_error},
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    Answers, Clock, Earlier, KeptAnswer, KeyedRequest, Requester, StoreError,
};
use bailiwick_domain::{Timestamp, access::Actor};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter};
use std::{sync::Arc, time::Duration};
use uuid::{Builder, Uuid};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The answers, over the database.
pub struct SealedAnswers {
    database: Database,
    sealing: Arc<SealingKey>,
    clock: Arc<dyn Clock>,
}

impl SealedAnswers {
    /// Answers in this database, sealed with this key.
    #[must_use]
    pub fn new(database: Database, sealing: Arc<SealingKey>, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            sealing,
            clock,
        }
    }

    /// Forgets those whose time is over, or the one of these that has this id.
    async fn forget(&self, only: Option<Uuid>, now: Timestamp) -> Result<u64, StoreError> {
        let tx = self.database.begin(Context::sweep());
        let mut lapsed = kept_answer::Entity::removal()
            .filter(kept_answer::Column::ExpiresAt.lte(now.as_micros()));
        if let Some(id) = only {
            lapsed = lapsed.filter(kept_answer::Column::Id.eq(id));
        }
        let forgotten = lapsed.exec(&tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(forgotten.rows_affected)
    }
}

#[async_trait]
impl Answers for SealedAnswers {
    fn recognize(&self, requester: Requester, key: &str, parts: &[&[u8]]) -> KeyedRequest {
        let (tenant, user, whose) = match requester {
            Requester::Stranger(network) => (None, None, network.to_string()),
            Requester::Person(user) => (None, Some(user), user.to_string()),
            Requester::Within(tenant, Actor::User(user)) => {
                (Some(tenant), None, format!("{tenant}/{user}"))
            }
            // Whichever of its keys it uses: it may have been given another one meanwhile.
            Requester::Within(tenant, Actor::Machine(machine)) => {
                (Some(tenant), None, format!("{tenant}/{}", machine.account))
            }
        };
        let name = self
            .sealing
            .mac(Use::Request, &[whose.as_bytes(), key.as_bytes()]);
        KeyedRequest {
            id: Builder::from_custom_bytes(half(name)).into_uuid(),
            tenant,
            user,
            fingerprint: self.sealing.mac(Use::Request, parts),
        }
    }

    fn seal(&self, request: &KeyedRequest, answer: &[u8]) -> Result<KeptAnswer, StoreError> {
        let sealed = self.sealing.seal(answer, &what(request.id));
        let sealed = sealed.ok_or_else(|| StoreError::Broken("an answer was not sealed".into()))?;
        Ok(KeptAnswer {
            request: request.clone(),
            sealed,
            expires_at: self.clock.now().plus(KEPT),
        })
    }

    async fn earlier(&self, request: &KeyedRequest) -> Result<Option<Earlier>, StoreError> {
        let (who, rows) = match (request.tenant, request.user) {
            (Some(tenant), _) => (Context::tenant(tenant), kept_answer::Entity::of(tenant)),
            (None, Some(user)) => (Context::person(user), kept_answer::Entity::rows()),
            (None, None) => (Context::nobody(), kept_answer::Entity::rows()),
        };
        let row = rows
            .filter(kept_answer::Column::Id.eq(request.id))
            .read_one(&self.database.look(who))
            .await?;
        let Some(row) = row else { return Ok(None) };
        let now = self.clock.now();
        if row.at("expires_at", row.expires_at)? <= now {
            self.forget(Some(row.id), now).await?;
            return Ok(None);
        }
        if row.fingerprint != request.fingerprint {
            return Ok(Some(Earlier::Other));
        }
        let answer = self.sealing.open(&row.answer, &what(row.id));
        let answer = answer.ok_or_else(|| row.corrupt("answer", "cannot be opened"))?;
        Ok(Some(Earlier::Same(answer.to_vec())))
    }

    async fn forget_lapsed(&self) -> Result<u64, StoreError> {
        self.forget(None, self.clock.now()).await
    }
}

/// Adds an answer to a unit of work.
pub(crate) async fn keep(tx: &Tx, answer: &KeptAnswer) -> Result<(), StoreError> {
    let request = &answer.request;
    kept_answer::Entity::add(kept_answer::ActiveModel {
        id: Set(request.id),
        tenant_id: Set(request.tenant.map(|tenant| tenant.as_uuid())),
        user_id: Set(request.user.map(|user| user.as_uuid())),
        fingerprint: Set(request.fingerprint.to_vec()),
        answer: Set(answer.sealed.clone()),
        expires_at: Set(answer.expires_at.as_micros()),
    })
    .exec_without_returning(tx)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// An answer opens only as the one that it was sealed as.
fn what(id: Uuid) -> String {
    format!("answer {id}")
}

impl std::fmt::Debug for SealedAnswers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedAnswers")
            .field("sealing", &self.sealing)
            .finish_non_exhaustive()
    }
}
