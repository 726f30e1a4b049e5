//! Members over HTTP.

use crate::{
    access::{Asking, Guard, Membership},
    answer::{Created, Found, Json, NoContent, Tagged},
    background::Background,
    body::{Object, Valid, address, is_address, parsed, parses_if_any},
    idempotency::IdempotencyKey,
    list::{Filter, Listed, Parameters, Part, text},
    openapi::Description,
    path::Id,
    precondition::IfMatch,
    problem::{Kind, Problem},
    schema::{RoleName, Text, not_both},
    time::{Instant, rfc3339},
};
use actix_web::web::Data;
use bailiwick_application::{
    invitations::Invitations,
    members::{Add, Members, WantedRole},
    ports::{HeldRole, MemberFilter, MemberRow, MemberSort},
};
use bailiwick_domain::{
    MemberId, Name, ProjectId, RoleId, Timestamp, UserId,
    access::action::{AssignRoles, InviteMember, ListMembers, RemoveMember, SuspendMember},
    member::{Member, MemberStatus},
    role::BuiltIn,
    user::EmailAddress,
};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Invite", transform = not_both("role", "roles"))]
pub(crate) struct AddBody {
    #[garde(custom(is_address))]
    #[schemars(with = "Text<EmailAddress>")]
    pub(crate) email: String,
    #[garde(length(chars, min = 1, max = RoleName::MAX))]
    #[schemars(with = "Option<Text<RoleName>>")]
    pub(crate) role: Option<String>,
    /// In place of `role`.
    #[garde(inner(length(max = Member::MAX_ROLES), inner(length(chars, min = 1, max = RoleName::MAX))))]
    #[schemars(with = "Option<Vec<Text<RoleName>>>", extend("maxItems" = Member::MAX_ROLES))]
    pub(crate) roles: Option<Vec<String>>,
}

impl AddBody {
    /// The roles, however they were named; none is the default of the organization.
    pub(crate) fn roles(&self) -> Result<Vec<String>, Problem> {
        match (&self.role, &self.roles) {
            (Some(_), Some(_)) => Err(Problem::field("role", "say `role` or `roles`, not both")),
            (Some(role), None) => Ok(vec![role.clone()]),
            (None, roles) => Ok(roles.clone().unwrap_or_default()),
        }
    }
}

/// A role of a member, as answers show it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Assignment")]
pub(crate) struct AssignmentBody {
    #[schemars(with = "Text<RoleId>")]
    role_id: String,
    #[schemars(with = "Text<Name>")]
    role: String,
    /// The one project that it counts on, if it does not count in the whole organization.
    #[schemars(with = "Option<Text<ProjectId>>")]
    project_id: Option<String>,
    #[schemars(with = "Option<Text<Timestamp>>")]
    expires_at: Option<String>,
    expired: bool,
}

impl AssignmentBody {
    pub(crate) fn of(held: &HeldRole, now: Timestamp) -> Self {
        let one = held.assignment;
        Self {
            role_id: one.role.to_string(),
            role: held.name.to_string(),
            project_id: one.project.map(|project| project.to_string()),
            expires_at: one.expires_at.map(rfc3339),
            expired: !one.is_live(now),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Member")]
pub(crate) struct MemberBody {
    #[schemars(with = "Text<MemberId>")]
    id: String,
    #[schemars(with = "Text<UserId>")]
    user_id: String,
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
    #[schemars(with = "Text<Name>")]
    name: String,
    /// The highest built-in role.
    #[schemars(with = "Option<Text<BuiltIn>>")]
    role: Option<&'static str>,
    /// The roles in the whole organization that count at this moment.
    #[schemars(with = "Vec<Text<Name>>")]
    roles: Vec<String>,
    assignments: Vec<AssignmentBody>,
    #[schemars(with = "Text<MemberStatus>")]
    status: &'static str,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
}

impl MemberBody {
    pub(crate) fn of(row: &MemberRow, now: Timestamp) -> Self {
        Self {
            id: row.member.id.to_string(),
            user_id: row.member.user.to_string(),
            email: row.email.to_string(),
            name: row.name.to_string(),
            role: highest(&row.roles, now),
            roles: live_names(&row.roles, now),
            assignments: row
                .roles
                .iter()
                .map(|role| AssignmentBody::of(role, now))
                .collect(),
            status: row.member.status.name(),
            created_at: rfc3339(row.member.created_at),
        }
    }
}

fn live(roles: &[HeldRole], now: Timestamp) -> impl Iterator<Item = &HeldRole> {
    roles
        .iter()
        .filter(move |role| role.assignment.project.is_none() && role.assignment.is_live(now))
}

/// The highest built-in role in the whole organization that counts at this moment.
pub(crate) fn highest(roles: &[HeldRole], now: Timestamp) -> Option<&'static str> {
    let built_in = live(roles, now).filter_map(|role| role.built_in);
    built_in.min().map(|role| role.name())
}

/// The names of the roles in the whole organization that count at this moment.
pub(crate) fn live_names(roles: &[HeldRole], now: Timestamp) -> Vec<String> {
    live(roles, now).map(|role| role.name.to_string()).collect()
}

/// Which members a list shows.
pub(crate) struct MembersWanted {
    status: Option<MemberStatus>,
    role: Option<String>,
    search: Option<String>,
    sort: MemberSort,
}

const SORTS: [MemberSort; 3] = [MemberSort::Joined, MemberSort::Email, MemberSort::Name];

const fn sort_name(sort: MemberSort) -> &'static str {
    match sort {
        MemberSort::Joined => "joined",
        MemberSort::Email => "email",
        MemberSort::Name => "name",
    }
}

impl Filter for MembersWanted {
    fn take(query: &mut Parameters) -> Result<Self, Problem> {
        let status = query.one_of("status", &MemberStatus::ALL, MemberStatus::name)?;
        let sort = query.one_of("sort", &SORTS, sort_name)?;
        Ok(Self {
            status,
            role: query.text("role")?,
            search: query.text("search")?,
            sort: sort.unwrap_or_default(),
        })
    }

