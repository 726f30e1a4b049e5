//! Service accounts and their API keys over HTTP.

use crate::{
    access::{Asking, Guard},
    answer::{Created, Found, Json, NoContent, Tagged},
    body::{Optional, Valid, parsed, parses, parses_if_any},
    idempotency::IdempotencyKey,
    list::{Listed, Part},
    path::Id,
    precondition::IfMatchAny,
    problem::{Kind, Problem},
    roles::{NamedBody, named, spelled},
    schema::{GrantName, RoleName, Text},
    time::{Instant, rfc3339},
};
use actix_web::web::Data;
use bailiwick_application::machines::{Machines, WantedAccount, WantedKey};
use bailiwick_domain::{
    ApiKeyId, Name, ServiceAccountId, Timestamp, UserId,
    access::action::{
        CreateApiKey, CreateServiceAccount, DeleteServiceAccount, ListApiKeys, ListServiceAccounts,
        RevokeApiKey, RotateApiKey, UpdateServiceAccount,
    },
    api_key::{ApiKey, ShownKey},
    role::RoleBook,
    service_account::{ServiceAccount, ServiceAccountStatus},
};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A machine that works in the organization.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ServiceAccount")]
pub(crate) struct AccountBody {
    #[schemars(with = "Text<ServiceAccountId>")]
    id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    #[schemars(with = "Text<ServiceAccountStatus>")]
    status: &'static str,
    roles: Vec<NamedBody>,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
}

impl AccountBody {
    fn of(account: &ServiceAccount, book: &RoleBook) -> Self {
        let roles = account.roles.iter().filter_map(|role| book.get(*role));
        Self {
            id: account.id.to_string(),
            name: account.name.to_string(),
            status: account.status.name(),
            roles: roles.map(named).collect(),
            created_at: rfc3339(account.created_at),
        }
    }
}

/// A key, without its secrets; `key` is there the one time that it is shown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiKey")]
pub(crate) struct KeyBody {
    #[schemars(with = "Text<ApiKeyId>")]
    id: String,
    #[schemars(with = "Text<ServiceAccountId>")]
    service_account_id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    permissions: Vec<String>,
    #[schemars(extend("enum" = ["active", "expired", "revoked"]))]
    status: &'static str,
    /// Who answers for it.
    #[schemars(with = "Text<UserId>")]
    created_by: String,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
    #[schemars(with = "Text<Timestamp>")]
    expires_at: String,
    #[schemars(with = "Option<Text<Timestamp>>")]
    revoked_at: Option<String>,
    #[schemars(with = "Option<Text<Timestamp>>")]
    last_used_at: Option<String>,
    /// Until when the secret that it had before is good as well.
    #[schemars(with = "Option<Text<Timestamp>>")]
    previous_valid_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text<ShownKey>")]
    key: Option<String>,
}

impl KeyBody {
    fn of(key: &ApiKey, now: Timestamp) -> Self {
        let previous = key.previous_until.filter(|_| key.takes_previous(now));
        Self {
            id: key.id.to_string(),
            service_account_id: key.account.to_string(),
            name: key.name.to_string(),
            permissions: spelled(&key.grants),
            status: match key.revoked_at {
                Some(_) => "revoked",
                None if key.is_live(now) => "active",
                None => "expired",
            },
            created_by: key.made_by.to_string(),
            created_at: rfc3339(key.created_at),
            expires_at: rfc3339(key.expires_at),
            revoked_at: key.revoked_at.map(rfc3339),
            last_used_at: key.last_used_at.map(rfc3339),
            previous_valid_until: previous.map(rfc3339),
            key: None,
        }
    }

