//! Reads that no invariant depends on.

use super::{
    SeaStore,
    error::store_error,
    invitations::{Wanted, invitations},
    owned::{OfNobody, OfPerson, OfTenant, owners_of},
    platform,
    reading::{Named, Reads, Table, answers},
    roles, rows,
};
use crate::{
    database::{Context, Tx},
    entity::{
        audit_event, invitation, member, member_role, ownership_offer, project, project_role,
        refresh_chain, role, session, tenant, user,
    },
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    AuditFilter, AuditRow, Device, HeldRole, InvitationRow, MemberFilter, MemberRow, MemberSort,
    MembershipRow, Order, Overview, Page, SessionRow, Slice, StoreError, TenantRow, UserRow, Views,
};
use bailiwick_domain::{
    AuditId, InvitationId, MemberId, ProjectId, RoleId, TenantId, Timestamp, UserId,
    access::{AccountScope, PlatformScope, Read, Selection, TenantScope},
    invitation::InvitationStatus,
    ownership::Offer,
    project::Project,
    role::RoleBook,
    session::Place,
    tenant::{Tenant, TenantStatus},
    user::EmailAddress,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationDef, Select,
    sea_query::{Expr, ExprTrait, Func, LikeExpr, SelectStatement, SimpleExpr},
};
use std::collections::HashMap;
use uuid::Uuid;

const HELD: Table = Table::behind("h_", "member_roles", &["tenant_id", "member_id", "role_id"]);
const ROLE: Table = Table::behind("r_", "roles", &["tenant_id", "id"]);
const CHAINS: Table = Table::behind("", "refresh_chains", &["session_id"]);

#[async_trait]
impl Views for SeaStore {
    async fn organizations_of(
        &self,
        scope: &AccountScope,
        now: Timestamp,
    ) -> Result<Vec<MembershipRow>, StoreError> {
        let user = scope.user();
        let tx = self.read(Context::person(user)).await?;
        let memberships = member::Entity::about(user)
            .join(JoinType::InnerJoin, tenant_of_member())
            .select_also(tenant::Entity)
            .order_by_asc(member::Column::Id)
            .read_all(&tx)
            .await?;
        let held = member::Entity::about(user)
            .join(JoinType::InnerJoin, roles_of_member())
            .join(JoinType::InnerJoin, role_of_holding())
            .select_only()
            .column_as(member_role::Column::TenantId, "h_tenant_id")
            .column_as(member_role::Column::MemberId, "h_member_id")
            .column_as(member_role::Column::RoleId, "h_role_id")
            .column_as(member_role::Column::ExpiresAt, "h_expires_at")
            .column_as(role::Column::TenantId, "r_tenant_id")
            .column_as(role::Column::Id, "r_id")
            .column_as(role::Column::Name, "r_name")
            .column_as(role::Column::Builtin, "r_builtin")
            .order_by_asc(role::Column::Id)
            .build(tx.get_database_backend());
        let held = answers(&tx, held).await?;
        tx.commit().await.map_err(store_error)?;
        let mut roles: HashMap<Uuid, Vec<HeldRole>> = HashMap::new();
        for row in &held {
            let (held, role) = (HELD.of(row), ROLE.of(row));
            let expires_at = held.get_if("expires_at")?;
            let assignment = rows::assignment(&held, held.get("role_id")?, None, expires_at)?;
            if assignment.is_live(now) {
                let (name, builtin) = (
                    role.get::<String>("name")?,
                    role.get_if::<String>("builtin")?,
                );
                let role = rows::held(&role, assignment, &name, builtin.as_deref())?;
                roles.entry(held.get("member_id")?).or_default().push(role);
            }
        }
        let rows = memberships.into_iter().filter_map(|(member, tenant)| {
            let held = roles.remove(&member.id).unwrap_or_default();
            membership(&member, &tenant, held, now).transpose()
        });
        rows.collect()
    }

