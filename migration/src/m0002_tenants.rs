//! Tenants: organizations, each an island.

use crate::schema::{
    drop_tables, foreign_key, index, micros, one_of, primary_key, table, text, unique, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("tenants")
                    .col(uuid("id"))
                    .col(text("name"))
                    .col(text("slug"))
                    .col(text("status"))
                    .col(uuid("created_by"))
                    .col(micros("created_at"))
                    .col(micros("updated_at"))
                    .primary_key(&mut primary_key("pk_tenants", ["id"]))
                    .foreign_key(&mut foreign_key(
                        "fk_tenants_creator",
                        "created_by",
                        "users",
                    ))
                    .check(one_of(
                        "ck_tenants_status",
                        "status",
                        ["active", "suspended"],
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique("uq_tenants_slug", "tenants", ["slug"]))
            .await?;
        manager
            .create_index(index("ix_tenants_creator", "tenants", ["created_by"]))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["tenants"]).await
    }
}
