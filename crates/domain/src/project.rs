//! Projects: what a tenant's members work on.

use crate::{
    Name, ProjectId, TenantId, Timestamp, UserId,
    access::{
        Permit,
        action::{CreateProject, DeleteProject, RenameProject},
    },
};

/// A project of one tenant. Among the live projects of a tenant its name is unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Which.
    pub id: ProjectId,
    /// Whose.
    pub tenant: TenantId,
    /// What people call it.
    pub name: Name,
    /// Who created it.
    pub created_by: UserId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Since when it is gone, if it is.
    pub deleted_at: Option<Timestamp>,
}

impl Project {
    /// A new project of the tenant that the permit is for.
    #[must_use]
    pub fn create(
        permit: &Permit<CreateProject>,
        id: ProjectId,
        name: Name,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant: permit.scope().tenant(),
            name,
            created_by: permit.user(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }

    /// Another name.
    pub fn rename(&mut self, _: &Permit<RenameProject>, name: Name, now: Timestamp) {
        self.name = name;
        self.updated_at = now;
    }

    /// Gone, and its name free again.
    pub const fn delete(&mut self, _: &Permit<DeleteProject>, now: Timestamp) {
        self.updated_at = now;
        self.deleted_at = Some(now);
    }
}
