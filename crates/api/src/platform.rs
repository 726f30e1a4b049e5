//! The platform over HTTP, for its operators.

use crate::{
    access::Guard,
    body::{Valid, ascii_host, parsed, parses},
    list::{Filter, Parameters, Part, invalid},
    path::Id,
    problem::{Kind, Problem},
    time::rfc3339,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::{
    platform::{Platform, Turn},
    ports::{TenantRow, UserRow},
};
use bailiwick_domain::{
    Name, TenantId, UserId,
    access::action::{ListTenants, ListUsers, SuspendTenant, SuspendUser},
    user::EmailAddress,
};
use garde::Validate;
use serde::Deserialize;
use serde_json::{Value, json};

/// Why: whoever is concerned reads it in their audit trail.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonBody {
    #[garde(custom(parses::<Name, _>))]
    reason: String,
}

fn tenant_body(row: &TenantRow) -> Value {
    let tenant = &row.tenant;
    json!({
        "id": tenant.id.to_string(),
        "name": tenant.name.as_str(),
        "slug": tenant.slug.as_str(),
        "status": tenant.status.name(),
        "members": row.members,
        "created_at": rfc3339(tenant.created_at),
    })
}

fn user_body(row: &UserRow) -> Value {
    let user = &row.user;
    json!({
        "id": user.id.to_string(),
        "email": user.email.as_str(),
        "name": user.name.as_str(),
        "status": if user.is_active() { "active" } else { "suspended" },
        "email_verified": user.verified_at.is_some(),
        "operator": row.operator,
        "organizations": row.organizations,
        "created_at": rfc3339(user.created_at),
    })
}

pub(crate) async fn tenants(
    permit: Guard<ListTenants>,
    platform: Data<Platform>,
    part: Part<TenantId>,
) -> Result<HttpResponse, Problem> {
    let slice = platform.tenants(&permit, &part.page).await?;
    Ok(part.answer(slice, |row| row.tenant.id, |row| tenant_body(&row)))
}

pub(crate) async fn tenant(
    permit: Guard<ListTenants>,
    platform: Data<Platform>,
    Id(id): Id<TenantId>,
) -> Result<HttpResponse, Problem> {
    let row = platform.tenant(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(tenant_body(&row)))
}

pub(crate) async fn suspend_tenant(
    permit: Guard<SuspendTenant>,
    platform: Data<Platform>,
    Id(id): Id<TenantId>,
    Valid(body): Valid<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    turn_tenant(&permit, &platform, id, Turn::Suspend, &body).await
}

pub(crate) async fn resume_tenant(
    permit: Guard<SuspendTenant>,
    platform: Data<Platform>,
    Id(id): Id<TenantId>,
    Valid(body): Valid<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    turn_tenant(&permit, &platform, id, Turn::Resume, &body).await
}

async fn turn_tenant(
    permit: &Guard<SuspendTenant>,
    platform: &Platform,
    id: TenantId,
    turn: Turn,
    body: &ReasonBody,
) -> Result<HttpResponse, Problem> {
    let reason = parsed(&body.reason)?;
    let turned = platform.turn_tenant(permit, id, turn, reason).await?;
    turned.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which accounts a list shows.
pub(crate) struct UsersWanted(Option<EmailAddress>);

impl Filter for UsersWanted {
    fn take(query: &mut Parameters) -> Result<Self, Problem> {
        let email = query.take("email").map(|email| ascii_host(&email).parse());
        let email = email.transpose();
        Ok(Self(email.map_err(|error| invalid("email", error))?))
    }
}

pub(crate) async fn users(
    permit: Guard<ListUsers>,
    platform: Data<Platform>,
    part: Part<UserId, UsersWanted>,
) -> Result<HttpResponse, Problem> {
    let UsersWanted(email) = &part.filter;
    let slice = platform.users(&permit, email.as_ref(), &part.page).await?;
    Ok(part.answer(slice, |row| row.user.id, |row| user_body(&row)))
}

pub(crate) async fn user(
    permit: Guard<ListUsers>,
    platform: Data<Platform>,
    Id(id): Id<UserId>,
) -> Result<HttpResponse, Problem> {
    let row = platform.user(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(user_body(&row)))
}

pub(crate) async fn suspend_user(
    permit: Guard<SuspendUser>,
    platform: Data<Platform>,
    Id(id): Id<UserId>,
    Valid(body): Valid<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    let reason = parsed(&body.reason)?;
    let turned = platform
        .turn_user(&permit, id, Turn::Suspend, reason)
        .await?;
    turned.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn resume_user(
    permit: Guard<SuspendUser>,
    platform: Data<Platform>,
    Id(id): Id<UserId>,
    Valid(body): Valid<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    let reason = parsed(&body.reason)?;
    let turned = platform
        .turn_user(&permit, id, Turn::Resume, reason)
        .await?;
    turned.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}
