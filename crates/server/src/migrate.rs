//! The schema: made, unmade and asked about.

use crate::Config;
use bailiwick_infrastructure::{ConnectError, Database};
use bailiwick_migration::{self as migration, sea_orm_migration::MigratorTrait};

/// What to do with the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum Step {
    /// Apply every migration that is pending.
    Up,
    /// Take every migration back. All data is lost.
    Down,
    /// List the migrations, and whether they are applied.
    Status,
    /// Down and up again. All data is lost.
    Fresh,
    /// Say that row-level security is as it should be, where that was not the work of a migration (PostgreSQL).
    Seal,
}

/// Why the schema is not as it was asked to be.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// There is no database to migrate.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database refused.
    #[error("the database refused a migration")]
    Database(#[from] migration::DbErr),
    /// The service's role could not be let in.
    #[error(
        "the schema is there, and the role `{0}` of `database.url` cannot use it: make it with deploy/postgres/roles.sql, and run `bailiwick migrate up` again"
    )]
    Grant(String, #[source] migration::DbErr),
}

/// Does it, as the owner of the tables where one is named, who then lets the service in; answers with each migration and
/// whether it is applied.
///
/// # Errors
/// When the database cannot be reached, or refuses.
pub async fn migrate(config: &Config, step: Step) -> Result<Vec<(String, bool)>, MigrateError> {
    let service = Database::role(&config.database.url)?;
    let owner = config.owner_url();
    let database = Database::connect_to_migrate(owner).await?;
    match step {
        Step::Up => migration::up(&database).await?,
        Step::Down => migration::down(&database).await?,
        Step::Fresh => migration::fresh(&database).await?,
        Step::Seal => migration::seal(&database).await?,
        Step::Status => {}
    }
    if let (Some(service), Step::Up | Step::Fresh) = (service, step)
        && Database::role(owner)?.as_ref() != Some(&service)
    {
        let granted = migration::grant(&database, &service).await;
        granted.map_err(|error| MigrateError::Grant(service, error))?;
    }
    Ok(migration::status(&database).await?)
}

/// Applies every migration of ours that is pending, then those of whoever builds on the schema, as the owner of the
/// tables, and lets the service in.
///
/// # Errors
/// When the database cannot be reached, or refuses.
pub async fn migrate_own<M: MigratorTrait>(config: &Config) -> Result<(), MigrateError> {
    migrate(config, Step::Up).await?;
    let owner = config.database.owner_url.as_ref();
    let service = Database::role(&config.database.url)?;
    let owner = owner
        .filter(|_| service.is_some())
        .unwrap_or(&config.database.url);
    let database = Database::connect_to_migrate(owner).await?;
    migration::up_own::<M>(&database).await?;
    if let Some(service) = service
        && Database::role(owner)?.as_ref() != Some(&service)
    {
        let granted = migration::grant(&database, &service).await;
        granted.map_err(|error| MigrateError::Grant(service, error))?;
    }
    Ok(())
}

/// Each migration and whether it is applied, as far as this connection may see.
///
/// # Errors
/// When the database cannot be reached, or refuses.
pub async fn status(url: &str) -> Result<Vec<(String, bool)>, MigrateError> {
    let database = Database::connect_to_migrate(url).await?;
    Ok(migration::status(&database).await?)
}
