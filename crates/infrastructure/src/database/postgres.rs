//! PostgreSQL: a pool that spends no round trip on its own, and never lends a connection with somebody's transaction in it.

use super::{ConnectError, DatabaseOptions, connection_error};
use deadpool::{
    Runtime,
    managed::{self, Metrics, Object, PoolError, QueueMode, RecycleResult},
};
use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr, RuntimeErr};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::time::Duration;
use tokio::{runtime::Handle, time::timeout};

/// A connection idle for longer is asked whether it is still there before it is lent.
const IDLE: Duration = Duration::from_secs(30);

/// A connection that takes longer to roll back is closed: the server then rolls back by itself.
const ROLLBACK: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Pool(managed::Pool<Manager>);

/// One connection, for one transaction: dropped without [`Lease::commit`], it is rolled back and only then lent again.
pub(super) struct Lease(Option<Object<Manager>>);

pub(super) struct Manager(PgConnectOptions);

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
        let pool = managed::Pool::builder(Manager(connect))
            .max_size(usize::try_from(options.connections).unwrap_or(usize::MAX))
            // The connection used last is the one whose statements are prepared.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(options.wait))
            .create_timeout(Some(options.wait))
            .recycle_timeout(Some(options.wait))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| ConnectError::Unreachable(internal(&error)))?;
        let answers = pool.get().await.map(|_| Self(pool.clone()));
        answers.map_err(|error| ConnectError::Unreachable(pool_error(error)))
    }

    /// Opens a transaction with `begin`.
    pub(super) async fn begin(&self, begin: &str) -> Result<Lease, DbErr> {
        let connection = self.0.get().await.map_err(pool_error)?;
        if let Ok(lease) = Lease::begin(connection, begin).await {
            return Ok(lease);
        }
        // Nothing has been done yet, so once more is safe; and a dead connection is rarely dead alone.
        self.0.retain(|_, _| false);
        let connection = self.0.get().await.map_err(pool_error)?;
        Lease::begin(connection, begin)
            .await
            .map_err(connection_error)
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
    async fn begin(mut connection: Object<Manager>, begin: &str) -> Result<Self, sqlx::Error> {
        connection.dirty = true;
        // From here on, a caller who goes away leaves a lease behind, which cleans up.
        let mut lease = Self(Some(connection));
        match lease.execute(begin).await {
            Ok(()) => Ok(lease),
            Err(error) => {
                lease.0.take().map(Object::take);
                Err(error)
            }
        }
    }

    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.execute("COMMIT").await?;
        if let Some(connection) = &mut self.0 {
            connection.dirty = false;
        }
        Ok(())
    }

    /// There is one until it is dropped.
    pub(super) fn connection(&mut self) -> Option<&mut PgConnection> {
        self.0.as_mut().map(|connection| &mut connection.inner)
    }

    async fn execute(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let connection = self.connection().ok_or(sqlx::Error::PoolClosed)?;
        connection
            .execute(AssertSqlSafe(sql.to_owned()))
            .await
            .map(|_| ())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take_if(|connection| connection.dirty) else {
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
        Ok(Connection {
            inner: self.0.connect().await?,
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

fn pool_error(error: PoolError<sqlx::Error>) -> DbErr {
    match error {
        PoolError::Timeout(_) => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        PoolError::Closed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        PoolError::Backend(error) => connection_error(error),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => internal(&error),
    }
}

fn internal(error: &impl ToString) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(error.to_string()))
}
