//! Accounts over HTTP.

use crate::{
    access::{Public, SignedIn},
    background::Background,
    body::{Valid, address, is_address, parsed, parses},
    problem::{Kind, Problem},
    sessions::device_cookie,
    time::rfc3339,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::{
    accounts::{Accounts, Register},
    ports::Secret,
    sessions::Sessions,
};
use bailiwick_domain::{
    Name,
    mailed::MailPurpose,
    password::{Password, PasswordPolicy},
    role::{Role, highest},
    user::User,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How people register.
#[derive(Debug, Clone, Copy, Default)]
pub struct Registration {
    /// Whoever registers has to show first that the address is theirs; until then nobody learns whether it has an
    /// account.
    pub verify_email: bool,
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[garde(context(PasswordPolicy))]
pub(crate) struct RegisterBody {
    #[garde(custom(parses::<Name, _>))]
    name: String,
    #[garde(custom(is_address))]
    email: String,
    #[garde(custom(taken(&self.name, &self.email)))]
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

#[derive(Serialize)]
struct UserBody<'a> {
    id: String,
    email: &'a str,
    name: &'a str,
    created_at: String,
}

impl<'a> From<&'a User> for UserBody<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str(),
            name: user.name.as_str(),
            created_at: rfc3339(user.created_at),
        }
    }
}

pub(crate) async fn register(
    _: Public,
    accounts: Data<Accounts>,
    policy: Data<PasswordPolicy>,
    registration: Data<Registration>,
    background: Data<Background>,
    Valid(body): Valid<RegisterBody>,
) -> Result<HttpResponse, Problem> {
    let password = policy
        .accept(&body.password, &[&body.name, &body.email])
        .map_err(|weak| Problem::field("password", weak))?;
    let register = Register {
        email: address(&body.email)?,
        name: parsed(&body.name)?,
        password,
    };
    let draft = accounts.draft(register).await?;
    if registration.verify_email {
        background.run(async move { accounts.register_discreetly(draft).await });
        return Ok(HttpResponse::Accepted().json(json!({ "status": "check_your_mail" })));
    }
    let registered = accounts.register(draft).await?;
    let answer = HttpResponse::Created().json(UserBody::from(&registered.user));
    background.run(async move { accounts.welcome(registered).await });
    Ok(answer)
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailBody {
    #[garde(custom(is_address))]
    email: String,
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenBody {
    #[garde(skip)]
    token: String,
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetBody {
    #[garde(skip)]
    token: String,
    #[garde(skip)]
    password: String,
}

/// Answers the same, and as soon, whether the address has an account or not.
pub(crate) async fn forgot_password(
    _: Public,
    accounts: Data<Accounts>,
    background: Data<Background>,
    Valid(body): Valid<EmailBody>,
) -> Result<HttpResponse, Problem> {
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
) -> Result<HttpResponse, Problem> {
    send_token(accounts, &background, &body.email, MailPurpose::VerifyEmail)
}

fn send_token(
    accounts: Data<Accounts>,
    background: &Background,
    email: &str,
    purpose: MailPurpose,
) -> Result<HttpResponse, Problem> {
    let email = address(email)?;
    background.run(async move { accounts.send_token(&email, purpose).await });
    Ok(HttpResponse::Accepted().json(json!({ "status": "check_your_mail" })))
}

pub(crate) async fn verify_email(
    _: Public,
    accounts: Data<Accounts>,
    Valid(body): Valid<TokenBody>,
) -> Result<HttpResponse, Problem> {
    accounts.verify_email(&secret(&body.token)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn reset_password(
    _: Public,
    accounts: Data<Accounts>,
    policy: Data<PasswordPolicy>,
    sessions: Data<Sessions>,
    Valid(body): Valid<ResetBody>,
) -> Result<HttpResponse, Problem> {
    let password = policy
        .accept(&body.password, &[])
        .map_err(|weak| Problem::field("password", weak))?;
    let user = accounts
        .reset_password(&secret(&body.token)?, password)
        .await?;
    // Strangers may have used up the attempts of strangers: the owner's device is counted by itself from here on.
    let remembered = sessions.remember(None, user.email).await?;
    Ok(HttpResponse::NoContent()
        .cookie(device_cookie(&remembered))
        .finish())
}

/// The secret in a token from a mail.
pub(crate) fn secret(token: &str) -> Result<Secret, Problem> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let secret = bytes.and_then(|bytes| bytes.try_into().ok()).map(Secret);
    secret.ok_or_else(|| Kind::NotRedeemable.into())
}

pub(crate) async fn me(caller: SignedIn) -> HttpResponse {
    let roles = caller.roles();
    HttpResponse::Ok().json(json!({
        "id": caller.user.id.to_string(),
        "name": caller.user.name.as_str(),
        "email": caller.user.email.as_str(),
        "org_id": caller.tenant.map(|tenant| tenant.to_string()),
        "role": role(roles.iter().copied()),
        "roles": names(roles),
    }))
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    #[garde(skip)]
    current_password: String,
    #[garde(skip)]
    new_password: String,
}

pub(crate) async fn change_password(
    caller: SignedIn,
    accounts: Data<Accounts>,
    policy: Data<PasswordPolicy>,
    Valid(body): Valid<PasswordBody>,
) -> Result<HttpResponse, Problem> {
    let about = [caller.user.name.as_str(), caller.user.email.as_str()];
    let new = policy
        .accept(&body.new_password, &about)
        .map_err(|weak| Problem::field("new_password", weak))?;
    let current = Password::typed(body.current_password);
    accounts.change_password(&caller, current, new).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a new password must be, for forms that want to say so before it is sent.
pub(crate) async fn password_policy(_: Public, policy: Data<PasswordPolicy>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "min_length": policy.min_length(),
        "max_bytes": Password::MAX,
        "refuses": ["common", "personal", "pattern"],
    }))
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
