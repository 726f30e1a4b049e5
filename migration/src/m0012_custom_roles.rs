//! Roles of a tenant's own: what they hold, and which others they include.

use crate::schema::{
    add_columns, drop_columns, drop_tables, foreign_key_in_tenant, index, micros, number,
    primary_key, table, text, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(
            manager,
            "roles",
            [
                // NULL is a built-in role, which says in code what it holds.
                text("permissions").null().take(),
                number("version").default(1).take(),
                micros("updated_at").null().take(),
            ],
        )
        .await?;

        manager
            .create_table(
                table("role_includes")
                    .col(uuid("tenant_id"))
                    .col(uuid("role_id"))
                    .col(uuid("included_id"))
                    .primary_key(&mut primary_key(
                        "pk_role_includes",
                        ["tenant_id", "role_id", "included_id"],
                    ))
                    .foreign_key(
                        foreign_key_in_tenant("fk_role_includes_role", "role_id", "roles")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        foreign_key_in_tenant("fk_role_includes_included", "included_id", "roles")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        manager
            .create_index(index(
                "ix_role_includes_included",
                "role_includes",
                ["tenant_id", "included_id"],
            ))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["role_includes"]).await?;
        drop_columns(manager, "roles", ["updated_at", "version", "permissions"]).await
    }
}
