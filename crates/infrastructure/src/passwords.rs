//! Argon2id (RFC 9106) on threads of its own, behind a queue that is never longer than the wait is worth.

use crate::EXPORTED;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc},
};
use async_trait::async_trait;
use bailiwick_application::ports::{Comparison, HashingError, Passwords};
use bailiwick_domain::password::{Password, PasswordHash};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        counter::Counter,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;
use tracing::Instrument;
use zeroize::Zeroizing;

/// How costly a hash is, how many are made at once, and how many may wait.
#[derive(Debug, Clone)]
pub struct HashingOptions {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Threads: a hash keeps one of them busy.
    pub threads: usize,
    /// Passwords that may wait.
    pub queue: usize,
    /// How long a password may wait before the answer would come too late. Whoever would have to wait for half of it is
    /// refused at once.
    pub patience: Duration,
    /// A secret that hashes are made with and the database does not hold.
    pub pepper: Option<Zeroizing<Vec<u8>>>,
}

impl Default for HashingOptions {
    /// OWASP's parameters (Password Storage Cheat Sheet, 2025), and about one second of waiting. One processor is left to
    /// the others: a low priority holds hashing back from requests, not from a database on the same machine, which is
    /// scheduled as a group of its own.
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, |all| all.get().max(2) - 1);
        Self {
            memory: 19_456,
            passes: 2,
            threads,
            queue: 32 * threads,
            patience: Duration::from_secs(2),
            pepper: None,
        }
    }
}

/// Hashes passwords.
#[derive(Debug)]
pub struct Argon2Passwords {
    queue: SyncSender<Job>,
    load: Arc<Load>,
    patience: Duration,
    /// What a password is compared with when there is nothing to compare it with.
    decoy: PasswordHash,
}

/// How much there is to do, and how fast it gets done: hashing takes what requests in hand leave of the processors, so
/// the same queue is worth half a second at noon and three at night.
#[derive(Debug)]
struct Load {
    threads: u32,
    /// Passwords that wait or are being hashed.
    passwords: AtomicU32,
    /// How many of these are being hashed.
    running: Gauge,
    /// How long a thread takes for one, in microseconds: a moving average.
    each: AtomicU64,
    /// How long threads took, in seconds.
    times: Histogram,
    /// Who was refused.
    refused: Counter,
}

impl Load {
    /// How long a password that comes now would wait.
    fn wait(&self) -> Duration {
        let ahead = self.passwords.load(Relaxed);
        let each = Duration::from_micros(self.each.load(Relaxed));
        each * (ahead / self.threads)
    }

    fn learn(&self, took: Duration) {
        const WEIGHT: u64 = 8;
        self.times.observe(took.as_secs_f64());
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let each = self.each.load(Relaxed);
        // Of two threads that learn at once, one is not heard: it will be the next time.
        self.each
            .store(each - each / WEIGHT + took / WEIGHT, Relaxed);
    }

    /// Refuses somebody, who may come again then.
    fn refuse(&self, retry_after: Duration) -> HashingError {
        self.refused.inc();
        HashingError::Busy { retry_after }
    }
}

/// The queue as what is exported of it.
#[derive(Debug)]
struct Exported(Arc<Load>);

