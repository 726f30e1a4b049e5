//! One way into a transaction, on SQLite and on PostgreSQL.

mod backup;
mod clock;
mod isolation;
mod literal;
mod postgres;
mod silence;
mod sqlite;
#[cfg(test)]
mod tests;
mod tx;
mod usage;

pub use backup::{BackupError, copy_database};
pub use clock::ClockSkew;
pub use isolation::IsolationError;
use tx::Kind;
pub(crate) use tx::Tx;

use crate::{
    memory::{Alone, Exchange, LOOK, Memory},
    metrics::Metrics,
};
use bailiwick_domain::{TenantId, UserId};
use prometheus_client::registry::Registry;
use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr, RuntimeErr};
use silence::{Silence, Silent};
use std::{borrow::Cow, fmt::Write as _, io, num::NonZeroU32, sync::Arc, time::Duration};
use thiserror::Error;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// A database that answers: pools of connections to it, cheap to clone.
#[derive(Clone)]
pub struct Database {
    pools: Pools,
    silence: Silence,
    /// What is remembered of it, by whoever looks up who may do what.
    memory: Memory,
    exchange: Arc<Exchange>,
    metrics: Metrics,
}

#[derive(Clone)]
enum Pools {
    Postgres(postgres::Pool),
    Sqlite(sqlite::Pools),
}

/// How much of the database to use, and how long to wait for it.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseOptions {
    /// Connections at most; of SQLite these are the readers, beside the one that writes.
    pub connections: u32,
    /// Threads that answer requests, each with a runtime of its own: half of the connections are theirs, if that is one for
    /// each, and live where they are used (PostgreSQL).
    pub threads: usize,
    /// How long a caller waits for a connection.
    pub wait: Duration,
    /// How long one statement may take (PostgreSQL).
    pub statement: Duration,
    /// How long one statement may wait for a lock (PostgreSQL).
    pub lock: Duration,
    /// How long a transaction may stand idle (PostgreSQL).
    pub idle: Duration,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            connections: 8,
            threads: 0,
            wait: Duration::from_secs(3),
            statement: Duration::from_secs(10),
            lock: Duration::from_secs(3),
            idle: Duration::from_secs(10),
        }
    }
}

/// Why there is no database to work with.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The address is of no database that we know; it may hold a password and is not repeated.
    #[error("the address of the database begins with neither `sqlite:` nor `postgres://`")]
    Scheme,
    /// Each connection would have a database of its own.
    #[error("a database in memory cannot be shared between connections: name a file")]
    Memory,
    /// The SQLite file or its folder cannot be made.
    #[error("cannot create the file of the database, or its folder")]
    Folder(#[source] io::Error),
    /// A pooler gives each transaction to whichever process of the server is free (PostgreSQL).
    #[error(
        "a pooler lends out the connections to the database by the transaction, with which neither what is prepared nor what is \
         listened to lasts: let it lend them by the session (PgBouncer: `pool_mode = session`), or connect past it"
    )]
    Shared,
    /// The address cannot be read, or what it names does not answer.
    #[error("cannot connect to the database")]
    Unreachable(#[source] DbErr),
}

impl From<DbErr> for ConnectError {
    fn from(error: DbErr) -> Self {
        Self::Unreachable(error)
    }
}

impl From<sqlx::Error> for ConnectError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unreachable(connection_error(error))
    }
}

/// For whom a transaction is: PostgreSQL's row-level security reads it as `app.tenant_id` and its like.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Context {
    tenant: Option<Uuid>,
    user: Option<Uuid>,
    operator: Option<Uuid>,
    invitation: Option<[u8; 32]>,
    api_key: Option<[u8; 32]>,
    sweep: bool,
}

impl Context {
    /// For nobody: no row of a tenant is there.
    pub(crate) const fn nobody() -> Self {
        Self {
            tenant: None,
            user: None,
            operator: None,
            invitation: None,
            api_key: None,
            sweep: false,
        }
    }

    /// In a tenant: its rows, and no others.
    pub(crate) const fn tenant(tenant: TenantId) -> Self {
        Self::nobody().and_tenant(Some(tenant))
    }

    /// For a person: what is about them, in whichever tenant.
    pub(crate) const fn person(user: UserId) -> Self {
        Self {
            user: Some(user.as_uuid()),
            ..Self::nobody()
        }
    }

    /// For an operator, as the database knows them: which tenants there are, and who is in them.
    pub(crate) const fn operator(user: UserId) -> Self {
        Self {
            operator: Some(user.as_uuid()),
            ..Self::nobody()
        }
    }

    /// For whoever brings the secret with this hash: what they are invited to.
    pub(crate) const fn invited(secret_hash: [u8; 32]) -> Self {
        Self {
            invitation: Some(secret_hash),
            ..Self::nobody()
        }
    }

    /// For whoever brings a key whose secret has this hash: that key.
    pub(crate) const fn key(secret_hash: [u8; 32]) -> Self {
        Self {
            api_key: Some(secret_hash),
            ..Self::nobody()
        }
    }

