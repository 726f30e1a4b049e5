//! The store: every repository over one database, behind doors that demand a proof.

mod account;
mod audit;
mod credentials;
mod error;
mod invitations;
mod machines;
mod own;
mod owned;
mod platform;
mod reading;
mod roles;
mod rows;
mod tenant;
mod views;

use crate::{
    Database,
    database::{Context, Tx},
};
use account::AccountTx;
use async_trait::async_trait;
use audit::Recorder;
use bailiwick_application::ports::{
    AccountUnit, Clock, Ids, Readiness, Store, StoreError, TenantUnit, Tenants,
};
use bailiwick_domain::{
    TenantId,
    access::{AccountScope, Founding, PlatformScope, TenantScope, Write},
    invitation::Redemption,
    tenant::{Erasure, Tenant},
};
use sea_orm::{ConnectionTrait, Statement};
use std::{sync::Arc, time::Duration};
use tenant::TenantTx;
use tokio::time::timeout;

#[cfg(test)]
pub(crate) use credentials::columns_of_facts;
pub(crate) use error::store_error;
pub(crate) use machines::touch;
pub use own::{OwnUnit, OwnView, store_error_of};
pub(crate) use owned::OfNobody;
pub use owned::OfTenant;
pub(crate) use reading::{Named, Reads};
pub(crate) use rows::{actor_id, key_id};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use views::containing;

/// The store over SeaORM.
#[derive(Clone)]
pub struct SeaStore {
    database: Database,
    recorder: Recorder,
    schema: String,
}

impl SeaStore {
    /// A store over this database, which is ready when the migration named `schema` has been applied.
    #[must_use]
    pub fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        schema: String,
    ) -> Self {
        Self {
            database,
            recorder: Recorder { clock, ids },
            schema,
        }
    }

    fn look(&self, who: Context) -> Tx {
        self.database.look(who)
    }

    /// Whether the schema is as new as this build expects.
    #[expect(clippy::disallowed_methods, reason = "migrations are of no tenant")]
    async fn is_applied(&self) -> Result<bool, StoreError> {
        let tx = self.look(Context::nobody());
        let applied = tx
            .query_one_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                "SELECT 1 FROM seaql_migrations WHERE version = $1",
                [self.schema.as_str().into()],
            ))
            .await
            .map_err(store_error)?;
        Ok(applied.is_some())
    }

    fn open(&self, tenant: TenantId) -> TenantTx {
        TenantTx {
            tx: self.database.begin(Context::tenant(tenant)),
            tenant,
            recorder: self.recorder.clone(),
        }
    }
}

#[async_trait]
impl Store for SeaStore {
    async fn begin(&self, scope: &TenantScope<Write>) -> Result<Box<dyn TenantUnit>, StoreError> {
        Ok(Box::new(self.open(scope.tenant())))
    }

    async fn found(
        &self,
        founding: &Founding,
        tenant: &Tenant,
    ) -> Result<Box<dyn TenantUnit>, StoreError> {
        let mut unit = self.open(founding.tenant());
        unit.add_tenant(tenant).await?;
        Ok(Box::new(unit))
    }

    async fn redeem(&self, redemption: &Redemption) -> Result<Box<dyn TenantUnit>, StoreError> {
        Ok(Box::new(self.open(redemption.tenant())))
    }

    async fn operate(
        &self,
        _: &PlatformScope<Write>,
        tenant: TenantId,
    ) -> Result<Box<dyn TenantUnit>, StoreError> {
        Ok(Box::new(self.open(tenant)))
    }

    async fn deleted_tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let tx = self.look(Context::sweep());
        let deleted = platform::deleted_tenants(&tx).await?;
        Ok(deleted)
    }

    async fn erase(&self, erasure: &Erasure) -> Result<Option<Box<dyn TenantUnit>>, StoreError> {
        let mut unit = self.open(erasure.tenant());
        // Whoever waited here may find that another replica was faster, or that it was restored in its last moment.
        if unit.tenant().await?.map(|tenant| tenant.deleted_at) != Some(Some(erasure.since())) {
            return Ok(None);
        }
        if !unit.erase().await? {
            return Ok(None);
        }
        Ok(Some(Box::new(unit)))
    }

    async fn account(&self, scope: &AccountScope) -> Result<Box<dyn AccountUnit>, StoreError> {
        Ok(Box::new(AccountTx {
            tx: self.database.begin(Context::person(scope.user())),
            user: scope.user(),
            actor: scope.actor(),
            recorder: self.recorder.clone(),
        }))
    }
}

/// How long readiness may take to find out: whoever balances hears within two seconds.
const LOOK: Duration = Duration::from_millis(1_500);

#[async_trait]
impl Readiness for SeaStore {
    async fn ready(&self) -> Result<(), StoreError> {
        let silent = |_| Err(StoreError::Unavailable("the database says nothing".into()));
        match timeout(LOOK, self.is_applied())
            .await
            .unwrap_or_else(silent)?
        {
            true => Ok(()),
            false => Err(StoreError::Unavailable(
                "the schema is behind: run `bailiwick migrate up`".into(),
            )),
        }
    }
}

impl std::fmt::Debug for SeaStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeaStore")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
