//! What is remembered of who may do what, for as long as nobody can have changed it unheard.
//!
//! Facts are remembered by their chain, and forgotten by their owners: whoever changes what a person or a tenant may do
//! *touches* them, and triggers of the database see to it that nothing can be changed untouched (`m0022_touched`). They are
//! believed only under a lease, which whoever hears of touches renews, and which ends by itself for whoever hears nothing
//! more. A change is answered when everybody with a lease has forgotten, or has lost it (ADR 16).

mod lease;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;

pub(crate) use lease::Lease;
pub(crate) use postgres::Exchange;
pub(crate) use sqlite::{Alone, LOOK};

use crate::metrics::{CacheCounts, Metrics};
use bailiwick_application::ports::{AccessClaims, Facts};
use bailiwick_domain::ChainId;
use moka::sync::Cache;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use uuid::Uuid;

/// How many owners may have been touched before everything is forgotten rather than them alone.
const TOUCHED: usize = 100_000;

/// How long anything is remembered that nobody asks for.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// What is remembered: cheap to clone.
#[derive(Clone)]
pub(crate) struct Memory {
    facts: Cache<ChainId, Arc<Remembered>>,
    touched: Arc<RwLock<Touched>>,
    lease: Lease,
    counts: CacheCounts,
}

struct Remembered {
    claims: AccessClaims,
    facts: Arc<Facts>,
    since: Moment,
}

/// A point in the sequence of touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Moment(u64);

/// When owners were touched last.
#[derive(Default)]
struct Touched {
    now: Moment,
    /// What was looked up before is believed of nobody.
    all: Moment,
    owners: HashMap<Uuid, Moment>,
}

impl Memory {
    /// A memory of so many callers, which believes nothing until it has a lease.
    pub(crate) fn of(callers: u32, metrics: &Metrics) -> Self {
        let counts = metrics.cache("callers");
        let evictions = counts.evictions.clone();
        Self {
            facts: Cache::builder()
                .max_capacity(callers.into())
                .time_to_idle(IDLE)
                .eviction_listener(move |_, _, cause| {
                    if cause.was_evicted() {
                        evictions.inc();
                    }
                })
                .build(),
            touched: Arc::default(),
            lease: Lease::default(),
            counts,
        }
    }

    /// What stands between this memory and what it must not believe any more.
    pub(crate) const fn lease(&self) -> &Lease {
        &self.lease
    }

    /// What is remembered about the token, if it can still be so.
    pub(crate) fn recall(&self, claims: &AccessClaims) -> Option<Arc<Facts>> {
        let remembered = self.facts.get(&claims.chain);
        let believed = remembered.filter(|remembered| {
            is_about(&remembered.claims, claims) && self.is_believed(remembered)
        });
        let count = match &believed {
            Some(_) => &self.counts.hits,
            None if self.lease.holds() => &self.counts.misses,
            None => &self.counts.bypasses,
        };
        count.inc();
        believed.map(|remembered| Arc::clone(&remembered.facts))
    }

    /// From when on touches matter to whoever looks something up now; `None` when there is nothing to be gained by it.
    pub(crate) fn moment(&self) -> Option<Moment> {
        self.lease.holds().then(|| self.read(|touched| touched.now))
    }

    /// Remembers what was looked up since `moment`. Whoever was touched meanwhile is not believed, as if this had come first.
    pub(crate) fn keep(&self, moment: Moment, claims: &AccessClaims, facts: &Arc<Facts>) {
        let remembered = Remembered {
            claims: claims.clone(),
            facts: Arc::clone(facts),
            since: moment,
        };
        self.facts.insert(claims.chain, Arc::new(remembered));
    }

    /// Forgets whatever is known of these people and tenants.
    pub(crate) fn forget(&self, owners: impl IntoIterator<Item = Uuid>) {
        let mut touched = self.touched.write().unwrap_or_else(PoisonError::into_inner);
        touched.now.0 += 1;
        let now = touched.now;
        touched
            .owners
            .extend(owners.into_iter().map(|owner| (owner, now)));
        if touched.owners.len() > TOUCHED {
            touched.owners.clear();
            touched.all = now;
        }
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        let mut touched = self.touched.write().unwrap_or_else(PoisonError::into_inner);
        touched.now.0 += 1;
        touched.all = touched.now;
        touched.owners.clear();
        self.facts.invalidate_all();
    }

    fn is_believed(&self, remembered: &Remembered) -> bool {
        let user = remembered.claims.user.as_uuid();
        let tenant = remembered.claims.tenant.map(|tenant| tenant.as_uuid());
        // Last, so that whatever happened until the lease was looked at has been heard.
        self.read(|touched| {
            let of = |owner| touched.owners.get(&owner).copied().unwrap_or_default();
            let last = touched
                .all
                .max(of(user))
                .max(tenant.map_or(Moment::default(), of));
            last <= remembered.since
        }) && self.lease.holds()
    }

    fn read<T>(&self, look: impl FnOnce(&Touched) -> T) -> T {
        look(&self.touched.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tokens of one chain that say the same of whose they are.
fn is_about(known: &AccessClaims, asked: &AccessClaims) -> bool {
    known.user == asked.user && known.session == asked.session && known.tenant == asked.tenant
}