    async fn sessions_of(
        &self,
        scope: &AccountScope,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let user = scope.user();
        let tx = self.read(Context::person(user)).await?;
        let found = session::Entity::about(user)
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(now.as_micros()))
            .order_by_desc(session::Column::Id)
            .read_all(&tx)
            .await?;
        let seen = refresh_chain::Entity::rows()
            .select_only()
            .column(refresh_chain::Column::SessionId)
            .column_as(refresh_chain::Column::RotatedAt.max(), "rotated_at")
            .filter(refresh_chain::Column::SessionId.is_in(found.iter().map(|row| row.id)))
            .group_by(refresh_chain::Column::SessionId)
            .build(tx.get_database_backend());
        let seen = answers(&tx, seen).await?;
        tx.commit().await.map_err(store_error)?;
        let seen = seen.iter().map(|row| {
            let row = CHAINS.of(row);
            Ok((row.get("session_id")?, row.at("rotated_at")?))
        });
        let seen: HashMap<Uuid, Timestamp> = seen.collect::<Result<_, StoreError>>()?;
        found
            .into_iter()
            .map(|row| {
                let created_at = row.at("created_at", row.created_at)?;
                Ok(SessionRow {
                    session: rows::session(&row)?,
                    created_at,
                    last_seen_at: seen.get(&row.id).copied().unwrap_or(created_at),
                    device: Device {
                        user_agent: row.user_agent,
                        address: row.address,
                    },
                })
            })
            .collect()
    }

    async fn invitations_of(
        &self,
        scope: &AccountScope,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Result<Vec<InvitationRow>, StoreError> {
        let tx = self.read(Context::person(scope.user())).await?;
        let found = invitations(&tx, &Wanted::Address(email.as_str(), now)).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(found)
    }

    async fn organization(&self, scope: &TenantScope<Read>) -> Result<Option<Tenant>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let row = tenant::Entity::of(scope.tenant()).read_one(&tx).await?;
        tx.commit().await.map_err(store_error)?;
        row.as_ref().map(rows::tenant).transpose()
    }

    async fn offer(&self, scope: &TenantScope<Read>) -> Result<Option<Offer>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let row = ownership_offer::Entity::of(scope.tenant())
            .read_one(&tx)
            .await?;
        tx.commit().await.map_err(store_error)?;
        row.as_ref().map(rows::offer).transpose()
    }

    async fn members(
        &self,
        scope: &TenantScope<Read>,
        filter: &MemberFilter,
        page: &Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let backend = tx.get_database_backend();
        let tenant = scope.tenant();
        let mut select = member::Entity::of(tenant);
        if let Some(status) = filter.status {
            select = select.filter(member::Column::Status.eq(status.name()));
        }
        if let Some(role) = filter.role {
            let holding = holding(member_role::Column::RoleId.eq(role.as_uuid()), tenant);
            select = select.filter(member::Column::Id.in_subquery(holding));
        }
        if let Some(search) = &filter.search {
            let like = || LikeExpr::new(containing(search)).escape('\\');
            let name = Expr::expr(Func::lower(bytewise(backend, user::Column::Name)));
            select = select.filter(
                Condition::any()
                    .add(Expr::col((user::Entity, user::Column::Email)).like(like()))
                    .add(name.like(like())),
            );
        }
        let key = match filter.sort {
            MemberSort::Joined => None,
            MemberSort::Email => Some(bytewise(backend, user::Column::Email)),
            MemberSort::Name => Some(bytewise(backend, user::Column::Name)),
        };
        let page = page.map(MemberId::as_uuid);
        let select = part_by(select, key, member::Column::Id, &page);
        let rows = members_in(&tx, tenant, select).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(slice(rows, page.limit))
    }

    async fn member(
        &self,
        scope: &TenantScope<Read>,
        id: MemberId,
    ) -> Result<Option<MemberRow>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let select = member::Entity::of(scope.tenant()).filter(member::Column::Id.eq(id.as_uuid()));
        let mut rows = members_in(&tx, scope.tenant(), select).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(rows.pop())
    }

    async fn roles(&self, scope: &TenantScope<Read>) -> Result<RoleBook, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let book = roles::book(&tx, scope.tenant()).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(book)
    }

    async fn holders(
        &self,
        scope: &TenantScope<Read>,
        roles: &[RoleId],
        limit: u8,
    ) -> Result<Vec<MemberRow>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let tenant = scope.tenant();
        let roles = || roles.iter().map(|role| role.as_uuid());
        let holding = Condition::any()
            .add(
                member::Column::Id
                    .in_subquery(holding(member_role::Column::RoleId.is_in(roles()), tenant)),
            )
            .add(member::Column::Id.in_subquery(holding_on_projects(
                project_role::Column::RoleId.is_in(roles()),
                tenant,
            )));
        let select = member::Entity::of(tenant)
            .filter(member::Column::Status.eq("active"))
            .filter(user::Column::DisabledAt.is_null())
            .filter(holding)
            .order_by_asc(member::Column::Id)
            .limit(u64::from(limit));
        let rows = members_in(&tx, tenant, select).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(rows)
    }

    async fn invitations(
        &self,
        scope: &TenantScope<Read>,
        status: Option<InvitationStatus>,
        page: &Page<InvitationId>,
        now: Timestamp,
    ) -> Result<Slice<InvitationRow>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let page = &page.map(InvitationId::as_uuid);
        let wanted = Wanted::Page {
            tenant: scope.tenant(),
            status,
            page,
            now,
        };
        let rows = invitations(&tx, &wanted).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(slice(rows, page.limit))
    }

    async fn invitation(
        &self,
        scope: &TenantScope<Read>,
        id: InvitationId,
    ) -> Result<Option<InvitationRow>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let mut rows = invitations(&tx, &Wanted::One(scope.tenant(), id)).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(rows.pop())
    }

    async fn projects(
        &self,
        scope: &TenantScope<Read>,
        selection: &Selection,
        page: &Page<ProjectId>,
    ) -> Result<Slice<Project>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let page = page.map(ProjectId::as_uuid);
        let select = live_projects(scope).filter(selected(selection));
        let rows = part(select, project::Column::Id, &page)
            .read_all(&tx)
            .await?;
        tx.commit().await.map_err(store_error)?;
        let rows = rows.iter().map(rows::project).collect::<Result<_, _>>()?;
        Ok(slice(rows, page.limit))
    }

    async fn project(
        &self,
        scope: &TenantScope<Read>,
        id: ProjectId,
    ) -> Result<Option<Project>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let row = live_projects(scope)
            .filter(project::Column::Id.eq(id.as_uuid()))
            .read_one(&tx)
            .await?;
        tx.commit().await.map_err(store_error)?;
        row.as_ref().map(rows::project).transpose()
    }

    async fn project_members(
        &self,
        scope: &TenantScope<Read>,
        project: ProjectId,
        page: &Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let tenant = scope.tenant();
        let page = page.map(MemberId::as_uuid);
        let here = project_role::Column::ProjectId.eq(project.as_uuid());
        let select = member::Entity::of(tenant)
            .filter(member::Column::Id.in_subquery(holding_on_projects(here, tenant)));
        let mut rows = members_in(&tx, tenant, part(select, member::Column::Id, &page)).await?;
        tx.commit().await.map_err(store_error)?;
        for row in &mut rows {
            row.roles
                .retain(|role| role.assignment.project == Some(project));
        }
        Ok(slice(rows, page.limit))
    }

    async fn audit_events(
        &self,
        scope: &TenantScope<Read>,
        filter: &AuditFilter,
        page: &Page<AuditId>,
    ) -> Result<Slice<AuditRow>, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let mut select = audit_event::Entity::of(scope.tenant());
        if let Some(actor) = filter.actor {
            select = select.filter(audit_event::Column::ActorId.eq(actor.as_uuid()));
        }
        if let Some(action) = &filter.action {
            select = select.filter(audit_event::Column::Action.eq(action.as_str()));
        }
        if let Some(target) = &filter.target {
            select = select.filter(audit_event::Column::Target.eq(target.as_str()));
        }
        if let Some(outcome) = filter.outcome {
            select = select.filter(audit_event::Column::Outcome.eq(outcome.name()));
        }
        if let Some(since) = filter.since {
            select = select.filter(audit_event::Column::At.gte(since.as_micros()));
        }
        if let Some(until) = filter.until {
            select = select.filter(audit_event::Column::At.lt(until.as_micros()));
        }
        let page = page.map(AuditId::as_uuid);
        let rows = part(select, audit_event::Column::Id, &page)
            .read_all(&tx)
            .await?;
        tx.commit().await.map_err(store_error)?;
        let rows = rows
            .into_iter()
            .map(rows::audit_event)
            .collect::<Result<_, _>>()?;
        Ok(slice(rows, page.limit))
    }

    async fn overview(
        &self,
        scope: &TenantScope<Read>,
        now: Timestamp,
    ) -> Result<Overview, StoreError> {
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let tenant = scope.tenant();
        let members =
            |status: &str| member::Entity::of(tenant).filter(member::Column::Status.eq(status));
        let waiting = invitation::Entity::of(tenant)
            .filter(invitation::Column::Status.eq(InvitationStatus::Pending.name()))
            .filter(invitation::Column::ExpiresAt.gt(now.as_micros()));
        let overview = Overview {
            active_members: count(members("active"), &tx).await?,
            suspended_members: count(members("suspended"), &tx).await?,
            owners: count(owners_of(tenant), &tx).await?,
            pending_invitations: count(waiting, &tx).await?,
            projects: count(live_projects(scope), &tx).await?,
            custom_roles: count(
                role::Entity::of(tenant).filter(role::Column::Builtin.is_null()),
                &tx,
            )
            .await?,
        };
        tx.commit().await.map_err(store_error)?;
        Ok(overview)
    }

    async fn attention(
        &self,
        scope: &TenantScope<Read>,
        page: &Page<MemberId>,
        now: Timestamp,
    ) -> Result<Slice<MemberRow>, StoreError> {
        use bailiwick_application::admin::Concern;
        let tx = self.read(Context::tenant(scope.tenant())).await?;
        let tenant = scope.tenant();
        let page = page.map(MemberId::as_uuid);
        let (now, soon) = (now.as_micros(), now.plus(Concern::AHEAD).as_micros());
        let (whole, here) = (
            member_role::Column::ExpiresAt,
            project_role::Column::ExpiresAt,
        );
        let live = Condition::all()
            .add(
                member::Column::Id
                    .not_in_subquery(holding(whole.is_null().or(whole.gt(now)), tenant)),
            )
            .add(
                member::Column::Id
                    .not_in_subquery(holding_on_projects(here.is_null().or(here.gt(now)), tenant)),
            );
        let concerning = Condition::any()
            .add(member::Column::Status.eq("suspended"))
            .add(live)
            .add(member::Column::Id.in_subquery(holding(whole.lte(soon), tenant)))
            .add(member::Column::Id.in_subquery(holding_on_projects(here.lte(soon), tenant)));
        let select = member::Entity::of(tenant).filter(concerning);
        let rows = members_in(&tx, tenant, part(select, member::Column::Id, &page)).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(slice(rows, page.limit))
    }

    async fn every_tenant(
        &self,
        scope: &PlatformScope<Read>,
        page: &Page<TenantId>,
    ) -> Result<Slice<TenantRow>, StoreError> {
        let tx = self.read(Context::operator(scope.operator())).await?;
        let page = page.map(TenantId::as_uuid);
        let select = part(tenant::Entity::everywhere(scope), tenant::Column::Id, &page);
        let rows = platform::tenants(&tx, scope, select).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(slice(rows, page.limit))
    }

    async fn one_tenant(
        &self,
        scope: &PlatformScope<Read>,
        id: TenantId,
    ) -> Result<Option<TenantRow>, StoreError> {
        let tx = self.read(Context::operator(scope.operator())).await?;
        let select = tenant::Entity::everywhere(scope).filter(tenant::Column::Id.eq(id.as_uuid()));
        let mut rows = platform::tenants(&tx, scope, select).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(rows.pop())
    }

    async fn every_user(
        &self,
        scope: &PlatformScope<Read>,
        email: Option<&EmailAddress>,
        page: &Page<UserId>,
    ) -> Result<Slice<UserRow>, StoreError> {
        let tx = self.read(Context::operator(scope.operator())).await?;
        let page = page.map(UserId::as_uuid);
        let mut select = part(user::Entity::rows(), user::Column::Id, &page);
        if let Some(email) = email {
            select = select.filter(user::Column::Email.eq(email.as_str()));
        }
        let rows = platform::users(&tx, scope, select).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(slice(rows, page.limit))
    }

    async fn one_user(
        &self,
        scope: &PlatformScope<Read>,
        id: UserId,
    ) -> Result<Option<UserRow>, StoreError> {
        let tx = self.read(Context::operator(scope.operator())).await?;
        let select = user::Entity::rows().filter(user::Column::Id.eq(id.as_uuid()));
        let mut rows = platform::users(&tx, scope, select).await?;
        tx.commit().await.map_err(store_error)?;
        Ok(rows.pop())
    }
}

