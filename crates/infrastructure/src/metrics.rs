//! What the adapters count of their own work, for whoever watches: Prometheus metrics, which cost an atomic each.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// How long a revocation took, in seconds: a round trip or two, and as long as a lease where a replica is silent.
const REVOCATION: [f64; 10] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5,
];

/// What is counted of the store and of what is remembered. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    lookups: Family<Lookup, Counter>,
    evictions: Family<Of, Counter>,
    pub(crate) revocations: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lookup {
    cache: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    cache: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            lookups: Family::default(),
            evictions: Family::default(),
            revocations: Histogram::new(REVOCATION),
        }
    }
}

impl Metrics {
    /// Adds them to what is exported.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "bailiwick_cache_lookups",
            "Questions to what is remembered: answered from it (hit), not in it (miss), or not put to it, since nothing may be believed (bypass)",
            self.lookups.clone(),
        );
        registry.register(
            "bailiwick_cache_evictions",
            "What was forgotten for want of room or because nobody asked for it",
            self.evictions.clone(),
        );
        registry.register_with_unit(
            "bailiwick_revocation_lag",
            "From the commit of a change of access until every replica has forgotten what it knew, or has lost its lease",
            Unit::Seconds,
            self.revocations.clone(),
        );
    }

    /// The counts of one cache.
    pub(crate) fn cache(&self, cache: &'static str) -> CacheCounts {
        let lookups = |outcome| {
            let counter = self.lookups.get_or_create(&Lookup { cache, outcome });
            counter.clone()
        };
        CacheCounts {
            hits: lookups("hit"),
            misses: lookups("miss"),
            bypasses: lookups("bypass"),
            evictions: self.evictions.get_or_create(&Of { cache }).clone(),
        }
    }
}

/// What is counted of one cache.
#[derive(Debug, Clone, Default)]
pub(crate) struct CacheCounts {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) bypasses: Counter,
    pub(crate) evictions: Counter,
}
