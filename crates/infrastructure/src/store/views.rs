//! Reads that no invariant depends on.

use super::{
    SeaStore,
    error::store_error,
    owned::{OfNobody, OfPerson, OfTenant},
    rows,
};
use crate::{
    database::{Context, Tx},
    entity::{member, member_role, project, refresh_chain, role, session, tenant, user},
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    Device, MemberRow, MembershipRow, Order, Page, SessionRow, Slice, StoreError, Views,
};
use bailiwick_domain::{
    MemberId, ProjectId, TenantId, Timestamp, UserId,
    access::{AccountScope, Read, TenantScope},
    member::Member,
    project::Project,
    role::Role,
    session::Place,
    tenant::{Slug, Tenant},
};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationDef, Select,
};
use std::collections::HashMap;
use uuid::Uuid;

#[async_trait]
impl Views for SeaStore {
    async fn organizations_of(
        &self,
        scope: &AccountScope,
    ) -> Result<Vec<MembershipRow>, StoreError> {
        let user = scope.user();
        let tx = self
            .read(Context {
                tenant: None,
                user: Some(user.as_uuid()),
            })
            .await?;
        let memberships = member::Entity::about(user)
            .join(JoinType::InnerJoin, tenant_of_member())
            .select_also(tenant::Entity)
            .order_by_asc(member::Column::Id)
            .all(&tx)
            .await
            .map_err(store_error)?;
        let held = member::Entity::about(user).join(JoinType::InnerJoin, roles_of_member());
        let mut roles = roles(held, &tx).await?;
        tx.commit().await.map_err(store_error)?;
        memberships
            .into_iter()
            .filter_map(|(member, tenant)| Some((member, tenant?)))
            .map(|(member, tenant)| {
                Ok(MembershipRow {
                    place: Place {
                        tenant: TenantId::from_uuid(tenant.id),
                        member: MemberId::from_uuid(member.id),
                    },
                    name: rows::stored(&tenant.name)?,
                    slug: Slug::stored(tenant.slug),
                    tenant_status: rows::tenant_status(&tenant.status)?,
                    member_status: rows::member_status(&member.status)?,
                    roles: roles.remove(&member.id).unwrap_or_default(),
                })
            })
            .collect()
    }

