//! Tables of whoever builds on the store: read and written in transactions of one tenant, with a record of each change.

use super::{SeaStore, error::store_error, tenant::TenantTx};
use crate::database::{Context, Tx};
use bailiwick_application::ports::StoreError;
use bailiwick_domain::{
    TenantId,
    access::{AuditEntry, Scope, TenantScope, Write},
};
use sea_orm::{ConnectionTrait, DbErr};

/// One transaction in one tenant, for tables that the store does not know. Dropped without a commit, it never was.
///
/// On PostgreSQL row-level security binds it to the tenant; on SQLite nothing but [`OfTenant`](super::OfTenant) does.
pub struct OwnUnit(TenantTx);

/// A look at one tenant's rows, to read and for nothing else.
pub struct OwnView {
    tx: Tx,
    tenant: TenantId,
}

impl SeaStore {
    /// Begins to write tables of one's own.
    #[must_use]
    pub fn begin_own(&self, scope: &TenantScope<Write>) -> OwnUnit {
        OwnUnit(self.open(scope.tenant()))
    }

    /// Looks at tables of one's own.
    #[must_use]
    pub fn view_own<M>(&self, scope: &TenantScope<M>) -> OwnView {
        OwnView {
            tx: self.database.read(Context::tenant(scope.tenant())),
            tenant: scope.tenant(),
        }
    }
}

impl OwnUnit {
    /// In whose rows it works.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    /// The transaction, for SeaORM to execute statements in.
    #[must_use]
    pub const fn connection(&self) -> &(impl ConnectionTrait + use<>) {
        &self.0.tx
    }

    /// Makes the work last, with the record of it.
    ///
    /// # Errors
    /// When the record is about another tenant, or the store fails.
    pub async fn commit(self, entry: AuditEntry) -> Result<(), StoreError> {
        let Self(unit) = self;
        unit.recorder
            .commit(unit.tx, Scope::Tenant(unit.tenant), &entry)
            .await
    }
}

impl OwnView {
    /// Whose rows it sees.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The transaction, for SeaORM to execute queries in.
    #[must_use]
    pub const fn connection(&self) -> &(impl ConnectionTrait + use<>) {
        &self.tx
    }
}

/// What an error of a statement means to a use case: whether the store is there at all, or something is broken.
#[must_use]
pub fn store_error_of(error: DbErr) -> StoreError {
    store_error(error)
}

impl std::fmt::Debug for OwnUnit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OwnUnit").field(&self.tenant()).finish()
    }
}

impl std::fmt::Debug for OwnView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OwnView").field(&self.tenant).finish()
    }
}
