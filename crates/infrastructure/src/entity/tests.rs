//! The rows that we read are the tables that the migrations make, and the other way round.

#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the tables from outside"
)]

use super::*;
use crate::Database;
use bailiwick_testkit::postgres;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IdenStatic, Iterable,
    QueryResult, Statement, sea_query::ColumnType,
};
use std::collections::BTreeMap;

/// Column by column: its type, and whether it may be NULL; and the columns of the primary key.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    columns: BTreeMap<String, (String, bool)>,
    key: Vec<String>,
}

#[tokio::test]
async fn entities_and_tables_are_the_same_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("db").display());
    assert_eq!(tables(&url).await, entities());
}

#[tokio::test]
async fn entities_and_tables_are_the_same_on_postgres() {
    let Some(database) = postgres::database().await else {
        return;
    };
    assert_eq!(tables(database.url()).await, entities());
}

/// Tables that are asked in SQL alone.
const WITHOUT_ENTITY: [&str; 2] = ["replicas", "touched"];

fn entities() -> BTreeMap<String, Shape> {
    BTreeMap::from([
        shape(api_key::Entity),
        shape(audit_event::Entity),
        shape(invitation::Entity),
        shape(invitation_role::Entity),
        shape(member::Entity),
        shape(member_role::Entity),
        shape(operator::Entity),
        shape(ownership_offer::Entity),
        shape(project::Entity),
        shape(project_role::Entity),
        shape(refresh_chain::Entity),
        shape(role::Entity),
        shape(role_include::Entity),
        shape(service_account::Entity),
        shape(service_account_role::Entity),
        shape(session::Entity),
        shape(signing_key::Entity),
        shape(slug::Entity),
        shape(kept_answer::Entity),
        shape(mailed_token::Entity),
        shape(tenant::Entity),
        shape(user::Entity),
    ])
}

fn shape<E: EntityTrait>(entity: E) -> (String, Shape) {
    let columns = E::Column::iter().map(|column| {
        let class = match column.def().get_column_type() {
            ColumnType::BigInteger => "integer",
            ColumnType::String(_) => "text",
            ColumnType::Uuid => "uuid",
            ColumnType::VarBinary(_) => "bytes",
            other => panic!("no column of ours is {other:?}"),
        };
        (
            column.as_str().to_owned(),
            (class.to_owned(), column.def().is_null()),
        )
    });
    let key = E::PrimaryKey::iter().map(|column| column.as_str().to_owned());
    let shape = Shape {
        columns: columns.collect(),
        key: key.collect(),
    };
    (entity.table_name().to_owned(), shape)
}

/// What the database itself says, after the migrations.
async fn tables(url: &str) -> BTreeMap<String, Shape> {
    let db = Database::connect_to_migrate(url).await.unwrap();
    bailiwick_migration::up(&db).await.unwrap();
    let mut tables = BTreeMap::<String, Shape>::new();
    for row in rows(&db).await {
        let name = text(&row, "column_name");
        let class = match text(&row, "type").to_lowercase().as_str() {
            "bigint" | "integer" => "integer",
            "text" => "text",
            "uuid" => "uuid",
            "bytea" | "blob" => "bytes",
            other => panic!("no column of ours is {other}"),
        };
        let nullable = row.try_get("", "nullable").unwrap();
        let table = tables.entry(text(&row, "table_name")).or_default();
        // The rows come in the order of the key, where they are in it.
        if row.try_get::<Option<i64>>("", "key").unwrap().is_some() {
            table.key.push(name.clone());
        }
        table.columns.insert(name, (class.to_owned(), nullable));
    }
    tables.retain(|name, _| !WITHOUT_ENTITY.contains(&name.as_str()));
    tables
}

async fn rows(db: &DatabaseConnection) -> Vec<QueryResult> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT c.relname::text AS table_name, a.attname::text AS column_name,
                    format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
                    array_position(i.indkey::smallint[], a.attnum)::bigint AS key
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
             LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
               AND NOT a.attisdropped AND c.relname <> 'seaql_migrations' ORDER BY 1, key"
        }
        _ => {
            "SELECT m.name AS table_name, c.name AS column_name, c.type AS type,
                    c.\"notnull\" = 0 AS nullable, nullif(c.pk, 0) AS key
             FROM sqlite_master m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name <> 'seaql_migrations' ORDER BY 1, c.pk"
        }
    };
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .unwrap()
}

fn text(row: &QueryResult, column: &str) -> String {
    row.try_get("", column).unwrap()
}
