//! Explanations over HTTP.

use crate::{
    access::SignedIn,
    answer::{Found, Json},
    body::{Valid, parsed, parses, parses_if_any},
    problem::Problem,
    roles::{NamedBody, named},
    schema::Text,
    time::rfc3339,
};
use actix_web::web::Data;
use bailiwick_application::access::{Access, Answer, Question};
use bailiwick_domain::{
    MemberId, Name, ProjectId, RoleId, Timestamp,
    access::{Decision, Extent, Path, Permission, Reason},
    member::MemberStatus,
    tenant::TenantStatus,
};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Question")]
pub(crate) struct ExplainBody {
    #[garde(custom(parses::<Permission, _>))]
    #[schemars(with = "Text<Permission>")]
    permission: String,
    #[garde(custom(parses_if_any::<MemberId>))]
    #[schemars(with = "Option<Text<MemberId>>")]
    member_id: Option<String>,
    #[garde(custom(parses_if_any::<ProjectId>))]
    #[schemars(with = "Option<Text<ProjectId>>")]
    project_id: Option<String>,
}

/// What the policy says, and why.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Explanation")]
pub(crate) struct ExplanationBody {
    #[schemars(with = "Text<Permission>")]
    permission: String,
    #[schemars(with = "Text<MemberId>")]
    member_id: String,
    #[schemars(with = "Option<Text<ProjectId>>")]
    project_id: Option<String>,
    #[schemars(extend("enum" = ["permit", "deny"]))]
    decision: &'static str,
    #[schemars(with = "Option<Text<Reason>>")]
    reason: Option<&'static str>,
    standing: StandingBody,
    /// The ways from a role that was given to one that holds the permission.
    paths: Vec<PathBody>,
    /// The roles that would allow it, those that hold the least first.
    nearest_roles: Vec<NamedBody>,
    /// Some of those who could give one of them.
    grantors: Vec<GrantorBody>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Standing")]
struct StandingBody {
    #[schemars(with = "Text<TenantStatus>")]
    organization: &'static str,
    #[schemars(with = "Text<MemberStatus>")]
    member: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Path")]
struct PathBody {
    #[schemars(with = "Text<RoleId>")]
    role_id: String,
    #[schemars(with = "Vec<Text<Name>>")]
    roles: Vec<String>,
    #[schemars(extend("enum" = ["organization", "project"]))]
    scope: &'static str,
    #[schemars(with = "Option<Text<ProjectId>>")]
    project_id: Option<String>,
    #[schemars(extend("enum" = ["all", "own"]))]
    extent: &'static str,
    #[schemars(with = "Option<Text<Timestamp>>")]
    expires_at: Option<String>,
    /// Does it count at this moment?
    live: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Grantor")]
struct GrantorBody {
    #[schemars(with = "Text<MemberId>")]
    member_id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
}

pub(crate) async fn explain(
    caller: SignedIn,
    access: Data<Access>,
    Valid(body): Valid<ExplainBody>,
) -> Result<Found<ExplanationBody>, Problem> {
    let question = Question {
        permission: parsed(&body.permission)?,
        member: body.member_id.as_deref().map(parsed).transpose()?,
        project: body.project_id.as_deref().map(parsed).transpose()?,
    };
    let answer = access.explain(&caller, question).await?;
    let explanation = &answer.explanation;
    let paths = explanation.paths.iter().map(|path| way(&answer, path));
    let nearest = answer.nearest.iter().filter_map(|id| answer.book.get(*id));
    let grantors = answer.grantors.iter().map(|row| GrantorBody {
        member_id: row.member.id.to_string(),
        name: row.name.to_string(),
    });
    Ok(Json(ExplanationBody {
        permission: body.permission,
        member_id: answer.member.to_string(),
        project_id: body.project_id,
        decision: match explanation.decision {
            Decision::Permit => "permit",
            Decision::Deny(_) => "deny",
        },
        reason: explanation.reason.map(Reason::name),
        standing: StandingBody {
            organization: answer.standing.tenant_status.name(),
            member: answer.standing.member_status.name(),
        },
        paths: paths.collect(),
        nearest_roles: nearest.map(named).collect(),
        grantors: grantors.collect(),
    }))
}

/// From the role that was given to the one that holds the permission.
fn way(answer: &Answer, path: &Path) -> PathBody {
    let name = |id: &RoleId| {
        let role = answer
            .book
            .get(*id)
            .or_else(|| answer.standing.roles.get(*id));
        role.map(|role| role.name.to_string())
    };
    let assignment = path.assignment;
    PathBody {
        role_id: assignment.role.to_string(),
        roles: path.roles.iter().filter_map(name).collect(),
        scope: match assignment.project {
            Some(_) => "project",
            None => "organization",
        },
        project_id: assignment.project.map(|project| project.to_string()),
        extent: match path.grant.extent {
            Extent::All => "all",
            Extent::Own => "own",
        },
        expires_at: assignment.expires_at.map(rfc3339),
        live: path.live,
    }
}
