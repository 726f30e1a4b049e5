//! SQLite: one connection that writes and several that only read, so that no transaction fails because another is open.

use super::{
    ConnectError, DatabaseOptions, busy, connection_error,
    tx::{Answer, Asked, answers},
    usage::Usage,
};
use crate::memory::Alone;
use prometheus_client::metrics::gauge::Gauge;
use sea_orm::{DatabaseConnection, DbErr, Statement, sea_query::Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Sqlite, SqliteConnection,
    SqlitePool, Transaction,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

/// Whom the transaction has touched; for the next one, nobody has been.
pub(super) const TOUCHED: &str = "DELETE FROM touched RETURNING owner";

/// Whether anybody was touched whom nobody has heard of: every commit of ours leaves nobody there.
pub(super) const TOUCHED_BY_OTHERS: &str = "SELECT owner FROM touched LIMIT 1";

const RETRY: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub(super) struct Pools {
    writer: SqlitePool,
    readers: SqlitePool,
    /// How many wait for a connection that writes, and for one that reads.
    waiting: [Gauge; 2],
    /// Where it stands among the processes on the file, until somebody looks after it.
    seat: Arc<Mutex<Option<Alone>>>,
}

impl Pools {
    pub(super) async fn connect(url: &str, options: DatabaseOptions) -> Result<Self, ConnectError> {
        let file = file(url)?;
        let seat = Alone::seat(file.get_filename()).await;
        let seat = seat.map_err(ConnectError::Folder)?;
        let writer = open(pool(1, options.wait), writing(file.clone())).await?;
        let readers = open(
            pool(options.connections, options.wait),
            file.read_only(true),
        )
        .await?;
        Ok(Self {
            writer,
            readers,
            waiting: Default::default(),
            seat: Arc::new(Mutex::new(Some(seat))),
        })
    }

    /// The seat, for whoever looks after it.
    pub(super) fn seat(&self) -> Option<Alone> {
        let mut seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        seat.take()
    }

    /// How each pool is used.
    pub(super) fn usage(&self) -> [Usage; 2] {
        let [writing, reading] = &self.waiting;
        [
            ("writer", &self.writer, writing),
            ("readers", &self.readers, reading),
        ]
        .map(|(pool, connections, waiting)| Usage {
            pool,
            most: connections.options().get_max_connections().into(),
            open: connections.size().into(),
            idle: i64::try_from(connections.num_idle()).unwrap_or(i64::MAX),
            waiting: waiting.get(),
        })
    }

    /// The one transaction that may write: it takes the lock at once, for it could not get it later without failing.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>, DbErr> {
        let [waiting, _] = &self.waiting;
        let _waits = Waits::on(waiting);
        self.writer
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(connection_error)
    }

    pub(super) async fn read(&self) -> Result<Transaction<'static, Sqlite>, DbErr> {
        let [_, waiting] = &self.waiting;
        let _waits = Waits::on(waiting);
        self.readers.begin().await.map_err(connection_error)
    }

    /// A connection for one statement, which is a transaction by itself.
    pub(super) async fn look(&self) -> Result<PoolConnection<Sqlite>, DbErr> {
        let [_, waiting] = &self.waiting;
        let _waits = Waits::on(waiting);
        self.readers.acquire().await.map_err(connection_error)
    }
}

/// Somebody waits for a connection, until it is dropped.
struct Waits<'a>(&'a Gauge);

impl<'a> Waits<'a> {
    fn on(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// One answer for each statement that is asked.
pub(super) async fn ask(
    connection: &mut SqliteConnection,
    asked: Asked<'_>,
) -> Result<Vec<Answer>, sqlx::Error> {
    match asked {
        Asked::Written(sql) => answers(connection.fetch_many(AssertSqlSafe(sql.to_owned()))).await,
        Asked::Prepared(statements) => {
            let mut all = Vec::with_capacity(statements.len());
            for Statement { sql, values, .. } in statements {
                let values = values.clone().unwrap_or(Values(Vec::new()));
                let query = sqlx::query_with(AssertSqlSafe(sql.clone()), SqlxValues(values));
                all.extend(answers(connection.fetch_many(query)).await?);
            }
            Ok(all)
        }
    }
}

pub(super) async fn connect_to_migrate(url: &str) -> Result<DatabaseConnection, ConnectError> {
    Ok(open(pool(1, BUSY), writing(file(url)?)).await?.into())
}

/// Opens a pool. Of several who switch a new file to WAL at once SQLite refuses all but one, without waiting.
async fn open(
    pool: SqlitePoolOptions,
    file: SqliteConnectOptions,
) -> Result<SqlitePool, ConnectError> {
    let until = Instant::now() + BUSY;
    loop {
        match pool.clone().connect_with(file.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < until => sleep(RETRY).await,
            outcome => return Ok(outcome?),
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| busy(&code))
}

fn file(url: &str) -> Result<SqliteConnectOptions, ConnectError> {
    let file = url.parse::<SqliteConnectOptions>()?;
    let path = file.get_filename();
    // Without a name, SQLite makes a file that it deletes.
    if path.as_os_str().is_empty() || url.contains(":memory:") || url.contains("mode=memory") {
        return Err(ConnectError::Memory);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(ConnectError::Folder)?;
    }
    private(path).map_err(ConnectError::Folder)?;
    Ok(file
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .disable_statement_logging())
}

/// Makes the file, if it is not there, for its owner alone: it will hold password hashes. SQLite gives the files
/// beside it the same mode.
fn private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn writing(file: SqliteConnectOptions) -> SqliteConnectOptions {
    file.create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
}

fn pool(connections: u32, wait: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // SQLite ends a transaction by itself when the disk is full; sqlx then believes it open for ever.
        .before_acquire(|connection, _| {
            let ended = !connection.is_in_transaction();
            Box::pin(async move { Ok(ended) })
        })
}
