//! The words that the migrations are written in.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// A UUID; SQLite has no such type and keeps the 16 bytes as they are.
pub(crate) fn uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).custom("uuid").not_null().take()
}

pub(crate) fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

pub(crate) fn bytes(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().take()
}

pub(crate) fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// An instant, in microseconds since the Unix epoch.
pub(crate) fn micros(name: &'static str) -> ColumnDef {
    number(name)
}

pub(crate) fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).take()
}

pub(crate) fn primary_key<const N: usize>(
    name: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    over(Index::create().name(name).primary(), columns)
}

pub(crate) fn index<const N: usize>(
    name: &'static str,
    table: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    over(Index::create().name(name).table(table), columns)
}

pub(crate) fn unique<const N: usize>(
    name: &'static str,
    table: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    index(name, table, columns).unique().take()
}

fn over<const N: usize>(
    index: &mut IndexCreateStatement,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    for column in columns {
        index.col(column);
    }
    index.take()
}

/// A reference to an `id` that no tenant owns.
pub(crate) fn foreign_key(
    name: &'static str,
    column: &'static str,
    table: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from_col(column)
        .to(table, "id")
        .take()
}

/// A reference to a row of the same tenant, and of no other.
pub(crate) fn foreign_key_in_tenant(
    name: &'static str,
    column: &'static str,
    table: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from_col("tenant_id")
        .from_col(column)
        .to(table, ("tenant_id", "id"))
        .take()
}

pub(crate) fn one_of<const N: usize>(
    name: &'static str,
    column: &'static str,
    values: [impl Into<Value>; N],
) -> Check {
    Check::named(name, Expr::col(column).is_in(values))
}

/// Adds columns one by one: SQLite makes one change a statement.
///
/// The table has rows: a column may be NULL, or has a default. SQLite takes no composite reference here, and a check
/// goes with its column when that is dropped.
pub(crate) async fn add_columns<const N: usize>(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: [ColumnDef; N],
) -> Result<(), DbErr> {
    for column in columns {
        manager
            .alter_table(Table::alter().table(table).add_column(column).take())
            .await?;
    }
    Ok(())
}

/// Drops columns that no index is over.
pub(crate) async fn drop_columns<const N: usize>(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: [&'static str; N],
) -> Result<(), DbErr> {
    for column in columns {
        manager
            .alter_table(Table::alter().table(table).drop_column(column).take())
            .await?;
    }
    Ok(())
}

pub(crate) async fn drop_indexes<const N: usize>(
    manager: &SchemaManager<'_>,
    indexes: [&'static str; N],
) -> Result<(), DbErr> {
    for index in indexes {
        manager
            .drop_index(Index::drop().name(index).to_owned())
            .await?;
    }
    Ok(())
}

/// Whether it is PostgreSQL that changes, and not SQLite.
pub(crate) fn postgres(manager: &SchemaManager<'_>) -> bool {
    manager.get_database_backend() == DbBackend::Postgres
}

/// Statements as they stand.
pub(crate) async fn execute(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}

/// Drops tables in the order given: whoever refers goes before whom it refers to.
pub(crate) async fn drop_tables<const N: usize>(
    manager: &SchemaManager<'_>,
    tables: [&'static str; N],
) -> Result<(), DbErr> {
    for table in tables {
        manager
            .drop_table(Table::drop().table(table).take())
            .await?;
    }
    Ok(())
}