/// A membership as its owner sees it, unless it is of a tenant that is gone for them.
fn membership(
    member: &member::Model,
    tenant: &tenant::Model,
    roles: Vec<HeldRole>,
    now: Timestamp,
) -> Result<Option<MembershipRow>, StoreError> {
    let tenant = rows::tenant(tenant)?;
    let restorable = tenant.restorable_until().is_none_or(|until| now < until);
    let row = MembershipRow {
        place: Place {
            tenant: tenant.id,
            member: MemberId::from_uuid(member.id),
        },
        name: tenant.name,
        slug: tenant.slug,
        tenant_status: tenant.status,
        member_status: rows::member_status(member, &member.status)?,
        roles,
    };
    let there = row.tenant_status != TenantStatus::Deleted || (restorable && row.may_enter());
    Ok(there.then_some(row))
}

/// The members that were selected, with what they have.
async fn members_in(
    tx: &Tx,
    tenant: TenantId,
    select: Select<member::Entity>,
) -> Result<Vec<MemberRow>, StoreError> {
    let found = select
        .join(JoinType::InnerJoin, user_of_member())
        .select_also(user::Entity)
        .read_all(tx)
        .await?;
    let ids = || found.iter().map(|(member, _)| member.id);
    let whole = member_role::Entity::of(tenant)
        .filter(member_role::Column::MemberId.is_in(ids()))
        .join(JoinType::InnerJoin, role_of_holding())
        .select_also(role::Entity)
        .order_by_asc(role::Column::Id)
        .read_all(tx)
        .await?;
    let on_projects = project_role::Entity::of(tenant)
        .filter(project_role::Column::MemberId.is_in(ids()))
        .join(JoinType::InnerJoin, role_of_holding_on_project())
        .select_also(role::Entity)
        .order_by_asc(project_role::Column::ProjectId)
        .order_by_asc(role::Column::Id)
        .read_all(tx)
        .await?;
    let whole = whole.into_iter().map(|(held, role)| {
        let assignment = rows::assignment(&held, held.role_id, None, held.expires_at);
        (held.member_id, assignment, role)
    });
    let on_projects = on_projects.into_iter().map(|(held, role)| {
        let here = Some(held.project_id);
        let assignment = rows::assignment(&held, held.role_id, here, held.expires_at);
        (held.member_id, assignment, role)
    });
    let mut roles: HashMap<Uuid, Vec<HeldRole>> = HashMap::new();
    for (member, assignment, role) in whole.chain(on_projects) {
        let role = rows::held(&role, assignment?, &role.name, role.builtin.as_deref())?;
        roles.entry(member).or_default().push(role);
    }
    found
        .into_iter()
        .map(|(member, user)| {
            let roles = roles.remove(&member.id).unwrap_or_default();
            let assignments = roles.iter().map(|role| role.assignment).collect();
            let user = rows::user(&user)?;
            Ok(MemberRow {
                email: user.email,
                name: user.name,
                account_suspended: user.disabled_at.is_some(),
                member: rows::member(&member, assignments)?,
                roles,
            })
        })
        .collect()
}

