//! Operators: the users who run the platform.

use crate::schema::{drop_tables, foreign_key, micros, primary_key, table, uuid};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("operators")
                    .col(uuid("user_id"))
                    .col(micros("created_at"))
                    .primary_key(&mut primary_key("pk_operators", ["user_id"]))
                    .foreign_key(&mut foreign_key("fk_operators_user", "user_id", "users"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["operators"]).await
    }
}
