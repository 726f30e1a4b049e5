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
    /// Superusers, and roles with `BYPASSRLS`, see every row whatever a policy says.
    #[error(
        "row-level security does not bind the role `{0}`, which is a superuser, has BYPASSRLS or can become such a role"
    )]
    Unbound(String),
    /// Whoever owns a table can switch its policies off.
    #[error(
        "the role `{role}` owns the table `{table}`, or can become its owner, and an owner can switch row-level security off"
    )]
    Owner {
        /// As whom the service connects.
        role: String,
        /// One of the tables.
        table: String,
    },
    /// A table holds rows of tenants, and has no restrictive policy for some command, or none that is forced.
    #[error("the table `{0}` holds rows of tenants and is not guarded: run `bailiwick migrate up`")]
    Unguarded(String),
    /// One tenant reached rows of another, in a transaction that was rolled back.
    #[error("row-level security let one tenant {0} of another")]
    Leak(&'static str),
    /// The database did not answer.
    #[error("cannot ask the database whether it keeps tenants apart")]
    Database(#[from] DbErr),
}

const UNBOUND: &str = "
    SELECT current_user::text AS role FROM pg_roles
    WHERE (rolsuper OR rolbypassrls) AND pg_has_role(current_user, oid, 'MEMBER') LIMIT 1";

const OWNED: &str = "
    SELECT current_user::text AS role, relname::text AS name FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
      AND pg_has_role(current_user, relowner, 'MEMBER')
    ORDER BY relname LIMIT 1";

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
        let tx = self.begin(Context::nobody()).await?;
        if let Some(row) = first(&tx, UNGUARDED).await? {
            return Err(IsolationError::Unguarded(row.try_get("", "name")?));
        }
        if let Some(row) = first(&tx, UNBOUND).await? {
            return Err(IsolationError::Unbound(row.try_get("", "role")?));
        }
        if let Some(row) = first(&tx, OWNED).await? {
            return Err(IsolationError::Owner {
                role: row.try_get("", "role")?,
                table: row.try_get("", "name")?,
            });
        }
        attempt(&tx).await
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
        (
            "change a row",
            format!("UPDATE roles SET name = 'changed' WHERE tenant_id = '{theirs}' RETURNING id"),
        ),
        (
            "remove a row",
            format!("DELETE FROM roles WHERE tenant_id = '{theirs}' RETURNING id"),
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
