//! A tenant that stands still while something is handed on in it.

use crate::ports::{StoreError, TenantUnit};
use bailiwick_domain::{
    Name, Timestamp,
    access::{Action, Denied, Permission, Permit, Principal, renew},
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
        let member = unit.member_of(permit.user()).await?;
        let principal = match member {
            Some(member) if unit.is_open(permit.user()).await? => {
                member.principal(&self.tenant, &self.book, now)
            }
            _ => Principal::new(permit.user()),
        };
        Ok(renew(permit, &principal))
    }
}
