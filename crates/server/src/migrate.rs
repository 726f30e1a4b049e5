//! The schema: made, unmade and asked about.

use crate::Config;
use bailiwick_infrastructure::{ConnectError, Database};
use bailiwick_migration as migration;

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
}

/// Does it, as the owner of the tables where one is named, and answers with each migration and whether it is applied.
///
/// # Errors
/// When the database cannot be reached, or refuses.
pub async fn migrate(config: &Config, step: Step) -> Result<Vec<(String, bool)>, MigrateError> {
    let database = &config.database;
    let url = match &database.owner_url {
        Some(owner) if config.sqlite_file().is_none() => owner,
        _ => &database.url,
    };
    let database = Database::connect_to_migrate(url).await?;
    match step {
        Step::Up => migration::up(&database).await?,
        Step::Down => migration::down(&database).await?,
        Step::Fresh => migration::fresh(&database).await?,
        Step::Status => {}
    }
    Ok(migration::status(&database).await?)
}

/// Each migration and whether it is applied, as far as this connection may see.
///
/// # Errors
/// When the database cannot be reached, or refuses.
pub async fn status(url: &str) -> Result<Vec<(String, bool)>, MigrateError> {
    let database = Database::connect_to_migrate(url).await?;
    Ok(migration::status(&database).await?)
}