impl Collector for Exported {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let running = self.0.running.get();
        let waiting = i64::from(self.0.passwords.load(Relaxed)).saturating_sub(running);
        let gauges = [
            (
                "bailiwick_hashing_running",
                "Passwords that are being hashed",
                running,
            ),
            (
                "bailiwick_hashing_waiting",
                "Passwords that wait to be hashed",
                waiting.max(0),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

/// How long a hash took, in seconds: some 20 ms at the usual price on a quiet machine.
const HASHING: [f64; 8] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0];

/// A place in the queue, given back when the work is done or was dropped.
struct Place(Arc<Load>);

impl Place {
    fn take(load: &Arc<Load>) -> Self {
        load.passwords.fetch_add(1, Relaxed);
        Self(Arc::clone(load))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.passwords.fetch_sub(1, Relaxed);
    }
}

/// A password that is being hashed, until it is dropped.
struct Running(Gauge);

impl Running {
    fn on(load: &Load) -> Self {
        load.running.inc();
        Self(load.running.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

struct Job {
    place: Place,
    work: Work,
    since: Instant,
}

enum Work {
    Hash(
        Password,
        oneshot::Sender<Result<PasswordHash, HashingError>>,
    ),
    Compare(
        Password,
        PasswordHash,
        oneshot::Sender<Result<Comparison, HashingError>>,
    ),
}

const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Argon2Passwords {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the parameters are none of Argon2, or a thread cannot be started.
    pub fn start(options: HashingOptions) -> Result<Self, HashingError> {
        let hasher = Arc::new(Hasher {
            params: Params::new(options.memory, options.passes, 1, None).map_err(broken)?,
            pepper: options.pepper,
        });
        let began = Instant::now();
        let decoy = hasher.hash(b"nobody has this password")?;
        let threads = options.threads.max(1);
        let load = Arc::new(Load {
            threads: u32::try_from(threads).map_err(broken)?,
            passwords: AtomicU32::new(0),
            running: Gauge::default(),
            times: Histogram::new(HASHING),
            refused: Counter::default(),
            each: AtomicU64::new(u64::try_from(began.elapsed().as_micros()).map_err(broken)?),
        });
        let (queue, jobs) = sync_channel(options.queue);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads {
            let (hasher, jobs) = (Arc::clone(&hasher), Arc::clone(&jobs));
            thread::Builder::new()
                .name(format!("passwords-{number}"))
                .spawn(move || work(&hasher, &jobs, options.patience))
                .map_err(broken)?;
        }
        Ok(Self {
            queue,
            load,
            patience: options.patience,
            decoy,
        })
    }

    /// Adds what is counted of the queue to what is exported.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(Exported(Arc::clone(&self.load))));
        registry.register(
            "bailiwick_hashing_refused",
            "Passwords that were refused, since they would have waited too long",
            self.load.refused.clone(),
        );
        registry.register_with_unit(
            "bailiwick_hashing_duration",
            "How long hashing a password takes, without the wait",
            Unit::Seconds,
            self.load.times.clone(),
        );
    }

    async fn ask<T>(
        &self,
        work: Work,
        answer: oneshot::Receiver<Result<T, HashingError>>,
    ) -> Result<T, HashingError> {
        self.admit()?;
        let job = Job {
            place: Place::take(&self.load),
            work,
            since: Instant::now(),
        };
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => self.load.refuse(RETRY_AFTER),
            TrySendError::Disconnected(_) => broken("the hashing threads are gone"),
        })?;
        // A job that waited too long is dropped, and its sender with it.
        let span = tracing::info_span!(target: EXPORTED, "password");
        answer
            .instrument(span)
            .await
            .unwrap_or_else(|_| Err(self.load.refuse(RETRY_AFTER)))
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
    fn admit(&self) -> Result<(), HashingError> {
        let wait = self.load.wait();
        // The estimate may be off by two before anybody waits in vain.
        if wait * 2 > self.patience {
            return Err(self.load.refuse(wait.max(RETRY_AFTER)));
        }
        Ok(())
    }

    async fn hash(&self, password: Password) -> Result<PasswordHash, HashingError> {
        let (sender, answer) = oneshot::channel();
        self.ask(Work::Hash(password, sender), answer).await
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<Comparison, HashingError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let (sender, answer) = oneshot::channel();
        let comparison = self
            .ask(Work::Compare(password, hash, sender), answer)
            .await?;
        Ok(if known {
            comparison
        } else {
            Comparison::Differs
        })
    }
}

/// How much lower than requests in hand the operating system is asked to hold hashing: a flood of sign-ins takes what
/// the others leave.
const NICENESS: i32 = 19;

fn work(hasher: &Hasher, jobs: &Mutex<Receiver<Job>>, patience: Duration) {
    // On Linux this is about the calling thread alone. Where it is not allowed, hashing competes.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { place, work, since }) = job else {
            return;
        };
        let began = Instant::now();
        if since.elapsed() > patience {
            continue;
        }
        let running = Running::on(&place.0);
        // Whoever has the answer finds the work counted, and the place free.
        let done = move || {
            place.0.learn(began.elapsed());
            drop((running, place));
        };
        // Nobody listens when the client is gone: then the answer goes nowhere.
        match work {
            Work::Hash(password, answer) if !answer.is_closed() => {
                let hash = hasher.hash(password.expose().as_bytes());
                done();
                let _ = answer.send(hash);
            }
            Work::Compare(password, hash, answer) if !answer.is_closed() => {
                let comparison = hasher.compare(password.expose().as_bytes(), &hash);
                done();
                let _ = answer.send(comparison);
            }
            Work::Hash(..) | Work::Compare(..) => {}
        }
    }
}

/// What stands before the PHC string of a hash that was made with the pepper.
const PEPPERED: &str = "peppered";

struct Hasher {
    params: Params,
    pepper: Option<Zeroizing<Vec<u8>>>,
}

impl Hasher {
    fn argon2(&self, peppered: bool) -> Result<Argon2<'_>, HashingError> {
        let (algorithm, version, params) =
            (Algorithm::Argon2id, Version::V0x13, self.params.clone());
        if !peppered {
            return Ok(Argon2::new(algorithm, version, params));
        }
        let pepper = self
            .pepper
            .as_ref()
            .ok_or_else(|| broken("the pepper is missing"))?;
        Argon2::new_with_secret(pepper, algorithm, version, params).map_err(broken)
    }

