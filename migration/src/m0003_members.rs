//! Roles, members, and which member holds which role.

use crate::schema::{
    drop_tables, foreign_key, foreign_key_in_tenant, index, micros, one_of, primary_key, table,
    text, unique, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("roles")
                    .col(uuid("tenant_id"))
                    .col(uuid("id"))
                    .col(text("name"))
                    .col(text("builtin").null())
                    .col(micros("created_at"))
                    .primary_key(&mut primary_key("pk_roles", ["tenant_id", "id"]))
                    .foreign_key(&mut foreign_key("fk_roles_tenant", "tenant_id", "tenants"))
                    .check(one_of(
                        "ck_roles_builtin",
                        "builtin",
                        ["owner", "admin", "member"],
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique("uq_roles_name", "roles", ["tenant_id", "name"]))
            .await?;

        manager
            .create_table(
                table("members")
                    .col(uuid("tenant_id"))
                    .col(uuid("id"))
                    .col(uuid("user_id"))
                    .col(text("status"))
                    .col(micros("created_at"))
                    .col(micros("updated_at"))
                    .primary_key(&mut primary_key("pk_members", ["tenant_id", "id"]))
                    .foreign_key(&mut foreign_key(
                        "fk_members_tenant",
                        "tenant_id",
                        "tenants",
                    ))
                    .foreign_key(&mut foreign_key("fk_members_user", "user_id", "users"))
                    .check(one_of(
                        "ck_members_status",
                        "status",
                        ["active", "suspended"],
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique(
                "uq_members_user",
                "members",
                ["tenant_id", "user_id"],
            ))
            .await?;
        manager
            .create_index(index("ix_members_user", "members", ["user_id"]))
            .await?;

        manager
            .create_table(
                table("member_roles")
                    .col(uuid("tenant_id"))
                    .col(uuid("member_id"))
                    .col(uuid("role_id"))
                    .col(micros("created_at"))
                    .primary_key(&mut primary_key(
                        "pk_member_roles",
                        ["tenant_id", "member_id", "role_id"],
                    ))
                    .foreign_key(
                        foreign_key_in_tenant("fk_member_roles_member", "member_id", "members")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(&mut foreign_key_in_tenant(
                        "fk_member_roles_role",
                        "role_id",
                        "roles",
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(index(
                "ix_member_roles_role",
                "member_roles",
                ["tenant_id", "role_id"],
            ))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["member_roles", "members", "roles"]).await
    }
}