    async fn sessions_of(
        &self,
        scope: &AccountScope,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let user = scope.user();
        let tx = self
            .read(Context {
                tenant: None,
                user: Some(user.as_uuid()),
            })
            .await?;
        let found = session::Entity::about(user)
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(now.as_micros()))
            .order_by_desc(session::Column::Id)
            .all(&tx)
            .await
            .map_err(store_error)?;
        let seen: HashMap<Uuid, i64> = refresh_chain::Entity::rows()
            .select_only()
            .column(refresh_chain::Column::SessionId)
            .column_as(refresh_chain::Column::RotatedAt.max(), "seen")
            .filter(refresh_chain::Column::SessionId.is_in(found.iter().map(|row| row.id)))
            .group_by(refresh_chain::Column::SessionId)
            .into_tuple::<(Uuid, i64)>()
            .all(&tx)
            .await
            .map_err(store_error)?
            .into_iter()
            .collect();
        tx.commit().await.map_err(store_error)?;
        Ok(found
            .into_iter()
            .map(|row| SessionRow {
                session: rows::session(&row),
                created_at: Timestamp::from_micros(row.created_at),
                last_seen_at: Timestamp::from_micros(
                    seen.get(&row.id).copied().unwrap_or(row.created_at),
                ),
                device: Device {
                    user_agent: row.user_agent,
                    address: row.address,
                },
            })
            .collect())
    }

    async fn organization(&self, scope: &TenantScope<Read>) -> Result<Option<Tenant>, StoreError> {
        let tx = self.read(within(scope)).await?;
        let row = tenant::Entity::of(scope.tenant())
            .one(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        row.map(rows::tenant).transpose()
    }

    async fn members(
        &self,
        scope: &TenantScope<Read>,
        page: Page<MemberId>,
    ) -> Result<Slice<MemberRow>, StoreError> {
        let after = page.after.map(MemberId::as_uuid);
        let select = part(
            member::Entity::of(scope.tenant()),
            member::Column::Id,
            after,
            &page,
        );
        let rows = self.members_in(scope, select).await?;
        Ok(slice(rows, page.limit))
    }

    async fn member(
        &self,
        scope: &TenantScope<Read>,
        id: MemberId,
    ) -> Result<Option<MemberRow>, StoreError> {
        let select = member::Entity::of(scope.tenant()).filter(member::Column::Id.eq(id.as_uuid()));
        Ok(self.members_in(scope, select).await?.pop())
    }

    async fn projects(
        &self,
        scope: &TenantScope<Read>,
        page: Page<ProjectId>,
    ) -> Result<Slice<Project>, StoreError> {
        let tx = self.read(within(scope)).await?;
        let after = page.after.map(ProjectId::as_uuid);
        let rows = part(live_projects(scope), project::Column::Id, after, &page)
            .all(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        let rows = rows
            .into_iter()
            .map(rows::project)
            .collect::<Result<_, _>>()?;
        Ok(slice(rows, page.limit))
    }

    async fn project(
        &self,
        scope: &TenantScope<Read>,
        id: ProjectId,
    ) -> Result<Option<Project>, StoreError> {
        let tx = self.read(within(scope)).await?;
        let row = live_projects(scope)
            .filter(project::Column::Id.eq(id.as_uuid()))
            .one(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        row.map(rows::project).transpose()
    }
}

impl SeaStore {
    async fn members_in(
        &self,
        scope: &TenantScope<Read>,
        select: Select<member::Entity>,
    ) -> Result<Vec<MemberRow>, StoreError> {
        let tx = self.read(within(scope)).await?;
        let found = select
            .join(JoinType::InnerJoin, user_of_member())
            .select_also(user::Entity)
            .all(&tx)
            .await
            .map_err(store_error)?;
        let held = member::Entity::of(scope.tenant())
            .join(JoinType::InnerJoin, roles_of_member())
            .filter(member::Column::Id.is_in(found.iter().map(|(member, _)| member.id)));
        let mut roles = roles(held, &tx).await?;
        tx.commit().await.map_err(store_error)?;
        found
            .into_iter()
            .filter_map(|(member, user)| Some((member, user?)))
            .map(|(member, user)| {
                Ok(MemberRow {
                    email: rows::stored(&user.email)?,
                    name: rows::stored(&user.name)?,
                    member: Member {
                        id: MemberId::from_uuid(member.id),
                        tenant: TenantId::from_uuid(member.tenant_id),
                        user: UserId::from_uuid(member.user_id),
                        status: rows::member_status(&member.status)?,
                        roles: roles.remove(&member.id).unwrap_or_default(),
                        created_at: Timestamp::from_micros(member.created_at),
                    },
                })
            })
            .collect()
    }
}

fn within(scope: &TenantScope<Read>) -> Context {
    Context {
        tenant: Some(scope.tenant().as_uuid()),
        user: None,
    }
}

fn live_projects(scope: &TenantScope<Read>) -> Select<project::Entity> {
    project::Entity::of(scope.tenant()).filter(project::Column::DeletedAt.is_null())
}

/// A page by its last id, and one row more, which tells whether there is another page.
fn part<E: EntityTrait, Id>(
    select: Select<E>,
    id: E::Column,
    after: Option<Uuid>,
    page: &Page<Id>,
) -> Select<E> {
    let select = select.limit(u64::from(page.limit) + 1);
    match (page.order, after) {
        (Order::Ascending, None) => select.order_by_asc(id),
        (Order::Ascending, Some(after)) => select.filter(id.gt(after)).order_by_asc(id),
        (Order::Descending, None) => select.order_by_desc(id),
        (Order::Descending, Some(after)) => select.filter(id.lt(after)).order_by_desc(id),
    }
}

fn slice<Row>(mut rows: Vec<Row>, limit: u8) -> Slice<Row> {
    let more = rows.len() > usize::from(limit);
    rows.truncate(limit.into());
    Slice { rows, more }
}

#[derive(FromQueryResult)]
struct Held {
    member_id: Uuid,
    role_id: Uuid,
    builtin: Option<String>,
}

/// The roles of these members, which `held` has joined with what they hold.
async fn roles(
    held: Select<member::Entity>,
    tx: &Tx,
) -> Result<HashMap<Uuid, Vec<Role>>, StoreError> {
    let held = held
        .join(JoinType::InnerJoin, role_of_holding())
        .select_only()
        .column_as(member::Column::Id, "member_id")
        .column_as(role::Column::Id, "role_id")
        .column(role::Column::Builtin)
        .order_by_asc(role::Column::Id)
        .into_model::<Held>()
        .all(tx)
        .await
        .map_err(store_error)?;
    held.into_iter()
        .try_fold(HashMap::new(), |mut roles: HashMap<_, Vec<_>>, row| {
            let role = rows::role(row.role_id, row.builtin.as_deref())?;
            roles.entry(row.member_id).or_default().push(role);
            Ok(roles)
        })
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
