//! Signing keys: public halves in clear, private halves sealed.

use crate::schema::{bytes, drop_tables, index, micros, one_of, primary_key, table, text};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("signing_keys")
                    .col(text("id"))
                    .col(text("purpose"))
                    .col(text("algorithm"))
                    .col(text("public_jwk"))
                    .col(bytes("sealed_private"))
                    .col(text("sealed_by"))
                    .col(micros("created_at"))
                    .col(micros("activates_at"))
                    .col(micros("retired_at").null())
                    .primary_key(&mut primary_key("pk_signing_keys", ["id"]))
                    .check(one_of(
                        "ck_signing_keys_purpose",
                        "purpose",
                        ["access", "refresh"],
                    ))
                    .check(one_of(
                        "ck_signing_keys_algorithm",
                        "algorithm",
                        ["ES256", "EdDSA", "RS256"],
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(index(
                "ix_signing_keys_purpose",
                "signing_keys",
                ["purpose", "created_at"],
            ))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["signing_keys"]).await
    }
}
