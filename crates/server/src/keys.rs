//! The signing keys, as operators handle them.

use crate::{
    Config,
    start::{StartError, key_ring, sealing_key},
};
use bailiwick_infrastructure::{Database, DatabaseOptions, KeyInfo, SystemClock};
use std::sync::Arc;

/// What to do with the signing keys.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Handling {
    /// List the keys, the newest first.
    List,
    /// Make new keys. They sign as soon as every replica knows them; the old ones go on verifying.
    Rotate,
    /// Retire a key: every token that it has signed is worthless, within seconds.
    Retire {
        /// The key's id.
        id: String,
    },
}

/// Why the keys are as they were.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A part that is needed is missing.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no such key.
    #[error("there is no key `{0}` that is not retired")]
    Unknown(String),
}

/// Does it, and answers with all keys.
///
/// # Errors
/// When the database or the sealing key cannot be used, when there is no such key.
pub async fn keys(config: &Config, handling: Handling) -> Result<Vec<KeyInfo>, KeysError> {
    let options = DatabaseOptions::default();
    let database = Database::connect(&config.database.url, options)
        .await
        .map_err(StartError::from)?;
    let sealing = Arc::new(sealing_key(config).map_err(StartError::from)?);
    let ring = key_ring(config, database, &sealing, Arc::new(SystemClock)).await?;
    match handling {
        Handling::List => {}
        Handling::Rotate => ring.rotate().await.map_err(StartError::from)?,
        Handling::Retire { id } => {
            if !ring.retire(&id).await.map_err(StartError::from)? {
                return Err(KeysError::Unknown(id));
            }
        }
    }
    Ok(ring.list().await.map_err(StartError::from)?)
}
