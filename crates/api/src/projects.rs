//! Projects over HTTP.

use crate::{
    access::{Asking, Claimed, Guard, id_of},
    answer::{Created, Found, Json, NoContent},
    body::{Valid, parsed, parses},
    idempotency::IdempotencyKey,
    list::{Listed, Part},
    members::{AssignmentBody, RoleBody},
    organizations::NameBody,
    path::{Id, OfMember},
    problem::{Kind, Problem},
    schema::Text,
    time::rfc3339,
};
use actix_web::web::Data;
use bailiwick_application::{members::WantedRole, once::Once, ports::HeldRole, projects::Projects};
use bailiwick_domain::{
    MemberId, Name, ProjectId, TenantId, Timestamp, UserId,
    access::{
        Actor,
        action::{CreateProject, DeleteProject, ReadProject, ShareProject, UpdateProject},
    },
    member::Member,
    project::Project,
    role::BuiltIn,
    user::EmailAddress,
};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Project")]
pub(crate) struct ProjectBody {
    #[schemars(with = "Text<ProjectId>")]
    id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    #[schemars(with = "Text<TenantId>")]
    organization_id: String,
    #[schemars(with = "Text<Actor>")]
    created_by: String,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
    #[schemars(with = "Text<Timestamp>")]
    updated_at: String,
}

impl From<&Project> for ProjectBody {
    fn from(project: &Project) -> Self {
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
    key: IdempotencyKey,
    Valid(body): Valid<NameBody>,
) -> Result<Created<ProjectBody>, Problem> {
    let answer = |project: &Project| Json(ProjectBody::from(project));
    let (name, once) = (parsed(&body.name)?, key.once(answer));
    let project = projects.create(&permit, name, once).await?;
    Ok(answer(&project))
}

pub(crate) async fn list(
    claim: Claimed<ReadProject>,
    projects: Data<Projects>,
    part: Part<ProjectId>,
) -> Result<Listed<ProjectBody>, Problem> {
    let slice = projects.list(&claim, &part.page).await?;
    Ok(part.answer(
        slice,
        |project| project.id,
        |project| ProjectBody::from(&project),
    ))
}

pub(crate) async fn read(
    claim: Claimed<ReadProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
) -> Result<Found<ProjectBody>, Problem> {
    let project = projects.read(&claim, id).await?.ok_or(Kind::NotFound)?;
    Ok(Json(ProjectBody::from(&project)))
}

pub(crate) async fn rename(
    claim: Claimed<UpdateProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
    Valid(body): Valid<NameBody>,
) -> Result<Found<ProjectBody>, Problem> {
    let project = projects
        .rename(&claim, id, parsed(&body.name)?)
        .await?
        .ok_or(Kind::NotFound)?;
    Ok(Json(ProjectBody::from(&project)))
}

pub(crate) async fn delete(
    claim: Claimed<DeleteProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
) -> Result<NoContent, Problem> {
    projects.delete(&claim, id).await?.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

/// Who has roles on a project.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProjectMember")]
pub(crate) struct ProjectMemberBody {
    #[schemars(with = "Text<MemberId>")]
    member_id: String,
    #[schemars(with = "Text<UserId>")]
    user_id: String,
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    roles: Vec<AssignmentBody>,
}

pub(crate) async fn members(
    claim: Claimed<ReadProject>,
    asking: Asking,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
    part: Part<MemberId>,
) -> Result<Listed<ProjectMemberBody>, Problem> {
    let slice = projects.members(&claim, id, &part.page).await?;
    let slice = slice.ok_or(Kind::NotFound)?;
    Ok(part.answer(
        slice,
        |row| row.member.id,
        |row| {
            let roles = row.roles.iter();
            let roles = roles.map(|role| AssignmentBody::of(role, asking.now()));
            ProjectMemberBody {
                member_id: row.member.id.to_string(),
                user_id: row.member.user.to_string(),
                email: row.email.to_string(),
                name: row.name.to_string(),
                roles: roles.collect(),
            }
        },
    ))
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Share")]
pub(crate) struct ShareBody {
    #[garde(custom(parses::<MemberId, _>))]
    #[schemars(with = "Text<MemberId>")]
    member_id: String,
    /// Without any, the member may see the project.
    #[garde(length(min = 1, max = Member::MAX_ROLES), dive)]
    roles: Option<Vec<RoleBody>>,
}

/// What a member has on a project.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Shared")]
pub(crate) struct SharedBody {
    #[schemars(with = "Text<ProjectId>")]
    project_id: String,
    #[schemars(with = "Text<MemberId>")]
    member_id: String,
    roles: Vec<AssignmentBody>,
}

pub(crate) async fn share(
    claim: Claimed<ShareProject>,
    asking: Asking,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
    key: IdempotencyKey,
    Valid(body): Valid<ShareBody>,
) -> Result<Created<SharedBody>, Problem> {
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
    let now = asking.now();
    let answer = move |roles: &[HeldRole]| {
        let roles = roles.iter().map(|role| AssignmentBody::of(role, now));
        Json(SharedBody {
            project_id: id.to_string(),
            member_id: member.to_string(),
            roles: roles.collect(),
        })
    };
    let once = key.once(answer);
    let shared = projects.share(&claim, id, member, &wanted, once).await?;
    Ok(answer(&shared.ok_or(Kind::NotFound)?))
}

pub(crate) async fn unshare(
    claim: Claimed<ShareProject>,
    projects: Data<Projects>,
    Id(id): Id<ProjectId>,
    OfMember(member): OfMember,
) -> Result<NoContent, Problem> {
    let once = Once::unkeyed();
    let none = projects.share(&claim, id, member, &[], once).await?;
    none.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}
