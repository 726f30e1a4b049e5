//! How the connections are used, looked at when somebody asks.

use super::Pools;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
};
use std::fmt;

/// How a pool is used at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// What it is called.
    pub(super) pool: &'static str,
    /// How many connections it may open.
    pub(super) most: i64,
    /// How many are open.
    pub(super) open: i64,
    /// How many of these nobody uses.
    pub(super) idle: i64,
    /// How many wait for one.
    pub(super) waiting: i64,
}

/// Pools as what is exported of them.
pub(super) struct Exported(pub(super) Pools);

type Of = fn(&Usage) -> i64;

#[rustfmt::skip]
const GAUGES: [(&str, &str, Of); 4] = [
    ("bailiwick_database_connections_max",    "Connections that the pool may open",                     |usage| usage.most),
    ("bailiwick_database_connections_open",   "Connections that are open",                              |usage| usage.open),
    ("bailiwick_database_connections_in_use", "Connections that somebody works with",                   |usage| usage.open.saturating_sub(usage.idle)),
    ("bailiwick_database_waiting",            "Transactions that wait for a connection to be free",     |usage| usage.waiting),
];

impl Collector for Exported {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let pools = match &self.0 {
            Pools::Postgres(pool) => vec![pool.usage()],
            Pools::Sqlite(pools) => pools.usage().to_vec(),
        };
        for (name, help, of) in GAUGES {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for usage in &pools {
                let labels = [("pool", usage.pool)];
                ConstGauge::new(of(usage)).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exported").finish_non_exhaustive()
    }
}
