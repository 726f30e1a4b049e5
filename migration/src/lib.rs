//! The schema, step by step: the same migrations, from zero and back, on SQLite and PostgreSQL.
//!
//! Times are microseconds since the Unix epoch, ids are UUIDs (16-byte blobs on SQLite), and whatever belongs to a
//! tenant is keyed by `(tenant_id, id)`, so that no reference can cross from one tenant to another.

pub mod guard;
mod m0001_users;
mod m0002_tenants;
mod m0003_members;
mod m0004_invitations;
mod m0005_projects;
mod m0006_sessions;
mod m0007_audit_events;
mod m0008_signing_keys;
mod m0009_mailed_tokens;
mod m0010_tenant_settings;
mod m0011_slugs;
mod m0012_custom_roles;
mod m0013_assignments;
mod m0014_invitation_secrets;
mod m0015_ownership_offers;
mod m0016_operators;
mod m0017_audit_reasons;
mod m0018_second_factors;
mod m0019_row_security;
mod m0020_wall_seal;
mod m0021_machines;
mod m0022_touched;
mod m0023_kept_answers;
mod schema;

pub use sea_orm_migration::{self, DbErr};

use sea_orm_migration::{
    MigrationStatus,
    prelude::*,
    sea_orm::{
        DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement,
        TransactionOptions, TransactionTrait,
    },
};

/// Every migration, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_users::Migration),
            Box::new(m0002_tenants::Migration),
            Box::new(m0003_members::Migration),
            Box::new(m0004_invitations::Migration),
            Box::new(m0005_projects::Migration),
            Box::new(m0006_sessions::Migration),
            Box::new(m0007_audit_events::Migration),
            Box::new(m0008_signing_keys::Migration),
            Box::new(m0009_mailed_tokens::Migration),
            Box::new(m0010_tenant_settings::Migration),
            Box::new(m0011_slugs::Migration),
            Box::new(m0012_custom_roles::Migration),
            Box::new(m0013_assignments::Migration),
            Box::new(m0014_invitation_secrets::Migration),
            Box::new(m0015_ownership_offers::Migration),
            Box::new(m0016_operators::Migration),
            Box::new(m0017_audit_reasons::Migration),
            Box::new(m0018_second_factors::Migration),
            Box::new(m0019_row_security::Migration),
            Box::new(m0020_wall_seal::Migration),
            Box::new(m0021_machines::Migration),
            Box::new(m0022_touched::Migration),
            Box::new(m0023_kept_answers::Migration),
        ]
    }
}

/// Applies what is pending, all or nothing; of several at once, one works and the others find it done.
///
/// # Errors
/// What the database says.
pub async fn up(db: &DatabaseConnection) -> Result<(), DbErr> {
    let alone = alone(db).await?;
    // What is there already stays as it was sealed: whoever has opened it meanwhile is found out.
    if pending(&alone).await? > 0 {
        Migrator::up(&alone, None).await?;
        seal(&alone).await?;
    }
    alone.commit().await
}

/// Applies the migrations of whoever builds on the schema, once ours are applied, and seals the wall with theirs.
///
/// # Errors
/// When they are kept in the same table as ours, and what the database says.
pub async fn up_own<M: MigratorTrait>(db: &DatabaseConnection) -> Result<(), DbErr> {
    if M::migration_table_name().to_string() == Migrator::migration_table_name().to_string() {
        let message =
            "migrations of your own need a table of their own: say `migration_table_name`";
        return Err(DbErr::Custom(message.to_owned()));
    }
    let alone = alone(db).await?;
    if !M::get_pending_migrations(&alone).await?.is_empty() {
        M::up(&alone, None).await?;
        seal(&alone).await?;
    }
    alone.commit().await
}

/// Takes everything back, and with it every row.
///
/// # Errors
/// What the database says.
pub async fn down(db: &DatabaseConnection) -> Result<(), DbErr> {
    let alone = alone(db).await?;
    Migrator::down(&alone, None).await?;
    alone.commit().await
}

