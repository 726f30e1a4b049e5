//! Slugs: every one that a tenant has or had, so that nobody else can take it.

use crate::schema::{
    drop_tables, execute, foreign_key, index, micros, primary_key, table, text, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                // Keyed without the tenant: a slug is unique on the platform.
                table("slugs")
                    .col(text("slug"))
                    .col(uuid("tenant_id"))
                    .col(micros("created_at"))
                    .primary_key(&mut primary_key("pk_slugs", ["slug"]))
                    .foreign_key(&mut foreign_key("fk_slugs_tenant", "tenant_id", "tenants"))
                    .take(),
            )
            .await?;
        manager
            .create_index(index("ix_slugs_tenant", "slugs", ["tenant_id"]))
            .await?;
        execute(
            manager,
            "INSERT INTO slugs (slug, tenant_id, created_at) SELECT slug, id, created_at FROM tenants",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["slugs"]).await
    }
}
