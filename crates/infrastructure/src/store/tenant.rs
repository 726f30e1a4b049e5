//! One transaction in one tenant.

use super::{
    audit::Recorder,
    error::store_error,
    owned::{OfNobody, OfPerson, OfTenant, owners_of},
    reading::{Named, Reads, Row},
    roles, rows,
};
use crate::{
    answers::keep,
    database::Tx,
    entity::{
        api_key, invitation, invitation_role, kept_answer, member, member_role, ownership_offer,
        project, project_role, refresh_chain, role, role_include, service_account,
        service_account_role, slug, tenant, user,
    },
};
use async_trait::async_trait;
use bailiwick_application::ports::{
    Directory, Invitations, Keeps, KeptAnswer, Members, Offers, Projects, Roles, Secret,
    StoreError, TenantUnit, Tenants, Unique,
};
use bailiwick_domain::{
    InvitationId, MemberId, Name, ProjectId, RoleId, TenantId, Timestamp, UserId,
    access::{Assignment, AuditEntry, Scope},
    invitation::{Invitation, InvitationStatus},
    member::{Member, Owners},
    ownership::Offer,
    project::Project,
    role::{Role, RoleBook, Usage},
    session::RevokeCause,
    tenant::Tenant,
    user::{EmailAddress, User},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, LockType},
};
use std::collections::BTreeMap;
use uuid::Uuid;

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
impl Keeps for TenantTx {
    async fn keep(&mut self, answer: &KeptAnswer) -> Result<(), StoreError> {
        keep(&self.tx, answer).await
    }
}

#[async_trait]
impl Directory for TenantTx {
    async fn user_with(&mut self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        let user = user::Entity::rows()
            .filter(user::Column::Email.eq(email.as_str()))
            .read_one(&self.tx)
            .await?;
        user.as_ref().map(rows::user).transpose()
    }

    async fn name_of(&mut self, user: UserId) -> Result<Name, StoreError> {
        let row = user::Entity::rows()
            .filter(user::Column::Id.eq(user.as_uuid()))
            .read_one(&self.tx)
            .await?;
        let missing = Row {
            table: "users",
            ids: [("id", user.as_uuid())],
        };
        let row = row.ok_or_else(|| missing.corrupt("id", "is referred to and not there"))?;
        row.parsed("name", &row.name)
    }

    async fn is_open(&mut self, user: UserId) -> Result<bool, StoreError> {
        let open = user::Entity::rows()
            .filter(user::Column::Id.eq(user.as_uuid()))
            .filter(user::Column::DisabledAt.is_null())
            .read_one(&self.tx)
            .await?;
        Ok(open.is_some())
    }

