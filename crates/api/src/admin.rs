//! How an organization stands, over HTTP.

use crate::{
    access::{Asking, Guard},
    audit::AuditBody,
    list::Part,
    members::MemberBody,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::admin::Admin;
use bailiwick_domain::{MemberId, access::action::Oversee};
use serde_json::json;

pub(crate) async fn overview(
    permit: Guard<Oversee>,
    admin: Data<Admin>,
) -> Result<HttpResponse, Problem> {
    let overview = admin.overview(&permit).await?;
    Ok(HttpResponse::Ok().json(json!({
        "members": {
            "active": overview.active_members,
            "suspended": overview.suspended_members,
            "owners": overview.owners,
        },
        "pending_invitations": overview.pending_invitations,
        "projects": overview.projects,
        "custom_roles": overview.custom_roles,
    })))
}

pub(crate) async fn attention(
    permit: Guard<Oversee>,
    asking: Asking,
    admin: Data<Admin>,
    part: Part<MemberId>,
) -> Result<HttpResponse, Problem> {
    let slice = admin.attention(&permit, &part.page).await?;
    Ok(part.answer(
        slice,
        |(row, _)| row.member.id,
        |(row, concerns)| {
            let concerns = concerns.into_iter().map(|concern| concern.name());
            json!({
                "member": MemberBody::of(&row, asking.now()),
                "concerns": concerns.collect::<Vec<_>>(),
            })
        },
    ))
}

pub(crate) async fn refusals(
    permit: Guard<Oversee>,
    admin: Data<Admin>,
) -> Result<HttpResponse, Problem> {
    let refusals = admin.refusals(&permit).await?;
    let data = refusals.into_iter().map(AuditBody::from);
    Ok(HttpResponse::Ok().json(json!({
        "data": data.collect::<Vec<_>>(),
        "next_cursor": null,
    })))
}
