//! What tenants decide about themselves, who suspended them, since when they are deleted, and since when erased.

use crate::schema::{add_columns, drop_columns, execute, micros, number, one_of, text, uuid};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let suspenders = ["organization", "platform"];
        add_columns(
            manager,
            "tenants",
            [
                text("suspended_by")
                    .null()
                    .check(one_of(
                        "ck_tenants_suspended_by",
                        "suspended_by",
                        suspenders,
                    ))
                    .take(),
                micros("deleted_at").null().take(),
                micros("erased_at").null().take(),
                // No reference: SQLite adds a column with none over two. Whoever deletes a role moves this first.
                uuid("default_role_id").null().take(),
                text("allowed_domains").default("").take(),
                number("second_factor_required")
                    .default(0)
                    .check(one_of(
                        "ck_tenants_second_factor_required",
                        "second_factor_required",
                        [0, 1],
                    ))
                    .take(),
                number("version").default(1).take(),
            ],
        )
        .await?;
        // Nothing let a tenant suspend itself, so it was the platform: what its owners could not undo, they cannot now.
        execute(
            manager,
            "UPDATE tenants SET suspended_by = 'platform' WHERE status = 'suspended'",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            "version",
            "second_factor_required",
            "allowed_domains",
            "default_role_id",
            "erased_at",
            "deleted_at",
            "suspended_by",
        ];
        drop_columns(manager, "tenants", columns).await
    }
}
