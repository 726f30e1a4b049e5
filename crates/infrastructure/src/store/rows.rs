//! Rows as the domain knows them. What a row should never hold is an error, not a panic.

use super::reading::Named;
use crate::{entity, passwords};
use aws_lc_rs::{constant_time, digest};
use bailiwick_application::ports::{
    Account, AuditRow, HeldRole, Outcome, RecordedActor, Secret, StoreError, WhichSecret,
};
use bailiwick_domain::{
    ApiKeyId, AuditId, ChainId, MailedTokenId, MemberId, ProjectId, RoleId, ServiceAccountId,
    SessionId, TenantId, Timestamp, UserId,
    access::{Actor, Assignment, Grants, Machine},
    api_key::ApiKey,
    invitation::InvitationStatus,
    mailed::{MailPurpose, MailedToken},
    member::{Member, MemberStatus},
    ownership::Offer,
    password::PasswordHash,
    project::Project,
    role::{BuiltIn, Role, is_on_offer},
    service_account::{ServiceAccount, ServiceAccountStatus},
    session::{Chain, Place, Session},
    tenant::{Settings, Tenant, TenantStatus},
    user::User,
};
use uuid::Uuid;

/// Where it is not said who suspended it, the platform did: that forbids more.
pub(super) fn tenant_status(
    row: &impl Named,
    status: &str,
    suspended_by: Option<&str>,
    deleted_at: Option<Timestamp>,
) -> Result<TenantStatus, StoreError> {
    match (status, suspended_by, deleted_at) {
        ("active", None, None) => Ok(TenantStatus::Active),
        ("suspended", Some("organization"), None) => Ok(TenantStatus::Suspended),
        ("suspended", Some("platform") | None, None) => Ok(TenantStatus::Locked),
        ("active", None, Some(_)) => Ok(TenantStatus::Deleted),
        ("suspended", Some("organization" | "platform") | None, Some(_)) => {
            Ok(TenantStatus::Deleted)
        }
        ("active" | "suspended", Some(_), _) => {
            Err(row.corrupt("suspended_by", "does not go with `status`"))
        }
        _ => Err(row.corrupt("status", "is no word that we write there")),
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

pub(super) fn member_status(row: &impl Named, text: &str) -> Result<MemberStatus, StoreError> {
    row.one_of("status", text, MemberStatus::ALL, MemberStatus::name)
}

pub(super) fn invitation_status(
    row: &impl Named,
    text: &str,
) -> Result<InvitationStatus, StoreError> {
    row.one_of(
        "status",
        text,
        InvitationStatus::ALL,
        InvitationStatus::name,
    )
}

/// Is it one of two? Neither database has a type for that which the other has too.
pub(super) fn is_so(row: &impl Named, column: &str, number: i64) -> Result<bool, StoreError> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(row.corrupt(column, "is neither 0 nor 1")),
    }
}

/// What the columns of a role say.
pub(super) struct RoleColumns<'a> {
    pub(super) id: Uuid,
    pub(super) name: &'a str,
    pub(super) builtin: Option<&'a str>,
    pub(super) permissions: Option<&'a str>,
    pub(super) version: i64,
}

/// A role, as its columns say it. A built-in role says in code what it holds.
pub(super) fn role(
    row: &impl Named,
    columns: &RoleColumns<'_>,
    includes: Vec<RoleId>,
) -> Result<Role, StoreError> {
    let id = RoleId::from_uuid(columns.id);
    let version = row.version(columns.version)?;
    match (
        built_in(row, columns.name, columns.builtin)?,
        columns.permissions,
    ) {
        (Some(builtin), None) => Ok(Role::built_in(id, builtin)),
        (None, Some(permissions)) => Ok(Role {
            id,
            name: row.parsed("name", columns.name)?,
            built_in: None,
            // Whatever somebody wrote into the row: what is reserved is held by `owner` alone.
            grants: Grants::stored(permissions)
                .map_err(|_| row.corrupt("permissions", "names what no role can hold"))?
                .only(is_on_offer),
            includes,
            version,
        }),
        (Some(_), Some(_)) => {
            Err(row.corrupt("permissions", "stand there although `builtin` does"))
        }
        (None, None) => Err(row.corrupt("permissions", "are missing, and so is `builtin`")),
    }
}