/// Takes everything back and applies it again, in one transaction.
///
/// # Errors
/// What the database says.
pub async fn fresh(db: &DatabaseConnection) -> Result<(), DbErr> {
    let alone = alone(db).await?;
    Migrator::refresh(&alone).await?;
    seal(&alone).await?;
    alone.commit().await
}

/// Says that the wall is as it is to be (PostgreSQL): before it serves, a service compares. Applying migrations does it;
/// whoever has changed the wall otherwise, or whose PostgreSQL prints it otherwise after an upgrade, has to do it.
///
/// # Errors
/// What the database says.
pub async fn seal(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared(
            "DO $do$ BEGIN EXECUTE format('COMMENT ON FUNCTION app_wall() IS %L', app_wall()); END $do$",
        )
        .await?;
    }
    Ok(())
}

/// Lets this role serve: read and write rows, and neither change the schema nor what was recorded (PostgreSQL).
///
/// # Errors
/// What the database says, for one that the role is unknown to it.
pub async fn grant(db: &DatabaseConnection, role: &str) -> Result<(), DbErr> {
    let alone = alone(db).await?;
    let lets_in = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT quote_ident($1) AS role, quote_ident(current_schema()) AS schema,
                has_schema_privilege($1, current_schema(), 'USAGE') AS in_schema,
                string_agg(oid::regclass::text, ', ') AS tables
         FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
           AND relname <> 'seaql_migrations' AND pg_has_role(current_user, relowner, 'USAGE')",
        [role.into()],
    );
    let row = alone.query_one_raw(lets_in).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("tables".to_owned()))?;
    let [role, schema, tables] =
        ["role", "schema", "tables"].map(|column| row.try_get::<String>("", column));
    let (role, schema, tables) = (role?, schema?, tables?);
    // The owner of the tables need not own the schema.
    if !row.try_get::<bool>("", "in_schema")? {
        let usage = format!("GRANT USAGE ON SCHEMA {schema} TO {role}");
        alone.execute_unprepared(&usage).await?;
    }
    alone
        .execute_unprepared(&format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role};
             REVOKE UPDATE, DELETE ON audit_events FROM {role};
             REVOKE UPDATE ON refresh_chains FROM {role};
             GRANT UPDATE (generation, rotated_at, revoked_at, revoke_cause) ON refresh_chains TO {role};
             REVOKE DELETE ON sessions, signing_keys, users FROM {role};
             REVOKE ALL ON seaql_migrations FROM {role};
             GRANT SELECT ON seaql_migrations TO {role}"
        ))
        .await?;
    alone.commit().await
}

/// Each migration by name, oldest first, and whether it has been applied; writes nothing.
///
/// # Errors
/// What the database says, or that it knows a migration that we do not.
pub async fn status(db: &impl ConnectionTrait) -> Result<Vec<(String, bool)>, DbErr> {
    let all = Migrator::get_migration_with_status_read_only(db).await?;
    Ok(all
        .iter()
        .map(|one| {
            (
                one.name().to_owned(),
                one.status() == MigrationStatus::Applied,
            )
        })
        .collect())
}

/// How many migrations wait to be applied; writes nothing.
///
/// # Errors
/// What the database says, or that it knows a migration that we do not.
pub async fn pending(db: &impl ConnectionTrait) -> Result<usize, DbErr> {
    Ok(Migrator::get_pending_migrations_read_only(db).await?.len())
}

/// "bailiwic" in ASCII: the advisory lock that migrators of one PostgreSQL database take in turn.
const LOCK: i64 = 0x6261_696c_6977_6963;

/// A transaction that no other migrator has open at the same time: SeaORM itself takes no lock.
async fn alone(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let transaction = db
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        let lock = format!("SELECT pg_advisory_xact_lock({LOCK})");
        transaction.execute_unprepared(&lock).await?;
    }
    Ok(transaction)
}
