//! Whether PostgreSQL keeps tenants apart from this very connection: asked before anybody is served.

#![expect(
    clippy::disallowed_methods,
    reason = "it tries what no query of the store can: to forget the tenant"
)]

use super::{Context, Database, Pools, Tx, code};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use thiserror::Error;
use uuid::Uuid;

/// Why row-level security is no wall for the role that the service connects as.
#[derive(Debug, Error)]
pub enum IsolationError {
    /// Superusers, and roles with `BYPASSRLS`, see every row whatever a policy says; and some others can become one, or reach the
    /// files of the server.
    #[error(
        "row-level security does not bind the role `{0}`, which is a superuser, has BYPASSRLS, CREATEROLE or REPLICATION, may use \
         the server's files and programs, or can become such a role"
    )]
    Unbound(String),
    /// Whoever owns a table can switch its policies off; whoever owns what they stand on can take it away.
    #[error(
        "the role `{role}` owns {what}, or can become its owner, and an owner can switch row-level security off"
    )]
    Owner {
        /// As whom the service connects.
        role: String,
        /// The database, the schema, a table or a function.
        what: String,
    },
    /// A table holds rows of tenants, and has no restrictive policy for some command, or none that is forced.
    #[error("the table `{0}` holds rows of tenants and is not guarded: run `bailiwick migrate up`")]
    Unguarded(String),
    /// The policies, or what they ask, are not those that the migrations have put up.
    #[error(
        "row-level security is not as the last migration has left it: compare its policies and functions with `migration/src`, \
         and when they are as they should be, run `bailiwick migrate seal`"
    )]
    Altered,
    /// One tenant reached rows of another, in a transaction that was rolled back.
    #[error("row-level security let one tenant {0} of another")]
    Leak(&'static str),
    /// The database did not answer.
    #[error("cannot ask the database whether it keeps tenants apart")]
    Database(#[from] DbErr),
}

/// As whom it connects: what it has put on can be put off again.
const WHO: &str = "(VALUES (session_user), (current_user)) AS me (name)";

const UNBOUND: &str = "
    SELECT session_user::text AS role, rolsuper OR rolbypassrls AS sees_all FROM pg_roles, {WHO}
    WHERE pg_has_role(me.name, oid, 'MEMBER')
      AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication
           OR rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
    ORDER BY sees_all DESC LIMIT 1";

const OWNED: &str = "
    SELECT session_user::text AS role, what FROM (
        SELECT 1, relowner, format('the table `%s`', relname) FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        UNION ALL SELECT 2, proowner, format('the function `%s`', proname) FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
        UNION ALL SELECT 3, nspowner, format('the schema `%s`', nspname) FROM pg_namespace
        WHERE nspname = current_schema()
        UNION ALL SELECT 4, datdba, format('the database `%s`', datname) FROM pg_database
        WHERE datname = current_database()
    ) AS owned (kind, owner, what), {WHO}
    WHERE pg_has_role(me.name, owner, 'MEMBER') ORDER BY kind, what LIMIT 1";

const ALTERED: &str = "
    SELECT 1 WHERE app_wall() IS DISTINCT FROM obj_description('app_wall()'::regprocedure, 'pg_proc')";

/// A policy for `*` counts for each command.
const UNGUARDED: &str = "
    SELECT relname::text AS name FROM pg_class c
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
      AND (relname = 'tenants' OR EXISTS (SELECT FROM pg_attribute
               WHERE attrelid = c.oid AND attname = 'tenant_id' AND NOT attisdropped))
      AND NOT (relrowsecurity AND relforcerowsecurity AND (
          SELECT bool_and(EXISTS (SELECT FROM pg_policy
              WHERE polrelid = c.oid AND NOT polpermissive AND polcmd IN (command, '*')))
          FROM unnest(ARRAY['r', 'a', 'w', 'd']::\"char\"[]) AS command))
    ORDER BY relname LIMIT 1";

impl Database {
    /// Asks whether row-level security binds the connections of this pool, and tries it with two tenants, in a
    /// transaction that is rolled back. There is none on SQLite, and nothing to ask.
    ///
    /// # Errors
    /// [`IsolationError`].
    pub async fn isolation(&self) -> Result<(), IsolationError> {
        let Pools::Postgres(_) = self.pools else {
            return Ok(());
        };
        let tx = self.begin(Context::nobody());
        if let Some(row) = first(&tx, UNGUARDED).await? {
            return Err(IsolationError::Unguarded(row.try_get("", "name")?));
        }
        if first(&tx, ALTERED).await?.is_some() {
            return Err(IsolationError::Altered);
        }
        let unbound = first(&tx, &UNBOUND.replace("{WHO}", WHO)).await?;
        let owned = first(&tx, &OWNED.replace("{WHO}", WHO)).await?;
        let sees_all = match &unbound {
            Some(row) => row.try_get("", "sees_all")?,
            None => false,
        };
        // From whoever sees all nothing is hidden. Everybody else is tried, whatever else is wrong with them, and what they
        // can do weighs more than what they are.
        let tried = if sees_all { Ok(()) } else { attempt(&tx).await };
        if let Err(IsolationError::Leak(_)) = tried {
            return tried;
        }
        if let Some(row) = unbound {
            return Err(IsolationError::Unbound(row.try_get("", "role")?));
        }
        if let Some(row) = owned {
            return Err(IsolationError::Owner {
                role: row.try_get("", "role")?,
                what: row.try_get("", "what")?,
            });
        }
        tried
    }
}

/// One tenant reads, changes and adds what is another's.
async fn attempt(tx: &Tx) -> Result<(), IsolationError> {
    let [user, ours, theirs] = [(); 3].map(|()| Uuid::now_v7());
    tx.execute_unprepared(&format!(
        "INSERT INTO users (id, email, name, created_at, updated_at) VALUES ('{user}', '{user}@localhost', 'check', 0, 0)"
    ))
    .await?;
    for tenant in [theirs, ours] {
        tx.set("tenant_id", Some(tenant)).await?;
        tx.execute_unprepared(&format!(
            "INSERT INTO tenants (id, name, slug, status, created_by, created_at, updated_at)
             VALUES ('{tenant}', 'check', '{tenant}', 'active', '{user}', 0, 0);
             INSERT INTO roles (tenant_id, id, name, builtin, created_at, updated_at)
             VALUES ('{tenant}', '{tenant}', 'owner', 'owner', 0, 0)"
        ))
        .await?;
    }
    for (what, sql) in [
        (
            "see the row",
            format!("SELECT id FROM tenants WHERE id = '{theirs}'"),
        ),
        (
            "see a row",
            format!("SELECT id FROM roles WHERE tenant_id = '{theirs}'"),
        ),
    ] {
        if first(tx, &sql).await?.is_some() {
            return Err(IsolationError::Leak(what));
        }
    }
    if first(
        tx,
        &format!("SELECT id FROM roles WHERE tenant_id = '{ours}'"),
    )
    .await?
    .is_none()
    {
        return Err(IsolationError::Leak("see nothing of its own instead"));
    }
    // Last: it ends the transaction.
    let add = format!(
        "INSERT INTO roles (tenant_id, id, name, created_at, updated_at)
         VALUES ('{theirs}', '{ours}', 'added', 0, 0)"
    );
    match tx.execute_unprepared(&add).await {
        Ok(_) => Err(IsolationError::Leak("add a row")),
        Err(error) if code(&error).as_deref() == Some(INSUFFICIENT_PRIVILEGE) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn first(tx: &Tx, sql: &str) -> Result<Option<QueryResult>, DbErr> {
    tx.query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await
}

/// SQLSTATE of what a policy refuses (PostgreSQL, appendix A).
const INSUFFICIENT_PRIVILEGE: &str = "42501";
