//! How an organization stands, over HTTP.

use crate::{
    access::{Asking, Guard},
    answer::{Found, Json},
    audit::AuditBody,
    list::{List, Listed, Part},
    members::MemberBody,
    problem::Problem,
    schema::Text,
};
use actix_web::web::Data;
use bailiwick_application::admin::{Admin, Concern};
use bailiwick_domain::{MemberId, access::action::Oversee};
use schemars::JsonSchema;
use serde::Serialize;

/// How many there are.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Overview")]
pub(crate) struct OverviewBody {
    members: MemberCounts,
    pending_invitations: u64,
    projects: u64,
    custom_roles: u64,
}

#[derive(Serialize, JsonSchema)]
struct MemberCounts {
    active: u64,
    suspended: u64,
    owners: u64,
}

pub(crate) async fn overview(
    permit: Guard<Oversee>,
    admin: Data<Admin>,
) -> Result<Found<OverviewBody>, Problem> {
    let overview = admin.overview(&permit).await?;
    Ok(Json(OverviewBody {
        members: MemberCounts {
            active: overview.active_members,
            suspended: overview.suspended_members,
            owners: overview.owners,
        },
        pending_invitations: overview.pending_invitations,
        projects: overview.projects,
        custom_roles: overview.custom_roles,
    }))
}

/// A member that wants to be looked at, and why.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Attention")]
pub(crate) struct AttentionBody {
    member: MemberBody,
    #[schemars(with = "Vec<Text<Concern>>")]
    concerns: Vec<&'static str>,
}

pub(crate) async fn attention(
    permit: Guard<Oversee>,
    asking: Asking,
    admin: Data<Admin>,
    part: Part<MemberId>,
) -> Result<Listed<AttentionBody>, Problem> {
    let slice = admin.attention(&permit, &part.page).await?;
    Ok(part.answer(
        slice,
        |(row, _)| row.member.id,
        |(row, concerns)| {
            let concerns = concerns.into_iter().map(|concern| concern.name());
            AttentionBody {
                member: MemberBody::of(&row, asking.now()),
                concerns: concerns.collect(),
            }
        },
    ))
}

pub(crate) async fn refusals(
    permit: Guard<Oversee>,
    admin: Data<Admin>,
) -> Result<Found<List<AuditBody>>, Problem> {
    let refusals = admin.refusals(&permit).await?;
    let data = refusals.into_iter().map(AuditBody::from);
    Ok(Json(List::whole(data.collect())))
}