    fn describe(description: &mut Description<'_>) {
        let status = description.read::<Text<MemberStatus>>();
        description.query("status", "Only those that stand so.", &status);
        let what = "Only those who have this role, by name or id.";
        description.query("role", what, &text());
        let what = "Only those with this in their name or address.";
        description.query("search", what, &text());
        let sorts = json!({ "type": "string", "enum": SORTS.map(sort_name), "default": "joined" });
        description.query("sort", "What the rows are sorted by.", &sorts);
    }

    fn has_key(&self) -> bool {
        match self.sort {
            MemberSort::Joined => false,
            MemberSort::Email | MemberSort::Name => true,
        }
    }
}

/// Who was added or invited, as the caller said it.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(rename = "Added")]
pub(crate) struct AddedBody {
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
}

/// Answers the same whether the address has an account or not.
pub(crate) async fn add(
    permit: Guard<InviteMember>,
    members: Data<Members>,
    invitations: Data<Invitations>,
    background: Data<Background>,
    key: IdempotencyKey,
    Valid(body): Valid<AddBody>,
) -> Result<Created<AddedBody>, Problem> {
    let add = Add {
        email: address(&body.email)?,
        roles: body.roles()?,
    };
    let answer = AddedBody {
        email: add.email.to_string(),
        roles: body.role.is_none().then(|| add.roles.clone()),
        role: body.role,
    };
    let kept = answer.clone();
    let once = key.once(move |()| Json::<201, _>(kept));
    if let Some(outgoing) = members.add(&permit, add, once).await? {
        background.run(async move { invitations.deliver(outgoing).await });
    }
    Ok(Json(answer))
}

pub(crate) async fn list(
    permit: Guard<ListMembers>,
    asking: Asking,
    members: Data<Members>,
    part: Part<MemberId, MembersWanted>,
) -> Result<Listed<MemberBody>, Problem> {
    let wanted = &part.filter;
    let role = match &wanted.role {
        None => None,
        Some(text) => {
            let role = members.role_meant(&permit, text).await?;
            Some(role.ok_or(Kind::UnknownRole)?)
        }
    };
    let filter = MemberFilter {
        status: wanted.status,
        role,
        search: wanted.search.clone(),
        sort: wanted.sort,
    };
    let slice = members.list(&permit, &filter, &part.page).await?;
    let key = |row: &MemberRow| match filter.sort {
        MemberSort::Joined => None,
        MemberSort::Email => Some(row.email.to_string()),
        MemberSort::Name => Some(row.name.to_string()),
    };
    Ok(part.answer_by(
        slice,
        |row| (row.member.id, key(row)),
        |row| MemberBody::of(&row, asking.now()),
    ))
}

pub(crate) async fn read(
    permit: Guard<ListMembers>,
    asking: Asking,
    members: Data<Members>,
    Id(id): Id<MemberId>,
) -> Result<Tagged<Found<MemberBody>>, Problem> {
    let row = members.read(&permit, id).await?.ok_or(Kind::NotFound)?;
    let body = MemberBody::of(&row, asking.now());
    Ok(Tagged(row.member.version, Json(body)))
}

pub(crate) async fn roles(
    permit: Guard<ListMembers>,
    asking: Asking,
    members: Data<Members>,
    Id(id): Id<MemberId>,
) -> Result<Tagged<Found<MemberRolesBody>>, Problem> {
    let row = members.read(&permit, id).await?.ok_or(Kind::NotFound)?;
    let body = MemberRolesBody::of(&row.roles, asking.now());
    Ok(Tagged(row.member.version, Json(body)))
}

/// The roles of a member.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MemberRoles")]
pub(crate) struct MemberRolesBody {
    /// Those in the whole organization that count at this moment.
    #[schemars(with = "Vec<Text<Name>>")]
    roles: Vec<String>,
    assignments: Vec<AssignmentBody>,
}

impl MemberRolesBody {
    fn of(roles: &[HeldRole], now: Timestamp) -> Self {
        let all = roles.iter().map(|role| AssignmentBody::of(role, now));
        Self {
            roles: live_names(roles, now),
            assignments: all.collect(),
        }
    }
}

/// A role by its name or id, or with the time at which it ends.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WantedRole")]
#[serde(
    untagged,
    expecting = "must be a role by name or id, or an object with `role` and `expires_at`"
)]
pub(crate) enum RoleBody {
    Named(RoleText),
    Until(Object<RoleUntil>),
}