/// Which of the built-in roles it is, if it is one: then it is called so.
fn built_in(
    row: &impl Named,
    name: &str,
    builtin: Option<&str>,
) -> Result<Option<BuiltIn>, StoreError> {
    let Some(builtin) = builtin else {
        return Ok(None);
    };
    let known = row.one_of("builtin", builtin, BuiltIn::ALL, BuiltIn::name)?;
    if name == builtin {
        Ok(Some(known))
    } else {
        Err(row.corrupt("name", "is not what `builtin` says"))
    }
}

/// An assignment, as its columns say it.
pub(super) fn assignment(
    row: &impl Named,
    role: Uuid,
    project: Option<Uuid>,
    expires_at: Option<i64>,
) -> Result<Assignment, StoreError> {
    Ok(Assignment {
        role: RoleId::from_uuid(role),
        project: project.map(ProjectId::from_uuid),
        expires_at: row.at_if("expires_at", expires_at)?,
    })
}

/// A role that somebody has, with the name that its row says.
pub(super) fn held(
    row: &impl Named,
    assignment: Assignment,
    name: &str,
    builtin: Option<&str>,
) -> Result<HeldRole, StoreError> {
    Ok(HeldRole {
        assignment,
        name: row.parsed("name", name)?,
        built_in: built_in(row, name, builtin)?,
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
        status: member_status(row, &row.status)?,
        assignments,
        created_at: row.at("created_at", row.created_at)?,
        version: row.version(row.version)?,
    })
}

pub(super) fn offer(row: &entity::ownership_offer::Model) -> Result<Offer, StoreError> {
    Ok(Offer {
        tenant: TenantId::from_uuid(row.tenant_id),
        from: MemberId::from_uuid(row.from_member_id),
        to: MemberId::from_uuid(row.to_member_id),
        created_at: row.at("created_at", row.created_at)?,
        expires_at: row.at("expires_at", row.expires_at)?,
    })
}

pub(super) fn audit_event(row: entity::audit_event::Model) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        id: AuditId::from_uuid(row.id),
        at: row.at("at", row.at)?,
        actor: recorded(&row)?,
        outcome: row.one_of("outcome", &row.outcome, Outcome::ALL, Outcome::name)?,
        action: row.action,
        target: row.target,
        reason: row.reason,
    })
}

/// Who did it: a machine where a key stands beside it.
fn recorded(row: &entity::audit_event::Model) -> Result<Option<RecordedActor>, StoreError> {
    match (row.actor_id, row.key_id) {
        (None, None) => Ok(None),
        (Some(user), None) => Ok(Some(RecordedActor::User(UserId::from_uuid(user)))),
        (Some(account), Some(key)) => Ok(Some(RecordedActor::Machine(
            ServiceAccountId::from_uuid(account),
            ApiKeyId::from_uuid(key),
        ))),
        (None, Some(_)) => Err(row.corrupt("key_id", "is there without `actor_id`")),
    }
}

/// Who acts, as a record keeps it.
pub(crate) const fn actor_id(actor: Actor) -> Uuid {
    match actor {
        Actor::User(user) => user.as_uuid(),
        Actor::Machine(machine) => machine.account.as_uuid(),
    }
}

/// With which key, if it is a machine.
pub(crate) fn key_id(actor: Actor) -> Option<Uuid> {
    Some(actor.machine()?.key.as_uuid())
}

/// Which machine it is, if it is one.
pub(super) fn account_id(actor: Actor) -> Option<Uuid> {
    Some(actor.machine()?.account.as_uuid())
}

/// Who made something: the person, or the machine that the person answers for.
pub(super) fn actor(
    row: &impl Named,
    person: Uuid,
    account: Option<Uuid>,
    key: Option<Uuid>,
) -> Result<Actor, StoreError> {
    let person = UserId::from_uuid(person);
    match (account, key) {
        (None, None) => Ok(Actor::User(person)),
        (Some(account), Some(key)) => Ok(Actor::Machine(Machine {
            account: ServiceAccountId::from_uuid(account),
            key: ApiKeyId::from_uuid(key),
            made_by: person,
        })),
        _ => Err(row.corrupt(
            "key_id",
            "is there without `account_id`, or the other way round",
        )),
    }
}

