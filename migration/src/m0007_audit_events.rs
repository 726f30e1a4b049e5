//! Audit events: written once, and then nobody's to change.

use crate::schema::{
    drop_tables, execute, foreign_key, index, micros, postgres, primary_key, table, text, unique,
    uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                // The actor is no reference: the record outlives the account.
                table("audit_events")
                    .col(uuid("id"))
                    .col(uuid("tenant_id").null())
                    .col(micros("at"))
                    .col(uuid("actor_id").null())
                    .col(text("action"))
                    .col(text("target"))
                    .col(text("outcome"))
                    .primary_key(&mut primary_key("pk_audit_events", ["id"]))
                    .foreign_key(&mut foreign_key(
                        "fk_audit_events_tenant",
                        "tenant_id",
                        "tenants",
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique(
                "uq_audit_events_id",
                "audit_events",
                ["tenant_id", "id"],
            ))
            .await?;
        manager
            .create_index(index(
                "ix_audit_events_actor",
                "audit_events",
                ["actor_id", "id"],
            ))
            .await?;
        let append_only = if postgres(manager) { POSTGRES } else { SQLITE };
        execute(manager, append_only).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["audit_events"]).await?;
        if postgres(manager) {
            execute(manager, "DROP FUNCTION refuse_audit_change()").await?;
        }
        Ok(())
    }
}

const POSTGRES: &str = "
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();";

/// `REPLACE` deletes without firing a trigger for it, so an id that is taken is refused before.
const SQLITE: &str = "
    CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
        BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;
    CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
        BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;
    CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events
        WHEN EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;";
