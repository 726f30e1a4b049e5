//! Tokens sent by mail: only their hashes, and of each kind the newest one.

use crate::schema::{
    bytes, drop_tables, foreign_key, micros, one_of, primary_key, table, text, unique, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("mailed_tokens")
                    .col(uuid("id"))
                    .col(uuid("user_id"))
                    .col(text("purpose"))
                    .col(bytes("secret_hash"))
                    .col(micros("created_at"))
                    .col(micros("expires_at"))
                    .primary_key(&mut primary_key("pk_mailed_tokens", ["id"]))
                    .foreign_key(&mut foreign_key(
                        "fk_mailed_tokens_user",
                        "user_id",
                        "users",
                    ))
                    .check(one_of(
                        "ck_mailed_tokens_purpose",
                        "purpose",
                        ["verify_email", "reset_password"],
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique(
                "uq_mailed_tokens_newest",
                "mailed_tokens",
                ["user_id", "purpose"],
            ))
            .await?;
        manager
            .create_index(unique(
                "uq_mailed_tokens_secret",
                "mailed_tokens",
                ["secret_hash"],
            ))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["mailed_tokens"]).await
    }
}
