//! PostgreSQL: a pool that spends no round trip on its own, and never lends a connection with somebody's transaction in it.
//!
//! What is known to go together travels together: a transaction's beginning with its first statement, its end with its last
//! one, and a read of one statement as a whole. sqlx does not pipeline, but a simple query holds as many statements as one
//! likes (PostgreSQL, §55.2.2), and `EXECUTE` among them runs what was prepared before.

use super::{
    ConnectError, DatabaseOptions, connection_error, ended,
    literal::{Literal, type_of},
    tx::{Answer, Asked, answers},
    usage::Usage,
};
use deadpool::{
    Runtime,
    managed::{
        self, BuildError, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult,
        TimeoutType,
    },
};
use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr, RuntimeErr, Statement, Value};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    cell::RefCell,
    collections::HashMap,
    fmt::Write as _,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

/// A connection idle for longer is asked whether it is still there before it is lent.
const IDLE: Duration = Duration::from_secs(30);

/// A connection that takes longer to roll back is closed: the server then rolls back by itself.
const ROLLBACK: Duration = Duration::from_secs(2);

/// How many statements a connection keeps prepared; one that knows more is closed in due course.
const PREPARED: usize = 500;

/// How much longer than the server may work on a statement its answer may be on its way.
const ON_THE_WAY: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Pool {
    /// Those of everybody, which live as long as the service.
    connections: managed::Pool<Manager>,
    /// Those of the threads that answer requests.
    local: Option<Local>,
    /// How long opening a transaction may take: whoever waits longer than for a connection waits in vain.
    begin: Duration,
    statement: Duration,
}

/// Connections of a thread's own, for whoever asks there and is answered there: what is read from a connection that lives on another
/// thread goes through two.
#[derive(Clone)]
struct Local {
    /// Which pool of all that there are in the process.
    number: u64,
    /// How many connections a thread has at most.
    each: usize,
    /// How many more threads may have some.
    seats: Arc<AtomicUsize>,
    /// How long one may take to be there.
    patience: Duration,
}

thread_local! {
    /// By the number of their pool. They end with the thread.
    static LOCAL: RefCell<HashMap<u64, managed::Pool<Manager>>> = RefCell::default();
}

/// One connection, for one transaction: dropped without [`Lease::commit`], it is rolled back and only then lent again.
pub(super) struct Lease {
    connection: Option<Object<Manager>>,
    /// How long the answer to a statement may take to come. The server has limits of its own, which it cannot keep
    /// where nothing that it says arrives.
    patience: Duration,
}

#[derive(Clone)]
pub(super) struct Manager {
    connect: PgConnectOptions,
    /// What a new connection is told first: how long anything may take.
    limits: String,
    /// Where connections live. One that a worker had opened would die with it, and workers stop before the work behind their
    /// requests does.
    home: Handle,
}

pub(super) struct Connection {
    inner: PgConnection,
    /// Whether there may be a transaction in it: from before `BEGIN` is sent until its end is known.
    dirty: bool,
    /// What it has prepared, by its SQL, each under its number.
    prepared: HashMap<String, usize>,
    /// The number of what is prepared next. No number is tried twice: nobody may have waited for the first answer.
    next: usize,
}

/// Statements that travel together.
#[derive(Clone, Copy)]
pub(super) struct Flight<'a> {
    /// What opens the transaction, unless it is open.
    pub(super) begin: Option<&'a str>,
    /// What is asked in it.
    pub(super) asked: Asked<'a>,
    /// How it ends, if it does.
    pub(super) end: End,
}

/// The end of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It stays open.
    Open,
    /// It has only read.
    Looked,
    /// It is committed. Before that it says whom it has touched, as `touched`: the last of the answers.
    Done,
}

impl End {
    const fn sql(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Looked => "COMMIT",
            Self::Done => "SELECT current_setting('app.touched', true) AS touched; COMMIT",
        }
    }
}

impl<'a> Flight<'a> {
    /// In a transaction that is open, and stays so.
    pub(super) const fn within(asked: Asked<'a>) -> Self {
        Self {
            begin: None,
            asked,
            end: End::Open,
        }
    }
}

