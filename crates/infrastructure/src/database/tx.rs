//! A transaction that SeaORM can use, whichever the database.

use super::{postgres::Lease, silence::Silence};
use bailiwick_domain::UserId;
use futures_util::lock::Mutex;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, sea_query::Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Database, Executor as _, IntoArguments, Sqlite, query::Query};
use uuid::Uuid;

/// An open transaction: committed, or it never was.
///
/// Each statement takes the connection and gives it back when it has succeeded. After one that failed or was cut off
/// there is nothing left to commit, on SQLite as on PostgreSQL, where a `COMMIT` would roll back and call it a success.
pub(crate) struct Tx {
    backend: DbBackend,
    open: Mutex<Option<Open>>,
    silence: Silence,
}

pub(super) enum Open {
    Postgres(Lease),
    Sqlite(sqlx::Transaction<'static, Sqlite>),
}

impl Tx {
    pub(super) fn new(open: Open, silence: Silence) -> Self {
        Self {
            backend: match open {
                Open::Postgres(_) => DbBackend::Postgres,
                Open::Sqlite(_) => DbBackend::Sqlite,
            },
            open: Mutex::new(Some(open)),
            silence,
        }
    }

    /// Shows this person's rows in all tenants as well, or nobody's any more.
    pub(crate) async fn show(&self, user: Option<UserId>) -> Result<(), DbErr> {
        self.set("user_id", user.map(UserId::as_uuid)).await
    }

    /// Changes for whom the transaction works, where row-level security asks.
    #[expect(clippy::disallowed_methods, reason = "it reads no table")]
    pub(super) async fn set(&self, setting: &str, id: Option<Uuid>) -> Result<(), DbErr> {
        if self.backend != DbBackend::Postgres {
            return Ok(());
        }
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        let set = format!("SET LOCAL app.{setting} = '{id}'");
        self.execute_unprepared(&set).await.map(|_| ())
    }

    /// Makes the work last.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        match self.open.into_inner().ok_or_else(ended)? {
            Open::Postgres(lease) => lease.commit().await,
            Open::Sqlite(transaction) => transaction.commit().await,
        }
        .map_err(|error| self.silence.told(DbErr::Exec, error))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut place = self.open.lock().await;
        let mut open = place.take().ok_or_else(ended)?;
        let done = match &mut open {
            Open::Postgres(lease) => lease
                .work(async |connection| query(statement).execute(connection).await)
                .await
                .map(Into::into),
            Open::Sqlite(transaction) => query(statement)
                .execute(&mut **transaction)
                .await
                .map(Into::into),
        }
        .map_err(|error| self.silence.told(DbErr::Exec, error))?;
        *place = Some(open);
        Ok(done)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut place = self.open.lock().await;
        let mut open = place.take().ok_or_else(ended)?;
        let sql = AssertSqlSafe(sql.to_owned());
        let done = match &mut open {
            Open::Postgres(lease) => lease
                .work(async |connection| connection.execute(sql).await)
                .await
                .map(Into::into),
            Open::Sqlite(transaction) => transaction.execute(sql).await.map(Into::into),
        }
        .map_err(|error| self.silence.told(DbErr::Exec, error))?;
        *place = Some(open);
        Ok(done)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut place = self.open.lock().await;
        let mut open = place.take().ok_or_else(ended)?;
        let row = match &mut open {
            Open::Postgres(lease) => lease
                .work(async |connection| query(statement).fetch_optional(connection).await)
                .await
                .map(|row| row.map(Into::into)),
            Open::Sqlite(transaction) => query(statement)
                .fetch_optional(&mut **transaction)
                .await
                .map(|row| row.map(Into::into)),
        }
        .map_err(|error| self.silence.told(DbErr::Query, error))?;
        *place = Some(open);
        Ok(row)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut place = self.open.lock().await;
        let mut open = place.take().ok_or_else(ended)?;
        let rows = match &mut open {
            Open::Postgres(lease) => lease
                .work(async |connection| query(statement).fetch_all(connection).await)
                .await
                .map(|rows| rows.into_iter().map(Into::into).collect()),
            Open::Sqlite(transaction) => query(statement)
                .fetch_all(&mut **transaction)
                .await
                .map(|rows| rows.into_iter().map(Into::into).collect()),
        }
        .map_err(|error| self.silence.told(DbErr::Query, error))?;
        *place = Some(open);
        Ok(rows)
    }
}

impl From<Lease> for Open {
    fn from(lease: Lease) -> Self {
        Self::Postgres(lease)
    }
}

impl From<sqlx::Transaction<'static, Sqlite>> for Open {
    fn from(transaction: sqlx::Transaction<'static, Sqlite>) -> Self {
        Self::Sqlite(transaction)
    }
}

fn query<DB: Database>(statement: Statement) -> Query<'static, DB, SqlxValues>
where
    SqlxValues: IntoArguments<DB>,
{
    let values = statement.values.unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

fn ended() -> DbErr {
    DbErr::Custom("a statement of the transaction failed or was cut off, which ended it".to_owned())
}
