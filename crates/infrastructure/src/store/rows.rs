//! Rows as the domain knows them. What a row should never hold is an error, not a panic.

use crate::entity;
use aws_lc_rs::digest;
use bailiwick_application::ports::{Account, AuditRow, HeldRole, Outcome, Secret, StoreError};
use bailiwick_domain::{
    AuditId, ChainId, MailedTokenId, MemberId, ProjectId, RoleId, SessionId, TenantId, Timestamp,
    UserId, Version,
    access::{Assignment, Grants},
    invitation::InvitationStatus,
    mailed::{MailPurpose, MailedToken},
    member::{Member, MemberStatus},
    ownership::Offer,
    password::PasswordHash,
    project::Project,
    role::{Role, is_on_offer},
    session::{Chain, Place, Session},
    tenant::{Settings, Slug, Tenant, TenantStatus},
    user::User,
};
use std::{fmt::Display, str::FromStr};
use uuid::Uuid;

/// Reads a text that was checked when it was stored.
pub(super) fn stored<T: FromStr<Err: Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error: T::Err| corrupt(error))
}

pub(super) fn corrupt(what: impl ToString) -> StoreError {
    StoreError::Corrupt(what.to_string())
}

/// Whoever is suspended by nobody that we know is suspended by the platform: that forbids more.
pub(super) fn tenant_status(
    status: &str,
    suspended_by: Option<&str>,
    deleted_at: Option<i64>,
) -> Result<TenantStatus, StoreError> {
    match (status, suspended_by, deleted_at) {
        ("active", _, None) => Ok(TenantStatus::Active),
        ("suspended", Some("organization"), None) => Ok(TenantStatus::Suspended),
        ("suspended", _, None) => Ok(TenantStatus::Locked),
        ("active" | "suspended", _, Some(_)) => Ok(TenantStatus::Deleted),
        _ => Err(corrupt(format!("a tenant is `{status}`"))),
    }
}

/// How the store writes down that a tenant is in this state, and who suspended it.
pub(super) const fn tenant_columns(status: TenantStatus) -> (&'static str, Option<&'static str>) {
    match status {
        TenantStatus::Active | TenantStatus::Deleted => ("active", None),
        TenantStatus::Suspended => ("suspended", Some("organization")),
        TenantStatus::Locked => ("suspended", Some("platform")),
    }
}

pub(super) fn member_status(text: &str) -> Result<MemberStatus, StoreError> {
    let known = MemberStatus::ALL
        .into_iter()
        .find(|status| status.name() == text);
    known.ok_or_else(|| corrupt(format!("a member is `{text}`")))
}

pub(super) fn invitation_status(text: &str) -> Result<InvitationStatus, StoreError> {
    let known = InvitationStatus::ALL
        .into_iter()
        .find(|status| status.name() == text);
    known.ok_or_else(|| corrupt(format!("an invitation is `{text}`")))
}

/// What the columns of a role say. A built-in role says in code what it holds.
pub(super) fn role(
    id: Uuid,
    name: &str,
    builtin: Option<&str>,
    permissions: Option<&str>,
    version: i64,
    includes: Vec<RoleId>,
) -> Result<Role, StoreError> {
    let id = RoleId::from_uuid(id);
    match (builtin, permissions) {
        (Some(builtin), None) => Ok(Role::built_in(id, stored(builtin)?)),
        (None, Some(permissions)) => Ok(Role {
            id,
            name: stored(name)?,
            built_in: None,
            // Whatever somebody wrote into the row: what is reserved is held by `owner` alone.
            grants: Grants::stored(permissions)
                .map_err(corrupt)?
                .only(is_on_offer),
            includes,
            version: Version::from_number(version),
        }),
        _ => Err(corrupt(format!("{id} is built in and is not"))),
    }
}

/// An assignment, as its columns say it.
pub(super) fn assignment(role: Uuid, project: Option<Uuid>, expires_at: Option<i64>) -> Assignment {
    Assignment {
        role: RoleId::from_uuid(role),
        project: project.map(ProjectId::from_uuid),
        expires_at: expires_at.map(Timestamp::from_micros),
    }
}

/// A role that somebody has, with the name that its row says.
pub(super) fn held(
    assignment: Assignment,
    name: &str,
    builtin: Option<&str>,
) -> Result<HeldRole, StoreError> {
    Ok(HeldRole {
        assignment,
        name: stored(name)?,
        built_in: builtin.map(stored).transpose()?,
    })
}

pub(super) fn member(
    row: &entity::member::Model,
    assignments: Vec<Assignment>,
) -> Result<Member, StoreError> {
    Ok(Member {
        id: MemberId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        user: UserId::from_uuid(row.user_id),
        status: member_status(&row.status)?,
        assignments,
        created_at: Timestamp::from_micros(row.created_at),
        version: Version::from_number(row.version),
    })
}