impl Pool {
    /// How it is used.
    pub(super) fn usage(&self) -> Usage {
        let status = self.connections.status();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Usage {
            pool: "postgres",
            most: count(status.max_size),
            open: count(status.size),
            idle: count(status.available),
            waiting: count(status.waiting),
        }
    }

    /// How to connect to the same database beside the pool.
    pub(super) fn beside(&self) -> PgConnectOptions {
        self.connections.manager().connect.clone()
    }

    pub(super) async fn connect(url: &str, options: DatabaseOptions) -> Result<Self, ConnectError> {
        let limits = [
            ("statement_timeout", options.statement),
            ("lock_timeout", options.lock),
            ("idle_in_transaction_session_timeout", options.idle),
        ];
        // Not with the connection's first message: poolers know some settings, and refuse the others.
        let limits = limits.map(|(name, limit)| format!("SET {name} = {}", limit.as_millis()));
        let connect = self::options(url)?;
        let shared = timeout(options.wait, lent_by_transaction(&connect)).await;
        if shared.map_err(|_| ConnectError::Unreachable(connection_error(silent())))?? {
            return Err(ConnectError::Shared);
        }
        let manager = Manager {
            connect,
            limits: limits.join("; "),
            home: Handle::current(),
        };
        let all = usize::try_from(options.connections).unwrap_or(usize::MAX);
        let local = Local::of(all, options);
        let shared = all
            - local
                .as_ref()
                .map_or(0, |local| local.each * options.threads);
        let pool = pool_of(manager, shared, options.wait, options.wait);
        let pool = pool.map_err(|error| ConnectError::Unreachable(internal(&error)))?;
        let answers = pool.get().await.map(drop);
        answers.map_err(|error| ConnectError::Unreachable(pool_error(error)))?;
        Ok(Self {
            connections: pool,
            local,
            begin: options.wait,
            statement: options.statement + ON_THE_WAY,
        })
    }

    /// Opens a transaction, and brings back what its first statements are answered with.
    pub(super) async fn open(
        &self,
        flight: Flight<'_>,
        failed: impl Fn(sqlx::Error) -> DbErr,
    ) -> Result<(Lease, Vec<Answer>), DbErr> {
        let mut lease = self.lend().await?;
        let mut answers = lease.fly(flight).await;
        if answers.as_ref().is_err_and(is_dead) {
            lease.close();
            // A dead connection is rarely dead alone.
            self.give_up();
            // What was asked there has not happened, or has changed nothing: what is committed at once only reads.
            lease = self.lend().await?;
            answers = lease.fly(flight).await;
        }
        Ok((lease, answers.map_err(failed)?))
    }

    async fn lend(&self) -> Result<Lease, DbErr> {
        let get = async {
            if let Some(own) = self.own() {
                match own.get().await {
                    // None of them is free: everybody's are for such moments.
                    Err(PoolError::Timeout(TimeoutType::Wait)) => {}
                    outcome => return outcome,
                }
            }
            self.connections.get().await
        };
        // The pools' own limits are for each connection that they try.
        match timeout(self.begin * 2, get).await {
            Ok(connection) => Ok(Lease {
                connection: Some(connection.map_err(pool_error)?),
                patience: self.statement,
            }),
            Err(_) => {
                self.give_up();
                Err(connection_error(silent()))
            }
        }
    }

    /// The connections of this thread, if it has any: whoever finds none of them free takes one of everybody's.
    fn own(&self) -> Option<managed::Pool<Manager>> {
        let local = self.local.as_ref()?;
        let shared = self.connections.manager();
        let here = Handle::try_current().ok()?;
        if here.id() == shared.home.id() || here.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return None;
        }
        LOCAL.with_borrow_mut(|pools| {
            match pools.get(&local.number) {
                Some(pool) if pool.manager().home.id() == here.id() => return Some(pool.clone()),
                // The runtime that its connections lived in has ended.
                Some(_) => {}
                None => local.take_seat()?,
            }
            let manager = Manager {
                home: here,
                ..shared.clone()
            };
            let pool = pool_of(manager, local.each, Duration::ZERO, local.patience).ok()?;
            pools.insert(local.number, pool.clone());
            Some(pool)
        })
    }

    /// None of the idle connections is lent any more: of others' threads, each finds out for itself.
    fn give_up(&self) {
        self.connections.retain(|_, _| false);
        if let Some(own) = self.own() {
            own.retain(|_, _| false);
        }
    }
}

