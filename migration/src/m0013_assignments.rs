//! Assignments: roles that are held for a time, and roles that are held on one project.

use crate::schema::{
    add_columns, drop_columns, drop_tables, foreign_key_in_tenant, index, micros, number,
    primary_key, table, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(manager, "members", [number("version").default(1).take()]).await?;
        add_columns(
            manager,
            "member_roles",
            [micros("expires_at").null().take()],
        )
        .await?;

        manager
            .create_table(
                table("project_roles")
                    .col(uuid("tenant_id"))
                    .col(uuid("project_id"))
                    .col(uuid("member_id"))
                    .col(uuid("role_id"))
                    .col(micros("expires_at").null())
                    .col(micros("created_at"))
                    .primary_key(&mut primary_key(
                        "pk_project_roles",
                        ["tenant_id", "project_id", "member_id", "role_id"],
                    ))
                    .foreign_key(&mut foreign_key_in_tenant(
                        "fk_project_roles_project",
                        "project_id",
                        "projects",
                    ))
                    .foreign_key(
                        foreign_key_in_tenant("fk_project_roles_member", "member_id", "members")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(&mut foreign_key_in_tenant(
                        "fk_project_roles_role",
                        "role_id",
                        "roles",
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(index(
                "ix_project_roles_member",
                "project_roles",
                ["tenant_id", "member_id"],
            ))
            .await?;
        manager
            .create_index(index(
                "ix_project_roles_role",
                "project_roles",
                ["tenant_id", "role_id"],
            ))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["project_roles"]).await?;
        drop_columns(manager, "member_roles", ["expires_at"]).await?;
        drop_columns(manager, "members", ["version"]).await
    }
}
