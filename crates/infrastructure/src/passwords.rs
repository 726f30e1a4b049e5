//! Argon2id (RFC 9106) on threads of its own, behind a queue that is never longer than the wait is worth.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc},
};
use async_trait::async_trait;
use bailiwick_application::ports::{Comparison, HashingError, Passwords};
use bailiwick_domain::password::{Password, PasswordHash};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;
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
    /// How long a password may wait before the answer would come too late.
    pub patience: Duration,
    /// A secret that hashes are made with and the database does not hold.
    pub pepper: Option<Zeroizing<Vec<u8>>>,
}

impl Default for HashingOptions {
    /// OWASP's parameters (Password Storage Cheat Sheet, 2025), and about one second of waiting.
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
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
    /// What a password is compared with when there is nothing to compare it with.
    decoy: PasswordHash,
}

struct Job {
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
        let decoy = hasher.hash(b"nobody has this password")?;
        let (queue, jobs) = sync_channel(options.queue);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..options.threads.max(1) {
            let (hasher, jobs) = (Arc::clone(&hasher), Arc::clone(&jobs));
            thread::Builder::new()
                .name(format!("passwords-{number}"))
                .spawn(move || work(&hasher, &jobs, options.patience))
                .map_err(broken)?;
        }
        Ok(Self { queue, decoy })
    }

    async fn ask<T>(
        &self,
        work: Work,
        answer: oneshot::Receiver<Result<T, HashingError>>,
    ) -> Result<T, HashingError> {
        let job = Job {
            work,
            since: Instant::now(),
        };
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => HashingError::Busy {
                retry_after: RETRY_AFTER,
            },
            TrySendError::Disconnected(_) => broken("the hashing threads are gone"),
        })?;
        // A job that waited too long is dropped, and its sender with it.
        answer.await.unwrap_or(Err(HashingError::Busy {
            retry_after: RETRY_AFTER,
        }))
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
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
const NICENESS: i32 = 10;

fn work(hasher: &Hasher, jobs: &Mutex<Receiver<Job>>, patience: Duration) {
    // On Linux this is about the calling thread alone. Where it is not allowed, hashing competes.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { work, since }) = job else { return };
        if since.elapsed() > patience {
            continue;
        }
        // Nobody listens when the client is gone: then the answer goes nowhere.
        match work {
            Work::Hash(password, answer) if !answer.is_closed() => {
                let _ = answer.send(hasher.hash(password.expose().as_bytes()));
            }
            Work::Compare(password, hash, answer) if !answer.is_closed() => {
                let _ = answer.send(hasher.compare(password.expose().as_bytes(), &hash));
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

fn broken(error: impl ToString) -> HashingError {
    HashingError::Broken(error.to_string())
}
