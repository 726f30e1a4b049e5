//! Users: people with an email address, in any number of tenants or none.

use crate::schema::{drop_tables, micros, primary_key, table, text, unique, uuid};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("users")
                    .col(uuid("id"))
                    .col(text("email"))
                    .col(text("name"))
                    .col(text("password_hash").null())
                    .col(micros("created_at"))
                    .col(micros("updated_at"))
                    .col(micros("disabled_at").null())
                    .col(micros("email_verified_at").null())
                    .primary_key(&mut primary_key("pk_users", ["id"]))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique("uq_users_email", "users", ["email"]))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["users"]).await
    }
}
