#![no_main]

use bailiwick_infrastructure::{
    Database, DatabaseOptions, KeyPolicy, KeyRing, SealingKey, SystemClock, fuzzing,
};
use std::{
    error::Error,
    sync::{Arc, LazyLock},
};
use tokio::runtime::{Builder, Runtime};

/// A ring of keys in a database that the process needs no more once it is read.
static KEYS: LazyLock<(Runtime, Arc<KeyRing>)> = LazyLock::new(|| {
    let mut threads = Builder::new_multi_thread();
    let runtime = threads.worker_threads(1).enable_all().build();
    let runtime = runtime.expect("there are threads");
    let ring = runtime.block_on(ring()).expect("there are keys");
    (runtime, Arc::new(ring))
});

async fn ring() -> Result<KeyRing, Box<dyn Error>> {
    let folder = tempfile::tempdir()?.keep();
    let url = format!("sqlite:{}", folder.join("keys.db").display());
    let owner = Database::connect_to_migrate(&url).await?;
    bailiwick_migration::up(&owner).await?;
    let database = Database::connect(&url, DatabaseOptions::default()).await?;
    let sealing = SealingKey::from_file(&folder.join("sealing.key"))?;
    let clock = Arc::new(SystemClock);
    Ok(KeyRing::open(database, sealing, KeyPolicy::default(), clock).await?)
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (runtime, ring) = &*KEYS;
    runtime.block_on(fuzzing::tokens(ring, text));
});
