//! When keys were last used, written beside the way of the requests that they came with.

use crate::{Database, database::Context, store::touch};
use bailiwick_application::ports::KeyUses;
use bailiwick_domain::{ApiKeyId, TenantId, Timestamp};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How many uses wait to be written, at most.
const QUEUE: usize = 4_096;
/// How long they are collected before they are written together.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the use of one key is written at most.
const COARSE: Duration = Duration::from_secs(60);

/// Takes note of uses: bounded, and without waiting for the database. What is lost is written with the next use.
pub struct WrittenKeyUses {
    queue: mpsc::Sender<Use>,
    /// When each key was last noted here.
    noted: Mutex<HashMap<ApiKeyId, Timestamp>>,
}

type Use = (TenantId, ApiKeyId, Timestamp);

impl WrittenKeyUses {
    /// Starts to write what is noted, among these tasks, until `over`: then what waits is written, and that is all.
    #[must_use]
    pub fn start(database: Database, tasks: &TaskTracker, over: CancellationToken) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tasks.spawn(write(database, waiting, over));
        Self {
            queue,
            noted: Mutex::default(),
        }
    }

    /// Is it long enough since this key was noted?
    fn is_news(&self, key: ApiKeyId, now: Timestamp) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= QUEUE {
            noted.retain(|_, at| now < at.plus(COARSE));
        }
        match noted.get(&key) {
            Some(at) if now < at.plus(COARSE) => false,
            _ => {
                noted.insert(key, now);
                true
            }
        }
    }
}

impl KeyUses for WrittenKeyUses {
    fn note(&self, tenant: TenantId, key: ApiKeyId, now: Timestamp) {
        if self.is_news(key, now) && self.queue.try_send((tenant, key, now)).is_err() {
            tracing::debug!("the use of a key was not noted");
        }
    }
}

async fn write(database: Database, mut waiting: mpsc::Receiver<Use>, over: CancellationToken) {
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            biased;
            () = over.cancelled(), if !waiting.is_closed() => waiting.close(),
            taken = waiting.recv_many(&mut batch, QUEUE) => if taken == 0 { return },
        }
        let mut tenants: BTreeMap<TenantId, BTreeMap<ApiKeyId, Timestamp>> = BTreeMap::new();
        for (tenant, key, at) in batch.drain(..) {
            tenants.entry(tenant).or_default().insert(key, at);
        }
        for (tenant, uses) in tenants {
            let written = async {
                let tx = database.begin(Context::tenant(tenant));
                for (key, at) in uses {
                    // Another replica may have written a moment ago.
                    touch(&tx, tenant, key, at, at.minus(COARSE)).await?;
                }
                tx.commit().await
            };
            if let Err(error) = written.await {
                tracing::warn!(error = %error, "uses of keys could not be written");
            }
        }
        let _ = timeout(PAUSE, over.cancelled()).await;
    }
}

impl std::fmt::Debug for WrittenKeyUses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WrittenKeyUses").finish_non_exhaustive()
    }
}
