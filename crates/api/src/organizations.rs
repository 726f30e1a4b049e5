//! Organizations over HTTP.

use crate::{
    access::{Asking, Guard, Membership, SignedIn},
    body::{Object, Valid, domain, is_domain, parsed, parses, parses_if_any},
    list::Part,
    members::{highest, live_names},
    precondition::{IfMatch, etag},
    problem::{Kind, Problem},
    time::rfc3339,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::{
    organizations::{Change, Organizations, Turn},
    ports::MembershipRow,
};
use bailiwick_domain::{
    MemberId, Name, TenantId, Timestamp,
    access::{
        AccountScope,
        action::{OwnOrganization, ReadOrganization, UpdateOrganization},
    },
    ownership::Offer,
    tenant::{Domain, Slug, Tenant},
};
use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameBody {
    #[garde(custom(parses::<Name, _>))]
    pub(crate) name: String,
}

#[derive(Serialize)]
struct OrganizationBody<'a> {
    id: String,
    name: &'a str,
    slug: &'a str,
    status: &'static str,
    settings: SettingsBody<'a>,
    created_at: String,
    updated_at: String,
    deleted_at: Option<String>,
    restorable_until: Option<String>,
}

#[derive(Serialize)]
struct SettingsBody<'a> {
    default_role: Option<&'a str>,
    allowed_domains: Vec<&'a str>,
    second_factor_required: bool,
}

impl<'a> OrganizationBody<'a> {
    fn of(tenant: &'a Tenant, default_role: Option<&'a Name>) -> Self {
        let until = tenant.restorable_until();
        Self {
            settings: SettingsBody {
                default_role: default_role.map(Name::as_str),
                allowed_domains: tenant
                    .settings
                    .allowed_domains
                    .iter()
                    .map(Domain::as_str)
                    .collect(),
                second_factor_required: tenant.settings.second_factor_required,
            },
            deleted_at: tenant.deleted_at.map(rfc3339),
            restorable_until: until.map(rfc3339),
            id: tenant.id.to_string(),
            name: tenant.name.as_str(),
            slug: tenant.slug.as_str(),
            status: tenant.status.name(),
            created_at: rfc3339(tenant.created_at),
            updated_at: rfc3339(tenant.updated_at),
        }
    }
}

/// One of the caller's own organizations.
#[derive(Serialize)]
pub(crate) struct MembershipBody {
    id: String,
    name: String,
    slug: String,
    status: &'static str,
    role: Option<&'static str>,
    roles: Vec<String>,
}

impl MembershipBody {
    pub(crate) fn of(row: &MembershipRow, now: Timestamp) -> Self {
        Self {
            status: row.tenant_status.name(),
            id: row.place.tenant.to_string(),
            name: row.name.to_string(),
            slug: row.slug.to_string(),
            role: highest(&row.roles, now),
            roles: live_names(&row.roles, now),
        }
    }
}

pub(crate) async fn found(
    caller: SignedIn,
    organizations: Data<Organizations>,
    Valid(body): Valid<NameBody>,
) -> Result<HttpResponse, Problem> {
    let founder = AccountScope::of_session(&caller.session);
    let tenant = organizations.found(founder, parsed(&body.name)?).await?;
    Ok(HttpResponse::Created().json(OrganizationBody::of(&tenant, None)))
}

pub(crate) async fn mine(
    caller: SignedIn,
    organizations: Data<Organizations>,
    part: Part<TenantId>,
) -> Result<HttpResponse, Problem> {
    let rows = organizations
        .mine(&AccountScope::of_session(&caller.session))
        .await?;
    let slice = part.of(rows, |row| row.place.tenant);
    Ok(part.answer(
        slice,
        |row| row.place.tenant,
        |row| MembershipBody::of(&row, caller.now),
    ))
}

pub(crate) async fn list_orgs(
    caller: SignedIn,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    let rows = organizations
        .mine(&AccountScope::of_session(&caller.session))
        .await?;
    let ids: Vec<_> = rows
        .iter()
        .map(|row| row.place.tenant.to_string())
        .collect();
    Ok(HttpResponse::Ok().json(json!({
        "email": caller.user.email.as_str(),
        "org_ids": ids,
        "organizations": rows.iter().map(|row| MembershipBody::of(row, caller.now)).collect::<Vec<_>>(),
    })))
}

