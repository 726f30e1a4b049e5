//! One transaction in one tenant.

use super::{
    audit::Recorder,
    error::store_error,
    owned::{OfNobody, OfPerson, OfTenant},
    rows,
};
use crate::{
    database::Tx,
    entity::{invitation, invitation_role, member, member_role, project, role, tenant, user},
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    Directory, Invitations, Members, Projects, Roles, StoreError, TenantUnit, Tenants,
};
use bailiwick_domain::{
    ProjectId, TenantId, Timestamp, UserId,
    access::{AuditEntry, Scope},
    invitation::Invitation,
    member::Member,
    project::Project,
    role::{BuiltIn, Role},
    tenant::Tenant,
    user::EmailAddress,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, LockType},
};

pub(super) struct TenantTx {
    pub(super) tx: Tx,
    pub(super) tenant: TenantId,
    pub(super) recorder: Recorder,
}

#[async_trait]
impl TenantUnit for TenantTx {
    async fn commit(self: Box<Self>, entry: AuditEntry) -> Result<(), StoreError> {
        self.recorder
            .commit(self.tx, Scope::Tenant(self.tenant), &entry)
            .await
    }
}

#[async_trait]
impl Directory for TenantTx {
    async fn user_with(&mut self, email: &EmailAddress) -> Result<Option<UserId>, StoreError> {
        let user = user::Entity::rows()
            .filter(user::Column::Email.eq(email.as_str()))
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(user.map(|user| UserId::from_uuid(user.id)))
    }

    async fn tenants_of(&mut self, user: UserId) -> Result<Vec<TenantId>, StoreError> {
        // Whoever else adds this person somewhere waits here.
        user::Entity::rows()
            .filter(user::Column::Id.eq(user.as_uuid()))
            .lock(LockType::NoKeyUpdate)
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        let members = member::Entity::about(user)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(members
            .into_iter()
            .map(|member| TenantId::from_uuid(member.tenant_id))
            .collect())
    }
}

#[async_trait]
impl Tenants for TenantTx {
    async fn tenant(&mut self) -> Result<Option<Tenant>, StoreError> {
        let row = tenant::Entity::of(self.tenant)
            .lock(LockType::NoKeyUpdate)
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        row.map(rows::tenant).transpose()
    }