/// The members of a tenant with roles in the whole of it that keep the condition.
fn holding(condition: impl sea_orm::sea_query::IntoCondition, tenant: TenantId) -> SelectStatement {
    member_role::Entity::of(tenant)
        .select_only()
        .column(member_role::Column::MemberId)
        .filter(condition)
        .into_query()
}

/// The members of a tenant with roles on projects that keep the condition.
fn holding_on_projects(
    condition: impl sea_orm::sea_query::IntoCondition,
    tenant: TenantId,
) -> SelectStatement {
    project_role::Entity::of(tenant)
        .select_only()
        .column(project_role::Column::MemberId)
        .filter(condition)
        .into_query()
}

async fn count<E>(select: Select<E>, tx: &Tx) -> Result<u64, StoreError>
where
    E: EntityTrait<Model: Sync>,
{
    PaginatorTrait::count(select, tx).await.map_err(store_error)
}

/// The projects that the policy lets somebody see.
fn selected(selection: &Selection) -> Condition {
    if selection.is_everything() {
        return Condition::all();
    }
    let ids = |projects: &[ProjectId]| {
        let ids = projects.iter().map(|project| project.as_uuid());
        project::Column::Id.is_in(ids.collect::<Vec<_>>())
    };
    let (own_in, user) = selection.own_in();
    let mut condition = Condition::any()
        .add(ids(selection.projects()))
        .add(ids(own_in).and(project::Column::CreatedBy.eq(user.as_uuid())));
    if let Some(owner) = selection.owner() {
        condition = condition.add(project::Column::CreatedBy.eq(owner.as_uuid()));
    }
    condition
}