    fn hash(&self, password: &[u8]) -> Result<PasswordHash, HashingError> {
        let peppered = self.pepper.is_some();
        let hash = self
            .argon2(peppered)?
            .hash_password(password)
            .map_err(broken)?;
        let prefix = if peppered { PEPPERED } else { "" };
        Ok(PasswordHash::from_phc(format!("{prefix}{hash}")))
    }

    /// With the parameters of the hash, so that older ones go on working.
    fn compare(&self, password: &[u8], hash: &PasswordHash) -> Result<Comparison, HashingError> {
        use argon2::password_hash::Error;
        let bare = hash.as_phc().strip_prefix(PEPPERED);
        let peppered = bare.is_some();
        let hash = phc::PasswordHash::new(bare.unwrap_or(hash.as_phc())).map_err(broken)?;
        match self.argon2(peppered)?.verify_password(password, &hash) {
            Ok(()) if self.is_current(&hash, peppered) => Ok(Comparison::Matches),
            Ok(()) => Ok(Comparison::MatchesOutdated),
            Err(Error::PasswordInvalid) => Ok(Comparison::Differs),
            Err(error) => Err(broken(error)),
        }
    }

    fn is_current(&self, hash: &phc::PasswordHash, peppered: bool) -> bool {
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        let same = Params::try_from(hash).is_ok_and(|params| costs(&params) == costs(&self.params));
        same && peppered == self.pepper.is_some() && hash.algorithm == Algorithm::Argon2id.ident()
    }
}

/// How much memory, in KiB, a hash may ask for, and how much times how many passes: a hundred times what ours do. One that
/// asks for more was not made by us, and comparing with it could take down the process.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_WORK: u64 = 4_000_000;

/// Is this a hash that a password can be compared with?
pub(crate) fn is_hash(text: &str) -> bool {
    let bare = text.strip_prefix(PEPPERED).unwrap_or(text);
    phc::PasswordHash::new(bare).is_ok_and(|hash| {
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).is_ok();
        let params = Params::try_from(&hash).is_ok_and(|params| {
            params.m_cost() <= MOST_MEMORY
                && u64::from(params.m_cost()) * u64::from(params.t_cost()) <= MOST_WORK
        });
        algorithm && params && hash.salt.is_some() && hash.hash.is_some()
    })
}

fn broken(error: impl ToString) -> HashingError {
    HashingError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    #[test]
    fn what_waits_and_what_is_being_hashed_is_counted_until_it_is_over() {
        let load = Arc::new(Load {
            threads: 2,
            passwords: AtomicU32::new(0),
            running: Gauge::default(),
            each: AtomicU64::new(0),
            times: Histogram::new(HASHING),
            refused: Counter::default(),
        });
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Exported(Arc::clone(&load))));
        let counted = || {
            ["waiting", "running"].map(|name| {
                let mut text = String::new();
                encode(&mut text, &registry).unwrap();
                let sample = format!("bailiwick_hashing_{name} ");
                let value = text.lines().find_map(|line| line.strip_prefix(&sample));
                value.unwrap().parse::<i64>().unwrap()
            })
        };

        let places: Vec<_> = (0..3).map(|_| Place::take(&load)).collect();
        assert_eq!(counted(), [3, 0]);
        let running = Running::on(&load);
        assert_eq!(counted(), [2, 1]);
        drop(running);
        drop(places);
        assert_eq!(counted(), [0, 0]);
    }
}
