//! Invitations over HTTP.

use crate::{
    access::{Asking, Guard, Public, SignedIn, bearer, id_of},
    accounts::secret,
    answer::{Created, Found, Json, NoContent},
    background::Background,
    body::{Valid, address, parsed, parses_if_any},
    idempotency::IdempotencyKey,
    list::{Filter, Listed, Own, Parameters, Part},
    members::AddBody,
    openapi::Description,
    path::Id,
    problem::{Kind, Problem},
    schema::{Text, either},
    sessions::ByBearer,
    time::rfc3339,
};
use actix_web::web::Data;
use bailiwick_application::{
    invitations::{Invitations, Invite, Which},
    ports::{Clock, InvitationRow},
    sessions::{Asker, Sessions},
};
use bailiwick_domain::{
    InvitationId, MemberId, Name, TenantId, Timestamp, UserId,
    access::{
        Actor,
        action::{InviteMember, ListInvitations, RevokeInvitation},
    },
    invitation::InvitationStatus,
    user::EmailAddress,
};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Invitation")]
pub(crate) struct InvitationBody {
    #[schemars(with = "Text<InvitationId>")]
    id: String,
    #[schemars(with = "Text<EmailAddress>")]
    email: String,
    #[schemars(with = "Text<TenantId>")]
    organization_id: String,
    #[schemars(with = "Text<Name>")]
    organization: String,
    #[schemars(with = "Text<Actor>")]
    invited_by: String,
    #[schemars(with = "Text<Name>")]
    inviter: String,
    #[schemars(with = "Vec<Text<Name>>")]
    roles: Vec<String>,
    #[schemars(with = "Text<InvitationStatus>")]
    status: &'static str,
    #[schemars(with = "Text<Timestamp>")]
    created_at: String,
    #[schemars(with = "Text<Timestamp>")]
    expires_at: String,
}

impl InvitationBody {
    fn of(row: &InvitationRow, now: Timestamp) -> Self {
        let invitation = &row.invitation;
        Self {
            id: invitation.id.to_string(),
            email: invitation.email.to_string(),
            organization_id: invitation.tenant.to_string(),
            organization: row.organization.to_string(),
            invited_by: id_of(invitation.invited_by),
            inviter: row.inviter.to_string(),
            roles: row.roles.iter().map(|role| role.name.to_string()).collect(),
            status: invitation.status_at(now).name(),
            created_at: rfc3339(invitation.created_at),
            expires_at: rfc3339(invitation.expires_at),
        }
    }
}

/// Which invitations a list shows.
pub(crate) struct InvitationsWanted(Option<InvitationStatus>);

impl Filter for InvitationsWanted {
    fn take(query: &mut Parameters) -> Result<Self, Problem> {
        let status = query.one_of("status", &InvitationStatus::ALL, InvitationStatus::name)?;
        Ok(Self(status))
    }

    fn describe(description: &mut Description<'_>) {
        let status = description.read::<Text<InvitationStatus>>();
        description.query("status", "Only those that stand so.", &status);
    }
}

pub(crate) async fn invite(
    permit: Guard<InviteMember>,
    asking: Asking,
    invitations: Data<Invitations>,
    background: Data<Background>,
    key: IdempotencyKey,
    Valid(body): Valid<AddBody>,
) -> Result<Created<InvitationBody>, Problem> {
    let invite = Invite {
        email: address(&body.email)?,
        roles: body.roles()?,
    };
    let now = asking.now();
    let answer = move |row: &InvitationRow| Json(InvitationBody::of(row, now));
    let once = key.once(answer);
    let (row, outgoing) = invitations.invite(&permit, invite, once).await?;
    background.run(async move { invitations.deliver(outgoing).await });
    Ok(answer(&row))
}

pub(crate) async fn list(
    permit: Guard<ListInvitations>,
    asking: Asking,
    invitations: Data<Invitations>,
    part: Part<InvitationId, InvitationsWanted>,
) -> Result<Listed<InvitationBody>, Problem> {
    let InvitationsWanted(status) = part.filter;
    let slice = invitations.list(&permit, status, &part.page).await?;
    Ok(part.answer(
        slice,
        |row| row.invitation.id,
        |row| InvitationBody::of(&row, asking.now()),
    ))
}