/// A column of the account, compared byte by byte and lowered in ASCII alone, as SQLite does it by itself.
fn bytewise(backend: DbBackend, column: user::Column) -> SimpleExpr {
    let column = Expr::col((user::Entity, column));
    match backend {
        DbBackend::Postgres => Expr::cust_with_exprs(r#"$1 COLLATE "C""#, [column]),
        _ => column,
    }
}

/// The pattern of texts that contain this one, in any case of ASCII letters.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for letter in text.to_ascii_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn live_projects(scope: &TenantScope<Read>) -> Select<project::Entity> {
    project::Entity::of(scope.tenant()).filter(project::Column::DeletedAt.is_null())
}

/// A page by its last id, and one row more, which tells whether there is another page.
fn part<E: EntityTrait>(select: Select<E>, id: E::Column, page: &Page<Uuid>) -> Select<E> {
    part_by(select, None, id, page)
}

/// A page by its last key and id, where rows are sorted by a key before their ids.
fn part_by<E: EntityTrait>(
    mut select: Select<E>,
    key: Option<SimpleExpr>,
    id: E::Column,
    page: &Page<Uuid>,
) -> Select<E> {
    let order = match page.order {
        Order::Ascending => sea_orm::Order::Asc,
        Order::Descending => sea_orm::Order::Desc,
    };
    if let Some(after) = &page.after {
        let beyond = match page.order {
            Order::Ascending => id.gt(after.id),
            Order::Descending => id.lt(after.id),
        };
        let beyond = match (&key, &after.key) {
            (Some(key), Some(last)) => {
                let last = || Expr::value(last.as_str());
                let further = match page.order {
                    Order::Ascending => key.clone().gt(last()),
                    Order::Descending => key.clone().lt(last()),
                };
                further.or(key.clone().eq(last()).and(beyond))
            }
            _ => beyond,
        };
        select = select.filter(beyond);
    }
    if let Some(key) = key {
        select = select.order_by(key, order.clone());
    }
    select.order_by(id, order).limit(u64::from(page.limit) + 1)
}

