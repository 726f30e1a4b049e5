//! The platform over HTTP, for its operators.

use crate::{
    access::Guard,
    answer::{Found, Json, NoContent},
    body::{Valid, ascii_host, parsed, parses},
    list::{Filter, Listed, Parameters, Part, invalid},
    openapi::Description,
    path::Id,
    problem::{Kind, Problem},
    schema::Text,
    time::rfc3339,
};
use actix_web::web::Data;
use bailiwick_application::{
    platform::{Platform, Turn},
    ports::{TenantRow, UserRow},
};
use bailiwick_domain::{
    Name, TenantId, Timestamp, UserId,
    access::action::{ListTenants, ListUsers, SuspendTenant, SuspendUser},
    tenant::{Slug, TenantStatus},
    user::EmailAddress,
};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why: whoever is concerned reads it in their audit trail.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WithReason")]
pub(crate) struct ReasonBody {
    #[garde(custom(parses::<Name, _>))]
    #[schemars(with = "Text<Name>")]
    reason: String,
}

/// An organization from outside.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PlatformOrganization")]
pub(crate) struct TenantBody {
    #[schemars(with = "Text<TenantId>")]
    id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    #[schemars(with = "Text<Slug>")]
    slug: String,
    #[schemars(with = "Text<TenantStatus>")]
    status: &'static str,
    members: u64,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
}

impl TenantBody {
    fn of(row: &TenantRow) -> Self {
        let tenant = &row.tenant;
        Self {
            id: tenant.id.to_string(),
            name: tenant.name.to_string(),
            slug: tenant.slug.to_string(),
            status: tenant.status.name(),
            members: row.members,
            created_at: rfc3339(tenant.created_at),
        }
    }
}

/// An account as operators see it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PlatformAccount")]
pub(crate) struct UserBody {
    #[schemars(with = "Text<UserId>")]
    id: String,
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    #[schemars(extend("enum" = ["active", "suspended"]))]
    status: &'static str,
    email_verified: bool,
    operator: bool,
    organizations: u64,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
}

impl UserBody {
    fn of(row: &UserRow) -> Self {
        let user = &row.user;
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            name: user.name.to_string(),
            status: match user.is_active() {
                true => "active",
                false => "suspended",
            },
            email_verified: user.verified_at.is_some(),
            operator: row.operator,
            organizations: row.organizations,
            created_at: rfc3339(user.created_at),
        }
    }
}

pub(crate) async fn tenants(
    permit: Guard<ListTenants>,
    platform: Data<Platform>,
    part: Part<TenantId>,
) -> Result<Listed<TenantBody>, Problem> {
    let slice = platform.tenants(&permit, &part.page).await?;
    Ok(part.answer(slice, |row| row.tenant.id, |row| TenantBody::of(&row)))
}

pub(crate) async fn tenant(
    permit: Guard<ListTenants>,
    platform: Data<Platform>,
    Id(id): Id<TenantId>,
) -> Result<Found<TenantBody>, Problem> {
    let row = platform.tenant(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(Json(TenantBody::of(&row)))
}

pub(crate) async fn suspend_tenant(
    permit: Guard<SuspendTenant>,
    platform: Data<Platform>,
    Id(id): Id<TenantId>,
    Valid(body): Valid<ReasonBody>,
) -> Result<NoContent, Problem> {
    turn_tenant(&permit, &platform, id, Turn::Suspend, &body).await
}

pub(crate) async fn resume_tenant(
    permit: Guard<SuspendTenant>,
    platform: Data<Platform>,
    Id(id): Id<TenantId>,
    Valid(body): Valid<ReasonBody>,
) -> Result<NoContent, Problem> {
    turn_tenant(&permit, &platform, id, Turn::Resume, &body).await
}

async fn turn_tenant(
    permit: &Guard<SuspendTenant>,
    platform: &Platform,
    id: TenantId,
    turn: Turn,
    body: &ReasonBody,
) -> Result<NoContent, Problem> {
    let reason = parsed(&body.reason)?;
    let turned = platform.turn_tenant(permit, id, turn, reason).await?;
    turned.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

/// Which accounts a list shows.
pub(crate) struct UsersWanted(Option<EmailAddress>);

impl Filter for UsersWanted {
    fn take(query: &mut Parameters) -> Result<Self, Problem> {
        let email = query.take("email").map(|email| ascii_host(&email).parse());
        let email = email.transpose();
        Ok(Self(email.map_err(|error| invalid("email", error))?))
    }

    fn describe(description: &mut Description<'_>) {
        let email = description.read::<Text<EmailAddress>>();
        description.query("email", "Only the one with this address.", &email);
    }
}

pub(crate) async fn users(
    permit: Guard<ListUsers>,
    platform: Data<Platform>,
    part: Part<UserId, UsersWanted>,
) -> Result<Listed<UserBody>, Problem> {
    let UsersWanted(email) = &part.filter;
    let slice = platform.users(&permit, email.as_ref(), &part.page).await?;
    Ok(part.answer(slice, |row| row.user.id, |row| UserBody::of(&row)))
}

pub(crate) async fn user(
    permit: Guard<ListUsers>,
    platform: Data<Platform>,
    Id(id): Id<UserId>,
) -> Result<Found<UserBody>, Problem> {
    let row = platform.user(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(Json(UserBody::of(&row)))
}

pub(crate) async fn suspend_user(
    permit: Guard<SuspendUser>,
    platform: Data<Platform>,
    Id(id): Id<UserId>,
    Valid(body): Valid<ReasonBody>,
) -> Result<NoContent, Problem> {
    let reason = parsed(&body.reason)?;
    let turned = platform
        .turn_user(&permit, id, Turn::Suspend, reason)
        .await?;
    turned.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

pub(crate) async fn resume_user(
    permit: Guard<SuspendUser>,
    platform: Data<Platform>,
    Id(id): Id<UserId>,
    Valid(body): Valid<ReasonBody>,
) -> Result<NoContent, Problem> {
    let reason = parsed(&body.reason)?;
    let turned = platform
        .turn_user(&permit, id, Turn::Resume, reason)
        .await?;
    turned.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}
