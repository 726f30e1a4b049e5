//! Projects over HTTP.

use crate::{
    access::{Asking, Claimed, Guard, id_of},
    body::{Valid, parsed, parses},
    list::Part,
    members::{AssignmentBody, RoleBody},
    organizations::NameBody,
    path::{Id, OfMember},
    problem::{Kind, Problem},
    time::rfc3339,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::{members::WantedRole, projects::Projects};
use bailiwick_domain::{
    MemberId, ProjectId,
    access::action::{CreateProject, DeleteProject, ReadProject, ShareProject, UpdateProject},
    member::Member,
    project::Project,
    role::BuiltIn,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;

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
            created_by: id_of(project.created_by),
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
    claim: Claimed<ReadProject>,
    projects: Data<Projects>,
    part: Part<ProjectId>,
) -> Result<HttpResponse, Problem> {
    let slice = projects.list(&claim, &part.page).await?;
    Ok(part.answer(slice, |project| project.id, ProjectBody::from))
}

pub(crate) async fn read(
    claim: Claimed<ReadProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
) -> Result<HttpResponse, Problem> {
    let project = projects.read(&claim, id).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(ProjectBody::from(project)))
}

pub(crate) async fn rename(
    claim: Claimed<UpdateProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
    Valid(body): Valid<NameBody>,
) -> Result<HttpResponse, Problem> {
    let project = projects
        .rename(&claim, id, parsed(&body.name)?)
        .await?
        .ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(ProjectBody::from(project)))
}

pub(crate) async fn delete(
    claim: Claimed<DeleteProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
) -> Result<HttpResponse, Problem> {
    projects.delete(&claim, id).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn members(
    claim: Claimed<ReadProject>,
    asking: Asking,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
    part: Part<MemberId>,
) -> Result<HttpResponse, Problem> {
    let slice = projects.members(&claim, id, &part.page).await?;
    let slice = slice.ok_or(Kind::NotFound)?;
    Ok(part.answer(
        slice,
        |row| row.member.id,
        |row| {
            let roles = row.roles.iter();
            json!({
                "member_id": row.member.id.to_string(),
                "user_id": row.member.user.to_string(),
                "email": row.email.as_str(),
                "name": row.name.as_str(),
                "roles": roles
                    .map(|role| AssignmentBody::of(role, asking.now()))
                    .collect::<Vec<_>>(),
            })
        },
    ))
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShareBody {
    #[garde(custom(parses::<MemberId, _>))]
    member_id: String,
    /// Without any, the member may see the project.
    #[garde(length(min = 1, max = Member::MAX_ROLES), dive)]
    roles: Option<Vec<RoleBody>>,
}

pub(crate) async fn share(
    claim: Claimed<ShareProject>,
    asking: Asking,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
    Valid(body): Valid<ShareBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = match &body.roles {
        Some(roles) => roles
            .iter()
            .map(RoleBody::wanted)
            .collect::<Result<_, _>>()?,
        None => vec![WantedRole {
            role: BuiltIn::Member.name().to_owned(),
            expires_at: None,
        }],
    };
    let member: MemberId = parsed(&body.member_id)?;
    let roles = projects.share(&claim, id, member, &wanted).await?;
    let roles = roles.ok_or(Kind::NotFound)?;
    let roles = roles.iter();
    Ok(HttpResponse::Created().json(json!({
        "project_id": id.to_string(),
        "member_id": member.to_string(),
        "roles": roles
            .map(|role| AssignmentBody::of(role, asking.now()))
            .collect::<Vec<_>>(),
    })))
}

pub(crate) async fn unshare(
    claim: Claimed<ShareProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
    OfMember(member): OfMember,
) -> Result<HttpResponse, Problem> {
    let none = projects.share(&claim, id, member, &[]).await?;
    none.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}
