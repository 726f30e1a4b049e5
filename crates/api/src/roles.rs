//! Roles over HTTP, and the catalogue of what they can hold.

use crate::{
    access::{Guard, SignedIn},
    body::{Valid, parsed, parses, parses_if_any},
    list::{Parameters, Part},
    path::Id,
    precondition::{IfMatch, IfMatchAny, etag},
    problem::{Kind, Problem},
    reads::Reads,
};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web::Data};
use bailiwick_application::{
    access::catalogue,
    roles::{Roles, WantedRole},
};
use bailiwick_domain::{
    Name, RoleId,
    access::{
        Catalogue, Grants, Permission, Risk,
        action::{CreateRole, DeleteRole, ListRoles, UpdateRole},
    },
    role::{Role, RoleBook},
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::future::{Ready, ready};

#[derive(Serialize)]
struct RoleBody {
    id: String,
    name: String,
    built_in: bool,
    permissions: Vec<String>,
    includes: Vec<Value>,
    effective_permissions: Vec<String>,
}

impl RoleBody {
    fn of(role: &Role, book: &RoleBook) -> Self {
        let included = role.includes.iter().filter_map(|id| book.get(*id));
        Self {
            id: role.id.to_string(),
            name: role.name.to_string(),
            built_in: role.built_in.is_some(),
            permissions: spelled(&role.grants),
            includes: included.map(named).collect(),
            effective_permissions: spelled(&book.effective(role.id)),
        }
    }
}

/// A role as other answers mention it.
pub(crate) fn named(role: &Role) -> Value {
    json!({ "id": role.id.to_string(), "name": role.name.as_str() })
}

pub(crate) fn spelled(grants: &Grants) -> Vec<String> {
    grants.iter().map(|grant| grant.to_string()).collect()
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    #[garde(custom(parses::<Name, _>))]
    name: String,
    #[garde(length(max = 200), inner(length(bytes, max = 100)))]
    permissions: Vec<String>,
    #[garde(length(max = 20), inner(length(chars, max = 200)))]
    #[serde(default)]
    includes: Vec<String>,
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    #[garde(custom(parses_if_any::<Name>))]
    name: Option<String>,
    #[garde(inner(length(max = 200), inner(length(bytes, max = 100))))]
    permissions: Option<Vec<String>>,
    #[garde(inner(length(max = 20), inner(length(chars, max = 200))))]
    includes: Option<Vec<String>>,
}

pub(crate) async fn list(
    permit: Guard<ListRoles>,
    roles: Data<Roles>,
    part: Part<RoleId>,
) -> Result<HttpResponse, Problem> {
    let book = roles.list(&permit).await?;
    let slice = part.of(book.iter().collect(), |role| role.id);
    Ok(part.answer(slice, |role| role.id, |role| RoleBody::of(role, &book)))
}

pub(crate) async fn read(
    permit: Guard<ListRoles>,
    roles: Data<Roles>,
    Id(id): Id<RoleId>,
) -> Result<HttpResponse, Problem> {
    let book = roles.list(&permit).await?;
    let role = book.get(id).ok_or(Kind::NotFound)?;
    Ok(answer(HttpResponse::Ok(), role, &book))
}

pub(crate) async fn create(
    permit: Guard<CreateRole>,
    roles: Data<Roles>,
    Valid(body): Valid<CreateBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = WantedRole {
        name: None,
        permissions: Some(body.permissions),
        includes: Some(body.includes),
    };
    let (role, book) = roles.create(&permit, parsed(&body.name)?, wanted).await?;
    Ok(answer(HttpResponse::Created(), &role, &book))
}

/// Changes what is named.
pub(crate) async fn change(
    permit: Guard<UpdateRole>,
    roles: Data<Roles>,
    Id(id): Id<RoleId>,
    IfMatch(expected): IfMatch,
    Valid(body): Valid<ChangeBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = WantedRole {
        name: body.name.as_deref().map(parsed).transpose()?,
        permissions: body.permissions,
        includes: body.includes,
    };
    let changed = roles.change(&permit, id, wanted, &expected).await?;
    let (role, book) = changed.ok_or(Kind::NotFound)?;
    Ok(answer(HttpResponse::Ok(), &role, &book))
}

/// Changes all of it: what is not named is empty.
pub(crate) async fn replace(
    permit: Guard<UpdateRole>,
    roles: Data<Roles>,
    Id(id): Id<RoleId>,
    IfMatch(expected): IfMatch,
    Valid(body): Valid<CreateBody>,
) -> Result<HttpResponse, Problem> {
    let wanted = WantedRole {
        name: Some(parsed(&body.name)?),
        permissions: Some(body.permissions),
        includes: Some(body.includes),
    };
    let changed = roles.change(&permit, id, wanted, &expected).await?;
    let (role, book) = changed.ok_or(Kind::NotFound)?;
    Ok(answer(HttpResponse::Ok(), &role, &book))
}

/// `?reassign_to=`: the role, by name or id, that takes the place of the one that is deleted.
pub(crate) struct ReassignTo(Option<String>);

impl FromRequest for ReassignTo {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Parameters::of(request).and_then(|mut query| {
            let role = query.text("reassign_to")?;
            query.done()?;
            Ok(Self(role))
        }))
    }
}

impl Reads for ReassignTo {
    const QUERY: bool = true;
}

pub(crate) async fn delete(
    permit: Guard<DeleteRole>,
    roles: Data<Roles>,
    Id(id): Id<RoleId>,
    IfMatchAny(expected): IfMatchAny,
    ReassignTo(replacement): ReassignTo,
) -> Result<HttpResponse, Problem> {
    let replacement = replacement.as_deref();
    let deleted = roles.delete(&permit, id, replacement, &expected).await?;
    deleted.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}

fn answer(mut head: actix_web::HttpResponseBuilder, role: &Role, book: &RoleBook) -> HttpResponse {
    head.insert_header(etag(role.version))
        .json(RoleBody::of(role, book))
}

/// What can be permitted at all: the same for everybody.
pub(crate) async fn permissions(_: SignedIn) -> HttpResponse {
    let data: Vec<_> = catalogue()
        .map(|(permission, on_offer)| {
            json!({
                "name": permission.name(),
                "scope": permission.reach().level.name(),
                "writes": permission.reach().writes,
                "risk": risk(permission),
                "description": permission.description(),
                "own": permission.is_ownable(),
                "assignable": on_offer,
            })
        })
        .collect();
    HttpResponse::Ok().json(json!({ "data": data, "next_cursor": null }))
}

fn risk(permission: Permission) -> &'static str {
    match permission.risk() {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    }
}
