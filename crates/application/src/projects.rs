//! Projects of the active organization.

use crate::{
    Ground,
    locked::Locked,
    members::{WantedRole, assignments, held},
    once::Once,
    ports::{HeldRole, MemberRow, Page, Slice, StoreError, TenantUnit, Unique},
};
use bailiwick_domain::{
    MemberId, Name, ProjectId,
    access::{
        Action, Claim, Denied, OnObject, Permission, Permit, Write,
        action::{CreateProject, DeleteProject, ReadProject, ShareProject, UpdateProject},
    },
    member::MemberError,
    project::{OtherObject, Project},
};

/// The use cases of projects.
#[derive(Clone)]
pub struct Projects {
    ground: Ground,
}

/// Why a project is not as it was asked to be.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A live project has the name.
    #[error("a project of this name exists")]
    NameTaken,
    /// Whoever asked may see it, and not do this with it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The permit is for another project.
    #[error(transparent)]
    OtherObject(#[from] OtherObject),
    /// The roles cannot be given.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ProjectError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::ProjectName) => Self::NameTaken,
            error => Self::Store(error),
        }
    }
}

impl Projects {
    /// The use cases over these ports.
    #[must_use]
    pub const fn new(ground: Ground) -> Self {
        Self { ground }
    }

    /// Creates a project.
    ///
    /// # Errors
    /// When a live project has the name, when the store fails.
    pub async fn create(
        &self,
        permit: &Permit<CreateProject>,
        name: Name,
        once: Once<Project>,
    ) -> Result<Project, ProjectError> {
        once.first()?;
        let id = ProjectId::from_uuid(self.ground.ids.next());
        let project = Project::create(permit, id, name, self.ground.clock.now());
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        unit.add_project(&project).await?;
        once.keep(&mut *unit, &project).await?;
        unit.commit(permit.entry(project.id)).await?;
        Ok(project)
    }

    /// The live projects that the caller may see.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        claim: &Claim<ReadProject>,
        page: &Page<ProjectId>,
    ) -> Result<Slice<Project>, StoreError> {
        let store = &self.ground.store;
        store
            .projects(claim.reading(), &claim.selection(), page)
            .await
    }

    /// One live project. `None`: there is none that the caller may see.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(
        &self,
        claim: &Claim<ReadProject>,
        id: ProjectId,
    ) -> Result<Option<Project>, StoreError> {
        let project = self.ground.store.project(claim.reading(), id).await?;
        Ok(project.filter(|project| claim.on(project.object()).is_ok()))
    }

    /// Gives a project another name. `None`: there is none that the caller may see.
    ///
    /// # Errors
    /// When the caller may not, when another live project has the name, when the store fails.
    pub async fn rename(
        &self,
        claim: &Claim<UpdateProject>,
        id: ProjectId,
        name: Name,
    ) -> Result<Option<Project>, ProjectError> {
        let mut unit = self.ground.store.begin(claim.within()).await?;
        let Some((mut project, permit)) = found(&mut *unit, claim, id).await? else {
            return Ok(None);
        };
        project.rename(&permit, name, self.ground.clock.now())?;
        unit.save_project(&project).await?;
        unit.commit(permit.entry(project.id)).await?;
        Ok(Some(project))
    }

    /// Deletes a project, with the roles that members had on it; its name is free again. `None`: there is none that the
    /// caller may see.
    ///
    /// # Errors
    /// When the caller may not, when the store fails.
    pub async fn delete(
        &self,
        claim: &Claim<DeleteProject>,
        id: ProjectId,
    ) -> Result<Option<()>, ProjectError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(claim.within()).await?;
        // Members lose what they had on it.
        let locked = Locked::of(&mut *unit).await?;
        let Some((mut project, permit)) = found(&mut *unit, claim, id).await? else {
            return Ok(None);
        };
        let permit = locked.renew(&mut *unit, &permit, now).await??;
        project.delete(&permit, now)?;
        unit.save_project(&project).await?;
        unit.commit(permit.entry(project.id)).await?;
        Ok(Some(()))
    }

    /// The members who have roles on a project. `None`: there is none that the caller may see.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn members(
        &self,
        claim: &Claim<ReadProject>,
        id: ProjectId,
        page: &Page<MemberId>,
    ) -> Result<Option<Slice<MemberRow>>, StoreError> {
        if self.read(claim, id).await?.is_none() {
            return Ok(None);
        }
        let store = &self.ground.store;
        store
            .project_members(claim.reading(), id, page)
            .await
            .map(Some)
    }

    /// Gives a member these roles on a project, in the place of those that they have on it. `None`: there is no such
    /// project that the caller may see, or no such member.
    ///
    /// # Errors
    /// When the caller may not, when the old or the new roles hold more on it than the caller, when the store fails.
    pub async fn share(
        &self,
        claim: &Claim<ShareProject>,
        id: ProjectId,
        member: MemberId,
        roles: &[WantedRole],
        once: Once<[HeldRole]>,
    ) -> Result<Option<Vec<HeldRole>>, ProjectError> {
        let now = self.ground.clock.now();
        let mut unit = self.ground.store.begin(claim.within()).await?;
        let locked = Locked::of(&mut *unit).await?;
        let Some((project, permit)) = found(&mut *unit, claim, id).await? else {
            return Ok(None);
        };
        let permit = locked.renew(&mut *unit, &permit, now).await??;
        once.first()?;
        let Some(mut member) = unit.member(member).await? else {
            return Ok(None);
        };
        let roles = assignments(&locked.book, roles)?;
        member.share(&permit, &locked.book, &project, roles, now)?;
        unit.save_member(&member, now).await?;
        let here = member.assignments.iter();
        let here = here.filter(|one| one.project == Some(id));
        let held = held(&locked.book, here);
        once.keep(&mut *unit, &held).await?;
        unit.commit(permit.entry(project.id)).await?;
        Ok(Some(held))
    }
}

/// A project that the caller may see, and leave to act on it.
async fn found<A>(
    unit: &mut dyn TenantUnit,
    claim: &Claim<A>,
    id: ProjectId,
) -> Result<Option<(Project, Permit<A>)>, ProjectError>
where
    A: Action<Catalogue = Permission, Scope: OnObject<Mode = Write>>,
{
    let Some(project) = unit.project(id).await? else {
        return Ok(None);
    };
    match claim.on(project.object()) {
        Ok(permit) => Ok(Some((project, permit))),
        // Nobody learns that there is something that they may not see.
        Err(_) if !claim.may(Permission::ReadProject, project.object()) => Ok(None),
        Err(denied) => Err(denied.into()),
    }
}