pub(crate) async fn read(
    permit: Guard<ListInvitations>,
    asking: Asking,
    invitations: Data<Invitations>,
    Id(id): Id<InvitationId>,
) -> Result<Found<InvitationBody>, Problem> {
    let row = invitations.read(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(Json(InvitationBody::of(&row, asking.now())))
}

pub(crate) async fn resend(
    permit: Guard<InviteMember>,
    asking: Asking,
    invitations: Data<Invitations>,
    background: Data<Background>,
    Id(id): Id<InvitationId>,
) -> Result<Found<InvitationBody>, Problem> {
    let sent = invitations.resend(&permit, id).await?;
    let (row, outgoing) = sent.ok_or(Kind::NotFound)?;
    let answer = Json(InvitationBody::of(&row, asking.now()));
    background.run(async move { invitations.deliver(outgoing).await });
    Ok(answer)
}

pub(crate) async fn revoke(
    permit: Guard<RevokeInvitation>,
    invitations: Data<Invitations>,
    Id(id): Id<InvitationId>,
) -> Result<NoContent, Problem> {
    let revoked = invitations.revoke(&permit, id).await?;
    revoked.ok_or(Kind::NotFound)?;
    Ok(NoContent)
}

pub(crate) async fn mine(
    caller: SignedIn,
    invitations: Data<Invitations>,
    part: Part<InvitationId, Own>,
) -> Result<Listed<InvitationBody>, Problem> {
    let rows = invitations.mine(&caller).await?;
    let slice = part.of(rows, |row| row.invitation.id);
    Ok(part.answer(
        slice,
        |row| row.invitation.id,
        |row| InvitationBody::of(&row, caller.now),
    ))
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InvitationSecret")]
pub(crate) struct PreviewBody {
    #[garde(length(bytes, max = 200))]
    token: String,
}

/// How somebody names the invitation that they answer: by one of the two.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InvitationAnswer", transform = either("token", "invitation_id"))]
pub(crate) struct AnswerBody {
    #[garde(length(bytes, max = 200))]
    token: Option<String>,
    #[garde(custom(parses_if_any::<InvitationId>))]
    #[schemars(with = "Option<Text<InvitationId>>")]
    invitation_id: Option<String>,
}

impl AnswerBody {
    fn which(&self) -> Result<Which, Problem> {
        match (&self.token, &self.invitation_id) {
            (Some(token), None) => Ok(Which::Mailed(secret(token)?)),
            (None, Some(id)) => Ok(Which::Listed(parsed(id)?)),
            (Some(_), Some(_)) | (None, None) => {
                Err(Problem::field("token", "say `token` or `invitation_id`"))
            }
        }
    }
}

pub(crate) async fn preview(
    _: Public,
    invitations: Data<Invitations>,
    clock: Data<dyn Clock>,
    Valid(body): Valid<PreviewBody>,
) -> Result<Found<InvitationBody>, Problem> {
    let row = invitations.preview(&secret(&body.token)?).await?;
    Ok(Json(InvitationBody::of(&row, clock.now())))
}

/// Who has become a member of what.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Joined")]
pub(crate) struct JoinedBody {
    #[schemars(with = "Text<TenantId>")]
    organization_id: String,
    #[schemars(with = "Text<MemberId>")]
    member_id: String,
    #[schemars(with = "Text<UserId>")]
    user_id: String,
}

pub(crate) async fn accept(
    caller: SignedIn,
    invitations: Data<Invitations>,
    Valid(body): Valid<AnswerBody>,
) -> Result<Found<JoinedBody>, Problem> {
    let member = invitations.accept(&caller, &body.which()?).await?;
    Ok(Json(JoinedBody {
        organization_id: member.tenant.to_string(),
        member_id: member.id.to_string(),
        user_id: member.user.to_string(),
    }))
}

/// Whoever brings the secret needs no account; whoever names an id has to show whose it is.
pub(crate) async fn decline(
    _: Public,
    request: ByBearer,
    sessions: Data<Sessions>,
    invitations: Data<Invitations>,
    Valid(body): Valid<AnswerBody>,
) -> Result<NoContent, Problem> {
    let which = body.which()?;
    let caller = match (&which, bearer(request.headers())) {
        (Which::Mailed(_), _) => None,
        (Which::Listed(_), None) => return Err(Kind::Unauthenticated.into()),
        (Which::Listed(_), Some(token)) => match sessions.authenticate(token).await? {
            Asker::Person(caller) => Some(caller),
            Asker::Machine(_) => return Err(Kind::Forbidden.into()),
        },
    };
    invitations.decline(caller.as_deref(), &which).await?;
    Ok(NoContent)
}
