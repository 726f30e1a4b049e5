//! The only way to the tables: each is reached through its owner, so that no query can forget whose rows it is about.

use crate::entity::{
    api_key, audit_event, invitation, invitation_role, kept_answer, mailed_token, member,
    member_role, operator, ownership_offer, project, project_role, refresh_chain, role,
    role_include, service_account, service_account_role, session, signing_key, slug, tenant, user,
};
use bailiwick_domain::{
    ApiKeyId, TenantId, UserId, access::PlatformScope, member::MemberStatus, role::BuiltIn,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DeleteMany, EntityTrait, Insert, InsertMany,
    QueryFilter, QuerySelect, QueryTrait, Select, UpdateMany,
};

/// The first wall where a query is written out: `$1` is the tenant.
pub(super) const ONLY: &str = if cfg!(feature = "without-first-wall") {
    "CAST($1 AS uuid) IS NOT NULL"
} else {
    "tenant_id = $1"
};

/// The first wall where the tenant is that of a chain, whose `place` the query has looked up.
pub(super) const ONLY_IN_PLACE: &str = if cfg!(feature = "without-first-wall") {
    "(SELECT tenant_id FROM place) IS NOT NULL"
} else {
    "tenant_id = (SELECT tenant_id FROM place)"
};

/// A table whose every row belongs to one tenant.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the tenant is added"
)]
pub trait OfTenant: EntityTrait {
    /// Which column says whose.
    const TENANT: Self::Column;

    /// The tenant's rows.
    fn of(tenant: TenantId) -> Select<Self> {
        Self::find().filter(Self::only(tenant))
    }

    /// A change of the tenant's rows.
    fn change_of(tenant: TenantId) -> UpdateMany<Self> {
        Self::update_many().filter(Self::only(tenant))
    }

    /// A removal of the tenant's rows.
    fn removal_of(tenant: TenantId) -> DeleteMany<Self> {
        Self::delete_many().filter(Self::only(tenant))
    }

    /// The first wall.
    fn only(tenant: TenantId) -> Condition {
        if cfg!(feature = "without-first-wall") {
            return Condition::all();
        }
        Condition::all().add(Self::TENANT.eq(tenant.as_uuid()))
    }

    /// The rows of every tenant, for operators of the platform.
    fn everywhere<M>(_: &PlatformScope<M>) -> Select<Self> {
        Self::find()
    }

    /// New rows of the tenant, whatever they say themselves.
    fn add_to<Row>(tenant: TenantId, rows: impl IntoIterator<Item = Row>) -> InsertMany<Row>
    where
        Row: ActiveModelTrait<Entity = Self>,
    {
        Self::insert_many(rows.into_iter().map(|mut row| {
            row.set(Self::TENANT, tenant.as_uuid().into());
            row
        }))
    }
}

/// A table whose rows a person can ask for across tenants, because they are about that person.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the person is added"
)]
pub(super) trait OfPerson: EntityTrait {
    /// Which column says whom.
    const PERSON: Self::Column;

    /// The rows about the person.
    fn about(user: UserId) -> Select<Self> {
        Self::find().filter(Self::PERSON.eq(user.as_uuid()))
    }
}

/// A table that no tenant owns.
#[expect(clippy::disallowed_methods, reason = "there is no tenant to add")]
pub(crate) trait OfNobody: EntityTrait {
    /// All rows.
    fn rows() -> Select<Self> {
        Self::find()
    }

    /// A change of rows.
    fn change() -> UpdateMany<Self> {
        Self::update_many()
    }

    /// A removal of rows.
    fn removal() -> DeleteMany<Self> {
        Self::delete_many()
    }

    /// A new row.
    fn add<Row: ActiveModelTrait<Entity = Self>>(row: Row) -> Insert<Row> {
        Self::insert(row)
    }
}

/// The key of this id: whoever shows one has yet to learn whose it is.
#[expect(
    clippy::disallowed_methods,
    reason = "the tenant is what the key is looked up for"
)]
pub(super) fn shown_key(id: ApiKeyId) -> Select<api_key::Entity> {
    api_key::Entity::find().filter(api_key::Column::Id.eq(id.as_uuid()))
}

/// The tenants that are deleted and not erased.
#[expect(
    clippy::disallowed_methods,
    reason = "nobody asks for these: time has come for them"
)]
pub(super) fn deleted() -> Select<tenant::Entity> {
    tenant::Entity::find()
        .filter(tenant::Column::DeletedAt.is_not_null())
        .filter(tenant::Column::ErasedAt.is_null())
}

/// The members who own a tenant and can act: those whom it must not lose.
#[expect(
    clippy::disallowed_methods,
    reason = "whose account is in order no tenant says"
)]
pub(super) fn owners_of(tenant: TenantId) -> Select<member::Entity> {
    let owner = role::Entity::of(tenant)
        .select_only()
        .column(role::Column::Id)
        .filter(role::Column::Builtin.eq(BuiltIn::Owner.name()))
        .into_query();
    let holding = member_role::Entity::of(tenant)
        .select_only()
        .column(member_role::Column::MemberId)
        .filter(member_role::Column::RoleId.in_subquery(owner))
        .filter(member_role::Column::ExpiresAt.is_null())
        .into_query();
    let open = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(user::Column::DisabledAt.is_null())
        .into_query();
    member::Entity::of(tenant)
        .filter(member::Column::Id.in_subquery(holding))
        .filter(member::Column::Status.eq(MemberStatus::Active.name()))
        .filter(member::Column::UserId.in_subquery(open))
}

macro_rules! of_tenant {
    ($($table:ident.$column:ident),+ $(,)?) => {$(
        impl OfTenant for $table::Entity {
            const TENANT: Self::Column = $table::Column::$column;
        }
    )+};
}

of_tenant! {
    tenant.Id,
    slug.TenantId,
    role.TenantId,
    role_include.TenantId,
    member.TenantId,
    member_role.TenantId,
    invitation.TenantId,
    invitation_role.TenantId,
    project.TenantId,
    project_role.TenantId,
    ownership_offer.TenantId,
    service_account.TenantId,
    service_account_role.TenantId,
    api_key.TenantId,
}

impl OfPerson for member::Entity {
    const PERSON: Self::Column = member::Column::UserId;
}

impl OfPerson for session::Entity {
    const PERSON: Self::Column = session::Column::UserId;
}

impl OfTenant for audit_event::Entity {
    const TENANT: Self::Column = audit_event::Column::TenantId;
}

impl OfTenant for kept_answer::Entity {
    const TENANT: Self::Column = kept_answer::Column::TenantId;
}

impl OfTenant for refresh_chain::Entity {
    const TENANT: Self::Column = refresh_chain::Column::TenantId;
}

impl OfNobody for operator::Entity {}
impl OfNobody for user::Entity {}
impl OfNobody for session::Entity {}
impl OfNobody for mailed_token::Entity {}
impl OfNobody for signing_key::Entity {}
impl OfNobody for refresh_chain::Entity {}
impl OfNobody for audit_event::Entity {}
impl OfNobody for kept_answer::Entity {}
