//! Our table, and the wall that keeps the rows of one organization from another.

use bailiwick_migration::{
    guard,
    sea_orm_migration::{
        prelude::*,
        sea_orm::{DbBackend, DynIden},
    },
};

/// Our migrations, in a table of their own beside those of the service.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Notices)]
    }

    fn migration_table_name() -> DynIden {
        "noticeboard_migrations".into_iden()
    }
}

struct Notices;

impl MigrationName for Notices {
    fn name(&self) -> &str {
        "n0001_notices"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Notices {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The tenant is in the key: whoever refers to a notice refers to one of the same tenant.
        let column = |name: &'static str, kind: &'static str| {
            ColumnDef::new(name).custom(kind).not_null().take()
        };
        manager
            .create_table(
                Table::create()
                    .table("notices")
                    .col(column("tenant_id", "uuid"))
                    .col(column("id", "uuid"))
                    .col(column("text", "text"))
                    .col(column("posted_at", "bigint"))
                    .primary_key(Index::create().primary().col("tenant_id").col("id"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("notices", "tenant_id")
                            .to("tenants", "id"),
                    )
                    .take(),
            )
            .await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            let wall = guard::own("notices").put();
            manager.get_connection().execute_unprepared(&wall).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("notices").take())
            .await
    }
}
