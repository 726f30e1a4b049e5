//! Accounts over HTTP.

use crate::{
    access::{Public, SignedIn},
    body::{Valid, parsed, parses},
    problem::Problem,
    time::rfc3339,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::accounts::{Accounts, Register};
use bailiwick_domain::{
    Name,
    role::{Role, highest},
    user::{EmailAddress, Password, PasswordPolicy, User},
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[garde(context(PasswordPolicy))]
pub(crate) struct RegisterBody {
    #[garde(custom(parses::<Name, _>))]
    name: String,
    #[garde(custom(parses::<EmailAddress, _>))]
    email: String,
    #[garde(custom(strong_enough))]
    password: String,
}

fn strong_enough(password: &str, policy: &PasswordPolicy) -> garde::Result {
    policy.check(password).map_err(garde::Error::new)
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
    Valid(body): Valid<RegisterBody>,
) -> Result<HttpResponse, Problem> {
    let user = accounts
        .register(Register {
            email: parsed(&body.email)?,
            name: parsed(&body.name)?,
            password: Password::typed(body.password),
        })
        .await?;
    Ok(HttpResponse::Created().json(UserBody::from(&user)))
}

pub(crate) async fn me(caller: SignedIn) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "id": caller.user.id.to_string(),
        "name": caller.user.name.as_str(),
        "email": caller.user.email.as_str(),
        "org_id": caller.tenant.map(|tenant| tenant.to_string()),
        "role": role(caller.roles()),
        "roles": names(caller.roles()),
    }))
}

/// The highest built-in role, as `role` stands in answers.
pub(crate) fn role(roles: &[Role]) -> Option<&'static str> {
    highest(roles).map(|role| role.name())
}

/// The names of all roles, as `roles` stands in answers.
pub(crate) fn names(roles: &[Role]) -> Vec<&str> {
    roles.iter().map(|role| role.name.as_str()).collect()
}