pub(super) fn service_account(
    row: &entity::service_account::Model,
    roles: Vec<RoleId>,
) -> Result<ServiceAccount, StoreError> {
    Ok(ServiceAccount {
        id: ServiceAccountId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        name: row.parsed("name", &row.name)?,
        status: row.one_of(
            "status",
            &row.status,
            ServiceAccountStatus::ALL,
            ServiceAccountStatus::name,
        )?,
        roles,
        created_at: row.at("created_at", row.created_at)?,
        version: row.version(row.version)?,
    })
}

pub(super) fn api_key(row: &entity::api_key::Model) -> Result<ApiKey, StoreError> {
    // Without both there is nothing to compare with, or no end to it.
    if row.previous_hash.is_some() != row.previous_until.is_some() {
        return Err(row.corrupt(
            "previous_until",
            "is there without `previous_hash`, or the other way round",
        ));
    }
    for (column, hash) in [
        ("secret_hash", Some(&row.secret_hash)),
        ("previous_hash", row.previous_hash.as_ref()),
    ] {
        if hash.is_some_and(|hash| hash.len() != digest::SHA256_OUTPUT_LEN) {
            return Err(row.corrupt(column, "has not 32 bytes"));
        }
    }
    Ok(ApiKey {
        id: ApiKeyId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        account: ServiceAccountId::from_uuid(row.account_id),
        name: row.parsed("name", &row.name)?,
        // Whatever somebody wrote into the row: what is reserved no machine holds.
        grants: Grants::stored(&row.permissions)
            .map_err(|_| row.corrupt("permissions", "names what no key can hold"))?
            .only(is_on_offer),
        made_by: UserId::from_uuid(row.made_by),
        created_at: row.at("created_at", row.created_at)?,
        expires_at: row.at("expires_at", row.expires_at)?,
        revoked_at: row.at_if("revoked_at", row.revoked_at)?,
        previous_until: row.at_if("previous_until", row.previous_until)?,
        last_used_at: row.at_if("last_used_at", row.last_used_at)?,
    })
}

/// Which of the secrets of a key has this hash. It takes as long to find out that none has.
pub(super) fn which_secret(row: &entity::api_key::Model, hash: &[u8; 32]) -> Option<WhichSecret> {
    let is = |known: &[u8]| constant_time::verify_slices_are_equal(known, hash).is_ok();
    let newest = is(&row.secret_hash);
    let previous = row.previous_hash.as_deref().is_some_and(is);
    match (newest, previous) {
        (true, _) => Some(WhichSecret::Newest),
        (false, true) => Some(WhichSecret::Previous),
        (false, false) => None,
    }
}

pub(super) fn user(row: &entity::user::Model) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::from_uuid(row.id),
        email: row.parsed("email", &row.email)?,
        name: row.parsed("name", &row.name)?,
        created_at: row.at("created_at", row.created_at)?,
        verified_at: row.at_if("email_verified_at", row.email_verified_at)?,
        disabled_at: row.at_if("disabled_at", row.disabled_at)?,
    })
}

pub(super) fn account(row: entity::user::Model) -> Result<Account, StoreError> {
    let user = user(&row)?;
    let hash = row.password_hash.as_deref();
    if hash.is_some_and(|hash| !passwords::is_hash(hash)) {
        return Err(row.corrupt("password_hash", "is no hash that we compare with"));
    }
    Ok(Account {
        user,
        password: row.password_hash.map(PasswordHash::from_phc),
    })
}

