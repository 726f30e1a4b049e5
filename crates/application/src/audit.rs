//! The audit trail of the active organization, read.

use crate::{
    Ground,
    ports::{AuditFilter, AuditRow, Page, Slice, StoreError},
};
use bailiwick_domain::{
    AuditId,
    access::{Permit, action::ReadAudit},
};

/// The use cases of the audit trail.
#[derive(Clone)]
pub struct Audit {
    ground: Ground,
}

impl Audit {
    /// The use cases over these ports.
    #[must_use]
    pub const fn new(ground: Ground) -> Self {
        Self { ground }
    }

    /// The records that keep the filter.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        permit: &Permit<ReadAudit>,
        filter: &AuditFilter,
        page: &Page<AuditId>,
    ) -> Result<Slice<AuditRow>, StoreError> {
        let store = &self.ground.store;
        store.audit_events(permit.scope(), filter, page).await
    }
}