    /// For the sweep: which tenants are deleted.
    pub(crate) const fn sweep() -> Self {
        Self {
            sweep: true,
            ..Self::nobody()
        }
    }

    /// The same in a tenant.
    pub(crate) const fn and_tenant(self, tenant: Option<TenantId>) -> Self {
        let tenant = match tenant {
            Some(tenant) => Some(tenant.as_uuid()),
            None => None,
        };
        Self { tenant, ..self }
    }

    /// The statement that opens a transaction and says for whom, in one round trip.
    fn begin(self, begin: &str) -> String {
        let ids = [
            ("tenant_id", self.tenant),
            ("user_id", self.user),
            ("operator_id", self.operator),
        ];
        let mut sql = begin.to_owned();
        // All of them, always: what somebody has left on the connection must not be believed. Nothing of what is written here
        // can end the quotes: digits, letters and hyphens.
        for (name, id) in ids {
            let id = id.map(|id| id.to_string()).unwrap_or_default();
            let _ = write!(sql, "; SET LOCAL app.{name} = '{id}'");
        }
        for (name, hash) in [("invitation", self.invitation), ("api_key", self.api_key)] {
            let _ = write!(sql, "; SET LOCAL app.{name} = '");
            for byte in hash.iter().flatten() {
                let _ = write!(sql, "{byte:02x}");
            }
            sql.push('\'');
        }
        let sweep = if self.sweep { "on" } else { "" };
        let _ = write!(sql, "; SET LOCAL app.sweep = '{sweep}'");
        sql
    }
}

impl Database {
    /// Connects to `sqlite:PATH` (creating the file and its folder) or `postgres://…`, once, to see that it answers.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(url: &str, options: DatabaseOptions) -> Result<Self, ConnectError> {
        let pools = match Scheme::of(url)? {
            Scheme::Postgres => Pools::Postgres(postgres::Pool::connect(url, options).await?),
            Scheme::Sqlite => Pools::Sqlite(sqlite::Pools::connect(url, options).await?),
        };
        let metrics = Metrics::default();
        Ok(Self {
            pools,
            silence: Silence::default(),
            memory: Memory::of(0, &metrics),
            exchange: Arc::default(),
            metrics,
        })
    }

    /// A single connection without limits of time, for whoever changes the schema.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect_to_migrate(url: &str) -> Result<DatabaseConnection, ConnectError> {
        match Scheme::of(url)? {
            Scheme::Postgres => postgres::connect_to_migrate(url).await,
            Scheme::Sqlite => sqlite::connect_to_migrate(url).await,
        }
    }

    /// The PostgreSQL role that this address names, or that of the process where it names none.
    ///
    /// # Errors
    /// When the address is none.
    pub fn role(url: &str) -> Result<Option<String>, ConnectError> {
        match Scheme::of(url)? {
            Scheme::Postgres => Ok(Some(postgres::role(url)?)),
            Scheme::Sqlite => Ok(None),
        }
    }

    /// Remembers so many callers, and what they may do, while nobody can change that unheard; none is strict. It goes on until
    /// it is over.
    #[must_use]
    pub fn remembering(
        self,
        callers: Option<NonZeroU32>,
        tasks: &TaskTracker,
        over: CancellationToken,
    ) -> Self {
        let memory = Memory::of(callers.map_or(0, NonZeroU32::get), &self.metrics);
        let wanted = callers.map(|_| memory.clone());
        match &self.pools {
            Pools::Postgres(pool) => {
                // Also whoever remembers nothing: it hears whether the others have forgotten.
                let exchange = Arc::clone(&self.exchange);
                tasks.spawn(exchange.listen(pool.beside(), wanted, over));
            }
            Pools::Sqlite(pools) => {
                if let (Some(memory), Some(seat)) = (wanted, pools.seat()) {
                    let database = Self {
                        memory,
                        ..self.clone()
                    };
                    tasks.spawn(database.look_around(seat, over));
                }
            }
        }
        Self { memory, ..self }
    }

    /// Adds what is counted of its connections and of what is remembered to what is exported.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
        registry.register_collector(Box::new(usage::Exported(self.pools.clone())));
    }

    /// What is counted of it.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What is remembered.
    pub(crate) const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Remembers while no other process uses the file, until it is over. Whatever changes it without a seat, like an operator's
    /// console, is noticed a little later.
    async fn look_around(self, mut seat: Alone, over: CancellationToken) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while over.run_until_cancelled(look.tick()).await.is_some() {
            match seat.look(&self.memory) {
                Ok(true) => {
                    if let Err(error) = self.sweep().await {
                        tracing::warn!(error = %error, "cannot see who was touched");
                        self.memory.forget_all();
                    }
                }
                Ok(false) => {}
                Err(error) => {
                    self.memory.lease().end();
                    tracing::warn!(error = %error, "cannot see who else uses the database");
                }
            }
        }
        self.memory.lease().end();
    }

    /// Forgets whoever was touched by somebody who did not commit here.
    async fn sweep(&self) -> Result<(), DbErr> {
        let look = self.look(Context::nobody());
        if look
            .query_written(sqlite::TOUCHED_BY_OTHERS)
            .await?
            .is_empty()
        {
            return Ok(());
        }
        let tx = self.begin(Context::nobody());
        tx.query_written(sqlite::TOUCHED_BY_OTHERS).await?;
        tx.commit().await
    }

    /// Sees to it that nobody who remembers goes on with what has been changed.
    async fn spread(&self) -> Result<(), DbErr> {
        let Pools::Postgres(_) = self.pools else {
            return Ok(());
        };
        let question = self.exchange.question();
        let look = self.look(Context::nobody());
        let others = look.query_written(&question.sql).await?;
        let others = others.iter().map(|row| row.try_get("", "id"));
        let others = others.collect::<Result<Vec<Uuid>, _>>()?;
        let silent = self.exchange.answered(&question, &others).await;
        if silent.is_empty() {
            return Ok(());
        }
        let tx = self.begin(Context::nobody());
        tx.query_written(&Exchange::expulsion(&silent)).await?;
        tx.commit().await?;
        Exchange::outlive().await;
        Ok(())
    }

    /// The last time in which the database did not answer.
    pub(crate) fn silence(&self) -> Option<Silent> {
        self.silence.last()
    }

    /// Takes note of whether the database answered whoever opened a transaction.
    fn heard<T>(&self, opened: Result<T, DbErr>) -> Result<T, DbErr> {
        match &opened {
            Ok(_) => self.silence.end(),
            Err(error) => self.silence.hear(error),
        }
        opened
    }

    /// A transaction that may write; dropped without [`Tx::commit`], it never was. Its first statement opens it.
    pub(crate) fn begin(&self, who: Context) -> Tx {
        Tx::new(self.clone(), Kind::Write, who)
    }

    /// A transaction that the database itself keeps from writing. Its first statement opens it.
    pub(crate) fn read(&self, who: Context) -> Tx {
        Tx::new(self.clone(), Kind::Read, who)
    }

    /// The same for whoever asks once, of one or several statements at a time: it is over with the answer.
    pub(crate) fn look(&self, who: Context) -> Tx {
        Tx::new(self.clone(), Kind::Look, who)
    }
}

