//! Organizations over HTTP.

use crate::{
    access::{Asking, Guard, Membership, SignedIn},
    answer::{Created, Found, Json, NoContent, Tagged},
    body::{Object, Valid, domain, is_domain, parsed, parses, parses_if_any},
    idempotency::IdempotencyKey,
    list::{Listed, Part},
    members::{highest, live_names},
    precondition::IfMatch,
    problem::{Kind, Problem},
    schema::Text,
    time::rfc3339,
};
use actix_web::web::Data;
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
    role::BuiltIn,
    tenant::{Domain, Settings, Slug, Tenant, TenantStatus},
    user::EmailAddress,
};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Naming")]
pub(crate) struct NameBody {
    #[garde(custom(parses::<Name, _>))]
    #[schemars(with = "Text<Name>")]
    pub(crate) name: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Organization")]
pub(crate) struct OrganizationBody {
    #[schemars(with = "Text<TenantId>")]
    id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    #[schemars(with = "Text<Slug>")]
    slug: String,
    #[schemars(with = "Text<TenantStatus>")]
    status: &'static str,
    settings: SettingsBody,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
    #[schemars(with = "Text<Timestamp>")]
    updated_at: String,
    #[schemars(with = "Option<Text<Timestamp>>")]
    deleted_at: Option<String>,
    #[schemars(with = "Option<Text<Timestamp>>")]
    restorable_until: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Settings")]
struct SettingsBody {
    /// What people get who are invited or added without a role; null is `member`.
    #[schemars(with = "Option<Text<Name>>")]
    default_role: Option<String>,
    /// Whose addresses may join; without any, all.
    #[schemars(with = "Vec<Text<Domain>>")]
    allowed_domains: Vec<String>,
    second_factor_required: bool,
}

impl OrganizationBody {
    fn of(tenant: &Tenant, default_role: Option<&Name>) -> Self {
        let until = tenant.restorable_until();
        let domains = tenant.settings.allowed_domains.iter();
        Self {
            settings: SettingsBody {
                default_role: default_role.map(Name::to_string),
                allowed_domains: domains.map(Domain::to_string).collect(),
                second_factor_required: tenant.settings.second_factor_required,
            },
            deleted_at: tenant.deleted_at.map(rfc3339),
            restorable_until: until.map(rfc3339),
            id: tenant.id.to_string(),
            name: tenant.name.to_string(),
            slug: tenant.slug.to_string(),
            status: tenant.status.name(),
            created_at: rfc3339(tenant.created_at),
            updated_at: rfc3339(tenant.updated_at),
        }
    }
}

/// One of the caller's own organizations.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Membership")]
pub(crate) struct MembershipBody {
    #[schemars(with = "Text<TenantId>")]
    id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    #[schemars(with = "Text<Slug>")]
    slug: String,
    #[schemars(with = "Text<TenantStatus>")]
    status: &'static str,
    /// The highest built-in role there.
    #[schemars(with = "Option<Text<BuiltIn>>")]
    role: Option<&'static str>,
    #[schemars(with = "Vec<Text<Name>>")]
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
    key: IdempotencyKey,
    Valid(body): Valid<NameBody>,
) -> Result<Created<OrganizationBody>, Problem> {
    let founder = AccountScope::of_session(&caller.session);
    let answer = |tenant: &Tenant| Json(OrganizationBody::of(tenant, None));
    let (name, once) = (parsed(&body.name)?, key.once(answer));
    let tenant = organizations.found(founder, name, once).await?;
    Ok(answer(&tenant))
}

pub(crate) async fn mine(
    caller: SignedIn,
    organizations: Data<Organizations>,
    part: Part<TenantId>,
) -> Result<Listed<MembershipBody>, Problem> {
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

/// All of the caller's own organizations.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Memberships")]
pub(crate) struct MembershipsBody {
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
    #[schemars(with = "Vec<Text<TenantId>>")]
    org_ids: Vec<String>,
    organizations: Vec<MembershipBody>,
}

pub(crate) async fn list_orgs(
    caller: SignedIn,
    organizations: Data<Organizations>,
) -> Result<Found<MembershipsBody>, Problem> {
    let rows = organizations
        .mine(&AccountScope::of_session(&caller.session))
        .await?;
    let ids = rows.iter().map(|row| row.place.tenant.to_string());
    let bodies = rows.iter().map(|row| MembershipBody::of(row, caller.now));
    Ok(Json(MembershipsBody {
        email: caller.user.email.to_string(),
        org_ids: ids.collect(),
        organizations: bodies.collect(),
    }))
}

/// The organization at its version.
type Organized = Tagged<Found<OrganizationBody>>;

pub(crate) async fn read(
    permit: Guard<ReadOrganization>,
    organizations: Data<Organizations>,
) -> Result<Organized, Problem> {
    let found = organizations.read(&permit).await?;
    let (tenant, default_role) = found.ok_or(Kind::NotFound)?;
    Ok(answer(&tenant, default_role.as_ref()))
}

fn answer(tenant: &Tenant, default_role: Option<&Name>) -> Organized {
    let body = OrganizationBody::of(tenant, default_role);
    Tagged(tenant.version, Json(body))
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OrganizationChange")]
pub(crate) struct ChangeBody {
    #[garde(custom(parses_if_any::<Name>))]
    #[schemars(with = "Option<Text<Name>>")]
    name: Option<String>,
    #[garde(custom(parses_if_any::<Slug>))]
    #[schemars(with = "Option<Text<Slug>>")]
    slug: Option<String>,
    #[garde(dive)]
    settings: Option<Object<ChangeSettingsBody>>,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SettingsChange")]
pub(crate) struct ChangeSettingsBody {
    /// Absent stays as it is; null is none.
    #[garde(skip)]
    #[schemars(with = "Option<String>")]
    #[serde(default, deserialize_with = "present")]
    default_role: Option<Option<String>>,
    #[garde(inner(inner(inner(custom(is_domain)))))]
    #[schemars(with = "Option<Vec<Text<Domain>>>", extend("maxItems" = Settings::MAX_DOMAINS))]
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
) -> Result<Organized, Problem> {
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
) -> Result<Organized, Problem> {
    turn(&permit, &organizations, Turn::Suspend).await
}

pub(crate) async fn resume(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
) -> Result<Organized, Problem> {
    turn(&permit, &organizations, Turn::Resume).await
}

pub(crate) async fn delete(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
) -> Result<Organized, Problem> {
    turn(&permit, &organizations, Turn::Delete).await
}

pub(crate) async fn restore(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
) -> Result<Organized, Problem> {
    turn(&permit, &organizations, Turn::Restore).await
}

async fn turn(
    permit: &Guard<OwnOrganization>,
    organizations: &Organizations,
    turn: Turn,
) -> Result<Organized, Problem> {
    let (tenant, default_role) = organizations.turn(permit, turn).await?;
    Ok(answer(&tenant, default_role.as_ref()))
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TransferTo")]
pub(crate) struct TransferBody {
    #[garde(custom(parses::<MemberId, _>))]
    #[schemars(with = "Text<MemberId>")]
    member_id: String,
}

/// An offer of ownership.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Transfer")]
pub(crate) struct OfferBody {
    #[schemars(with = "Text<TenantId>")]
    organization_id: String,
    #[schemars(with = "Text<MemberId>")]
    from_member_id: String,
    #[schemars(with = "Text<MemberId>")]
    to_member_id: String,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
    #[schemars(with = "Text<Timestamp>")]
    expires_at: String,
}

impl OfferBody {
    fn of(offer: &Offer) -> Self {
        Self {
            organization_id: offer.tenant.to_string(),
            from_member_id: offer.from.to_string(),
            to_member_id: offer.to.to_string(),
            created_at: rfc3339(offer.created_at),
            expires_at: rfc3339(offer.expires_at),
        }
    }
}

pub(crate) async fn offer(
    permit: Guard<ReadOrganization>,
    organizations: Data<Organizations>,
) -> Result<Found<OfferBody>, Problem> {
    let offer = organizations.offer(&permit).await?.ok_or(Kind::NotFound)?;
    Ok(Json(OfferBody::of(&offer)))
}

pub(crate) async fn offer_ownership(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
    key: IdempotencyKey,
    Valid(body): Valid<TransferBody>,
) -> Result<Created<OfferBody>, Problem> {
    let answer = |offer: &Offer| Json(OfferBody::of(offer));
    let (to, once) = (parsed(&body.member_id)?, key.once(answer));
    let offer = organizations.offer_ownership(&permit, to, once).await?;
    Ok(answer(&offer.ok_or(Kind::NotFound)?))
}

pub(crate) async fn withdraw_offer(
    permit: Guard<OwnOrganization>,
    organizations: Data<Organizations>,
) -> Result<NoContent, Problem> {
    let withdrawn = organizations.withdraw_offer(&permit).await?;
    withdrawn.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

pub(crate) async fn accept_ownership(
    membership: Membership,
    organizations: Data<Organizations>,
) -> Result<NoContent, Problem> {
    let accepted = organizations.accept_ownership(&membership).await?;
    accepted.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

pub(crate) async fn decline_ownership(
    membership: Membership,
    organizations: Data<Organizations>,
) -> Result<NoContent, Problem> {
    let declined = organizations.decline_ownership(&membership).await?;
    declined.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}
