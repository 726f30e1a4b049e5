//! Invitations, and the roles that each would hand on.

use crate::schema::{
    drop_tables, foreign_key, foreign_key_in_tenant, index, micros, one_of, primary_key, table,
    text, unique, uuid,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statuses = ["pending", "accepted", "declined", "revoked", "expired"];
        manager
            .create_table(
                table("invitations")
                    .col(uuid("tenant_id"))
                    .col(uuid("id"))
                    .col(text("email"))
                    .col(text("status"))
                    .col(uuid("invited_by"))
                    .col(micros("created_at"))
                    .col(micros("expires_at"))
                    .primary_key(&mut primary_key("pk_invitations", ["tenant_id", "id"]))
                    .foreign_key(&mut foreign_key(
                        "fk_invitations_tenant",
                        "tenant_id",
                        "tenants",
                    ))
                    .foreign_key(&mut foreign_key(
                        "fk_invitations_inviter",
                        "invited_by",
                        "users",
                    ))
                    .check(one_of("ck_invitations_status", "status", statuses))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                unique(
                    "uq_invitations_pending",
                    "invitations",
                    ["tenant_id", "email"],
                )
                .and_where(Expr::col("status").eq("pending"))
                .take(),
            )
            .await?;
        manager
            .create_index(index(
                "ix_invitations_inviter",
                "invitations",
                ["invited_by"],
            ))
            .await?;

        manager
            .create_table(
                table("invitation_roles")
                    .col(uuid("tenant_id"))
                    .col(uuid("invitation_id"))
                    .col(uuid("role_id"))
                    .primary_key(&mut primary_key(
                        "pk_invitation_roles",
                        ["tenant_id", "invitation_id", "role_id"],
                    ))
                    .foreign_key(
                        foreign_key_in_tenant(
                            "fk_invitation_roles_invitation",
                            "invitation_id",
                            "invitations",
                        )
                        .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(&mut foreign_key_in_tenant(
                        "fk_invitation_roles_role",
                        "role_id",
                        "roles",
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_index(index(
                "ix_invitation_roles_role",
                "invitation_roles",
                ["tenant_id", "role_id"],
            ))
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, ["invitation_roles", "invitations"]).await
    }
}
