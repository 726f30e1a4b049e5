//! Offers of ownership: at most one in a tenant, gone with either of the two whom it is about.

use crate::schema::{
    drop_tables, foreign_key, foreign_key_in_tenant, index, micros, primary_key, table, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("ownership_offers")
                    .col(uuid("tenant_id"))
                    .col(uuid("from_member_id"))
                    .col(uuid("to_member_id"))
                    .col(micros("created_at"))
                    .col(micros("expires_at"))
                    .primary_key(&mut primary_key("pk_ownership_offers", ["tenant_id"]))
                    .foreign_key(&mut foreign_key(
                        "fk_ownership_offers_tenant",
                        "tenant_id",
                        "tenants",
                    ))
                    .foreign_key(
                        foreign_key_in_tenant(
                            "fk_ownership_offers_from",
                            "from_member_id",
                            "members",
                        )
                        .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        foreign_key_in_tenant("fk_ownership_offers_to", "to_member_id", "members")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        manager
            .create_index(index(
                "ix_ownership_offers_from",
                "ownership_offers",
                ["tenant_id", "from_member_id"],
            ))
            .await?;
        manager
            .create_index(index(
                "ix_ownership_offers_to",
                "ownership_offers",
                ["tenant_id", "to_member_id"],
            ))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["ownership_offers"]).await
    }
}
