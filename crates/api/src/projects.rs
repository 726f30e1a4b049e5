//! Projects over HTTP.

use crate::{
    access::Guard,
    body::{Valid, parsed},
    list::Part,
    organizations::NameBody,
    path::Id,
    problem::{Kind, Problem},
    time::rfc3339,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::projects::Projects;
use bailiwick_domain::{
    ProjectId,
    access::action::{CreateProject, DeleteProject, ListProjects, RenameProject},
    project::Project,
};
use serde::Serialize;

#[derive(Serialize)]
struct ProjectBody {
    id: String,
    name: String,
    organization_id: String,
    created_by: String,
    created_at: String,
    updated_at: String,
}

impl From<Project> for ProjectBody {
    fn from(project: Project) -> Self {
        Self {
            id: project.id.to_string(),
            name: project.name.to_string(),
            organization_id: project.tenant.to_string(),
            created_by: project.created_by.to_string(),
            created_at: rfc3339(project.created_at),
            updated_at: rfc3339(project.updated_at),
        }
    }
}

pub(crate) async fn create(
    permit: Guard<CreateProject>,
    projects: Data<Projects>,
    Valid(body): Valid<NameBody>,
) -> Result<HttpResponse, Problem> {
    let project = projects.create(&permit, parsed(&body.name)?).await?;
    Ok(HttpResponse::Created().json(ProjectBody::from(project)))
}

pub(crate) async fn list(
    permit: Guard<ListProjects>,
    projects: Data<Projects>,
    part: Part<ProjectId>,
) -> Result<HttpResponse, Problem> {
    let slice = projects.list(&permit, part.page).await?;
    Ok(part.answer(slice, |project| project.id, ProjectBody::from))
}

pub(crate) async fn read(
    permit: Guard<ListProjects>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
) -> Result<HttpResponse, Problem> {
    let project = projects.read(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(ProjectBody::from(project)))
}

pub(crate) async fn rename(
    permit: Guard<RenameProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
    Valid(body): Valid<NameBody>,
) -> Result<HttpResponse, Problem> {
    let project = projects
        .rename(&permit, id, parsed(&body.name)?)
        .await?
        .ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(ProjectBody::from(project)))
}

pub(crate) async fn delete(
    permit: Guard<DeleteProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
) -> Result<HttpResponse, Problem> {
    projects.delete(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}
