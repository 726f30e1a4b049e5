//! Copies of an embedded database, taken while it serves and put back where there is none.

use sqlx::{
    ConnectOptions as _, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions,
};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use thiserror::Error;

/// How long to wait for a writer.
const BUSY: Duration = Duration::from_secs(5);

/// Why there is no copy.
#[derive(Debug, Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// Nothing is overwritten.
    #[error("{} is there already, and is not overwritten", .0.display())]
    Taken(PathBuf),
    /// It is no database, or it is damaged.
    #[error("{} is not in order: {}", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// The database cannot be read, or the copy cannot be written.
    #[error("cannot copy the database")]
    Database(#[from] sqlx::Error),
    /// A file cannot be written.
    #[error("cannot write {}", .0.display())]
    File(PathBuf, #[source] io::Error),
}

/// Copies the SQLite database in the file `from` to the file `to`, which is there whole or not at all, for its owner alone.
///
/// What the copy holds is what was committed at one moment, whoever writes meanwhile: `VACUUM INTO` reads in one transaction
/// (SQLite, `lang_vacuum`). Both are checked, the original as it is read and the copy page by page. Answers with its length in
/// bytes.
///
/// # Errors
/// [`BackupError`].
pub async fn copy_database(from: &Path, to: &Path) -> Result<u64, BackupError> {
    if !from.is_file() {
        return Err(BackupError::Missing(from.to_owned()));
    }
    let beside = |suffix: &str| {
        let mut name = to.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    // A journal that is left would be played into the copy.
    for path in [to.to_owned(), beside("-wal"), beside("-journal")] {
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::Taken(path));
        }
    }
    let failed = |error| BackupError::File(to.to_owned(), error);
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    // Readable by its owner alone, from its first byte on.
    let draft = tempfile::Builder::new()
        .prefix(".bailiwick-")
        .tempfile_in(folder)
        .map_err(failed)?;

    let mut source = open(from, true)
        .await
        .map_err(|error| damaged(from, error))?;
    let copied = sqlx::query("VACUUM INTO $1")
        .bind(draft.path().to_string_lossy().into_owned())
        .execute(&mut source)
        .await;
    copied.map_err(|error| damaged(from, error))?;
    source.close().await?;
    check(draft.path(), from).await?;

    let length = draft.as_file().metadata().map_err(failed)?.len();
    draft.as_file().sync_all().map_err(failed)?;
    match draft.persist_noclobber(to) {
        Ok(_) => {}
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Taken(to.to_owned()));
        }
        Err(error) => return Err(failed(error.error)),
    }
    // So that the name is there too, after a power cut.
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    Ok(length)
}

async fn open(file: &Path, read_only: bool) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(file)
        .read_only(read_only)
        .busy_timeout(BUSY)
        .disable_statement_logging()
        .connect()
        .await
}

/// Looks at every page of the copy, and at what refers to what.
async fn check(copy: &Path, original: &Path) -> Result<(), BackupError> {
    // Not read-only: SQLite then leaves out what the tables check, though it does not say so.
    let mut copy = open(copy, false).await?;
    for pragma in ["PRAGMA integrity_check", "PRAGMA foreign_key_check"] {
        let rows = sqlx::query(pragma).fetch_all(&mut copy).await;
        let rows = rows.map_err(|error| damaged(original, error))?;
        let complaint = rows
            .first()
            .map(|row| row.try_get::<String, _>(0))
            .transpose()?;
        if let Some(complaint) = complaint.filter(|complaint| complaint != "ok") {
            let complaint = format!("{pragma}: {complaint}");
            return Err(BackupError::Damaged(original.to_owned(), complaint));
        }
    }
    copy.close().await?;
    Ok(())
}

/// What SQLite says of a file that it cannot read is about the file; anything else is not.
fn damaged(file: &Path, error: sqlx::Error) -> BackupError {
    // SQLITE_CORRUPT and SQLITE_NOTADB, with their extended codes.
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(11 | 26) => BackupError::Damaged(file.to_owned(), error.to_string()),
        _ => error.into(),
    }
}
