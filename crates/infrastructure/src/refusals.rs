//! Refusals, written to the audit trail beside the way of the requests that met them.

use crate::{
    Database,
    database::Context,
    entity::audit_event,
    store::{OfNobody, actor_id, key_id},
};
use bailiwick_application::ports::{Clock, Ids, Outcome, Refusal, Refusals};
use bailiwick_domain::{TenantId, Timestamp, access::Actor};
use sea_orm::{ActiveValue::Set, DbErr};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How many refusals wait to be written, at most.
const QUEUE: usize = 4_096;
/// How long they are collected before they are written together.
const PAUSE: Duration = Duration::from_millis(100);
/// How many of one person or machine in one tenant are written in one minute: whoever knocks all night fills no disk.
const PER_MINUTE: u32 = 100;

/// Takes note of refusals: bounded, and without a lock on the way of a request.
pub struct WrittenRefusals {
    queue: mpsc::Sender<(Refusal, Timestamp)>,
    clock: Arc<dyn Clock>,
    lost: Arc<AtomicU64>,
}

impl WrittenRefusals {
    /// Starts to write what is noted, among these tasks, until `over`: then what waits is written, and that is all.
    #[must_use]
    pub fn start(
        database: Database,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        tasks: &TaskTracker,
        over: CancellationToken,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            database,
            ids,
            lost: Arc::clone(&lost),
            minutes: HashMap::new(),
        };
        tasks.spawn(writer.run(waiting, over));
        Self { queue, clock, lost }
    }
}

impl Refusals for WrittenRefusals {
    fn note(&self, refusal: Refusal) {
        if self.queue.try_send((refusal, self.clock.now())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Writer {
    database: Database,
    ids: Arc<dyn Ids>,
    lost: Arc<AtomicU64>,
    /// For each person or machine in a tenant: the minute, and how many were written in it.
    minutes: HashMap<(TenantId, Actor), (i64, u32)>,
}

impl Writer {
    async fn run(
        mut self,
        mut waiting: mpsc::Receiver<(Refusal, Timestamp)>,
        over: CancellationToken,
    ) {
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = over.cancelled(), if !waiting.is_closed() => waiting.close(),
                taken = waiting.recv_many(&mut batch, QUEUE) => if taken == 0 { return },
            }
            let mut tenants: BTreeMap<TenantId, Vec<(Refusal, Timestamp)>> = BTreeMap::new();
            let mut seen = HashSet::new();
            for (refusal, at) in batch.drain(..) {
                // The same, asked again and again in a moment, is one.
                if seen.insert(refusal.clone()) && self.has_room(&refusal, at) {
                    tenants
                        .entry(refusal.tenant)
                        .or_default()
                        .push((refusal, at));
                }
            }
            for (tenant, refusals) in tenants {
                let count = u64::try_from(refusals.len()).unwrap_or(u64::MAX);
                if let Err(error) = self.write(tenant, refusals).await {
                    tracing::warn!(error = %error, "refusals could not be written");
                    self.lost.fetch_add(count, Ordering::Relaxed);
                }
            }
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                tracing::warn!(lost, "refusals are missing in the audit trail");
            }
            let _ = timeout(PAUSE, over.cancelled()).await;
        }
    }

    fn has_room(&mut self, refusal: &Refusal, at: Timestamp) -> bool {
        let minute = at.as_seconds().div_euclid(60);
        if self.minutes.len() > QUEUE {
            self.minutes.retain(|_, (of, _)| *of == minute);
        }
        let key = (refusal.tenant, refusal.actor);
        let (of, written) = self.minutes.entry(key).or_insert((minute, 0));
        if *of != minute {
            (*of, *written) = (minute, 0);
        }
        *written += 1;
        let room = *written <= PER_MINUTE;
        if !room {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        room
    }

    async fn write(
        &self,
        tenant: TenantId,
        refusals: Vec<(Refusal, Timestamp)>,
    ) -> Result<(), DbErr> {
        let tx = self.database.begin(Context::tenant(tenant));
        for (refusal, at) in refusals {
            audit_event::Entity::add(audit_event::ActiveModel {
                id: Set(self.ids.next()),
                tenant_id: Set(Some(tenant.as_uuid())),
                at: Set(at.as_micros()),
                actor_id: Set(Some(actor_id(refusal.actor))),
                key_id: Set(key_id(refusal.actor)),
                action: Set(refusal.action),
                target: Set(refusal.target),
                outcome: Set(Outcome::Denied.name().to_owned()),
                reason: Set(None),
            })
            .exec_without_returning(&tx)
            .await?;
        }
        tx.commit().await
    }
}

impl std::fmt::Debug for WrittenRefusals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WrittenRefusals").finish_non_exhaustive()
    }
}
