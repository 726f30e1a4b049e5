//! Roles over HTTP, and the catalogue of what they can hold.

use crate::{
    access::{Guard, SignedIn},
    answer::{Created, Found, Json, NoContent, Tagged},
    body::{Valid, parsed, parses, parses_if_any},
    idempotency::IdempotencyKey,
    list::{List, Listed, Parameters, Part, text},
    openapi::Description,
    path::Id,
    precondition::{IfMatch, IfMatchAny},
    problem::{Kind, Problem},
    reads::Reads,
    schema::{GrantName, IncludedName, Text},
};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use bailiwick_application::{
    access::catalogue,
    roles::{Roles, WantedRole},
};
use bailiwick_domain::{
    Name, RoleId,
    access::{
        Catalogue, Grants, Level, Permission, Risk,
        action::{CreateRole, DeleteRole, ListRoles, UpdateRole},
    },
    role::{Role, RoleBook},
};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::future::{Ready, ready};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Role")]
pub(crate) struct RoleBody {
    #[schemars(with = "Text<RoleId>")]
    id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    built_in: bool,
    /// What it holds by itself.
    permissions: Vec<String>,
    includes: Vec<NamedBody>,
    /// What it holds, and what the roles hold that it includes.
    effective_permissions: Vec<String>,
}