pub(super) fn tenant(row: &entity::tenant::Model) -> Result<Tenant, StoreError> {
    let deleted_at = row.at_if("deleted_at", row.deleted_at)?;
    let domains = match row.allowed_domains.as_str() {
        "" => Vec::new(),
        listed => {
            let domains = listed.split(' ');
            let domains = domains.map(|domain| row.parsed("allowed_domains", domain));
            domains.collect::<Result<_, _>>()?
        }
    };
    Ok(Tenant {
        id: TenantId::from_uuid(row.id),
        name: row.parsed("name", &row.name)?,
        status: tenant_status(row, &row.status, row.suspended_by.as_deref(), deleted_at)?,
        slug: row.parsed("slug", &row.slug)?,
        deleted_at,
        settings: Settings {
            default_role: row.default_role_id.map(RoleId::from_uuid),
            allowed_domains: domains,
            second_factor_required: is_so(
                row,
                "second_factor_required",
                row.second_factor_required,
            )?,
        },
        created_by: UserId::from_uuid(row.created_by),
        created_at: row.at("created_at", row.created_at)?,
        updated_at: row.at("updated_at", row.updated_at)?,
        version: row.version(row.version)?,
    })
}

pub(super) fn project(row: &entity::project::Model) -> Result<Project, StoreError> {
    Ok(Project {
        id: ProjectId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        name: row.parsed("name", &row.name)?,
        created_by: actor(row, row.created_by, row.account_id, row.key_id)?,
        created_at: row.at("created_at", row.created_at)?,
        updated_at: row.at("updated_at", row.updated_at)?,
        deleted_at: row.at_if("deleted_at", row.deleted_at)?,
    })
}

pub(super) fn session(row: &entity::session::Model) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        authenticated_at: row.at("authenticated_at", row.authenticated_at)?,
        expires_at: row.at("expires_at", row.expires_at)?,
        ended_at: row.at_if("ended_at", row.ended_at)?,
        second_factor_at: row.at_if("second_factor_at", row.second_factor_at)?,
    })
}

pub(super) fn chain(row: &entity::refresh_chain::Model) -> Result<(Chain, Secret), StoreError> {
    let chain = Chain {
        id: ChainId::from_uuid(row.id),
        session: SessionId::from_uuid(row.session_id),
        place: place(row, row.tenant_id, row.member_id)?,
        generation: generation(row, row.generation)?,
        rotated_at: row.at("rotated_at", row.rotated_at)?,
        revoked_at: row.at_if("revoked_at", row.revoked_at)?,
    };
    Ok((chain, secret(row, &row.secret)?))
}

pub(super) fn place(
    row: &impl Named,
    tenant: Option<Uuid>,
    member: Option<Uuid>,
) -> Result<Option<Place>, StoreError> {
    match (tenant, member) {
        (Some(tenant), Some(member)) => Ok(Some(Place {
            tenant: TenantId::from_uuid(tenant),
            member: MemberId::from_uuid(member),
        })),
        (None, None) => Ok(None),
        _ => Err(row.corrupt(
            "member_id",
            "is there without `tenant_id`, or the other way round",
        )),
    }
}

pub(super) fn secret(row: &impl Named, bytes: &[u8]) -> Result<Secret, StoreError> {
    let secret = bytes.try_into();
    secret
        .map(Secret)
        .map_err(|_| row.corrupt("secret", "has not 32 bytes"))
}

/// A generation that another one can follow. Neither database has numbers without a sign.
pub(super) fn generation(row: &impl Named, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number)
        .ok()
        .filter(|_| number < i64::MAX)
        .ok_or_else(|| row.corrupt("generation", "is no number that we count to"))
}

/// A generation as the databases count.
pub(super) fn counted(generation: u64) -> Result<i64, StoreError> {
    i64::try_from(generation).map_err(|error| StoreError::Broken(error.to_string()))
}

pub(super) fn mailed_token(row: &entity::mailed_token::Model) -> Result<MailedToken, StoreError> {
    Ok(MailedToken {
        id: MailedTokenId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        purpose: row.one_of("purpose", &row.purpose, MailPurpose::ALL, MailPurpose::name)?,
        created_at: row.at("created_at", row.created_at)?,
        expires_at: row.at("expires_at", row.expires_at)?,
    })
}

/// What is kept of a secret that only has to be recognized. Nobody guesses 256 bits, so it need not be slow.
pub(super) fn hash(Secret(secret): &Secret) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
    hash
}
