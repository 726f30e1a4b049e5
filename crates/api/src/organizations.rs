//! Organizations over HTTP.

use crate::{
    access::{Guard, SignedIn},
    accounts::{names, role},
    body::{Valid, parsed, parses},
    list::Part,
    problem::{Kind, Problem},
    time::rfc3339,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::{organizations::Organizations, ports::MembershipRow};
use bailiwick_domain::{
    Name, TenantId,
    access::{
        AccountScope,
        action::{ReadOrganization, RenameOrganization},
    },
    tenant::Tenant,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
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
    created_at: String,
    updated_at: String,
}

impl<'a> From<&'a Tenant> for OrganizationBody<'a> {
    fn from(tenant: &'a Tenant) -> Self {
        Self {
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
    role: Option<&'static str>,
    roles: Vec<String>,
}

impl From<&MembershipRow> for MembershipBody {
    fn from(row: &MembershipRow) -> Self {
        Self {
            id: row.place.tenant.to_string(),
            name: row.name.to_string(),
            slug: row.slug.to_string(),
            role: role(&row.roles),
            roles: names(&row.roles),
        }
    }
}

pub(crate) async fn found(
    caller: SignedIn,
    organizations: Data<Organizations>,
    Valid(body): Valid<NameBody>,
) -> Result<HttpResponse, Problem> {
    let founder = AccountScope::signed_in(&caller.principal);
    let tenant = organizations.found(founder, parsed(&body.name)?).await?;
    Ok(HttpResponse::Created().json(OrganizationBody::from(&tenant)))
}

pub(crate) async fn mine(
    caller: SignedIn,
    organizations: Data<Organizations>,
    part: Part<TenantId>,
) -> Result<HttpResponse, Problem> {
    let rows = organizations
        .mine(&AccountScope::signed_in(&caller.principal))
        .await?;
    let slice = part.of(rows, |row| row.place.tenant);
    Ok(part.answer(
        slice,
        |row| row.place.tenant,
        |row| MembershipBody::from(&row),
    ))
}

pub(crate) async fn list_orgs(
    caller: SignedIn,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    let rows = organizations
        .mine(&AccountScope::signed_in(&caller.principal))
        .await?;
    let ids: Vec<_> = rows
        .iter()
        .map(|row| row.place.tenant.to_string())
        .collect();
    Ok(HttpResponse::Ok().json(json!({
        "email": caller.user.email.as_str(),
        "org_ids": ids,
        "organizations": rows.iter().map(MembershipBody::from).collect::<Vec<_>>(),
    })))
}

pub(crate) async fn read(
    permit: Guard<ReadOrganization>,
    organizations: Data<Organizations>,
) -> Result<HttpResponse, Problem> {
    let tenant = organizations.read(&permit).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(OrganizationBody::from(&tenant)))
}

pub(crate) async fn rename(
    permit: Guard<RenameOrganization>,
    organizations: Data<Organizations>,
    Valid(body): Valid<NameBody>,
) -> Result<HttpResponse, Problem> {
    let tenant = organizations
        .rename(&permit, parsed(&body.name)?)
        .await?
        .ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(OrganizationBody::from(&tenant)))
}
