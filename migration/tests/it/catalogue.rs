//! What a database says about its own schema.

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement,
};

pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct ForeignKey {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    pub(crate) target: String,
    pub(crate) target_columns: Vec<String>,
}

pub(crate) struct Index {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    pub(crate) unique: bool,
    pub(crate) primary: bool,
    pub(crate) partial: bool,
}

/// Everything that has a name, but for SeaORM's own book-keeping.
pub(crate) async fn names(db: &DatabaseConnection) -> Vec<String> {
    let sqlite =
        "SELECT name FROM sqlite_master WHERE name NOT LIKE '%seaql_migrations%' ORDER BY 1";
    let postgres = "
        SELECT relname::text AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE '%seaql_migrations%'
        UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1";
    let rows = rows(db, sqlite, postgres).await;
    rows.iter().map(|row| text(row, "name")).collect()
}

pub(crate) async fn tables(db: &DatabaseConnection) -> Vec<Table> {
    let sqlite = "
        SELECT m.name AS \"table\", group_concat(c.name) AS columns
        FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name";
    let postgres = "
        SELECT table_name::text AS table, string_agg(column_name, ',') AS columns
        FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name";
    let rows = rows(db, sqlite, postgres).await;
    rows.iter()
        .map(|row| Table {
            name: text(row, "table"),
            columns: list(row, "columns"),
        })
        .collect()
}

pub(crate) async fn foreign_keys(db: &DatabaseConnection) -> Vec<ForeignKey> {
    let sqlite = "
        SELECT m.name AS \"table\", group_concat(f.\"from\", ',' ORDER BY f.seq) AS columns,
               f.\"table\" AS target, group_concat(f.\"to\", ',' ORDER BY f.seq) AS target_columns
        FROM sqlite_master m, pragma_foreign_key_list(m.name) f
        WHERE m.type = 'table' GROUP BY m.name, f.id, f.\"table\"";
    let postgres = "
        SELECT conrelid::regclass::text AS table, confrelid::regclass::text AS target,
            (SELECT string_agg(attname, ',' ORDER BY ord) FROM unnest(conkey) WITH ORDINALITY AS k (num, ord)
             JOIN pg_attribute ON attrelid = conrelid AND attnum = num) AS columns,
            (SELECT string_agg(attname, ',' ORDER BY ord) FROM unnest(confkey) WITH ORDINALITY AS k (num, ord)
             JOIN pg_attribute ON attrelid = confrelid AND attnum = num) AS target_columns
        FROM pg_constraint WHERE contype = 'f'";
    let rows = rows(db, sqlite, postgres).await;
    rows.iter()
        .map(|row| ForeignKey {
            table: text(row, "table"),
            columns: list(row, "columns"),
            target: text(row, "target"),
            target_columns: list(row, "target_columns"),
        })
        .collect()
}

pub(crate) async fn indexes(db: &DatabaseConnection) -> Vec<Index> {
    let sqlite = "
        SELECT m.name AS \"table\", group_concat(c.name, ',' ORDER BY c.seqno) AS columns,
               i.\"unique\" AS is_unique, i.origin = 'pk' AS is_primary, i.partial AS is_partial
        FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c
        WHERE m.type = 'table' GROUP BY m.name, i.name";
    let postgres = "
        SELECT indrelid::regclass::text AS table, indisunique AS is_unique, indisprimary AS is_primary,
            indpred IS NOT NULL AS is_partial,
            (SELECT string_agg(attname, ',' ORDER BY ord) FROM unnest(indkey) WITH ORDINALITY AS k (num, ord)
             JOIN pg_attribute ON attrelid = indrelid AND attnum = num) AS columns
        FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = 'public'::regnamespace";
    let rows = rows(db, sqlite, postgres).await;
    rows.iter()
        .map(|row| Index {
            table: text(row, "table"),
            columns: list(row, "columns"),
            unique: row.try_get("", "is_unique").unwrap(),
            primary: row.try_get("", "is_primary").unwrap(),
            partial: row.try_get("", "is_partial").unwrap(),
        })
        .collect()
}

async fn rows(db: &DatabaseConnection, sqlite: &str, postgres: &str) -> Vec<QueryResult> {
    let backend = db.get_database_backend();
    let sql = if backend == DbBackend::Postgres {
        postgres
    } else {
        sqlite
    };
    db.query_all_raw(Statement::from_string(backend, sql))
        .await
        .unwrap()
}

fn text(row: &QueryResult, column: &str) -> String {
    row.try_get("", column).unwrap()
}

fn list(row: &QueryResult, column: &str) -> Vec<String> {
    text(row, column).split(',').map(str::to_owned).collect()
}
