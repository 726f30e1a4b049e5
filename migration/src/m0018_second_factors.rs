//! When a second factor was shown in a session.

use crate::schema::{add_columns, drop_columns, micros};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let shown = micros("second_factor_at").null().take();
        add_columns(manager, "sessions", [shown]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_columns(manager, "sessions", ["second_factor_at"]).await
    }
}