    fn shown(key: &ApiKey, shown: &ShownKey, now: Timestamp) -> Self {
        Self {
            key: Some(shown.to_string()),
            ..Self::of(key, now)
        }
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewServiceAccount")]
pub(crate) struct CreateAccountBody {
    #[garde(custom(parses::<Name, _>))]
    #[schemars(with = "Text<Name>")]
    name: String,
    #[garde(length(max = ServiceAccount::MAX_ROLES), inner(length(chars, min = 1, max = RoleName::MAX)))]
    #[schemars(with = "Vec<Text<RoleName>>")]
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServiceAccountChange")]
pub(crate) struct ChangeAccountBody {
    #[garde(custom(parses_if_any::<Name>))]
    #[schemars(with = "Option<Text<Name>>")]
    name: Option<String>,
    #[garde(inner(length(max = ServiceAccount::MAX_ROLES), inner(length(chars, min = 1, max = RoleName::MAX))))]
    #[schemars(with = "Option<Vec<Text<RoleName>>>", extend("maxItems" = ServiceAccount::MAX_ROLES))]
    roles: Option<Vec<String>>,
    #[garde(custom(is_status))]
    #[schemars(with = "Option<Text<ServiceAccountStatus>>")]
    status: Option<String>,
}

fn status_of(text: &str) -> Option<ServiceAccountStatus> {
    let mut all = ServiceAccountStatus::ALL.into_iter();
    all.find(|status| status.name() == text)
}

fn is_status(text: &Option<String>, _: &()) -> garde::Result {
    match text.as_deref().map(status_of) {
        None | Some(Some(_)) => Ok(()),
        Some(None) => Err(garde::Error::new("must be `active` or `suspended`")),
    }
}

pub(crate) async fn accounts(
    permit: Guard<ListServiceAccounts>,
    machines: Data<Machines>,
    part: Part<ServiceAccountId>,
) -> Result<Listed<AccountBody>, Problem> {
    let (slice, book) = machines.accounts(&permit, &part.page).await?;
    Ok(part.answer(
        slice,
        |account| account.id,
        |account| AccountBody::of(&account, &book),
    ))
}

pub(crate) async fn account(
    permit: Guard<ListServiceAccounts>,
    machines: Data<Machines>,
    Id(id): Id<ServiceAccountId>,
) -> Result<Tagged<Found<AccountBody>>, Problem> {
    let found = machines.account(&permit, id).await?;
    let (account, book) = found.ok_or(Kind::NotFound)?;
    Ok(answer(&account, &book))
}

pub(crate) async fn create_account(
    permit: Guard<CreateServiceAccount>,
    machines: Data<Machines>,
    key: IdempotencyKey,
    Valid(body): Valid<CreateAccountBody>,
) -> Result<Tagged<Created<AccountBody>>, Problem> {
    let created = |(account, book): &(ServiceAccount, RoleBook)| answer(account, book);
    let (name, once) = (parsed(&body.name)?, key.once(created));
    let account = machines
        .create_account(&permit, name, &body.roles, once)
        .await?;
    Ok(created(&account))
}

/// Changes what is named.
pub(crate) async fn change_account(
    permit: Guard<UpdateServiceAccount>,
    machines: Data<Machines>,
    Id(id): Id<ServiceAccountId>,
    IfMatchAny(expected): IfMatchAny,
    Valid(body): Valid<ChangeAccountBody>,
) -> Result<Tagged<Found<AccountBody>>, Problem> {
    let wanted = WantedAccount {
        name: body.name.as_deref().map(parsed).transpose()?,
        roles: body.roles,
        status: body.status.as_deref().and_then(status_of),
    };
    let changed = machines
        .change_account(&permit, id, wanted, &expected)
        .await?;
    let (account, book) = changed.ok_or(Kind::NotFound)?;
    Ok(answer(&account, &book))
}

pub(crate) async fn delete_account(
    permit: Guard<DeleteServiceAccount>,
    machines: Data<Machines>,
    Id(id): Id<ServiceAccountId>,
) -> Result<NoContent, Problem> {
    let deleted = machines.delete_account(&permit, id).await?;
    deleted.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

fn answer<const STATUS: u16>(
    account: &ServiceAccount,
    book: &RoleBook,
) -> Tagged<Json<STATUS, AccountBody>> {
    Tagged(account.version, Json(AccountBody::of(account, book)))
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewApiKey")]
pub(crate) struct CreateKeyBody {
    #[garde(custom(parses::<ServiceAccountId, _>))]
    #[schemars(with = "Text<ServiceAccountId>")]
    service_account_id: String,
    #[garde(custom(parses::<Name, _>))]
    #[schemars(with = "Text<Name>")]
    name: String,
    /// Names of permissions, or patterns of them: the key goes no further, nor further than its account.
    #[garde(length(max = 200), inner(length(bytes, max = GrantName::MAX)))]
    #[schemars(with = "Vec<Text<GrantName>>")]
    permissions: Vec<String>,
    /// Until when it is to be good.
    #[garde(custom(parses_if_any::<Instant>))]
    #[schemars(with = "Option<Text<Timestamp>>")]
    expires_at: Option<String>,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ApiKeyRotation")]
pub(crate) struct RotateBody {
    /// Until when the secret that it had before is good as well.
    #[garde(custom(parses_if_any::<Instant>))]
    #[schemars(with = "Option<Text<Timestamp>>")]
    previous_valid_until: Option<String>,
}

fn instant(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let at = text.map(parsed::<Instant>).transpose()?;
    Ok(at.map(|Instant(at)| at))
}

pub(crate) async fn keys(
    permit: Guard<ListApiKeys>,
    asking: Asking,
    machines: Data<Machines>,
    part: Part<ApiKeyId>,
) -> Result<Listed<KeyBody>, Problem> {
    let slice = machines.keys(&permit, &part.page).await?;
    Ok(part.answer(slice, |key| key.id, |key| KeyBody::of(&key, asking.now())))
}

pub(crate) async fn key(
    permit: Guard<ListApiKeys>,
    asking: Asking,
    machines: Data<Machines>,
    Id(id): Id<ApiKeyId>,
) -> Result<Found<KeyBody>, Problem> {
    let key = machines.key(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(Json(KeyBody::of(&key, asking.now())))
}

pub(crate) async fn create_key(
    permit: Guard<CreateApiKey>,
    asking: Asking,
    machines: Data<Machines>,
    idempotency: IdempotencyKey,
    Valid(body): Valid<CreateKeyBody>,
) -> Result<Created<KeyBody>, Problem> {
    let wanted = WantedKey {
        account: parsed(&body.service_account_id)?,
        name: parsed(&body.name)?,
        permissions: body.permissions,
        expires_at: instant(body.expires_at.as_deref())?,
    };
    let now = asking.now();
    let answer = move |(key, shown): &(ApiKey, ShownKey)| Json(KeyBody::shown(key, shown, now));
    let made = machines
        .create_key(&permit, wanted, idempotency.once(answer))
        .await?;
    Ok(answer(&made))
}

pub(crate) async fn rotate_key(
    permit: Guard<RotateApiKey>,
    asking: Asking,
    machines: Data<Machines>,
    Id(id): Id<ApiKeyId>,
    idempotency: IdempotencyKey,
    Optional(body): Optional<RotateBody>,
) -> Result<Found<KeyBody>, Problem> {
    let until = body.and_then(|body| body.previous_valid_until);
    let until = instant(until.as_deref())?;
    let now = asking.now();
    let answer = move |(key, shown): &(ApiKey, ShownKey)| Json(KeyBody::shown(key, shown, now));
    let once = idempotency.once(answer);
    let rotated = machines.rotate_key(&permit, id, until, once).await?;
    Ok(answer(&rotated.ok_or(Kind::NotFound)?))
}

pub(crate) async fn revoke_key(
    permit: Guard<RevokeApiKey>,
    machines: Data<Machines>,
    Id(id): Id<ApiKeyId>,
) -> Result<NoContent, Problem> {
    let revoked = machines.revoke_key(&permit, id).await?;
    revoked.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

/// Ends the time of the secret that it had before the last rotation.
pub(crate) async fn revoke_previous(
    permit: Guard<RevokeApiKey>,
    machines: Data<Machines>,
    Id(id): Id<ApiKeyId>,
) -> Result<NoContent, Problem> {
    let revoked = machines.revoke_previous(&permit, id).await?;
    revoked.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}
