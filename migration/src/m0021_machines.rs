//! Service accounts and their API keys, and what machines have done: rows say with which key.

use crate::{
    guard::{Guard, own},
    schema::{
        add_columns, bytes, drop_columns, drop_tables, execute, foreign_key, foreign_key_in_tenant,
        index, micros, number, one_of, postgres, primary_key, table, text, unique, uuid,
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
                table("service_accounts")
                    .col(uuid("tenant_id"))
                    .col(uuid("id"))
                    .col(text("name"))
                    .col(text("status"))
                    .col(number("version"))
                    .col(micros("created_at"))
                    .col(micros("updated_at"))
                    .primary_key(&mut primary_key("pk_service_accounts", ["tenant_id", "id"]))
                    .foreign_key(&mut foreign_key(
                        "fk_service_accounts_tenant",
                        "tenant_id",
                        "tenants",
                    ))
                    .check(one_of(
                        "ck_service_accounts_status",
                        "status",
                        ["active", "suspended"],
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                table("service_account_roles")
                    .col(uuid("tenant_id"))
                    .col(uuid("account_id"))
                    .col(uuid("role_id"))
                    .primary_key(&mut primary_key(
                        "pk_service_account_roles",
                        ["tenant_id", "account_id", "role_id"],
                    ))
                    .foreign_key(
                        foreign_key_in_tenant(
                            "fk_service_account_roles_account",
                            "account_id",
                            "service_accounts",
                        )
                        .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(&mut foreign_key_in_tenant(
                        "fk_service_account_roles_role",
                        "role_id",
                        "roles",
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(index(
                "ix_service_account_roles_role",
                "service_account_roles",
                ["tenant_id", "role_id"],
            ))
            .await?;
        keys(manager).await?;
        // Who did it may be a machine: then its key stands here, and beside it the account. Neither is a reference, since the
        // record outlives them.
        add_columns(manager, "audit_events", [uuid("key_id").null().take()]).await?;
        for table in ["projects", "invitations"] {
            let by = [
                uuid("account_id").null().take(),
                uuid("key_id").null().take(),
            ];
            add_columns(manager, table, by).await?;
        }
        if !postgres(manager) {
            return Ok(());
        }
        execute(manager, FUNCTION).await?;
        for guard in GUARDS {
            execute(manager, &guard.put()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["invitations", "projects"] {
            drop_columns(manager, table, ["key_id", "account_id"]).await?;
        }
        drop_columns(manager, "audit_events", ["key_id"]).await?;
        let tables = ["api_keys", "service_account_roles", "service_accounts"];
        drop_tables(manager, tables).await?;
        if postgres(manager) {
            execute(manager, "DROP FUNCTION app_is_key").await?;
        }
        Ok(())
    }
}

async fn keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("api_keys")
                .col(uuid("tenant_id"))
                .col(uuid("id"))
                .col(uuid("account_id"))
                .col(text("name"))
                .col(text("permissions"))
                .col(bytes("secret_hash"))
                .col(bytes("previous_hash").null())
                .col(micros("previous_until").null())
                .col(uuid("made_by"))
                .col(micros("created_at"))
                .col(micros("expires_at"))
                .col(micros("revoked_at").null())
                .col(micros("last_used_at").null())
                .primary_key(&mut primary_key("pk_api_keys", ["tenant_id", "id"]))
                .foreign_key(
                    foreign_key_in_tenant("fk_api_keys_account", "account_id", "service_accounts")
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .foreign_key(&mut foreign_key("fk_api_keys_maker", "made_by", "users"))
                .take(),
        )
        .await?;
    // Without the tenant: whoever brings a key has yet to learn whose it is.
    manager
        .create_index(unique("uq_api_keys_id", "api_keys", ["id"]))
        .await?;
    manager
        .create_index(index(
            "ix_api_keys_account",
            "api_keys",
            ["tenant_id", "account_id"],
        ))
        .await?;
    manager
        .create_index(index("ix_api_keys_maker", "api_keys", ["made_by"]))
        .await
}

/// Whoever brings a secret of the key, by its hash: the setting is made before anybody knows which tenant it is of.
const FUNCTION: &str = "
    CREATE FUNCTION app_is_key(secret bytea, previous bytea) RETURNS boolean STABLE PARALLEL SAFE
        RETURN decode(nullif(current_setting('app.api_key', true), ''), 'hex') IN (secret, previous);";

const GUARDS: [Guard; 3] = [
    own("service_accounts"),
    own("service_account_roles"),
    Guard {
        read: "tenant_id = app_tenant_id() OR app_is_key(secret_hash, previous_hash)",
        ..own("api_keys")
    },
];
