//! Copies of the embedded database.

use crate::{Config, migrate};
use bailiwick_infrastructure::{BackupError, copy_database};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// PostgreSQL has means of its own.
    #[error(
        "`database.url` names no file: a PostgreSQL is backed up by `pg_dump` or by its own archiving"
    )]
    NotEmbedded,
    /// The database was left alone.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// It is another program's database, or that of a later version.
    #[error("{} is no database of this version", .0.display())]
    Foreign(PathBuf, #[source] migrate::MigrateError),
    /// It has never been one of ours.
    #[error("{} has never been a database of this program", .0.display())]
    Strange(PathBuf),
}

/// Copies the database to a file that is not there yet, while others go on using it; answers with the length, in bytes.
///
/// # Errors
/// [`CopyError`].
pub async fn backup(config: &Config, to: &Path) -> Result<u64, CopyError> {
    let database = config.sqlite_file().ok_or(CopyError::NotEmbedded)?;
    Ok(copy_database(database, to).await?)
}

/// Puts a copy where the database is to be, if there is none; answers with where that is.
///
/// A database is never replaced: beneath a service that runs, whatever was revoked since the copy would come back unheard.
///
/// # Errors
/// [`CopyError`].
pub async fn restore(config: &Config, from: &Path) -> Result<PathBuf, CopyError> {
    let database = config.sqlite_file().ok_or(CopyError::NotEmbedded)?;
    if !from.is_file() {
        return Err(BackupError::Missing(from.to_owned()).into());
    }
    // Looked at where nobody else finds it.
    let folder = database
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let failed = |error| BackupError::File(database.to_owned(), error);
    fs::create_dir_all(folder).map_err(failed)?;
    let aside = tempfile::tempdir_in(folder).map_err(failed)?;
    let looked_at = aside.path().join("bailiwick.db");
    copy_database(from, &looked_at).await?;
    let schema = migrate::status(&format!("sqlite:{}", looked_at.display())).await;
    let schema = schema.map_err(|error| CopyError::Foreign(from.to_owned(), error))?;
    if !schema.iter().any(|(_, applied)| *applied) {
        return Err(CopyError::Strange(from.to_owned()));
    }
    copy_database(&looked_at, database).await?;
    Ok(database.to_owned())
}
