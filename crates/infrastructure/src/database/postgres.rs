//! PostgreSQL: a pool that spends no round trip on its own, and never lends a connection with somebody's transaction in it.

use super::{ConnectError, DatabaseOptions, connection_error};
use deadpool::{
    Runtime,
    managed::{self, Metrics, Object, PoolError, QueueMode, RecycleResult, TimeoutType},
};
use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr, RuntimeErr};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{io, time::Duration};
use tokio::{runtime::Handle, time::timeout};
use tokio_util::task::AbortOnDropHandle;

/// A connection idle for longer is asked whether it is still there before it is lent.
const IDLE: Duration = Duration::from_secs(30);

/// A connection that takes longer to roll back is closed: the server then rolls back by itself.
const ROLLBACK: Duration = Duration::from_secs(2);

/// How much longer than the server may work on a statement its answer may be on its way.
const ON_THE_WAY: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Pool {
    connections: managed::Pool<Manager>,
    /// How long opening a transaction may take: whoever waits longer than for a connection waits in vain.
    begin: Duration,
    statement: Duration,
}

/// One connection, for one transaction: dropped without [`Lease::commit`], it is rolled back and only then lent again.
pub(super) struct Lease {
    connection: Option<Object<Manager>>,
    /// How long the answer to a statement may take to come. The server has limits of its own, which it cannot keep
    /// where nothing that it says arrives.
    patience: Duration,
}

pub(super) struct Manager {
    connect: PgConnectOptions,
    /// Where connections live. One that a worker had opened would die with it, and workers stop before the work behind their
    /// requests does.
    home: Handle,
}

pub(super) struct Connection {
    inner: PgConnection,
    /// Whether there may be a transaction in it: from before `BEGIN` is sent until its end is known.
    dirty: bool,
}

impl Pool {
    pub(super) async fn connect(url: &str, options: DatabaseOptions) -> Result<Self, ConnectError> {
        let limits = [
            ("statement_timeout", options.statement),
            ("lock_timeout", options.lock),
            ("idle_in_transaction_session_timeout", options.idle),
        ];
        let connect = self::options(url)?
            .options(limits.map(|(name, limit)| (name, limit.as_millis().to_string())));
        let pool = managed::Pool::builder(Manager {
            connect,
            home: Handle::current(),
        })
        .max_size(usize::try_from(options.connections).unwrap_or(usize::MAX))
        // The connection used last is the one whose statements are prepared.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(options.wait))
        .create_timeout(Some(options.wait))
        .recycle_timeout(Some(options.wait))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| ConnectError::Unreachable(internal(&error)))?;
        let answers = pool.get().await.map(drop);
        answers.map_err(|error| ConnectError::Unreachable(pool_error(error)))?;
        Ok(Self {
            connections: pool,
            begin: options.wait,
            statement: options.statement + ON_THE_WAY,
        })
    }

    /// Opens a transaction with `begin`.
    pub(super) async fn begin(&self, begin: &str) -> Result<Lease, DbErr> {
        let mut lease = self.lend().await?;
        if let Err(error) = lease.begin(begin).await {
            lease.close();
            // A dead connection is rarely dead alone.
            self.connections.retain(|_, _| false);
            // Who says nothing will say nothing the second time.
            if is_silence(&error) {
                return Err(connection_error(error));
            }
            // Nothing has been done yet, so once more is safe.
            lease = self.lend().await?;
            let again = lease.begin(begin).await;
            again
                .inspect_err(|_| lease.close())
                .map_err(connection_error)?;
        }
        lease.patience = self.statement;
        Ok(lease)
    }

    async fn lend(&self) -> Result<Lease, DbErr> {
        // The pool's own limits are for each connection that it tries.
        match timeout(self.begin * 2, self.connections.get()).await {
            Ok(connection) => Ok(Lease {
                connection: Some(connection.map_err(pool_error)?),
                patience: self.begin,
            }),
            Err(_) => {
                self.connections.retain(|_, _| false);
                Err(connection_error(silent()))
            }
        }
    }
}

pub(super) async fn connect_to_migrate(url: &str) -> Result<DatabaseConnection, ConnectError> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        // What is there already is no news.
        .connect_with(options(url)?.options([("client_min_messages", "warning")]))
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
        .disable_statement_logging())
}

impl Lease {
    async fn begin(&mut self, begin: &str) -> Result<(), sqlx::Error> {
        // From here on, a caller who goes away leaves a lease behind, which cleans up.
        if let Some(connection) = &mut self.connection {
            connection.dirty = true;
        }
        self.execute(begin).await
    }

    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.execute("COMMIT").await?;
        if let Some(connection) = &mut self.connection {
            connection.dirty = false;
        }
        Ok(())
    }

    /// Works with the connection, and gives it up when no answer comes.
    pub(super) async fn work<T>(
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

    async fn execute(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        self.work(async |connection| connection.execute(sql).await.map(drop))
            .await
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
        let connect = self.connect.clone();
        let opening = self.home.spawn(async move { connect.connect().await });
        let opened = AbortOnDropHandle::new(opening).await;
        Ok(Connection {
            inner: opened.map_err(|_| sqlx::Error::WorkerCrashed)??,
            dirty: false,
        })
    }

    /// What fails here is closed, and another one lent.
    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<sqlx::Error> {
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

fn is_silence(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
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
