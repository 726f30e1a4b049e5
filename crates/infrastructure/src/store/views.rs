//! Reads that no invariant depends on.

use super::{
    SeaStore,
    error::store_error,
    invitations::{Wanted, invitations},
    machines,
    owned::{OfNobody, OfPerson, OfTenant, owners_of},
    platform,
    reading::{Named, Reads, Table, answers_of},
    roles, rows,
};
use crate::{
    database::{Context, Tx},
    entity::{
        api_key, audit_event, invitation, member, member_role, ownership_offer, project,
        project_role, refresh_chain, role, service_account, session, tenant, user,
    },
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    AuditFilter, AuditRow, Device, HeldRole, InvitationRow, MemberFilter, MemberRow, MemberSort,
    MembershipRow, Order, Overview, Page, SessionRow, Slice, StoreError, TenantRow, UserRow, Views,
    WhoseRecords,
};
use bailiwick_domain::{
    ApiKeyId, AuditId, InvitationId, MemberId, ProjectId, RoleId, ServiceAccountId, TenantId,
    Timestamp, UserId,
    access::{AccountScope, Assignment, PlatformScope, Read, Selection, TenantScope},
    api_key::ApiKey,
    invitation::InvitationStatus,
    ownership::Offer,
    project::Project,
    role::RoleBook,
    service_account::ServiceAccount,
    session::Place,
    tenant::{Tenant, TenantStatus},
    user::EmailAddress,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, QueryTrait, RelationDef, Select, SelectTwo, Statement,
    sea_query::{Expr, ExprTrait, Func, LikeExpr, SelectStatement, SimpleExpr},
};
use std::collections::HashMap;
use uuid::Uuid;

