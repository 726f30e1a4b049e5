//! The store: every repository over one database, behind doors that demand a proof.

mod account;
mod audit;
mod credentials;
mod error;
mod invitations;
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
use error::store_error;
use sea_orm::{ConnectionTrait, Statement};
use std::{sync::Arc, time::Duration};
use tenant::TenantTx;
use tokio::time::timeout;

pub(crate) use owned::OfNobody;
pub(crate) use reading::{Named, Reads};
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

    async fn read(&self, who: Context) -> Result<Tx, StoreError> {
        self.database.read(who).await.map_err(store_error)
    }

    /// Whether the schema is as new as this build expects.
    #[expect(clippy::disallowed_methods, reason = "migrations are of no tenant")]
    async fn is_applied(&self) -> Result<bool, StoreError> {
        let tx = self.read(Context::nobody()).await?;
        let applied = tx
            .query_one_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                "SELECT 1 FROM seaql_migrations WHERE version = $1",
                [self.schema.as_str().into()],
            ))
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(applied.is_some())
    }

    async fn open(&self, tenant: TenantId) -> Result<TenantTx, StoreError> {
        let who = Context::tenant(tenant);
        let tx = self.database.begin(who).await.map_err(store_error)?;
        Ok(TenantTx {
            tx,
            tenant,
            recorder: self.recorder.clone(),
        })
    }
}

#[async_trait]
impl Store for SeaStore {
    async fn begin(&self, scope: &TenantScope<Write>) -> Result<Box<dyn TenantUnit>, StoreError> {
        Ok(Box::new(self.open(scope.tenant()).await?))
    }

    async fn found(
        &self,
        founding: &Founding,
        tenant: &Tenant,
    ) -> Result<Box<dyn TenantUnit>, StoreError> {
        let mut unit = self.open(founding.tenant()).await?;
        unit.add_tenant(tenant).await?;
        Ok(Box::new(unit))
    }

    async fn redeem(&self, redemption: &Redemption) -> Result<Box<dyn TenantUnit>, StoreError> {
        Ok(Box::new(self.open(redemption.tenant()).await?))
    }

    async fn operate(
        &self,
        _: &PlatformScope<Write>,
        tenant: TenantId,
    ) -> Result<Box<dyn TenantUnit>, StoreError> {
        Ok(Box::new(self.open(tenant).await?))
    }

    async fn deleted_tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let tx = self.read(Context::sweep()).await?;
        let deleted = platform::deleted_tenants(&tx).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(deleted)
    }

    async fn erase(&self, erasure: &Erasure) -> Result<Option<Box<dyn TenantUnit>>, StoreError> {
        let mut unit = self.open(erasure.tenant()).await?;
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
        let who = Context::person(scope.user());
        let tx = self.database.begin(who).await.map_err(store_error)?;
        Ok(Box::new(AccountTx {
            tx,
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
