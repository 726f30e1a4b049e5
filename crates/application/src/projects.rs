//! Projects of the active organization.

use crate::{
    Ground,
    ports::{Page, Slice, StoreError, Unique},
};
use bailiwick_domain::{
    Name, ProjectId,
    access::{
        Permit,
        action::{CreateProject, DeleteProject, ListProjects, RenameProject},
    },
    project::Project,
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
    ) -> Result<Project, ProjectError> {
        let id = ProjectId::from_uuid(self.ground.ids.next());
        let project = Project::create(permit, id, name, self.ground.clock.now());
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        unit.add_project(&project).await?;
        unit.commit(permit.entry(project.id)).await?;
        Ok(project)
    }

    /// The live projects.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        permit: &Permit<ListProjects>,
        page: Page<ProjectId>,
    ) -> Result<Slice<Project>, StoreError> {
        self.ground.store.projects(permit.scope(), page).await
    }

    /// One live project.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(
        &self,
        permit: &Permit<ListProjects>,
        id: ProjectId,
    ) -> Result<Option<Project>, StoreError> {
        self.ground.store.project(permit.scope(), id).await
    }

    /// Gives a project another name. `None`: there is no such project.
    ///
    /// # Errors
    /// When another live project has the name, when the store fails.
    pub async fn rename(
        &self,
        permit: &Permit<RenameProject>,
        id: ProjectId,
        name: Name,
    ) -> Result<Option<Project>, ProjectError> {
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let Some(mut project) = unit.project(id).await? else {
            return Ok(None);
        };
        project.rename(permit, name, self.ground.clock.now());
        unit.save_project(&project).await?;
        unit.commit(permit.entry(project.id)).await?;
        Ok(Some(project))
    }

    /// Deletes a project; its name is free again. `None`: there is no such project.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(
        &self,
        permit: &Permit<DeleteProject>,
        id: ProjectId,
    ) -> Result<Option<()>, StoreError> {
        let mut unit = self.ground.store.begin(permit.scope()).await?;
        let Some(mut project) = unit.project(id).await? else {
            return Ok(None);
        };
        project.delete(permit, self.ground.clock.now());
        unit.save_project(&project).await?;
        unit.commit(permit.entry(project.id)).await?;
        Ok(Some(()))
    }
}
