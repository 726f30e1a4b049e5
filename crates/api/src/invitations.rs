//! Invitations over HTTP.

use crate::{
    access::{Asking, Guard, Public, SignedIn, bearer, id_of},
    accounts::secret,
    background::Background,
    body::{Valid, address, parsed, parses_if_any},
    list::{Filter, Own, Parameters, Part},
    members::AddBody,
    path::Id,
    problem::{Kind, Problem},
    time::rfc3339,
};
use actix_web::{HttpRequest, HttpResponse, web::Data};
use bailiwick_application::{
    invitations::{Invitations, Invite, Which},
    ports::{Clock, InvitationRow},
    sessions::{Asker, Sessions},
};
use bailiwick_domain::{
    InvitationId, Timestamp,
    access::action::{InviteMember, ListInvitations, RevokeInvitation},
    invitation::InvitationStatus,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Serialize)]
struct InvitationBody {
    id: String,
    email: String,
    organization_id: String,
    organization: String,
    invited_by: String,
    inviter: String,
    roles: Vec<String>,
    status: &'static str,
    created_at: String,
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
}

pub(crate) async fn invite(
    permit: Guard<InviteMember>,
    asking: Asking,
    invitations: Data<Invitations>,
    background: Data<Background>,
    Valid(body): Valid<AddBody>,
) -> Result<HttpResponse, Problem> {
    let invite = Invite {
        email: address(&body.email)?,
        roles: body.roles()?,
    };
    let (row, outgoing) = invitations.invite(&permit, invite).await?;
    let answer = HttpResponse::Created().json(InvitationBody::of(&row, asking.now()));
    background.run(async move { invitations.deliver(outgoing).await });
    Ok(answer)
}

pub(crate) async fn list(
    permit: Guard<ListInvitations>,
    asking: Asking,
    invitations: Data<Invitations>,
    part: Part<InvitationId, InvitationsWanted>,
) -> Result<HttpResponse, Problem> {
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
) -> Result<HttpResponse, Problem> {
    let row = invitations.read(&permit, id).await?.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::Ok().json(InvitationBody::of(&row, asking.now())))
}

pub(crate) async fn resend(
    permit: Guard<InviteMember>,
    asking: Asking,
    invitations: Data<Invitations>,
    background: Data<Background>,
    Id(id): Id<InvitationId>,
) -> Result<HttpResponse, Problem> {
    let sent = invitations.resend(&permit, id).await?;
    let (row, outgoing) = sent.ok_or(Kind::NotFound)?;
    let answer = HttpResponse::Ok().json(InvitationBody::of(&row, asking.now()));
    background.run(async move { invitations.deliver(outgoing).await });
    Ok(answer)
}

pub(crate) async fn revoke(
    permit: Guard<RevokeInvitation>,
    invitations: Data<Invitations>,
    Id(id): Id<InvitationId>,
) -> Result<HttpResponse, Problem> {
    let revoked = invitations.revoke(&permit, id).await?;
    revoked.ok_or(Kind::NotFound)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn mine(
    caller: SignedIn,
    invitations: Data<Invitations>,
    part: Part<InvitationId, Own>,
) -> Result<HttpResponse, Problem> {
    let rows = invitations.mine(&caller).await?;
    let slice = part.of(rows, |row| row.invitation.id);
    Ok(part.answer(
        slice,
        |row| row.invitation.id,
        |row| InvitationBody::of(&row, caller.now),
    ))
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewBody {
    #[garde(length(bytes, max = 200))]
    token: String,
}

/// How somebody names the invitation that they answer: by one of the two.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerBody {
    #[garde(length(bytes, max = 200))]
    token: Option<String>,
    #[garde(custom(parses_if_any::<InvitationId>))]
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
) -> Result<HttpResponse, Problem> {
    let row = invitations.preview(&secret(&body.token)?).await?;
    Ok(HttpResponse::Ok().json(InvitationBody::of(&row, clock.now())))
}

pub(crate) async fn accept(
    caller: SignedIn,
    invitations: Data<Invitations>,
    Valid(body): Valid<AnswerBody>,
) -> Result<HttpResponse, Problem> {
    let member = invitations.accept(&caller, &body.which()?).await?;
    Ok(HttpResponse::Ok().json(json!({
        "organization_id": member.tenant.to_string(),
        "member_id": member.id.to_string(),
        "user_id": member.user.to_string(),
    })))
}

/// Whoever brings the secret needs no account; whoever names an id has to show whose it is.
pub(crate) async fn decline(
    _: Public,
    request: HttpRequest,
    sessions: Data<Sessions>,
    invitations: Data<Invitations>,
    Valid(body): Valid<AnswerBody>,
) -> Result<HttpResponse, Problem> {
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
    Ok(HttpResponse::NoContent().finish())
}