enum Scheme {
    Postgres,
    Sqlite,
}

impl Scheme {
    fn of(url: &str) -> Result<Self, ConnectError> {
        match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            Some(("sqlite", _)) => Ok(Self::Sqlite),
            _ => Err(ConnectError::Scheme),
        }
    }
}

/// Whether the database was out of reach or could not keep up: asked again later, it may answer.
pub(crate) fn unavailable(error: &DbErr) -> bool {
    let Some(cause) = cause(error) else {
        return matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_));
    };
    match code(error) {
        Some(code) => {
            TRANSIENT.iter().any(|class| code.starts_with(class)) || busy(&code) || full(&code)
        }
        None => matches!(
            cause,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::PoolClosed
        ),
    }
}

/// Whether the database itself was out of reach. What it answers, if only that it is full, does not count: whoever sends
/// very many requests can bring that about.
fn lost(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return false;
    };
    match cause.as_database_error().and_then(|error| error.code()) {
        Some(code) => ended(&code),
        None => matches!(
            **cause,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed
        ),
    }
}

/// Whether a SQLSTATE says that the connection has ended: by itself, or by an operator (PostgreSQL, appendix A).
fn ended(code: &str) -> bool {
    ["08", "57P"].iter().any(|class| code.starts_with(class))
}

/// What the database calls the error of a statement: SQLSTATE, or SQLite's number.
fn code(error: &DbErr) -> Option<Cow<'_, str>> {
    cause(error)?.as_database_error()?.code()
}

fn cause(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            Some(error)
        }
        _ => None,
    }
}

/// Of PostgreSQL (appendix A): connection, idle transaction, rollback, resources, lock, cancelled, operator.
const TRANSIENT: [&str; 8] = [
    "08", "25P03", "40001", "40P01", "53", "55P03", "57014", "57P",
];

/// `SQLITE_BUSY`.
fn busy(code: &str) -> bool {
    primary(code) == Some(5)
}

/// `SQLITE_FULL`, and `SQLITE_IOERR`, which is what a full disk is where SQLite cannot tell.
fn full(code: &str) -> bool {
    matches!(primary(code), Some(10 | 13))
}

/// The low byte of SQLite's extended codes, which are shorter than PostgreSQL's five characters.
fn primary(code: &str) -> Option<u32> {
    let code = Some(code).filter(|code| code.len() < 5)?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

fn connection_error(error: sqlx::Error) -> DbErr {
    if let sqlx::Error::PoolTimedOut = error {
        return DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
    }
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