    async fn verify_address(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        user::Entity::change()
            .filter(user::Column::Id.eq(user.as_uuid()))
            .filter(user::Column::EmailVerifiedAt.is_null())
            .col_expr(user::Column::EmailVerifiedAt, Expr::value(now.as_micros()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn tenants_of(&mut self, user: UserId) -> Result<Vec<TenantId>, StoreError> {
        // Whoever else adds this person somewhere waits here.
        user::Entity::rows()
            .filter(user::Column::Id.eq(user.as_uuid()))
            .lock(LockType::NoKeyUpdate)
            .read_one(&self.tx)
            .await?;
        self.tx.show(Some(user)).await.map_err(store_error)?;
        let members = member::Entity::about(user).read_all(&self.tx).await?;
        self.tx.show(None).await.map_err(store_error)?;
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
            .read_one(&self.tx)
            .await?;
        row.as_ref().map(rows::tenant).transpose()
    }

    async fn save_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        self.keep_slug(tenant).await?;
        let (status, suspended_by) = rows::tenant_columns(tenant.status);
        let settings = &tenant.settings;
        let domains = settings.allowed_domains.iter().map(ToString::to_string);
        let domains = domains.collect::<Vec<_>>().join(" ");
        tenant::Entity::change_of(self.tenant)
            .col_expr(tenant::Column::Name, Expr::value(tenant.name.as_str()))
            .col_expr(tenant::Column::Slug, Expr::value(tenant.slug.as_str()))
            .col_expr(tenant::Column::Status, Expr::value(status))
            .col_expr(tenant::Column::SuspendedBy, Expr::value(suspended_by))
            .col_expr(
                tenant::Column::DeletedAt,
                Expr::value(tenant.deleted_at.map(Timestamp::as_micros)),
            )
            .col_expr(
                tenant::Column::DefaultRoleId,
                Expr::value(settings.default_role.map(RoleId::as_uuid)),
            )
            .col_expr(tenant::Column::AllowedDomains, Expr::value(domains))
            .col_expr(
                tenant::Column::SecondFactorRequired,
                Expr::value(i64::from(settings.second_factor_required)),
            )
            .col_expr(
                tenant::Column::UpdatedAt,
                Expr::value(tenant.updated_at.as_micros()),
            )
            .col_expr(
                tenant::Column::Version,
                Expr::value(tenant.version.number()),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl Roles for TenantTx {
    async fn role_book(&mut self) -> Result<RoleBook, StoreError> {
        roles::book(&self.tx, self.tenant).await
    }

    async fn add_roles(&mut self, roles: &[Role], now: Timestamp) -> Result<(), StoreError> {
        let rows = roles.iter().map(|role| role::ActiveModel {
            tenant_id: NotSet,
            id: Set(role.id.as_uuid()),
            name: Set(role.name.to_string()),
            builtin: Set(role.built_in.map(|role| role.name().to_owned())),
            permissions: Set(permissions(role)),
            version: Set(role.version.number()),
            created_at: Set(now.as_micros()),
            updated_at: Set(Some(now.as_micros())),
        });
        self.add::<role::Entity, _>(rows.collect()).await?;
        for role in roles {
            self.add_includes(role).await?;
        }
        Ok(())
    }

    async fn save_role(&mut self, role: &Role, now: Timestamp) -> Result<(), StoreError> {
        role::Entity::change_of(self.tenant)
            .filter(role::Column::Id.eq(role.id.as_uuid()))
            .col_expr(role::Column::Name, Expr::value(role.name.as_str()))
            .col_expr(role::Column::Permissions, Expr::value(permissions(role)))
            .col_expr(role::Column::Version, Expr::value(role.version.number()))
            .col_expr(role::Column::UpdatedAt, Expr::value(now.as_micros()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        role_include::Entity::removal_of(self.tenant)
            .filter(role_include::Column::RoleId.eq(role.id.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        self.add_includes(role).await
    }

    async fn usage(&mut self, id: RoleId, now: Timestamp) -> Result<Usage, StoreError> {
        let id = id.as_uuid();
        let held = member_role::Entity::of(self.tenant)
            .filter(member_role::Column::RoleId.eq(id))
            .read_one(&self.tx)
            .await?;
        let on_projects = project_role::Entity::of(self.tenant)
            .filter(project_role::Column::RoleId.eq(id))
            .read_one(&self.tx)
            .await?;
        let by_machines = service_account_role::Entity::of(self.tenant)
            .filter(service_account_role::Column::RoleId.eq(id))
            .read_one(&self.tx)
            .await?;
        let invitations = invitation_role::Entity::of(self.tenant)
            .select_only()
            .column(invitation_role::Column::InvitationId)
            .filter(invitation_role::Column::RoleId.eq(id))
            .into_query();
        let invited = invitation::Entity::of(self.tenant)
            .filter(invitation::Column::Id.in_subquery(invitations))
            .filter(invitation::Column::Status.eq(InvitationStatus::Pending.name()))
            .filter(invitation::Column::ExpiresAt.gt(now.as_micros()))
            .read_one(&self.tx)
            .await?;
        Ok(Usage {
            assigned: held.is_some() || on_projects.is_some() || by_machines.is_some(),
            invited: invited.is_some(),
            default: false,
        })
    }

    async fn remove_role(
        &mut self,
        id: RoleId,
        replacement: Option<RoleId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match replacement {
            Some(replacement) => self.replace_role(id, replacement, now).await?,
            None => self.expire_invitations_to(id, now).await?,
        }
        let role = id.as_uuid();
        // What is left of it belongs to invitations that wait no more.
        invitation_role::Entity::removal_of(self.tenant)
            .filter(invitation_role::Column::RoleId.eq(role))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        role::Entity::removal_of(self.tenant)
            .filter(role::Column::Id.eq(role))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
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
            version: Set(member.version.number()),
            created_at: Set(member.created_at.as_micros()),
            updated_at: Set(member.created_at.as_micros()),
        };
        self.add::<member::Entity, _>(vec![row]).await?;
        self.assign(member.id, &member.assignments, member.created_at)
            .await
    }

    async fn member(&mut self, id: MemberId) -> Result<Option<Member>, StoreError> {
        let row = member::Entity::of(self.tenant)
            .filter(member::Column::Id.eq(id.as_uuid()))
            .read_one(&self.tx)
            .await?;
        self.with_assignments(row).await
    }

    async fn member_of(&mut self, user: UserId) -> Result<Option<Member>, StoreError> {
        let row = member::Entity::of(self.tenant)
            .filter(member::Column::UserId.eq(user.as_uuid()))
            .read_one(&self.tx)
            .await?;
        self.with_assignments(row).await
    }

    async fn owners(&mut self) -> Result<Owners, StoreError> {
        let owners = owners_of(self.tenant)
            .order_by_asc(member::Column::Id)
            .read_all(&self.tx)
            .await?;
        let ids = owners.iter().map(|row| MemberId::from_uuid(row.id));
        Ok(Owners(ids.collect()))
    }

    async fn save_member(&mut self, member: &Member, now: Timestamp) -> Result<(), StoreError> {
        member::Entity::change_of(self.tenant)
            .filter(member::Column::Id.eq(member.id.as_uuid()))
            .col_expr(member::Column::Status, Expr::value(member.status.name()))
            .col_expr(
                member::Column::Version,
                Expr::value(member.version.number()),
            )
            .col_expr(member::Column::UpdatedAt, Expr::value(now.as_micros()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        let before = self.assignments(member.id).await?;
        let gone = before
            .iter()
            .filter(|one| !member.assignments.contains(one));
        for one in gone {
            self.unassign(member.id, one).await?;
        }
        let new = member
            .assignments
            .iter()
            .filter(|one| !before.contains(one));
        let new: Vec<_> = new.copied().collect();
        self.assign(member.id, &new, now).await
    }

    async fn end_chains(&mut self, id: MemberId, now: Timestamp) -> Result<(), StoreError> {
        refresh_chain::Entity::change_of(self.tenant)
            .filter(refresh_chain::Column::MemberId.eq(id.as_uuid()))
            .filter(refresh_chain::Column::RevokedAt.is_null())
            .col_expr(
                refresh_chain::Column::RevokedAt,
                Expr::value(now.as_micros()),
            )
            .col_expr(
                refresh_chain::Column::RevokeCause,
                Expr::value(RevokeCause::MembershipEnded.name()),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn remove_member(&mut self, id: MemberId) -> Result<(), StoreError> {
        // Whoever starts a chain of the member at this moment waits here, and finds nobody, or is waited for.
        member::Entity::of(self.tenant)
            .filter(member::Column::Id.eq(id.as_uuid()))
            .lock(LockType::Update)
            .read_one(&self.tx)
            .await?;
        refresh_chain::Entity::removal_of(self.tenant)
            .filter(refresh_chain::Column::MemberId.eq(id.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        member::Entity::removal_of(self.tenant)
            .filter(member::Column::Id.eq(id.as_uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl Invitations for TenantTx {
    async fn add_invitation(
        &mut self,
        invitation: &Invitation,
        secret: &Secret,
    ) -> Result<(), StoreError> {
        // One that has lapsed waits for nobody any more.
        invitation::Entity::change_of(self.tenant)
            .filter(invitation::Column::Email.eq(invitation.email.as_str()))
            .filter(invitation::Column::Status.eq(InvitationStatus::Pending.name()))
            .filter(invitation::Column::ExpiresAt.lte(invitation.created_at.as_micros()))
            .col_expr(
                invitation::Column::Status,
                Expr::value(InvitationStatus::Expired.name()),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        let row = invitation::ActiveModel {
            tenant_id: NotSet,
            id: Set(invitation.id.as_uuid()),
            email: Set(invitation.email.to_string()),
            status: Set(invitation.status.name().to_owned()),
            invited_by: Set(invitation.invited_by.answerable().as_uuid()),
            account_id: Set(rows::account_id(invitation.invited_by)),
            key_id: Set(rows::key_id(invitation.invited_by)),
            secret_hash: Set(Some(rows::hash(secret).to_vec())),
            created_at: Set(invitation.created_at.as_micros()),
            expires_at: Set(invitation.expires_at.as_micros()),
            answered_at: Set(None),
        };
        self.add::<invitation::Entity, _>(vec![row]).await?;
        let rows = invitation
            .roles
            .iter()
            .map(|role| invitation_role::ActiveModel {
                tenant_id: NotSet,
                invitation_id: Set(invitation.id.as_uuid()),
                role_id: Set(role.as_uuid()),
            });
        self.add::<invitation_role::Entity, _>(rows.collect()).await
    }

    async fn invitation(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let row = invitation::Entity::of(self.tenant)
            .filter(invitation::Column::Id.eq(id.as_uuid()))
            .lock(LockType::NoKeyUpdate)
            .read_one(&self.tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let roles = invitation_role::Entity::of(self.tenant)
            .filter(invitation_role::Column::InvitationId.eq(row.id))
            .order_by_asc(invitation_role::Column::RoleId)
            .read_all(&self.tx)
            .await?;
        Ok(Some(Invitation {
            id,
            tenant: self.tenant,
            email: row.parsed("email", &row.email)?,
            roles: roles
                .iter()
                .map(|one| RoleId::from_uuid(one.role_id))
                .collect(),
            status: rows::invitation_status(&row, &row.status)?,
            invited_by: rows::actor(&row, row.invited_by, row.account_id, row.key_id)?,
            created_at: row.at("created_at", row.created_at)?,
            expires_at: row.at("expires_at", row.expires_at)?,
        }))
    }

    async fn save_invitation(
        &mut self,
        invitation: &Invitation,
        secret: Option<&Secret>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut change = invitation::Entity::change_of(self.tenant)
            .filter(invitation::Column::Id.eq(invitation.id.as_uuid()))
            .col_expr(
                invitation::Column::Status,
                Expr::value(invitation.status.name()),
            )
            .col_expr(
                invitation::Column::InvitedBy,
                Expr::value(invitation.invited_by.answerable().as_uuid()),
            )
            .col_expr(
                invitation::Column::AccountId,
                Expr::value(rows::account_id(invitation.invited_by)),
            )
            .col_expr(
                invitation::Column::KeyId,
                Expr::value(rows::key_id(invitation.invited_by)),
            )
            .col_expr(
                invitation::Column::ExpiresAt,
                Expr::value(invitation.expires_at.as_micros()),
            );
        if let Some(secret) = secret {
            let hash = Expr::value(rows::hash(secret).to_vec());
            change = change.col_expr(invitation::Column::SecretHash, hash);
        }
        if invitation.status != InvitationStatus::Pending {
            let now = Expr::value(now.as_micros());
            change = change.col_expr(invitation::Column::AnsweredAt, now);
        }
        change.exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl Offers for TenantTx {
    async fn offer(&mut self) -> Result<Option<Offer>, StoreError> {
        let row = ownership_offer::Entity::of(self.tenant)
            .read_one(&self.tx)
            .await?;
        row.as_ref().map(rows::offer).transpose()
    }

    async fn put_offer(&mut self, offer: &Offer) -> Result<(), StoreError> {
        self.remove_offer().await?;
        let row = ownership_offer::ActiveModel {
            tenant_id: NotSet,
            from_member_id: Set(offer.from.as_uuid()),
            to_member_id: Set(offer.to.as_uuid()),
            created_at: Set(offer.created_at.as_micros()),
            expires_at: Set(offer.expires_at.as_micros()),
        };
        self.add::<ownership_offer::Entity, _>(vec![row]).await
    }

    async fn remove_offer(&mut self) -> Result<bool, StoreError> {
        let removed = ownership_offer::Entity::removal_of(self.tenant)
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(removed.rows_affected > 0)
    }
}

#[async_trait]
impl Projects for TenantTx {
    async fn project(&mut self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        let row = project::Entity::of(self.tenant)
            .filter(project::Column::Id.eq(id.as_uuid()))
            .filter(project::Column::DeletedAt.is_null())
            .lock(LockType::NoKeyUpdate)
            .read_one(&self.tx)
            .await?;
        row.as_ref().map(rows::project).transpose()
    }

    async fn add_project(&mut self, project: &Project) -> Result<(), StoreError> {
        let row = project::ActiveModel {
            tenant_id: NotSet,
            id: Set(project.id.as_uuid()),
            name: Set(project.name.to_string()),
            created_by: Set(project.created_by.answerable().as_uuid()),
            account_id: Set(rows::account_id(project.created_by)),
            key_id: Set(rows::key_id(project.created_by)),
            created_at: Set(project.created_at.as_micros()),
            updated_at: Set(project.updated_at.as_micros()),
            deleted_at: Set(project.deleted_at.map(Timestamp::as_micros)),
        };
        self.add::<project::Entity, _>(vec![row]).await
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
        match project.deleted_at {
            Some(at) => self.end_roles_on(project.id, at).await,
            None => Ok(()),
        }
    }
}

impl TenantTx {
    /// The first thing that is written of a tenant.
    pub(super) async fn add_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        let (status, suspended_by) = rows::tenant_columns(tenant.status);
        let row = tenant::ActiveModel {
            id: NotSet,
            name: Set(tenant.name.to_string()),
            slug: Set(tenant.slug.to_string()),
            status: Set(status.to_owned()),
            suspended_by: Set(suspended_by.map(str::to_owned)),
            deleted_at: Set(None),
            erased_at: Set(None),
            default_role_id: Set(None),
            allowed_domains: Set(String::new()),
            second_factor_required: Set(0),
            version: Set(tenant.version.number()),
            created_by: Set(tenant.created_by.as_uuid()),
            created_at: Set(tenant.created_at.as_micros()),
            updated_at: Set(tenant.updated_at.as_micros()),
        };
        self.add::<tenant::Entity, _>(vec![row]).await?;
        self.keep_slug(tenant).await
    }

    /// Removes all that the tenant held, unless that was done before: whoever refers goes before whom it refers to.
    pub(super) async fn erase(&self) -> Result<bool, StoreError> {
        let marked = tenant::Entity::change_of(self.tenant)
            .filter(tenant::Column::ErasedAt.is_null())
            .col_expr(tenant::Column::Name, Expr::value("(erased)"))
            .col_expr(tenant::Column::AllowedDomains, Expr::value(""))
            .col_expr(tenant::Column::DefaultRoleId, Expr::value(None::<Uuid>))
            .col_expr(
                tenant::Column::ErasedAt,
                Expr::value(self.recorder.clock.now().as_micros()),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        if marked.rows_affected == 0 {
            return Ok(false);
        }
        self.empty::<kept_answer::Entity>().await?;
        self.empty::<api_key::Entity>().await?;
        self.empty::<service_account_role::Entity>().await?;
        self.empty::<service_account::Entity>().await?;
        self.empty::<refresh_chain::Entity>().await?;
        self.empty::<ownership_offer::Entity>().await?;
        self.empty::<invitation_role::Entity>().await?;
        self.empty::<invitation::Entity>().await?;
        self.empty::<project_role::Entity>().await?;
        self.empty::<project::Entity>().await?;
        self.empty::<member_role::Entity>().await?;
        self.empty::<member::Entity>().await?;
        self.empty::<role_include::Entity>().await?;
        self.empty::<role::Entity>().await?;
        Ok(true)
    }

    async fn empty<E: OfTenant>(&self) -> Result<(), StoreError> {
        E::removal_of(self.tenant)
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    /// Makes the slug the tenant's for good. One that the tenant had before it takes back.
    async fn keep_slug(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let row = slug::ActiveModel {
            slug: Set(tenant.slug.to_string()),
            tenant_id: NotSet,
            created_at: Set(tenant.updated_at.as_micros()),
        };
        slug::Entity::add_to(self.tenant, [row])
            .on_conflict_do_nothing_on([slug::Column::Slug])
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        let kept = slug::Entity::of(self.tenant)
            .filter(slug::Column::Slug.eq(tenant.slug.as_str()))
            .read_one(&self.tx)
            .await?;
        kept.map(|_| ()).ok_or(StoreError::Taken(Unique::Slug))
    }

    async fn add_includes(&self, role: &Role) -> Result<(), StoreError> {
        let rows = role
            .includes
            .iter()
            .map(|included| role_include::ActiveModel {
                tenant_id: NotSet,
                role_id: Set(role.id.as_uuid()),
                included_id: Set(included.as_uuid()),
            });
        self.add::<role_include::Entity, _>(rows.collect()).await
    }

    /// Nobody has a role on the project any more: nobody could take it back.
    async fn end_roles_on(&self, project: ProjectId, now: Timestamp) -> Result<(), StoreError> {
        let here = || project_role::Column::ProjectId.eq(project.as_uuid());
        let holding = project_role::Entity::of(self.tenant)
            .select_only()
            .column(project_role::Column::MemberId)
            .filter(here())
            .into_query();
        let holders = member::Entity::of(self.tenant)
            .filter(member::Column::Id.in_subquery(holding.clone()))
            .read_all(&self.tx)
            .await?;
        // The database would count on from whatever stands there.
        for row in &holders {
            row.version(row.version)?;
        }
        member::Entity::change_of(self.tenant)
            .filter(member::Column::Id.in_subquery(holding))
            .col_expr(
                member::Column::Version,
                ExprTrait::add(Expr::col(member::Column::Version), 1),
            )
            .col_expr(member::Column::UpdatedAt, Expr::value(now.as_micros()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        project_role::Entity::removal_of(self.tenant)
            .filter(here())
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    /// Invitations that have lapsed are not sent again with less than they were written with.
    async fn expire_invitations_to(&self, role: RoleId, now: Timestamp) -> Result<(), StoreError> {
        let inviting = invitation_role::Entity::of(self.tenant)
            .select_only()
            .column(invitation_role::Column::InvitationId)
            .filter(invitation_role::Column::RoleId.eq(role.as_uuid()))
            .into_query();
        invitation::Entity::change_of(self.tenant)
            .filter(invitation::Column::Id.in_subquery(inviting))
            .filter(invitation::Column::Status.eq(InvitationStatus::Pending.name()))
            .filter(invitation::Column::ExpiresAt.lte(now.as_micros()))
            .col_expr(
                invitation::Column::Status,
                Expr::value(InvitationStatus::Expired.name()),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    /// Whoever has the one role, or would get it, has the other; of two ends the later.
    async fn replace_role(
        &mut self,
        old: RoleId,
        new: RoleId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for id in self.holders_of(old).await? {
            let Some(mut member) = self.member(id).await? else {
                continue;
            };
            // By place: a role that is had twice in one place would stand there twice.
            let mut places: BTreeMap<_, Assignment> = BTreeMap::new();
            for one in &member.assignments {
                let role = if one.role == old { new } else { one.role };
                let this = Assignment { role, ..*one };
                places
                    .entry((this.role, this.project))
                    .and_modify(|known| {
                        let later = known.expires_at.zip(this.expires_at);
                        known.expires_at = later.map(|(one, other)| one.max(other));
                    })
                    .or_insert(this);
            }
            member.assignments = places.into_values().collect();
            member.version = member.version.next();
            self.save_member(&member, now).await?;
        }
        self.replace_role_of_machines(old, new, now).await?;
        let invitations: Vec<Uuid> = invitation_role::Entity::of(self.tenant)
            .filter(invitation_role::Column::RoleId.eq(old.as_uuid()))
            .read_all(&self.tx)
            .await?
            .into_iter()
            .map(|row| row.invitation_id)
            .collect();
        let having: Vec<Uuid> = invitation_role::Entity::of(self.tenant)
            .filter(invitation_role::Column::RoleId.eq(new.as_uuid()))
            .read_all(&self.tx)
            .await?
            .into_iter()
            .map(|row| row.invitation_id)
            .collect();
        let lacking = invitations.iter().filter(|id| !having.contains(id));
        let rows = lacking.map(|id| invitation_role::ActiveModel {
            tenant_id: NotSet,
            invitation_id: Set(*id),
            role_id: Set(new.as_uuid()),
        });
        self.add::<invitation_role::Entity, _>(rows.collect())
            .await?;
        tenant::Entity::change_of(self.tenant)
            .filter(tenant::Column::DefaultRoleId.eq(old.as_uuid()))
            .col_expr(tenant::Column::DefaultRoleId, Expr::value(new.as_uuid()))
            .col_expr(
                tenant::Column::Version,
                ExprTrait::add(Expr::col(tenant::Column::Version), 1),
            )
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn holders_of(&self, role: RoleId) -> Result<Vec<MemberId>, StoreError> {
        let on_projects = project_role::Entity::of(self.tenant)
            .select_only()
            .column(project_role::Column::MemberId)
            .filter(project_role::Column::RoleId.eq(role.as_uuid()))
            .into_query();
        let whole = member_role::Entity::of(self.tenant)
            .select_only()
            .column(member_role::Column::MemberId)
            .filter(member_role::Column::RoleId.eq(role.as_uuid()))
            .into_query();
        let holders = member::Entity::of(self.tenant)
            .filter(
                Condition::any()
                    .add(member::Column::Id.in_subquery(whole))
                    .add(member::Column::Id.in_subquery(on_projects)),
            )
            .order_by_asc(member::Column::Id)
            .read_all(&self.tx)
            .await?;
        Ok(holders
            .iter()
            .map(|row| MemberId::from_uuid(row.id))
            .collect())
    }

    async fn with_assignments(
        &self,
        row: Option<member::Model>,
    ) -> Result<Option<Member>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let assignments = self.assignments(MemberId::from_uuid(row.id)).await?;
        rows::member(&row, assignments).map(Some)
    }

    async fn assignments(&self, member: MemberId) -> Result<Vec<Assignment>, StoreError> {
        let whole = member_role::Entity::of(self.tenant)
            .filter(member_role::Column::MemberId.eq(member.as_uuid()))
            .order_by_asc(member_role::Column::RoleId)
            .read_all(&self.tx)
            .await?;
        let on_projects = project_role::Entity::of(self.tenant)
            .filter(project_role::Column::MemberId.eq(member.as_uuid()))
            .order_by_asc(project_role::Column::ProjectId)
            .order_by_asc(project_role::Column::RoleId)
            .read_all(&self.tx)
            .await?;
        let whole = whole
            .iter()
            .map(|row| rows::assignment(row, row.role_id, None, row.expires_at));
        let on_projects = on_projects
            .iter()
            .map(|row| rows::assignment(row, row.role_id, Some(row.project_id), row.expires_at));
        whole.chain(on_projects).collect()
    }

    async fn assign(
        &self,
        member: MemberId,
        assignments: &[Assignment],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let whole = assignments.iter().copied();
        let whole = whole.filter(|one| one.project.is_none());
        let rows = whole.map(|one| member_role::ActiveModel {
            tenant_id: NotSet,
            member_id: Set(member.as_uuid()),
            role_id: Set(one.role.as_uuid()),
            expires_at: Set(one.expires_at.map(Timestamp::as_micros)),
            created_at: Set(now.as_micros()),
        });
        self.add::<member_role::Entity, _>(rows.collect()).await?;
        let rows = assignments.iter().filter_map(|one| {
            Some(project_role::ActiveModel {
                tenant_id: NotSet,
                project_id: Set(one.project?.as_uuid()),
                member_id: Set(member.as_uuid()),
                role_id: Set(one.role.as_uuid()),
                expires_at: Set(one.expires_at.map(Timestamp::as_micros)),
                created_at: Set(now.as_micros()),
            })
        });
        self.add::<project_role::Entity, _>(rows.collect()).await
    }

    async fn unassign(&self, member: MemberId, one: &Assignment) -> Result<(), StoreError> {
        match one.project {
            None => member_role::Entity::removal_of(self.tenant)
                .filter(member_role::Column::MemberId.eq(member.as_uuid()))
                .filter(member_role::Column::RoleId.eq(one.role.as_uuid()))
                .exec(&self.tx)
                .await
                .map_err(store_error)?,
            Some(project) => project_role::Entity::removal_of(self.tenant)
                .filter(project_role::Column::MemberId.eq(member.as_uuid()))
                .filter(project_role::Column::RoleId.eq(one.role.as_uuid()))
                .filter(project_role::Column::ProjectId.eq(project.as_uuid()))
                .exec(&self.tx)
                .await
                .map_err(store_error)?,
        };
        Ok(())
    }

    pub(super) async fn add<E, Row>(&self, rows: Vec<Row>) -> Result<(), StoreError>
    where
        E: OfTenant,
        Row: ActiveModelTrait<Entity = E> + Send,
    {
        if rows.is_empty() {
            return Ok(());
        }
        E::add_to(self.tenant, rows)
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

/// What a role of the tenant's own holds, as it is kept; a built-in one says it in code.
fn permissions(role: &Role) -> Option<String> {
    match role.built_in {
        Some(_) => None,
        None => Some(role.grants.to_string()),
    }
}
