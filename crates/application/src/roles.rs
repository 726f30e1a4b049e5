//! Roles of the active organization.

use crate::{
    Ground,
    locked::Locked,
    once::Once,
    ports::{StoreError, Unique},
};
use bailiwick_domain::{
    Name, RoleId,
    access::{
        Denied, Grants, InvalidGrant, Permit,
        action::{CreateRole, DeleteRole, ListRoles, UpdateRole},
    },
    role::{Role, RoleBook, RoleDraft, RoleError, Usage, grants_named},
    version::Expected,
};

/// The use cases of roles.
#[derive(Clone)]
pub struct Roles {
    ground: Ground,
}

/// A role as it is asked for.
#[derive(Debug, Clone, Default)]
pub struct WantedRole {
    /// What people are to call it.
    pub name: Option<Name>,
    /// Names and patterns of what it is to hold.
    pub permissions: Option<Vec<String>>,
    /// Names or ids of the roles whose grants it is to hold as well.
    pub includes: Option<Vec<String>>,
}

/// Why a role is not as it was asked to be.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRoleError {
    /// It cannot be so.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// A text names nothing that it could hold.
    #[error(transparent)]
    Grant(#[from] InvalidGrant),
    /// The one who asked may not any more.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ChangeRoleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::RoleName) => RoleError::NameTaken.into(),
            error => Self::Store(error),
        }
    }
}

impl Roles {
    /// The use cases over these ports.
    #[must_use]
    pub const fn new(ground: Ground) -> Self {
        Self { ground }
    }

    /// The roles, the built-in ones among them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, permit: &Permit<ListRoles>) -> Result<RoleBook, StoreError> {
        self.ground.store.roles(permit.scope()).await
    }

    /// Creates a role.
    ///
    /// # Errors
    /// When it cannot be as it is asked for, or would hold more than the one who asks; when the store fails.
    pub async fn create(
        &self,
        permit: &Permit<CreateRole>,
        name: Name,
        wanted: WantedRole,
        once: Once<(Role, RoleBook)>,
    ) -> Result<(Role, RoleBook), ChangeRoleError> {
        once.first()?;
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let mut locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let draft = RoleDraft {
            name,
            grants: granted(wanted.permissions.as_deref())?.unwrap_or_default(),
            includes: included(&locked.book, wanted.includes.as_deref())?.unwrap_or_default(),
        };
        let id = RoleId::from_uuid(self.ground.ids.next());
        let role = locked.book.add(permit, id, draft)?;
        unit.add_roles(std::slice::from_ref(&role), now).await?;
        let created = (role, locked.book);
        once.keep(&mut *unit, &created).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(created)
    }

    /// Changes what is named of a role. `None`: there is no such role.
    ///
    /// # Errors
    /// When it cannot be so, or holds more than the one who asks; when it has changed since; when the store fails.
    pub async fn change(
        &self,
        permit: &Permit<UpdateRole>,
        id: RoleId,
        wanted: WantedRole,
        expected: &Expected,
    ) -> Result<Option<(Role, RoleBook)>, ChangeRoleError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let mut locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let Some(old) = locked.book.get(id).cloned() else {
            return Ok(None);
        };
        expected.met_by(old.version).map_err(RoleError::from)?;
        let draft = RoleDraft {
            name: wanted.name.unwrap_or(old.name),
            grants: granted(wanted.permissions.as_deref())?.unwrap_or(old.grants),
            includes: included(&locked.book, wanted.includes.as_deref())?.unwrap_or(old.includes),
        };
        let role = locked.book.change(permit, id, draft)?;
        unit.save_role(&role, now).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(Some((role, locked.book)))
    }

    /// Deletes a role; whoever has it, has the replacement from now on. `None`: there is no such role.
    ///
    /// # Errors
    /// When somebody has it and nothing takes its place; when either holds more than the one who asks.
    pub async fn delete(
        &self,
        permit: &Permit<DeleteRole>,
        id: RoleId,
        replacement: Option<&str>,
        expected: &Expected,
    ) -> Result<Option<()>, ChangeRoleError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let mut locked = Locked::of(&mut *unit).await?;
        let permit = &locked.renew(&mut *unit, permit, now).await??;
        let Some(role) = locked.book.get(id) else {
            return Ok(None);
        };
        expected.met_by(role.version).map_err(RoleError::from)?;
        let replacement = replacement
            .map(|text| locked.book.meant(text).map(|role| role.id))
            .map(|role| role.ok_or(RoleError::Unknown))
            .transpose()?;
        let usage = Usage {
            default: locked.tenant.settings.default_role == Some(id),
            ..unit.usage(id, now).await?
        };
        let changed = locked.book.remove(permit, id, usage, replacement)?;
        for role in &changed {
            unit.save_role(role, now).await?;
        }
        unit.remove_role(id, replacement, now).await?;
        unit.commit(permit.entry(id)).await?;
        Ok(Some(()))
    }
}

fn granted(texts: Option<&[String]>) -> Result<Option<Grants>, InvalidGrant> {
    texts
        .map(|texts| grants_named(texts.iter().map(String::as_str)))
        .transpose()
}

fn included(book: &RoleBook, texts: Option<&[String]>) -> Result<Option<Vec<RoleId>>, RoleError> {
    let meant = |text: &String| Ok(book.meant(text).ok_or(RoleError::Unknown)?.id);
    texts
        .map(|texts| texts.iter().map(meant).collect())
        .transpose()
}