fn slice<Row>(mut rows: Vec<Row>, limit: u8) -> Slice<Row> {
    let more = rows.len() > usize::from(limit);
    rows.truncate(limit.into());
    Slice { rows, more }
}

fn tenant_of_member() -> RelationDef {
    member::Entity::belongs_to(tenant::Entity)
        .from(member::Column::TenantId)
        .to(tenant::Column::Id)
        .into()
}

fn user_of_member() -> RelationDef {
    member::Entity::belongs_to(user::Entity)
        .from(member::Column::UserId)
        .to(user::Column::Id)
        .into()
}

fn roles_of_member() -> RelationDef {
    RelationDef::from(
        member_role::Entity::belongs_to(member::Entity)
            .from((member_role::Column::TenantId, member_role::Column::MemberId))
            .to((member::Column::TenantId, member::Column::Id)),
    )
    .rev()
}

fn role_of_holding() -> RelationDef {
    member_role::Entity::belongs_to(role::Entity)
        .from((member_role::Column::TenantId, member_role::Column::RoleId))
        .to((role::Column::TenantId, role::Column::Id))
        .into()
}

fn role_of_holding_on_project() -> RelationDef {
    project_role::Entity::belongs_to(role::Entity)
        .from((project_role::Column::TenantId, project_role::Column::RoleId))
        .to((role::Column::TenantId, role::Column::Id))
        .into()
}
