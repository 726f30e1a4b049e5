//! The record of every change, written in the transaction that makes it.

use super::{error::store_error, owned::OfNobody, rows};
use crate::{database::Tx, entity::audit_event};
use bailiwick_application::ports::{Clock, Ids, Outcome, StoreError};
use bailiwick_domain::access::{AuditEntry, Scope};
use sea_orm::{ActiveValue::Set, ConnectionTrait, QueryTrait};
use std::sync::Arc;

/// Writes records.
#[derive(Clone)]
pub(super) struct Recorder {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
}

impl Recorder {
    /// Writes the record and makes the transaction last, if both are about the same place.
    pub(super) async fn commit(
        &self,
        tx: Tx,
        place: Scope,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        if entry.scope() != place {
            return Err(StoreError::Broken(format!(
                "`{}` was recorded for another place than it was done in",
                entry.action()
            )));
        }
        let record = audit_event::Entity::add(audit_event::ActiveModel {
            id: Set(self.ids.next()),
            tenant_id: Set(match place {
                Scope::Tenant(tenant) | Scope::Project(tenant, _) => Some(tenant.as_uuid()),
                Scope::Platform => None,
            }),
            at: Set(self.clock.now().as_micros()),
            actor_id: Set(entry.actor().map(rows::actor_id)),
            key_id: Set(entry.actor().and_then(rows::key_id)),
            action: Set(entry.action().to_owned()),
            target: Set(entry.target().to_owned()),
            outcome: Set(Outcome::Permitted.name().to_owned()),
            reason: Set(entry.reason().map(ToString::to_string)),
        });
        let record = record.build(tx.get_database_backend());
        tx.commit_with(&record).await.map_err(store_error)
    }
}
