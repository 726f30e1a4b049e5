//! Accounts over HTTP.

use crate::{
    access::{Public, SignedIn},
    answer::{Accepted, Created, Found, Json, NoContent, Or, WithCookies},
    background::Background,
    body::{Valid, address, is_address, parsed, parses},
    idempotency::IdempotencyKey,
    problem::{Kind, Problem},
    schema::Text,
    sessions::device_cookie,
    time::rfc3339,
};
use actix_web::web::Data;
use bailiwick_application::{
    accounts::{Accounts, Register},
    ports::Secret,
    sessions::Sessions,
};
use bailiwick_domain::{
    Name, TenantId, Timestamp, UserId,
    mailed::MailPurpose,
    password::{Password, PasswordPolicy},
    role::{BuiltIn, Role, highest},
    user::{EmailAddress, User},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How people register.
#[derive(Debug, Clone, Copy, Default)]
pub struct Registration {
    /// Whoever registers has to show first that the address is theirs; until then nobody learns whether it has an
    /// account.
    pub verify_email: bool,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[garde(context(PasswordPolicy))]
#[schemars(rename = "Registration")]
pub(crate) struct RegisterBody {
    #[garde(custom(parses::<Name, _>))]
    #[schemars(with = "Text<Name>")]
    name: String,
    #[garde(custom(is_address))]
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
    #[garde(custom(taken(&self.name, &self.email)))]
    #[schemars(with = "Text<PasswordPolicy>")]
    password: String,
}

/// The policy as a garde rule, about whoever has this name and address.
fn taken<'a>(
    name: &'a str,
    email: &'a str,
) -> impl FnOnce(&str, &PasswordPolicy) -> garde::Result + 'a {
    move |password, policy| {
        policy
            .check(password, &[name, email])
            .map_err(garde::Error::new)
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Account")]
pub(crate) struct UserBody {
    #[schemars(with = "Text<UserId>")]
    id: String,
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            name: user.name.to_string(),
            created_at: rfc3339(user.created_at),
        }
    }
}

/// A mail is on its way, if there is somebody to get it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Mailed")]
pub(crate) struct MailedBody {
    #[schemars(extend("const" = "check_your_mail"))]
    status: &'static str,
}

const MAILED: MailedBody = MailedBody {
    status: "check_your_mail",
};

