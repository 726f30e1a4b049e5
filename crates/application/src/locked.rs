//! A tenant that stands still while something is handed on in it.

use crate::ports::{StoreError, TenantUnit};
use bailiwick_domain::{
    Name, Timestamp,
    access::{Action, Actor, Denied, Permission, Permit, Principal, renew},
    role::RoleBook,
    tenant::Tenant,
};

/// A tenant and its roles: nobody else changes either, nor any member, until the unit is over.
pub(crate) struct Locked {
    pub(crate) tenant: Tenant,
    pub(crate) book: RoleBook,
}

impl Locked {
    pub(crate) async fn of(unit: &mut dyn TenantUnit) -> Result<Self, StoreError> {
        let tenant = unit.tenant().await?.ok_or(StoreError::Gone)?;
        let book = unit.role_book().await?;
        Ok(Self { tenant, book })
    }

    /// The tenant, and what its default role is called.
    pub(crate) fn with_default_role(self) -> (Tenant, Option<Name>) {
        let role = self.tenant.settings.default_role;
        let role = role.and_then(|id| self.book.get(id));
        let name = role.map(|role| role.name.clone());
        (self.tenant, name)
    }

    /// The permit, asked for again: since the request began, its bearer may have lost what it rests on. Either the store
    /// fails, or the policy answers.
    pub(crate) async fn renew<A: Action<Catalogue = Permission>>(
        &self,
        unit: &mut dyn TenantUnit,
        permit: &Permit<A>,
        now: Timestamp,
    ) -> Result<Result<Permit<A>, Denied>, StoreError> {
        let principal = self.principal(unit, permit.actor(), now).await?;
        Ok(match principal {
            Some(principal) => renew(permit, &principal),
            None => Err(Denied::Outsider),
        })
    }

    /// Somebody with what they hold at this moment, if they are still there.
    pub(crate) async fn principal(
        &self,
        unit: &mut dyn TenantUnit,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<Principal>, StoreError> {
        match actor {
            Actor::User(user) => {
                let member = match unit.is_open(user).await? {
                    true => unit.member_of(user).await?,
                    false => None,
                };
                Ok(member.map(|member| member.principal(&self.tenant, &self.book, now)))
            }
            Actor::Machine(machine) => {
                let account = unit.service_account(machine.account).await?;
                let known = account.zip(unit.api_key(machine.key).await?);
                Ok(known.map(|(account, key)| {
                    account.principal(&key, self.tenant.status, &self.book, now)
                }))
            }
        }
    }
}
