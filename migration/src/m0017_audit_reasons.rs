//! Why something was done, and the ways in which a tenant reads its own record.

use crate::schema::{add_columns, drop_columns, drop_indexes, index, text};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(manager, "audit_events", [text("reason").null().take()]).await?;
        // Each ends in the id, so that pages of what it finds need no sorting.
        manager
            .create_index(index(
                "ix_audit_events_tenant_actor",
                "audit_events",
                ["tenant_id", "actor_id", "id"],
            ))
            .await?;
        manager
            .create_index(index(
                "ix_audit_events_tenant_action",
                "audit_events",
                ["tenant_id", "action", "id"],
            ))
            .await?;
        manager
            .create_index(index(
                "ix_audit_events_tenant_outcome",
                "audit_events",
                ["tenant_id", "outcome", "id"],
            ))
            .await?;
        manager
            .create_index(index(
                "ix_audit_events_tenant_target",
                "audit_events",
                ["tenant_id", "target", "id"],
            ))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let indexes = [
            "ix_audit_events_tenant_target",
            "ix_audit_events_tenant_outcome",
            "ix_audit_events_tenant_action",
            "ix_audit_events_tenant_actor",
        ];
        drop_indexes(manager, indexes).await?;
        drop_columns(manager, "audit_events", ["reason"]).await
    }
}
