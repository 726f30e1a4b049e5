//! Members over HTTP.

use crate::{
    access::Guard,
    accounts::{names, role},
    body::{Valid, parsed, parses},
    list::Part,
    path::Id,
    problem::{Kind, Problem},
    time::rfc3339,
};
use actix_web::{HttpResponse, web::Data};
use bailiwick_application::{
    members::{Add, Members},
    ports::MemberRow,
};
use bailiwick_domain::{
    MemberId,
    access::action::{AddMember, ListMembers},
    role::BuiltIn,
    user::EmailAddress,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddBody {
    #[garde(custom(parses::<EmailAddress, _>))]
    email: String,
    #[garde(custom(parses::<BuiltIn, _>))]
    role: String,
}

#[derive(Serialize)]
struct MemberBody {
    id: String,
    user_id: String,
    email: String,
    name: String,
    role: Option<&'static str>,
    roles: Vec<String>,
    status: &'static str,
    created_at: String,
}

impl From<MemberRow> for MemberBody {
    fn from(row: MemberRow) -> Self {
        Self {
            id: row.member.id.to_string(),
            user_id: row.member.user.to_string(),
            email: row.email.to_string(),
            name: row.name.to_string(),
            role: role(&row.member.roles),
            roles: names(&row.member.roles),
            status: row.member.status.name(),
            created_at: rfc3339(row.member.created_at),
        }
    }
}

/// Answers the same whether the address has an account or not.
pub(crate) async fn add(
    permit: Guard<AddMember>,
    members: Data<Members>,
    Valid(body): Valid<AddBody>,
) -> Result<HttpResponse, Problem> {
    let add = Add {
        email: parsed(&body.email)?,
        role: parsed(&body.role)?,
    };
    let answer = json!({ "email": add.email.as_str(), "role": add.role.name() });
    members.add(&permit, add).await?;
    Ok(HttpResponse::Created().json(answer))
}

pub(crate) async fn list(
    permit: Guard<ListMembers>,
    members: Data<Members>,
    part: Part<MemberId>,
) -> Result<HttpResponse, Problem> {
    let slice = members.list(&permit, part.page).await?;
    Ok(part.answer(slice, |row| row.member.id, MemberBody::from))
}

pub(crate) async fn read(
    permit: Guard<ListMembers>,
    members: Data<Members>,
    Id(id): Id<MemberId>,
) -> Result<HttpResponse, Problem> {
    let row = members.read(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(MemberBody::from(row)))
}