pub(crate) async fn register(
    _: Public,
    accounts: Data<Accounts>,
    policy: Data<PasswordPolicy>,
    registration: Data<Registration>,
    background: Data<Background>,
    key: IdempotencyKey,
    Valid(body): Valid<RegisterBody>,
) -> Result<Or<Created<UserBody>, Accepted<MailedBody>>, Problem> {
    let password = policy
        .accept(&body.password, &[&body.name, &body.email])
        .map_err(|weak| Problem::field("password", weak))?;
    let register = Register {
        email: address(&body.email)?,
        name: parsed(&body.name)?,
        password,
    };
    let discreetly = registration.verify_email;
    let answer = move |user: &User| match discreetly {
        true => Or::That(Json(MAILED)),
        false => Or::This(Json(UserBody::from(user))),
    };
    let once = key.once(answer);
    // Before anything is hashed.
    once.first()?;
    let draft = accounts.draft(register).await?;
    if discreetly {
        background.run(async move { accounts.register_discreetly(draft, once).await });
        return Ok(Or::That(Json(MAILED)));
    }
    let registered = accounts.register(draft, once).await?;
    let answer = answer(&registered.user);
    background.run(async move { accounts.welcome(registered).await });
    Ok(answer)
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Address")]
pub(crate) struct EmailBody {
    #[garde(custom(is_address))]
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MailedToken")]
pub(crate) struct TokenBody {
    #[garde(skip)]
    token: String,
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PasswordReset")]
pub(crate) struct ResetBody {
    #[garde(skip)]
    token: String,
    #[garde(skip)]
    #[schemars(with = "Text<PasswordPolicy>")]
    password: String,
}

/// Answers the same, and as soon, whether the address has an account or not.
pub(crate) async fn forgot_password(
    _: Public,
    accounts: Data<Accounts>,
    background: Data<Background>,
    Valid(body): Valid<EmailBody>,
) -> Result<Accepted<MailedBody>, Problem> {
    send_token(
        accounts,
        &background,
        &body.email,
        MailPurpose::ResetPassword,
    )
}

/// Answers the same, and as soon, whether the address has an account or not.
pub(crate) async fn resend_verification(
    _: Public,
    accounts: Data<Accounts>,
    background: Data<Background>,
    Valid(body): Valid<EmailBody>,
) -> Result<Accepted<MailedBody>, Problem> {
    send_token(accounts, &background, &body.email, MailPurpose::VerifyEmail)
}

fn send_token(
    accounts: Data<Accounts>,
    background: &Background,
    email: &str,
    purpose: MailPurpose,
) -> Result<Accepted<MailedBody>, Problem> {
    let email = address(email)?;
    background.run(async move { accounts.send_token(&email, purpose).await });
    Ok(Json(MAILED))
}

pub(crate) async fn verify_email(
    _: Public,
    accounts: Data<Accounts>,
    Valid(body): Valid<TokenBody>,
) -> Result<NoContent, Problem> {
    accounts.verify_email(&secret(&body.token)?).await?;
    Ok(NoContent)
}

pub(crate) async fn reset_password(
    _: Public,
    accounts: Data<Accounts>,
    policy: Data<PasswordPolicy>,
    sessions: Data<Sessions>,
    Valid(body): Valid<ResetBody>,
) -> Result<WithCookies<NoContent>, Problem> {
    let password = policy
        .accept(&body.password, &[])
        .map_err(|weak| Problem::field("password", weak))?;
    let user = accounts
        .reset_password(&secret(&body.token)?, password)
        .await?;
    // Strangers may have used up the attempts of strangers: the owner's device is counted by itself from here on.
    let remembered = sessions.remember(None, user.email).await?;
    let cookie = device_cookie(&remembered).into_owned();
    Ok(WithCookies(vec![cookie], NoContent))
}

/// The secret in a token from a mail.
pub(crate) fn secret(token: &str) -> Result<Secret, Problem> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let secret = bytes.and_then(|bytes| bytes.try_into().ok()).map(Secret);
    secret.ok_or_else(|| Kind::NotRedeemable.into())
}

/// Who is signed in, and where.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Me")]
pub(crate) struct MeBody {
    #[schemars(with = "Text<UserId>")]
    id: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
    /// The organization of the token, if it has one.
    #[schemars(with = "Option<Text<TenantId>>")]
    org_id: Option<String>,
    /// The highest built-in role there.
    #[schemars(with = "Option<Text<BuiltIn>>")]
    role: Option<&'static str>,
    #[schemars(with = "Vec<Text<Name>>")]
    roles: Vec<String>,
}

pub(crate) async fn me(caller: SignedIn) -> Found<MeBody> {
    let roles = caller.roles();
    Json(MeBody {
        id: caller.user.id.to_string(),
        name: caller.user.name.to_string(),
        email: caller.user.email.to_string(),
        org_id: caller.tenant.map(|tenant| tenant.to_string()),
        role: role(roles.iter().copied()),
        roles: names(roles),
    })
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PasswordChange")]
pub(crate) struct PasswordBody {
    #[garde(skip)]
    current_password: String,
    #[garde(skip)]
    #[schemars(with = "Text<PasswordPolicy>")]
    new_password: String,
}

pub(crate) async fn change_password(
    caller: SignedIn,
    accounts: Data<Accounts>,
    policy: Data<PasswordPolicy>,
    Valid(body): Valid<PasswordBody>,
) -> Result<NoContent, Problem> {
    let about = [caller.user.name.as_str(), caller.user.email.as_str()];
    let new = policy
        .accept(&body.new_password, &about)
        .map_err(|weak| Problem::field("new_password", weak))?;
    let current = Password::typed(body.current_password);
    accounts.change_password(&caller, current, new).await?;
    Ok(NoContent)
}

/// What a new password must be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PasswordPolicy")]
pub(crate) struct PasswordPolicyBody {
    /// In characters.
    min_length: usize,
    max_bytes: usize,
    /// Which kinds of passwords are refused besides.
    refuses: [&'static str; 3],
}

/// What a new password must be, for forms that want to say so before it is sent.
pub(crate) async fn password_policy(
    _: Public,
    policy: Data<PasswordPolicy>,
) -> Found<PasswordPolicyBody> {
    Json(PasswordPolicyBody {
        min_length: policy.min_length(),
        max_bytes: Password::MAX,
        refuses: ["common", "personal", "pattern"],
    })
}

/// The highest built-in role, as `role` stands in answers.
pub(crate) fn role<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Option<&'static str> {
    highest(roles).map(|role| role.name())
}

/// The names of all roles, as `roles` stands in answers.
pub(crate) fn names<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Vec<String> {
    let names = roles.into_iter().map(|role| role.name.to_string());
    names.collect()
}