impl Local {
    /// Half of all connections are threads' own, if that is one for each.
    fn of(all: usize, options: DatabaseOptions) -> Option<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let each = all.checked_div(2 * options.threads)?;
        (each > 0).then(|| Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            each,
            seats: Arc::new(AtomicUsize::new(options.threads)),
            patience: options.wait,
        })
    }

    /// No more threads than were counted have connections of their own.
    fn take_seat(&self) -> Option<()> {
        let one_less = |seats: usize| seats.checked_sub(1);
        let taken = self
            .seats
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        taken.ok().map(|_| ())
    }
}

/// A pool of so many connections: how long to wait until one is free, and how long for one to be there.
fn pool_of(
    manager: Manager,
    size: usize,
    wait: Duration,
    patience: Duration,
) -> Result<managed::Pool<Manager>, BuildError> {
    managed::Pool::builder(manager)
        .max_size(size)
        // The connection used last is the one whose statements are prepared.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(wait))
        .create_timeout(Some(patience))
        .recycle_timeout(Some(patience))
        .runtime(Runtime::Tokio1)
        .build()
}

pub(super) async fn connect_to_migrate(url: &str) -> Result<DatabaseConnection, ConnectError> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .after_connect(|connection, _| {
            Box::pin(async move {
                // What is there already is no news.
                let quiet = connection.execute("SET client_min_messages = warning");
                quiet.await.map(|_| ())
            })
        })
        .connect_with(options(url)?)
        .await?;
    Ok(pool.into())
}

pub(super) fn role(url: &str) -> Result<String, sqlx::Error> {
    Ok(options(url)?.get_username().to_owned())
}

fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let options = url.parse::<PgConnectOptions>()?;
    Ok(options
        .application_name("bailiwick")
        // There are no floats, and PgBouncer refuses whoever asks for this.
        .extra_float_digits(None)
        .disable_statement_logging())
}

/// Whether somebody stands between who gives a connection's next transaction to another process of the server, like PgBouncer in
/// its transaction mode: what was prepared, and what is listened to, is with the first one. While somebody else is in a transaction,
/// on the process that was free, the next transaction of the first connection has to be elsewhere.
async fn lent_by_transaction(connect: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    let (mut one, mut other) = (connect.connect().await?, connect.connect().await?);
    let before = process(&mut one).await?;
    other.execute("BEGIN").await?;
    one.execute("BEGIN").await?;
    let after = process(&mut one).await?;
    one.close().await?;
    other.close().await?;
    Ok(before != after)
}

async fn process(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let row = connection.fetch_one("SELECT pg_backend_pid()").await?;
    row.try_get(0)
}

impl Lease {
    /// Sends what travels together, and waits for all of its answers: one for each statement that was asked, the last one
    /// for what was written out.
    pub(super) async fn fly(&mut self, flight: Flight<'_>) -> Result<Vec<Answer>, sqlx::Error> {
        let mut sql = String::with_capacity(512);
        if let Some(begin) = flight.begin {
            let _ = write!(sql, "{begin};");
        }
        let mut asked = match flight.asked {
            Asked::Prepared(statements) => {
                for statement in statements {
                    self.execute(&mut sql, statement).await?;
                }
                statements.len()
            }
            Asked::Written(written) => {
                let _ = write!(sql, "{written};");
                1
            }
        };
        sql.push_str(flight.end.sql());
        // From here on, a caller who goes away leaves a lease behind, which cleans up.
        if let Some(connection) = &mut self.connection {
            connection.dirty = true;
        }
        let mut answers = self.send(sql).await?;
        if flight.end != End::Open {
            answers.pop();
            if let Some(connection) = &mut self.connection {
                connection.dirty = false;
            }
        }
        if flight.end == End::Done {
            asked += 1;
        }
        Ok(answers.split_off(answers.len().saturating_sub(asked)))
    }