    async fn save_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        tenant::Entity::change_of(self.tenant)
            .col_expr(tenant::Column::Name, Expr::value(tenant.name.as_str()))
            .col_expr(tenant::Column::Status, Expr::value(tenant.status.name()))
            .col_expr(
                tenant::Column::UpdatedAt,
                Expr::value(tenant.updated_at.as_micros()),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl Roles for TenantTx {
    async fn built_in_role(&mut self, role: BuiltIn) -> Result<Option<Role>, StoreError> {
        let row = role::Entity::of(self.tenant)
            .filter(role::Column::Builtin.eq(role.name()))
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        row.map(|row| rows::role(row.id, row.builtin.as_deref()))
            .transpose()
    }

    async fn add_roles(&mut self, roles: &[Role], now: Timestamp) -> Result<(), StoreError> {
        let rows = roles.iter().map(|role| role::ActiveModel {
            tenant_id: NotSet,
            id: Set(role.id.as_uuid()),
            name: Set(role.name.clone()),
            builtin: Set(role.built_in.map(|role| role.name().to_owned())),
            created_at: Set(now.as_micros()),
        });
        self.add::<role::Entity, _>(rows).await
    }
}

#[async_trait]
impl Members for TenantTx {
    async fn add_member(&mut self, member: &Member) -> Result<(), StoreError> {
        let row = member::ActiveModel {
            tenant_id: NotSet,
            id: Set(member.id.as_uuid()),
            user_id: Set(member.user.as_uuid()),
            status: Set(member.status.name().to_owned()),
            created_at: Set(member.created_at.as_micros()),
            updated_at: Set(member.created_at.as_micros()),
        };
        self.add::<member::Entity, _>([row]).await?;
        let rows = member.roles.iter().map(|role| member_role::ActiveModel {
            tenant_id: NotSet,
            member_id: Set(member.id.as_uuid()),
            role_id: Set(role.id.as_uuid()),
            created_at: Set(member.created_at.as_micros()),
        });
        self.add::<member_role::Entity, _>(rows).await
    }
}

#[async_trait]
impl Invitations for TenantTx {
    async fn add_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        // One that has lapsed waits for nobody any more.
        invitation::Entity::change_of(self.tenant)
            .filter(invitation::Column::Email.eq(invitation.email.as_str()))
            .filter(invitation::Column::Status.eq("pending"))
            .filter(invitation::Column::ExpiresAt.lte(invitation.created_at.as_micros()))
            .col_expr(invitation::Column::Status, Expr::value("expired"))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        let row = invitation::ActiveModel {
            tenant_id: NotSet,
            id: Set(invitation.id.as_uuid()),
            email: Set(invitation.email.to_string()),
            status: Set("pending".to_owned()),
            invited_by: Set(invitation.invited_by.as_uuid()),
            created_at: Set(invitation.created_at.as_micros()),
            expires_at: Set(invitation.expires_at.as_micros()),
        };
        self.add::<invitation::Entity, _>([row]).await?;
        let rows = invitation
            .roles
            .iter()
            .map(|role| invitation_role::ActiveModel {
                tenant_id: NotSet,
                invitation_id: Set(invitation.id.as_uuid()),
                role_id: Set(role.id.as_uuid()),
            });
        self.add::<invitation_role::Entity, _>(rows).await
    }
}

#[async_trait]
impl Projects for TenantTx {
    async fn project(&mut self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        let row = project::Entity::of(self.tenant)
            .filter(project::Column::Id.eq(id.as_uuid()))
            .filter(project::Column::DeletedAt.is_null())
            .lock(LockType::NoKeyUpdate)
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        row.map(rows::project).transpose()
    }

    async fn add_project(&mut self, project: &Project) -> Result<(), StoreError> {
        let row = project::ActiveModel {
            tenant_id: NotSet,
            id: Set(project.id.as_uuid()),
            name: Set(project.name.to_string()),
            created_by: Set(project.created_by.as_uuid()),
            created_at: Set(project.created_at.as_micros()),
            updated_at: Set(project.updated_at.as_micros()),
            deleted_at: Set(project.deleted_at.map(Timestamp::as_micros)),
        };
        self.add::<project::Entity, _>([row]).await
    }

    async fn save_project(&mut self, project: &Project) -> Result<(), StoreError> {
        project::Entity::change_of(self.tenant)
            .filter(project::Column::Id.eq(project.id.as_uuid()))
            .col_expr(project::Column::Name, Expr::value(project.name.as_str()))
            .col_expr(
                project::Column::UpdatedAt,
                Expr::value(project.updated_at.as_micros()),
            )
            .col_expr(
                project::Column::DeletedAt,
                Expr::value(project.deleted_at.map(Timestamp::as_micros)),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

impl TenantTx {
    /// The first thing that is written of a tenant.
    pub(super) async fn add_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        let row = tenant::ActiveModel {
            id: NotSet,
            name: Set(tenant.name.to_string()),
            slug: Set(tenant.slug.to_string()),
            status: Set(tenant.status.name().to_owned()),
            created_by: Set(tenant.created_by.as_uuid()),
            created_at: Set(tenant.created_at.as_micros()),
            updated_at: Set(tenant.updated_at.as_micros()),
        };
        self.add::<tenant::Entity, _>([row]).await
    }

    async fn add<E, Row>(&self, rows: impl IntoIterator<Item = Row>) -> Result<(), StoreError>
    where
        E: OfTenant,
        Row: ActiveModelTrait<Entity = E> + Send,
    {
        E::add_to(self.tenant, rows)
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}
