//! Projects: what a tenant's members work on.
//!
//! ```
//! use bailiwick_domain::project::OtherObject;
//!
//! assert_eq!(OtherObject.to_string(), "the permit is for another thing");
//! ```

use crate::{
    Name, ProjectId, TenantId, Timestamp,
    access::{
        Actor, Object, Permit,
        action::{CreateProject, DeleteProject, UpdateProject},
    },
};

/// A project of one tenant. Among the live projects of a tenant its name is unique.
///
/// ```
/// use bailiwick_domain::{ProjectId, TenantId, Timestamp, UserId};
/// use bailiwick_domain::access::{Principal, action::*, authorize};
/// use bailiwick_domain::{project::Project, role::BuiltIn};
/// # use uuid::Uuid;
///
/// let now = Timestamp::from_micros(0);
/// let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// let ada = Principal::new(UserId::from_uuid(Uuid::from_u128(2))).granted(tenant, BuiltIn::Admin.grants());
///
/// let permit = authorize::<CreateProject>(&ada, tenant)?;
/// let id = ProjectId::from_uuid(Uuid::from_u128(3));
/// let mut apollo = Project::create(&permit, id, "Apollo".parse()?, now);
/// assert_eq!(apollo.tenant, tenant);
///
/// apollo.rename(&authorize::<UpdateProject>(&ada, apollo.object())?, "Apollo 11".parse()?, now)?;
/// apollo.delete(&authorize::<DeleteProject>(&ada, apollo.object())?, now)?;
/// assert_eq!(apollo.deleted_at, Some(now));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Which.
    pub id: ProjectId,
    /// Whose.
    pub tenant: TenantId,
    /// What people call it.
    pub name: Name,
    /// Who created it.
    pub created_by: Actor,
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
            created_by: permit.actor(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }

    /// The project, as far as the policy needs to know it. What a machine created is nobody's own.
    #[must_use]
    pub const fn object(&self) -> Object {
        Object {
            tenant: self.tenant,
            project: Some(self.id),
            owner: self.created_by.user(),
        }
    }

    /// Another name.
    ///
    /// # Errors
    /// When the permit is for another project.
    pub fn rename(
        &mut self,
        permit: &Permit<UpdateProject>,
        name: Name,
        now: Timestamp,
    ) -> Result<(), OtherObject> {
        self.is_that_of(permit.scope().object())?;
        self.name = name;
        self.updated_at = now;
        Ok(())
    }

    /// Gone, and its name free again.
    ///
    /// # Errors
    /// When the permit is for another project.
    pub fn delete(
        &mut self,
        permit: &Permit<DeleteProject>,
        now: Timestamp,
    ) -> Result<(), OtherObject> {
        self.is_that_of(permit.scope().object())?;
        self.updated_at = now;
        self.deleted_at = Some(now);
        Ok(())
    }

    pub(crate) fn is_that_of(&self, object: Object) -> Result<(), OtherObject> {
        if object == self.object() {
            Ok(())
        } else {
            Err(OtherObject)
        }
    }
}

/// A permit for one thing was presented for another.
///
/// ```
/// use bailiwick_domain::{ProjectId, TenantId, Timestamp, UserId};
/// use bailiwick_domain::access::{Object, Principal, action::*, authorize};
/// use bailiwick_domain::{project::{OtherObject, Project}, role::BuiltIn};
/// # use uuid::Uuid;
///
/// # let now = Timestamp::from_micros(0);
/// # let tenant = TenantId::from_uuid(Uuid::from_u128(1));
/// # let ada = Principal::new(UserId::from_uuid(Uuid::from_u128(2))).granted(tenant, BuiltIn::Admin.grants());
/// # let id = ProjectId::from_uuid(Uuid::from_u128(3));
/// let mut apollo = Project::create(&authorize(&ada, tenant)?, id, "Apollo".parse()?, now);
/// let gemini = Object { project: Some(ProjectId::from_uuid(Uuid::from_u128(4))), ..apollo.object() };
///
/// let permit = authorize::<DeleteProject>(&ada, gemini)?;
/// assert_eq!(apollo.delete(&permit, now), Err(OtherObject));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the permit is for another thing")]
pub struct OtherObject;
