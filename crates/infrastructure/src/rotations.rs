//! What became of refresh tokens, counted.

use bailiwick_application::ports::{Presented, Rotations};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Counts verdicts on refresh tokens. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct CountedRotations(Family<Of, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    verdict: &'static str,
}

impl Default for CountedRotations {
    /// None yet, of each: an alert on the first reuse needs the zero before it.
    fn default() -> Self {
        let verdicts = Family::default();
        for verdict in Presented::ALL {
            let verdict = verdict.name();
            drop(verdicts.get_or_create(&Of { verdict }));
        }
        Self(verdicts)
    }
}

impl CountedRotations {
    /// Adds them to what is exported.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "bailiwick_refresh_tokens",
            "Refresh tokens that were presented with a good signature, by the verdict on them",
            self.0.clone(),
        );
    }
}

impl Rotations for CountedRotations {
    fn note(&self, presented: Presented) {
        let verdict = presented.name();
        self.0.get_or_create(&Of { verdict }).inc();
    }
}