/// Both forms stand in one place: neither adds to the path of what is wrong.
impl Validate for RoleBody {
    type Context = ();

    fn validate_into(
        &self,
        rules: &(),
        path: &mut dyn FnMut() -> garde::Path,
        report: &mut garde::Report,
    ) {
        match self {
            Self::Named(role) => role.validate_into(rules, path, report),
            Self::Until(role) => role.validate_into(rules, path, report),
        }
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[garde(transparent)]
#[schemars(with = "Text<RoleName>")]
pub(crate) struct RoleText(#[garde(length(chars, min = 1, max = RoleName::MAX))] String);

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RoleUntil")]
pub(crate) struct RoleUntil {
    #[garde(length(chars, min = 1, max = RoleName::MAX))]
    #[schemars(with = "Text<RoleName>")]
    role: String,
    #[garde(custom(parses_if_any::<Instant>))]
    #[schemars(with = "Option<Text<Timestamp>>")]
    expires_at: Option<String>,
}

impl RoleBody {
    pub(crate) fn wanted(&self) -> Result<WantedRole, Problem> {
        match self {
            Self::Named(RoleText(role)) => Ok(WantedRole {
                role: role.clone(),
                expires_at: None,
            }),
            Self::Until(Object(RoleUntil { role, expires_at })) => {
                let end = expires_at.as_deref().map(parsed::<Instant>);
                Ok(WantedRole {
                    role: role.clone(),
                    expires_at: end.transpose()?.map(|Instant(at)| at),
                })
            }
        }
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WantedRoles")]
pub(crate) struct RolesBody {
    #[garde(length(max = Member::MAX_ROLES), dive)]
    roles: Vec<RoleBody>,
}

pub(crate) async fn change_roles(
    permit: Guard<AssignRoles>,
    asking: Asking,
    members: Data<Members>,
    Id(id): Id<MemberId>,
    IfMatch(expected): IfMatch,
    Valid(body): Valid<RolesBody>,
) -> Result<Tagged<Found<MemberRolesBody>>, Problem> {
    let wanted = body.roles.iter().map(RoleBody::wanted);
    let wanted = wanted.collect::<Result<_, _>>()?;
    let changed = members.change_roles(&permit, id, wanted, &expected).await?;
    let (member, roles) = changed.ok_or(Kind::NotFound)?;
    let body = MemberRolesBody::of(&roles, asking.now());
    Ok(Tagged(member.version, Json(body)))
}

pub(crate) async fn suspend(
    permit: Guard<SuspendMember>,
    members: Data<Members>,
    Id(id): Id<MemberId>,
) -> Result<NoContent, Problem> {
    members.suspend(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

pub(crate) async fn resume(
    permit: Guard<SuspendMember>,
    members: Data<Members>,
    Id(id): Id<MemberId>,
) -> Result<NoContent, Problem> {
    members.resume(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

pub(crate) async fn remove(
    permit: Guard<RemoveMember>,
    members: Data<Members>,
    Id(id): Id<MemberId>,
) -> Result<NoContent, Problem> {
    members.remove(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

pub(crate) async fn leave(
    membership: Membership,
    members: Data<Members>,
) -> Result<NoContent, Problem> {
    members.leave(&membership).await?;
    Ok(NoContent)
}