const MEMBER: Table = Table::behind("A_", "members", &["tenant_id", "id"]);
const HELD_ON_PROJECT: Table = Table::behind(
    "h_",
    "project_roles",
    &["tenant_id", "project_id", "member_id", "role_id"],
);
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
        let tx = self.look(Context::person(user));
        let backend = tx.get_database_backend();
        let memberships = member::Entity::about(user)
            .join(JoinType::InnerJoin, tenant_of_member())
            .select_also(tenant::Entity)
            .order_by_asc(member::Column::Id)
            .build(backend);
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
            .build(backend);
        let [memberships, held] = answers_of(&tx, [memberships, held]).await?;
        let mut roles: HashMap<Uuid, Vec<HeldRole>> = HashMap::new();
        for row in &held {
            let held = HELD.of(row);
            let expires_at = held.get_if("expires_at")?;
            let assignment = rows::assignment(&held, held.get("role_id")?, None, expires_at)?;
            if assignment.is_live(now) {
                let role = named(row, assignment)?;
                roles.entry(held.get("member_id")?).or_default().push(role);
            }
        }
        let mut rows = Vec::with_capacity(memberships.len());
        for answer in &memberships {
            let (member, tenant) = SelectTwo::<member::Entity, tenant::Entity>::row(answer)?;
            let held = roles.remove(&member.id).unwrap_or_default();
            rows.extend(membership(&member, &tenant, held, now)?);
        }
        Ok(rows)
    }

    async fn sessions_of(
        &self,
        scope: &AccountScope,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let user = scope.user();
        let tx = self.look(Context::person(user));
        let backend = tx.get_database_backend();
        let live = session::Entity::about(user)
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(now.as_micros()));
        let ids = live.clone().select_only().column(session::Column::Id);
        let seen = refresh_chain::Entity::rows()
            .select_only()
            .column(refresh_chain::Column::SessionId)
            .column_as(refresh_chain::Column::RotatedAt.max(), "rotated_at")
            .filter(refresh_chain::Column::SessionId.in_subquery(ids.into_query()))
            .group_by(refresh_chain::Column::SessionId)
            .build(backend);
        let live = live.order_by_desc(session::Column::Id).build(backend);
        let [found, seen] = answers_of(&tx, [live, seen]).await?;
        let seen = seen.iter().map(|row| {
            let row = CHAINS.of(row);
            Ok((row.get("session_id")?, row.at("rotated_at")?))
        });
        let seen: HashMap<Uuid, Timestamp> = seen.collect::<Result<_, StoreError>>()?;
        found
            .iter()
            .map(|answer| {
                let row = Select::<session::Entity>::row(answer)?;
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
        let tx = self.look(Context::person(scope.user()));
        let found = invitations(&tx, &Wanted::Address(email.as_str(), now)).await?;
        Ok(found)
    }

    async fn organization(&self, scope: &TenantScope<Read>) -> Result<Option<Tenant>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let row = tenant::Entity::of(scope.tenant()).read_one(&tx).await?;
        row.as_ref().map(rows::tenant).transpose()
    }

    async fn offer(&self, scope: &TenantScope<Read>) -> Result<Option<Offer>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let row = ownership_offer::Entity::of(scope.tenant())
            .read_one(&tx)
            .await?;
        row.as_ref().map(rows::offer).transpose()
    }

    async fn members(
        &self,
        scope: &TenantScope<Read>,
        filter: &MemberFilter,
        page: &Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
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
        let rows = members_in(&tx, select, filter.sort, page.order).await?;
        Ok(slice(rows, page.limit))
    }

    async fn member(
        &self,
        scope: &TenantScope<Read>,
        id: MemberId,
    ) -> Result<Option<MemberRow>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let select = member::Entity::of(scope.tenant()).filter(member::Column::Id.eq(id.as_uuid()));
        let mut rows = members_in(&tx, select, MemberSort::Joined, Order::Ascending).await?;
        Ok(rows.pop())
    }

    async fn roles(&self, scope: &TenantScope<Read>) -> Result<RoleBook, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let book = roles::book(&tx, scope.tenant()).await?;
        Ok(book)
    }

    async fn holders(
        &self,
        scope: &TenantScope<Read>,
        roles: &[RoleId],
        limit: u8,
    ) -> Result<Vec<MemberRow>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
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
        let rows = members_in(&tx, select, MemberSort::Joined, Order::Ascending).await?;
        Ok(rows)
    }

    async fn invitations(
        &self,
        scope: &TenantScope<Read>,
        status: Option<InvitationStatus>,
        page: &Page<InvitationId>,
        now: Timestamp,
    ) -> Result<Slice<InvitationRow>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let page = &page.map(InvitationId::as_uuid);
        let wanted = Wanted::Page {
            tenant: scope.tenant(),
            status,
            page,
            now,
        };
        let rows = invitations(&tx, &wanted).await?;
        Ok(slice(rows, page.limit))
    }

    async fn invitation(
        &self,
        scope: &TenantScope<Read>,
        id: InvitationId,
    ) -> Result<Option<InvitationRow>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let mut rows = invitations(&tx, &Wanted::One(scope.tenant(), id)).await?;
        Ok(rows.pop())
    }

    async fn projects(
        &self,
        scope: &TenantScope<Read>,
        selection: &Selection,
        page: &Page<ProjectId>,
    ) -> Result<Slice<Project>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let page = page.map(ProjectId::as_uuid);
        let select = live_projects(scope).filter(selected(selection));
        let rows = part(select, project::Column::Id, &page)
            .read_all(&tx)
            .await?;
        let rows = rows.iter().map(rows::project).collect::<Result<_, _>>()?;
        Ok(slice(rows, page.limit))
    }

    async fn project(
        &self,
        scope: &TenantScope<Read>,
        id: ProjectId,
    ) -> Result<Option<Project>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let row = live_projects(scope)
            .filter(project::Column::Id.eq(id.as_uuid()))
            .read_one(&tx)
            .await?;
        row.as_ref().map(rows::project).transpose()
    }

    async fn project_members(
        &self,
        scope: &TenantScope<Read>,
        project: ProjectId,
        page: &Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let tenant = scope.tenant();
        let page = page.map(MemberId::as_uuid);
        let here = project_role::Column::ProjectId.eq(project.as_uuid());
        let select = member::Entity::of(tenant)
            .filter(member::Column::Id.in_subquery(holding_on_projects(here, tenant)));
        let mut rows = members_in(
            &tx,
            part(select, member::Column::Id, &page),
            MemberSort::Joined,
            page.order,
        )
        .await?;
        for row in &mut rows {
            row.roles
                .retain(|role| role.assignment.project == Some(project));
        }
        Ok(slice(rows, page.limit))
    }

    async fn service_accounts(
        &self,
        scope: &TenantScope<Read>,
        page: &Page<ServiceAccountId>,
    ) -> Result<Slice<ServiceAccount>, StoreError> {
        let tx = self.database.read(Context::tenant(scope.tenant()));
        let page = page.map(ServiceAccountId::as_uuid);
        let select = service_account::Entity::of(scope.tenant());
        let rows = part(select, service_account::Column::Id, &page)
            .read_all(&tx)
            .await?;
        let rows = machines::with_roles(&tx, scope.tenant(), &rows).await?;
        Ok(slice(rows, page.limit))
    }

    async fn service_account(
        &self,
        scope: &TenantScope<Read>,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError> {
        let tx = self.database.read(Context::tenant(scope.tenant()));
        let rows = service_account::Entity::of(scope.tenant())
            .filter(service_account::Column::Id.eq(id.as_uuid()))
            .read_all(&tx)
            .await?;
        let mut rows = machines::with_roles(&tx, scope.tenant(), &rows).await?;
        Ok(rows.pop())
    }

    async fn api_keys(
        &self,
        scope: &TenantScope<Read>,
        page: &Page<ApiKeyId>,
    ) -> Result<Slice<ApiKey>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let page = page.map(ApiKeyId::as_uuid);
        let select = api_key::Entity::of(scope.tenant());
        let rows = part(select, api_key::Column::Id, &page)
            .read_all(&tx)
            .await?;
        let rows = rows.iter().map(rows::api_key).collect::<Result<_, _>>()?;
        Ok(slice(rows, page.limit))
    }

    async fn api_key(
        &self,
        scope: &TenantScope<Read>,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let row = api_key::Entity::of(scope.tenant())
            .filter(api_key::Column::Id.eq(id.as_uuid()))
            .read_one(&tx)
            .await?;
        row.as_ref().map(rows::api_key).transpose()
    }

    async fn audit_events(
        &self,
        scope: &TenantScope<Read>,
        filter: &AuditFilter,
        page: &Page<AuditId>,
    ) -> Result<Slice<AuditRow>, StoreError> {
        let tx = self.look(Context::tenant(scope.tenant()));
        let mut select = audit_event::Entity::of(scope.tenant());
        if let Some(actor) = filter.actor {
            let (id, key) = (audit_event::Column::ActorId, audit_event::Column::KeyId);
            select = match actor {
                WhoseRecords::User(user) => {
                    select.filter(id.eq(user.as_uuid())).filter(key.is_null())
                }
                WhoseRecords::Machine(account) => select
                    .filter(id.eq(account.as_uuid()))
                    .filter(key.is_not_null()),
            };
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
        let tx = self.look(Context::tenant(scope.tenant()));
        let tenant = scope.tenant();
        let members =
            |status: &str| member::Entity::of(tenant).filter(member::Column::Status.eq(status));
        let waiting = invitation::Entity::of(tenant)
            .filter(invitation::Column::Status.eq(InvitationStatus::Pending.name()))
            .filter(invitation::Column::ExpiresAt.gt(now.as_micros()));
        let [active, suspended, owners, waiting, projects, roles] = answers_of(
            &tx,
            [
                counted(members("active")),
                counted(members("suspended")),
                counted(owners_of(tenant)),
                counted(waiting),
                counted(live_projects(scope)),
                counted(role::Entity::of(tenant).filter(role::Column::Builtin.is_null())),
            ]
            .map(|select| tx.get_database_backend().build(&select)),
        )
        .await?;
        let overview = Overview {
            active_members: number(&active)?,
            suspended_members: number(&suspended)?,
            owners: number(&owners)?,
            pending_invitations: number(&waiting)?,
            projects: number(&projects)?,
            custom_roles: number(&roles)?,
        };
        Ok(overview)
    }

    async fn attention(
        &self,
        scope: &TenantScope<Read>,
        page: &Page<MemberId>,
        now: Timestamp,
    ) -> Result<Slice<MemberRow>, StoreError> {
        use bailiwick_application::admin::Concern;
        let tx = self.look(Context::tenant(scope.tenant()));
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
        let rows = members_in(
            &tx,
            part(select, member::Column::Id, &page),
            MemberSort::Joined,
            page.order,
        )
        .await?;
        Ok(slice(rows, page.limit))
    }

    async fn every_tenant(
        &self,
        scope: &PlatformScope<Read>,
        page: &Page<TenantId>,
    ) -> Result<Slice<TenantRow>, StoreError> {
        let tx = self.database.read(Context::operator(scope.operator()));
        let page = page.map(TenantId::as_uuid);
        let select = part(tenant::Entity::everywhere(scope), tenant::Column::Id, &page);
        let rows = platform::tenants(&tx, scope, select).await?;
        Ok(slice(rows, page.limit))
    }

    async fn one_tenant(
        &self,
        scope: &PlatformScope<Read>,
        id: TenantId,
    ) -> Result<Option<TenantRow>, StoreError> {
        let tx = self.database.read(Context::operator(scope.operator()));
        let select = tenant::Entity::everywhere(scope).filter(tenant::Column::Id.eq(id.as_uuid()));
        let mut rows = platform::tenants(&tx, scope, select).await?;
        Ok(rows.pop())
    }

    async fn every_user(
        &self,
        scope: &PlatformScope<Read>,
        email: Option<&EmailAddress>,
        page: &Page<UserId>,
    ) -> Result<Slice<UserRow>, StoreError> {
        let tx = self.database.read(Context::operator(scope.operator()));
        let page = page.map(UserId::as_uuid);
        let mut select = part(user::Entity::rows(), user::Column::Id, &page);
        if let Some(email) = email {
            select = select.filter(user::Column::Email.eq(email.as_str()));
        }
        let rows = platform::users(&tx, scope, select).await?;
        Ok(slice(rows, page.limit))
    }

    async fn one_user(
        &self,
        scope: &PlatformScope<Read>,
        id: UserId,
    ) -> Result<Option<UserRow>, StoreError> {
        let tx = self.database.read(Context::operator(scope.operator()));
        let select = user::Entity::rows().filter(user::Column::Id.eq(id.as_uuid()));
        let mut rows = platform::users(&tx, scope, select).await?;
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

/// Asks for the members that were selected, in this order, with what they have. On SQLite `CROSS JOIN` is the order in which tables
/// are looked at: left to itself it goes through everything that anybody has.
#[expect(
    clippy::disallowed_methods,
    reason = "it is about the members that were selected, and what they have in their tenant"
)]
fn members_with_roles(
    backend: DbBackend,
    select: Select<member::Entity>,
    sort: MemberSort,
    order: Order,
) -> Statement {
    let Statement {
        sql: page, values, ..
    } = select
        .join(JoinType::InnerJoin, user_of_member())
        .select_also(user::Entity)
        .build(backend);
    let way = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    let bytewise = match backend {
        DbBackend::Postgres => r#"COLLATE "C""#,
        _ => "",
    };
    let key = match sort {
        MemberSort::Joined => String::new(),
        MemberSort::Email => format!(r#"page."B_email" {bytewise} {way}, "#),
        MemberSort::Name => format!(r#"page."B_name" {bytewise} {way}, "#),
    };
    let sql = format!(
        r#"WITH page AS ({page}), held (kind, tenant_id, member_id, role_id, project_id, expires_at) AS (
            SELECT 'member_roles', h.tenant_id, h.member_id, h.role_id, CAST(NULL AS uuid), h.expires_at
            FROM page CROSS JOIN member_roles h WHERE h.tenant_id = page."A_tenant_id" AND h.member_id = page."A_id"
            UNION ALL
            SELECT 'project_roles', h.tenant_id, h.member_id, h.role_id, h.project_id, h.expires_at
            FROM page CROSS JOIN project_roles h WHERE h.tenant_id = page."A_tenant_id" AND h.member_id = page."A_id"
        )
        SELECT page.*,
               held.kind AS h_kind, held.tenant_id AS h_tenant_id, held.member_id AS h_member_id, held.role_id AS h_role_id,
               held.project_id AS h_project_id, held.expires_at AS h_expires_at,
               r.tenant_id AS r_tenant_id, r.id AS r_id, r.name AS r_name, r.builtin AS r_builtin
        FROM page
        LEFT JOIN held ON held.member_id = page."A_id"
        LEFT JOIN roles r ON r.tenant_id = held.tenant_id AND r.id = held.role_id
        ORDER BY {key}page."A_id" {way}, held.project_id NULLS FIRST, r.id"#
    );
    let values = values.map(|values| values.0).unwrap_or_default();
    Statement::from_sql_and_values(backend, sql, values)
}

/// The members that were selected, in this order, with what they have: one row for each thing that a member has, and one
/// for whoever has nothing.
async fn members_in(
    tx: &Tx,
    select: Select<member::Entity>,
    sort: MemberSort,
    order: Order,
) -> Result<Vec<MemberRow>, StoreError> {
    let statement = members_with_roles(tx.get_database_backend(), select, sort, order);
    let [answers] = answers_of(tx, [statement]).await?;
    let mut members: Vec<MemberRow> = Vec::new();
    for answer in &answers {
        let id = MEMBER.of(answer).get("id").map(MemberId::from_uuid)?;
        if members.last().is_none_or(|last| last.member.id != id) {
            members.push(member_without_roles(answer)?);
        }
        if let (Some(last), Some(role)) = (members.last_mut(), held(answer)?) {
            last.member.assignments.push(role.assignment);
            last.roles.push(role);
        }
    }
    Ok(members)
}

fn member_without_roles(answer: &QueryResult) -> Result<MemberRow, StoreError> {
    let (member, user) = SelectTwo::<member::Entity, user::Entity>::row(answer)?;
    let user = rows::user(&user)?;
    Ok(MemberRow {
        email: user.email,
        name: user.name,
        account_suspended: user.disabled_at.is_some(),
        member: rows::member(&member, Vec::new())?,
        roles: Vec::new(),
    })
}

/// What a member has, if the answer holds something.
fn held(answer: &QueryResult) -> Result<Option<HeldRole>, StoreError> {
    let role = ROLE.of(answer);
    if role.get_if::<Uuid>("id")?.is_none() {
        return Ok(None);
    }
    let held = match HELD.of(answer).get::<String>("kind")?.as_str() {
        "project_roles" => HELD_ON_PROJECT.of(answer),
        _ => HELD.of(answer),
    };
    let assignment = rows::assignment(
        &held,
        held.get("role_id")?,
        held.get_if("project_id")?,
        held.get_if("expires_at")?,
    )?;
    named(answer, assignment).map(Some)
}

/// The role that somebody has, with the name that the answer holds.
fn named(answer: &QueryResult, assignment: Assignment) -> Result<HeldRole, StoreError> {
    let role = ROLE.of(answer);
    let builtin: Option<String> = role.get_if("builtin")?;
    let name: String = role.get("name")?;
    rows::held(&role, assignment, &name, builtin.as_deref())
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

/// How many rows are selected.
fn counted<E: EntityTrait>(select: Select<E>) -> SelectStatement {
    let mut rows = select.into_query();
    rows.clear_selects().clear_order_by();
    rows.expr_as(Expr::cust("1"), "one");
    let mut count = SelectStatement::new();
    count.expr_as(Expr::cust("COUNT(*)"), "counted");
    count.from_subquery(rows, "rows_of").take()
}

fn number(counted: &[QueryResult]) -> Result<u64, StoreError> {
    let row = counted
        .first()
        .ok_or_else(|| StoreError::Broken("nothing was counted".to_owned()))?;
    let number = row.try_get::<i64>("", "counted").map_err(store_error)?;
    Ok(u64::try_from(number).unwrap_or_default())
}

/// How many rows are selected, asked for alone.
pub(super) async fn count<E: EntityTrait>(select: Select<E>, tx: &Tx) -> Result<u64, StoreError> {
    let statement = tx.get_database_backend().build(&counted(select));
    let [counted] = answers_of(tx, [statement]).await?;
    number(&counted)
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
    // What a machine created is nobody's own, not even of whoever answers for the machine.
    let own = |user: UserId| {
        let by_person = project::Column::AccountId.is_null();
        by_person.and(project::Column::CreatedBy.eq(user.as_uuid()))
    };
    let mut condition = Condition::any().add(ids(selection.projects()));
    if let Some((own_in, user)) = selection.own_in() {
        condition = condition.add(ids(own_in).and(own(user)));
    }
    if let Some(owner) = selection.owner() {
        condition = condition.add(own(owner));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Database, DatabaseOptions};

    #[tokio::test]
    async fn what_members_have_is_looked_up_and_not_searched_for() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("db").display());
        let schema = Database::connect_to_migrate(&url).await.unwrap();
        bailiwick_migration::up(&schema).await.unwrap();
        let db = Database::connect(&url, DatabaseOptions::default())
            .await
            .unwrap();
        for sort in [MemberSort::Joined, MemberSort::Email, MemberSort::Name] {
            let select = member::Entity::of(TenantId::from_uuid(Uuid::now_v7())).limit(21);
            let mut asked = members_with_roles(DbBackend::Sqlite, select, sort, Order::Ascending);
            asked.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
            let tx = db.look(Context::nobody());
            let plan = tx.query_all_raw(asked).await.unwrap();
            let steps = plan
                .iter()
                .map(|row| row.try_get::<String>("", "detail").unwrap());
            let scanned: Vec<_> = steps.filter(|step| step.starts_with("SCAN")).collect();

            // What is searched is what was found so far.
            let found = |step: &String| step.contains("page") || step.contains("held");
            assert!(
                !scanned.is_empty() && scanned.iter().all(found),
                "{scanned:?}"
            );
        }
    }
}
