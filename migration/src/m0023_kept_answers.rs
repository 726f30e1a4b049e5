//! Answers to requests that may come again, for a day. What an answer is found by tells neither its key nor whose it is, and
//! the answer itself is sealed.

use crate::{
    guard::{Guard, own},
    schema::{
        bytes, drop_tables, execute, foreign_key, index, micros, postgres, primary_key, table,
        unique, uuid,
    },
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("kept_answers")
                    .col(uuid("id"))
                    .col(uuid("tenant_id").null())
                    .col(uuid("user_id").null())
                    .col(bytes("fingerprint"))
                    .col(bytes("answer"))
                    .col(micros("expires_at"))
                    .primary_key(&mut primary_key("pk_kept_answers", ["id"]))
                    .foreign_key(&mut foreign_key(
                        "fk_kept_answers_tenant",
                        "tenant_id",
                        "tenants",
                    ))
                    .foreign_key(&mut foreign_key("fk_kept_answers_user", "user_id", "users"))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique(
                "uq_kept_answers_id",
                "kept_answers",
                ["tenant_id", "id"],
            ))
            .await?;
        for (name, column) in [
            ("ix_kept_answers_user", "user_id"),
            ("ix_kept_answers_expiry", "expires_at"),
        ] {
            manager
                .create_index(index(name, "kept_answers", [column]))
                .await?;
        }
        if postgres(manager) {
            execute(manager, &GUARD.put()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["kept_answers"]).await
    }
}

const GUARD: Guard = Guard {
    // What is about an account and no tenant, whoever asks for that account sees; what is about neither, whoever asks for none.
    read: "tenant_id = app_tenant_id() OR app_is_sweeping()
           OR (tenant_id IS NULL AND app_tenant_id() IS NULL AND user_id IS NOT DISTINCT FROM app_user_id())",
    add: "tenant_id IS NULL OR tenant_id = app_tenant_id()",
    change: "tenant_id = app_tenant_id() OR app_is_sweeping()",
    ..own("kept_answers")
};