/// A role as other answers mention it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RoleReference")]
pub(crate) struct NamedBody {
    #[schemars(with = "Text<RoleId>")]
    id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
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

/// The role as other answers mention it.
pub(crate) fn named(role: &Role) -> NamedBody {
    NamedBody {
        id: role.id.to_string(),
        name: role.name.to_string(),
    }
}

pub(crate) fn spelled(grants: &Grants) -> Vec<String> {
    grants.iter().map(|grant| grant.to_string()).collect()
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRole")]
pub(crate) struct CreateBody {
    #[garde(custom(parses::<Name, _>))]
    #[schemars(with = "Text<Name>")]
    name: String,
    /// Names of permissions, or patterns of them.
    #[garde(length(max = 200), inner(length(bytes, max = GrantName::MAX)))]
    #[schemars(with = "Vec<Text<GrantName>>")]
    permissions: Vec<String>,
    #[garde(length(max = 20), inner(length(chars, max = IncludedName::MAX)))]
    #[schemars(with = "Vec<Text<IncludedName>>")]
    #[serde(default)]
    includes: Vec<String>,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RoleChange")]
pub(crate) struct ChangeBody {
    #[garde(custom(parses_if_any::<Name>))]
    #[schemars(with = "Option<Text<Name>>")]
    name: Option<String>,
    #[garde(inner(length(max = 200), inner(length(bytes, max = GrantName::MAX))))]
    #[schemars(with = "Option<Vec<Text<GrantName>>>", extend("maxItems" = 200))]
    permissions: Option<Vec<String>>,
    #[garde(inner(length(max = 20), inner(length(chars, max = IncludedName::MAX))))]
    #[schemars(with = "Option<Vec<Text<IncludedName>>>", extend("maxItems" = 20))]
    includes: Option<Vec<String>>,
}

pub(crate) async fn list(
    permit: Guard<ListRoles>,
    roles: Data<Roles>,
    part: Part<RoleId>,
) -> Result<Listed<RoleBody>, Problem> {
    let book = roles.list(&permit).await?;
    let slice = part.of(book.iter().collect(), |role| role.id);
    Ok(part.answer(slice, |role| role.id, |role| RoleBody::of(role, &book)))
}

pub(crate) async fn read(
    permit: Guard<ListRoles>,
    roles: Data<Roles>,
    Id(id): Id<RoleId>,
) -> Result<Tagged<Found<RoleBody>>, Problem> {
    let book = roles.list(&permit).await?;
    let role = book.get(id).ok_or(Kind::NotFound)?;
    Ok(answer(role, &book))
}

pub(crate) async fn create(
    permit: Guard<CreateRole>,
    roles: Data<Roles>,
    key: IdempotencyKey,
    Valid(body): Valid<CreateBody>,
) -> Result<Tagged<Created<RoleBody>>, Problem> {
    let wanted = WantedRole {
        name: None,
        permissions: Some(body.permissions),
        includes: Some(body.includes),
    };
    let created = |(role, book): &(Role, RoleBook)| answer(role, book);
    let (name, once) = (parsed(&body.name)?, key.once(created));
    Ok(created(&roles.create(&permit, name, wanted, once).await?))
}

/// Changes what is named.
pub(crate) async fn change(
    permit: Guard<UpdateRole>,
    roles: Data<Roles>,
    Id(id): Id<RoleId>,
    IfMatch(expected): IfMatch,
    Valid(body): Valid<ChangeBody>,
) -> Result<Tagged<Found<RoleBody>>, Problem> {
    let wanted = WantedRole {
        name: body.name.as_deref().map(parsed).transpose()?,
        permissions: body.permissions,
        includes: body.includes,
    };
    let changed = roles.change(&permit, id, wanted, &expected).await?;
    let (role, book) = changed.ok_or(Kind::NotFound)?;
    Ok(answer(&role, &book))
}

/// Changes all of it: what is not named is empty.
pub(crate) async fn replace(
    permit: Guard<UpdateRole>,
    roles: Data<Roles>,
    Id(id): Id<RoleId>,
    IfMatch(expected): IfMatch,
    Valid(body): Valid<CreateBody>,
) -> Result<Tagged<Found<RoleBody>>, Problem> {
    let wanted = WantedRole {
        name: Some(parsed(&body.name)?),
        permissions: Some(body.permissions),
        includes: Some(body.includes),
    };
    let changed = roles.change(&permit, id, wanted, &expected).await?;
    let (role, book) = changed.ok_or(Kind::NotFound)?;
    Ok(answer(&role, &book))
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

    fn describe(description: &mut Description<'_>) {
        let what = "The role, by name or id, that takes the place of the one that is deleted.";
        description.query("reassign_to", what, &text());
    }
}

pub(crate) async fn delete(
    permit: Guard<DeleteRole>,
    roles: Data<Roles>,
    Id(id): Id<RoleId>,
    IfMatchAny(expected): IfMatchAny,
    ReassignTo(replacement): ReassignTo,
) -> Result<NoContent, Problem> {
    let replacement = replacement.as_deref();
    let deleted = roles.delete(&permit, id, replacement, &expected).await?;
    deleted.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

fn answer<const STATUS: u16>(role: &Role, book: &RoleBook) -> Tagged<Json<STATUS, RoleBody>> {
    Tagged(role.version, Json(RoleBody::of(role, book)))
}

/// One thing that can be permitted.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PermissionDescription")]
pub(crate) struct PermissionBody {
    #[schemars(with = "Text<Permission>")]
    name: &'static str,
    #[schemars(with = "Text<Level>")]
    scope: &'static str,
    writes: bool,
    #[schemars(extend("enum" = ["low", "medium", "high"]))]
    risk: &'static str,
    description: &'static str,
    /// Can it be held for one's own things alone?
    own: bool,
    /// Can roles of an organization hold it?
    assignable: bool,
}

/// What can be permitted at all: the same for everybody.
pub(crate) async fn permissions(_: SignedIn) -> Found<List<PermissionBody>> {
    let all = catalogue().map(|(permission, on_offer)| PermissionBody {
        name: permission.name(),
        scope: permission.reach().level.name(),
        writes: permission.reach().writes,
        risk: risk(permission),
        description: permission.description(),
        own: permission.is_ownable(),
        assignable: on_offer,
    });
    Json(List::whole(all.collect()))
}

fn risk(permission: Permission) -> &'static str {
    match permission.risk() {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    }
}