    /// Writes an `EXECUTE` of the statement, which is prepared if this connection does not know it yet.
    async fn execute(
        &mut self,
        sql: &mut String,
        statement: &Statement,
    ) -> Result<(), sqlx::Error> {
        let values = statement
            .values
            .as_ref()
            .map_or(&[][..], |values| &values.0);
        let number = self.prepared(&statement.sql, values).await?;
        let _ = write!(sql, "EXECUTE bailiwick_{number}");
        for (place, value) in values.iter().enumerate() {
            let before = if place == 0 { '(' } else { ',' };
            let _ = write!(sql, "{before}{}", Literal(value));
        }
        sql.push_str(if values.is_empty() { ";" } else { ");" });
        Ok(())
    }

    async fn prepared(&mut self, sql: &str, values: &[Value]) -> Result<usize, sqlx::Error> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        if let Some(number) = connection.prepared.get(sql) {
            return Ok(*number);
        }
        let number = connection.next;
        connection.next += 1;
        let types = values.iter().map(|value| {
            type_of(value).ok_or_else(|| {
                sqlx::Error::Encode("a value of this type is not written out".into())
            })
        });
        let types = types.collect::<Result<Vec<_>, _>>()?.join(", ");
        let types = if types.is_empty() {
            types
        } else {
            format!("({types})")
        };
        self.send(format!("PREPARE bailiwick_{number} {types} AS {sql}"))
            .await?;
        if let Some(connection) = &mut self.connection {
            connection.prepared.insert(sql.to_owned(), number);
        }
        Ok(number)
    }

    async fn send(&mut self, sql: String) -> Result<Vec<Answer>, sqlx::Error> {
        let sql = AssertSqlSafe(sql);
        self.work(async |connection| answers(connection.fetch_many(sql)).await)
            .await
    }

    /// Works with the connection, and gives it up when no answer comes.
    async fn work<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        // There is one until the lease is dropped, or closed.
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        match timeout(self.patience, work(&mut connection.inner)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.close();
                Err(silent())
            }
        }
    }

    /// Nobody gets this connection any more.
    fn close(&mut self) {
        self.connection.take().map(Object::take);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take_if(|connection| connection.dirty) else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            drop(Object::take(connection));
            return;
        };
        runtime.spawn(async move {
            if !matches!(timeout(ROLLBACK, connection.clean()).await, Ok(Ok(()))) {
                drop(Object::take(connection));
            }
        });
    }
}

impl Connection {
    async fn clean(&mut self) -> Result<(), sqlx::Error> {
        self.inner.execute("ROLLBACK").await?;
        self.dirty = false;
        Ok(())
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Connection, sqlx::Error> {
        let (connect, limits) = (self.connect.clone(), self.limits.clone());
        let opening = self.home.spawn(async move {
            let mut connection = connect.connect().await?;
            connection.execute(AssertSqlSafe(limits)).await?;
            Ok::<_, sqlx::Error>(connection)
        });
        let opened = AbortOnDropHandle::new(opening).await;
        Ok(Connection {
            inner: opened.map_err(|_| sqlx::Error::WorkerCrashed)??,
            dirty: false,
            prepared: HashMap::new(),
            next: 0,
        })
    }

    /// What fails here is closed, and another one lent.
    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<sqlx::Error> {
        if connection.next > PREPARED {
            return Err(RecycleError::message(
                "it has prepared very many statements",
            ));
        }
        if connection.dirty {
            connection.clean().await?;
        } else if metrics.last_used() > IDLE {
            connection.inner.ping().await?;
        }
        Ok(())
    }
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}

/// Whether the connection has ended, and not only the statement.
fn is_dead(error: &sqlx::Error) -> bool {
    match error {
        // Who says nothing will say nothing the second time.
        sqlx::Error::Io(error) => error.kind() != io::ErrorKind::TimedOut,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| ended(&code)),
        sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

fn pool_error(error: PoolError<sqlx::Error>) -> DbErr {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        // Not a crowd: the server does not answer.
        PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => {
            connection_error(silent())
        }
        PoolError::Closed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        PoolError::Backend(error) => connection_error(error),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => internal(&error),
    }
}

fn internal(error: &impl ToString) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(error.to_string()))
}
