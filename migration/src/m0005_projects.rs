//! Projects: what a tenant works on; a deleted one gives its name free.

use crate::schema::{
    drop_tables, foreign_key, index, micros, primary_key, table, text, unique, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("projects")
                    .col(uuid("tenant_id"))
                    .col(uuid("id"))
                    .col(text("name"))
                    .col(uuid("created_by"))
                    .col(micros("created_at"))
                    .col(micros("updated_at"))
                    .col(micros("deleted_at").null())
                    .primary_key(&mut primary_key("pk_projects", ["tenant_id", "id"]))
                    .foreign_key(&mut foreign_key(
                        "fk_projects_tenant",
                        "tenant_id",
                        "tenants",
                    ))
                    .foreign_key(&mut foreign_key(
                        "fk_projects_creator",
                        "created_by",
                        "users",
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                unique("uq_projects_name", "projects", ["tenant_id", "name"])
                    .and_where(Expr::col("deleted_at").is_null())
                    .take(),
            )
            .await?;
        manager
            .create_index(index("ix_projects_creator", "projects", ["created_by"]))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["projects"]).await
    }
}