pub(crate) async fn read(
    permit: Guard<ReadOrganization>,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    let found = organizations.read(&permit).await?;
    let (tenant, default_role) = found.ok_or(Kind::NotFound)?;
    Ok(answer(&tenant, default_role.as_ref()))
}

fn answer(tenant: &Tenant, default_role: Option<&Name>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(etag(tenant.version))
        .json(OrganizationBody::of(tenant, default_role))
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    #[garde(custom(parses_if_any::<Name>))]
    name: Option<String>,
    #[garde(custom(parses_if_any::<Slug>))]
    slug: Option<String>,
    #[garde(dive)]
    settings: Option<Object<ChangeSettingsBody>>,
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeSettingsBody {
    /// Absent stays as it is; null is none.
    #[garde(skip)]
    #[serde(default, deserialize_with = "present")]
    default_role: Option<Option<String>>,
    #[garde(inner(inner(inner(custom(is_domain)))))]
    #[serde(default, deserialize_with = "present")]
    allowed_domains: Option<Option<Vec<String>>>,
    #[garde(skip)]
    second_factor_required: Option<bool>,
}

/// Tells null from nothing.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    field: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(field).map(Some)
}

pub(crate) async fn change(
    permit: Guard<UpdateOrganization>,
    asking: Asking,
    organizations: Data<Organizations>,
    IfMatch(expected): IfMatch,
    Valid(body): Valid<ChangeBody>,
) -> Result<HttpResponse, Problem> {
    let mut change = Change {
        name: body.name.as_deref().map(parsed).transpose()?,
        slug: body.slug.as_deref().map(parsed).transpose()?,
        ..Change::default()
    };
    if let Some(Object(settings)) = body.settings {
        let domains = settings.allowed_domains.map(|domains| {
            let domains = domains.iter().flatten().map(|host| domain(host));
            domains.collect::<Result<Vec<_>, _>>()
        });
        change.allowed_domains = domains.transpose()?;
        change.default_role = settings.default_role;
        change.second_factor_required = settings.second_factor_required;
    }
    let shown = asking.person().is_some_and(|person| person.second_factor);
    let changed = organizations.change(&permit, change, &expected, shown);
    let (tenant, default_role) = changed.await?;
    Ok(answer(&tenant, default_role.as_ref()))
}

pub(crate) async fn suspend(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    turn(&permit, &organizations, Turn::Suspend).await
}

pub(crate) async fn resume(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    turn(&permit, &organizations, Turn::Resume).await
}

pub(crate) async fn delete(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    turn(&permit, &organizations, Turn::Delete).await
}

pub(crate) async fn restore(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    turn(&permit, &organizations, Turn::Restore).await
}

async fn turn(
    permit: &Guard<OwnOrganization>,
    organizations: &Organizations,
    turn: Turn,
) -> Result<HttpResponse, Problem> {
    let (tenant, default_role) = organizations.turn(permit, turn).await?;
    Ok(answer(&tenant, default_role.as_ref()))
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferBody {
    #[garde(custom(parses::<MemberId, _>))]
    member_id: String,
}

fn offer_body(offer: &Offer) -> serde_json::Value {
    json!({
        "organization_id": offer.tenant.to_string(),
        "from_member_id": offer.from.to_string(),
        "to_member_id": offer.to.to_string(),
        "created_at": rfc3339(offer.created_at),
        "expires_at": rfc3339(offer.expires_at),
    })
}

pub(crate) async fn offer(
    permit: Guard<ReadOrganization>,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    let offer = organizations.offer(&permit).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(offer_body(&offer)))
}

pub(crate) async fn offer_ownership(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
    Valid(body): Valid<TransferBody>,
) -> Result<HttpResponse, Problem> {
    let to = parsed(&body.member_id)?;
    let offer = organizations.offer_ownership(&permit, to).await?;
    let offer = offer.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Created().json(offer_body(&offer)))
}

pub(crate) async fn withdraw_offer(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    let withdrawn = organizations.withdraw_offer(&permit).await?;
    withdrawn.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn accept_ownership(
    membership: Membership,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    let accepted = organizations.accept_ownership(&membership).await?;
    accepted.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn decline_ownership(
    membership: Membership,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    let declined = organizations.decline_ownership(&membership).await?;
    declined.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}
