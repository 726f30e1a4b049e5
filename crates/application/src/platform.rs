//! The platform, for its operators: every organization and every account.

use crate::{
    Ground,
    ports::{Page, Slice, StoreError, TenantRow, UserRow, Which},
};
use bailiwick_domain::{
    Name, TenantId, UserId,
    access::{
        AccountAct, AccountScope, Permit,
        action::{ListTenants, ListUsers, SuspendTenant, SuspendUser},
    },
    session::EndCause,
    tenant::TenantError,
    user::EmailAddress,
};

/// The use cases of operators.
#[derive(Clone)]
pub struct Platform {
    ground: Ground,
}

/// Why an organization is as before.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// It is in no state for that.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing is permitted.
    Suspend,
    /// It goes on.
    Resume,
}

impl Platform {
    /// The use cases over these ports.
    #[must_use]
    pub const fn new(ground: Ground) -> Self {
        Self { ground }
    }

    /// Every organization.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tenants(
        &self,
        permit: &Permit<ListTenants>,
        page: &Page<TenantId>,
    ) -> Result<Slice<TenantRow>, StoreError> {
        self.ground.store.every_tenant(permit.scope(), page).await
    }

    /// One organization.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tenant(
        &self,
        permit: &Permit<ListTenants>,
        id: TenantId,
    ) -> Result<Option<TenantRow>, StoreError> {
        self.ground.store.one_tenant(permit.scope(), id).await
    }

    /// Suspends or resumes an organization, which is told in its own audit trail. `None`: there is no such one.
    ///
    /// # Errors
    /// When it is in no state for that, when the store fails.
    pub async fn turn_tenant(
        &self,
        permit: &Permit<SuspendTenant>,
        id: TenantId,
        turn: Turn,
        reason: Name,
    ) -> Result<Option<()>, OperateError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.operate(permit.scope(), id).await?;
        let Some(mut tenant) = unit.tenant().await? else {
            return Ok(None);
        };
        let before = tenant.version;
        let act = match turn {
            Turn::Suspend => {
                tenant.lock(permit, now)?;
                "tenant:suspend"
            }
            Turn::Resume => {
                tenant.unlock(permit, now)?;
                "tenant:resume"
            }
        };
        if tenant.version == before {
            return Ok(Some(()));
        }
        unit.save_tenant(&tenant).await?;
        unit.commit(permit.entry_in(id, act, id).because(reason))
            .await?;
        Ok(Some(()))
    }

    /// Every account; with `email`, the one with that address.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn users(
        &self,
        permit: &Permit<ListUsers>,
        email: Option<&EmailAddress>,
        page: &Page<UserId>,
    ) -> Result<Slice<UserRow>, StoreError> {
        let store = &self.ground.store;
        store.every_user(permit.scope(), email, page).await
    }

    /// One account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn user(
        &self,
        permit: &Permit<ListUsers>,
        id: UserId,
    ) -> Result<Option<UserRow>, StoreError> {
        self.ground.store.one_user(permit.scope(), id).await
    }

    /// Closes an account, which ends its sessions, or opens it again. `None`: there is no such one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn turn_user(
        &self,
        permit: &Permit<SuspendUser>,
        id: UserId,
        turn: Turn,
        reason: Name,
    ) -> Result<Option<()>, StoreError> {
        let now = self.ground.clock.now();
        let scope = AccountScope::by_operator(permit, id);
        let mut unit = self.ground.store.account(&scope).await?;
        let Some(account) = unit.account().await? else {
            return Ok(None);
        };
        let mut user = account.user;
        if user.is_active() == (turn == Turn::Resume) {
            return Ok(Some(()));
        }
        let act = match turn {
            Turn::Suspend => {
                user.suspend(permit, now);
                unit.end_sessions(Which::All, EndCause::AccountClosed, now)
                    .await?;
                AccountAct::Suspend
            }
            Turn::Resume => {
                user.resume(permit);
                AccountAct::Resume
            }
        };
        unit.save_user(&user, now).await?;
        unit.commit(scope.entry(act, id).because(reason)).await?;
        Ok(Some(()))
    }
}
