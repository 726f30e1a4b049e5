//! Rows as the domain knows them. What a row should never hold is an error, not a panic.

use crate::entity;
use aws_lc_rs::digest;
use bailiwick_application::ports::{Account, Secret, StoreError};
use bailiwick_domain::{
    ChainId, MailedTokenId, MemberId, ProjectId, RoleId, SessionId, TenantId, Timestamp, UserId,
    mailed::{MailPurpose, MailedToken},
    member::MemberStatus,
    password::PasswordHash,
    project::Project,
    role::Role,
    session::{Chain, Place, Session},
    tenant::{Slug, Tenant, TenantStatus},
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

pub(super) fn tenant_status(text: &str) -> Result<TenantStatus, StoreError> {
    let known = TenantStatus::ALL
        .into_iter()
        .find(|status| status.name() == text);
    known.ok_or_else(|| corrupt(format!("a tenant is `{text}`")))
}

pub(super) fn member_status(text: &str) -> Result<MemberStatus, StoreError> {
    let known = MemberStatus::ALL
        .into_iter()
        .find(|status| status.name() == text);
    known.ok_or_else(|| corrupt(format!("a member is `{text}`")))
}

/// What the columns of a role say. Roles of the tenant's own have no permissions to read yet.
pub(super) fn role(id: Uuid, builtin: Option<&str>) -> Result<Role, StoreError> {
    let builtin = builtin.ok_or_else(|| corrupt("a role is not built in"))?;
    Ok(Role::built_in(RoleId::from_uuid(id), stored(builtin)?))
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
    Ok(Tenant {
        id: TenantId::from_uuid(row.id),
        name: stored(&row.name)?,
        slug: Slug::stored(row.slug),
        status: tenant_status(&row.status)?,
        created_by: UserId::from_uuid(row.created_by),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
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
pub(super) fn hash(Secret(secret): &Secret) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret).as_ref().to_vec()
}