pub(super) fn offer(row: &entity::ownership_offer::Model) -> Offer {
    Offer {
        tenant: TenantId::from_uuid(row.tenant_id),
        from: MemberId::from_uuid(row.from_member_id),
        to: MemberId::from_uuid(row.to_member_id),
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: Timestamp::from_micros(row.expires_at),
    }
}

pub(super) fn audit_event(row: entity::audit_event::Model) -> Result<AuditRow, StoreError> {
    let outcome = Outcome::ALL
        .into_iter()
        .find(|outcome| outcome.name() == row.outcome);
    Ok(AuditRow {
        id: AuditId::from_uuid(row.id),
        at: Timestamp::from_micros(row.at),
        actor: row.actor_id.map(UserId::from_uuid),
        action: row.action,
        target: row.target,
        outcome: outcome.ok_or_else(|| corrupt(format!("an act came to `{}`", row.outcome)))?,
        reason: row.reason,
    })
}

pub(super) fn user(row: entity::user::Model) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::from_uuid(row.id),
        email: stored(&row.email)?,
        name: stored(&row.name)?,
        created_at: Timestamp::from_micros(row.created_at),
        verified_at: row.email_verified_at.map(Timestamp::from_micros),
        disabled_at: row.disabled_at.map(Timestamp::from_micros),
    })
}

pub(super) fn account(mut row: entity::user::Model) -> Result<Account, StoreError> {
    let password = row.password_hash.take().map(PasswordHash::from_phc);
    Ok(Account {
        user: user(row)?,
        password,
    })
}

pub(super) fn tenant(row: entity::tenant::Model) -> Result<Tenant, StoreError> {
    let domains = row.allowed_domains.split(' ');
    let domains = domains.filter(|domain| !domain.is_empty());
    Ok(Tenant {
        id: TenantId::from_uuid(row.id),
        name: stored(&row.name)?,
        status: tenant_status(&row.status, row.suspended_by.as_deref(), row.deleted_at)?,
        slug: Slug::stored(row.slug),
        deleted_at: row.deleted_at.map(Timestamp::from_micros),
        settings: Settings {
            default_role: row.default_role_id.map(RoleId::from_uuid),
            allowed_domains: domains.map(stored).collect::<Result<_, _>>()?,
            second_factor_required: row.second_factor_required != 0,
        },
        created_by: UserId::from_uuid(row.created_by),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
        version: Version::from_number(row.version),
    })
}

pub(super) fn project(row: entity::project::Model) -> Result<Project, StoreError> {
    Ok(Project {
        id: ProjectId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        name: stored(&row.name)?,
        created_by: UserId::from_uuid(row.created_by),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
        deleted_at: row.deleted_at.map(Timestamp::from_micros),
    })
}

pub(super) fn session(row: &entity::session::Model) -> Session {
    Session {
        id: SessionId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        authenticated_at: Timestamp::from_micros(row.authenticated_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        ended_at: row.ended_at.map(Timestamp::from_micros),
        second_factor_at: row.second_factor_at.map(Timestamp::from_micros),
    }
}

pub(super) fn chain(row: entity::refresh_chain::Model) -> Result<(Chain, Secret), StoreError> {
    let chain = Chain {
        id: ChainId::from_uuid(row.id),
        session: SessionId::from_uuid(row.session_id),
        place: place(row.tenant_id, row.member_id)?,
        generation: u64::try_from(row.generation).map_err(corrupt)?,
        rotated_at: Timestamp::from_micros(row.rotated_at),
        revoked_at: row.revoked_at.map(Timestamp::from_micros),
    };
    Ok((chain, secret(row.secret)?))
}

pub(super) fn place(
    tenant: Option<Uuid>,
    member: Option<Uuid>,
) -> Result<Option<Place>, StoreError> {
    match (tenant, member) {
        (Some(tenant), Some(member)) => Ok(Some(Place {
            tenant: TenantId::from_uuid(tenant),
            member: MemberId::from_uuid(member),
        })),
        (None, None) => Ok(None),
        _ => Err(corrupt("a chain has half a place")),
    }
}

pub(super) fn secret(bytes: Vec<u8>) -> Result<Secret, StoreError> {
    let secret = bytes
        .try_into()
        .map_err(|_| corrupt("a chain's secret has no 32 bytes"))?;
    Ok(Secret(secret))
}

/// A generation as the databases count: neither has numbers without a sign.
pub(super) fn generation(generation: u64) -> Result<i64, StoreError> {
    i64::try_from(generation).map_err(corrupt)
}

pub(super) fn mailed_token(row: entity::mailed_token::Model) -> Result<MailedToken, StoreError> {
    let purpose = MailPurpose::ALL
        .into_iter()
        .find(|purpose| purpose.name() == row.purpose);
    Ok(MailedToken {
        id: MailedTokenId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        purpose: purpose.ok_or_else(|| corrupt(format!("a token is for `{}`", row.purpose)))?,
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: Timestamp::from_micros(row.expires_at),
    })
}

/// What is kept of a secret that only has to be recognized. Nobody guesses 256 bits, so it need not be slow.
pub(super) fn hash(Secret(secret): &Secret) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
    hash
}
