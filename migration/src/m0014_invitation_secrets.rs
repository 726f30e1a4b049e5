//! The secrets of invitations, of which only hashes are kept, and when each invitation was answered.

use crate::schema::{add_columns, bytes, drop_columns, drop_indexes, index, micros, unique};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(
            manager,
            "invitations",
            [
                bytes("secret_hash").null().take(),
                micros("answered_at").null().take(),
            ],
        )
        .await?;
        // Both without the tenant: whoever brings a secret or an address has yet to learn which tenant invites them.
        manager
            .create_index(unique(
                "uq_invitations_secret",
                "invitations",
                ["secret_hash"],
            ))
            .await?;
        manager
            .create_index(index("ix_invitations_email", "invitations", ["email"]))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite drops no column that an index is over.
        drop_indexes(manager, ["ix_invitations_email", "uq_invitations_secret"]).await?;
        drop_columns(manager, "invitations", ["answered_at", "secret_hash"]).await
    }
}
