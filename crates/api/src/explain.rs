//! Explanations over HTTP.

use crate::{
    access::SignedIn,
    body::{Valid, parsed, parses, parses_if_any},
    problem::Problem,
    roles::named,
    time::rfc3339,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::access::{Access, Answer, Question};
use bailiwick_domain::{
    MemberId, ProjectId, RoleId,
    access::{Decision, Extent, Path, Permission},
};
use garde::Validate;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainBody {
    #[garde(custom(parses::<Permission, _>))]
    permission: String,
    #[garde(custom(parses_if_any::<MemberId>))]
    member_id: Option<String>,
    #[garde(custom(parses_if_any::<ProjectId>))]
    project_id: Option<String>,
}

pub(crate) async fn explain(
    caller: SignedIn,
    access: Data<Access>,
    Valid(body): Valid<ExplainBody>,
) -> Result<HttpResponse, Problem> {
    let question = Question {
        permission: parsed(&body.permission)?,
        member: body.member_id.as_deref().map(parsed).transpose()?,
        project: body.project_id.as_deref().map(parsed).transpose()?,
    };
    let answer = access.explain(&caller, question).await?;
    let explanation = &answer.explanation;
    let paths = explanation.paths.iter().map(|path| way(&answer, path));
    let nearest = answer.nearest.iter().filter_map(|id| answer.book.get(*id));
    let grantors = answer
        .grantors
        .iter()
        .map(|row| json!({ "member_id": row.member.id.to_string(), "name": row.name.as_str() }));
    Ok(HttpResponse::Ok().json(json!({
        "permission": body.permission,
        "member_id": answer.member.to_string(),
        "project_id": body.project_id,
        "decision": match explanation.decision {
            Decision::Permit => "permit",
            Decision::Deny(_) => "deny",
        },
        "reason": explanation.reason.map(|reason| reason.name()),
        "standing": {
            "organization": answer.standing.tenant_status.name(),
            "member": answer.standing.member_status.name(),
        },
        "paths": paths.collect::<Vec<_>>(),
        "nearest_roles": nearest.map(named).collect::<Vec<_>>(),
        "grantors": grantors.collect::<Vec<_>>(),
    })))
}

/// From the role that was given to the one that holds the permission.
fn way(answer: &Answer, path: &Path) -> Value {
    let name = |id: &RoleId| {
        let role = answer
            .book
            .get(*id)
            .or_else(|| answer.standing.roles.get(*id));
        role.map(|role| role.name.to_string())
    };
    let assignment = path.assignment;
    json!({
        "role_id": assignment.role.to_string(),
        "roles": path.roles.iter().filter_map(name).collect::<Vec<_>>(),
        "scope": if assignment.project.is_some() { "project" } else { "organization" },
        "project_id": assignment.project.map(|project| project.to_string()),
        "extent": match path.grant.extent {
            Extent::All => "all",
            Extent::Own => "own",
        },
        "expires_at": assignment.expires_at.map(rfc3339),
        "live": path.live,
    })
}
