//! Sessions, and the chains of refresh tokens that keep them alive: one for each tenant, and one for none.

use crate::schema::{
    bytes, drop_tables, foreign_key, foreign_key_in_tenant, index, micros, number, primary_key,
    table, text, unique, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("sessions")
                    .col(uuid("id"))
                    .col(uuid("user_id"))
                    .col(micros("created_at"))
                    .col(micros("authenticated_at"))
                    .col(micros("expires_at"))
                    .col(micros("ended_at").null())
                    .col(text("end_cause").null())
                    .col(text("user_agent").null())
                    .col(text("address").null())
                    .primary_key(&mut primary_key("pk_sessions", ["id"]))
                    .foreign_key(&mut foreign_key("fk_sessions_user", "user_id", "users"))
                    .take(),
            )
            .await?;
        manager
            .create_index(index("ix_sessions_user", "sessions", ["user_id"]))
            .await?;

        // A composite reference with one NULL in it is not checked at all: both, or neither.
        let paired = Expr::cust("(tenant_id IS NULL) = (member_id IS NULL)");
        manager
            .create_table(
                table("refresh_chains")
                    .col(uuid("id"))
                    .col(uuid("session_id"))
                    // No reference: a chain may come of one in another organization, and both go with their session.
                    .col(uuid("parent_id").null())
                    .col(uuid("tenant_id").null())
                    .col(uuid("member_id").null())
                    .col(number("generation"))
                    .col(bytes("secret"))
                    .col(micros("rotated_at"))
                    .col(micros("created_at"))
                    .col(micros("revoked_at").null())
                    .col(text("revoke_cause").null())
                    .primary_key(&mut primary_key("pk_refresh_chains", ["id"]))
                    .foreign_key(
                        foreign_key("fk_refresh_chains_session", "session_id", "sessions")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(&mut foreign_key_in_tenant(
                        "fk_refresh_chains_member",
                        "member_id",
                        "members",
                    ))
                    .check(Check::named("ck_refresh_chains_member", paired))
                    .take(),
            )
            .await?;
        let live = Expr::col("revoked_at").is_null();
        manager
            .create_index(
                unique(
                    "uq_refresh_chains_tenant",
                    "refresh_chains",
                    ["session_id", "tenant_id"],
                )
                .and_where(live.clone())
                .and_where(Expr::col("tenant_id").is_not_null())
                .take(),
            )
            .await?;
        manager
            .create_index(
                unique(
                    "uq_refresh_chains_no_tenant",
                    "refresh_chains",
                    ["session_id"],
                )
                .and_where(live)
                .and_where(Expr::col("tenant_id").is_null())
                .take(),
            )
            .await?;
        manager
            .create_index(unique(
                "uq_refresh_chains_id",
                "refresh_chains",
                ["tenant_id", "id"],
            ))
            .await?;
        manager
            .create_index(index(
                "ix_refresh_chains_parent",
                "refresh_chains",
                ["parent_id"],
            ))
            .await?;
        manager
            .create_index(index(
                "ix_refresh_chains_session",
                "refresh_chains",
                ["session_id"],
            ))
            .await?;
        manager
            .create_index(index(
                "ix_refresh_chains_member",
                "refresh_chains",
                ["tenant_id", "member_id"],
            ))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["refresh_chains", "sessions"]).await
    }
}
