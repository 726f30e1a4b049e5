//! Argon2id (RFC 9106) on threads of its own, behind a queue that is never longer than the wait is worth.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc},
};
use async_trait::async_trait;
use bailiwick_application::ports::{HashingError, Passwords};
use bailiwick_domain::user::{Password, PasswordHash};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How costly a hash is, how many are made at once, and how many may wait.
#[derive(Debug, Clone, Copy)]
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
    Verify(
        Password,
        PasswordHash,
        oneshot::Sender<Result<bool, HashingError>>,
    ),
}

const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Argon2Passwords {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the parameters are none of Argon2, or a thread cannot be started.
    pub fn start(options: HashingOptions) -> Result<Self, HashingError> {
        let params = Params::new(options.memory, options.passes, 1, None).map_err(broken)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash(&argon2, b"nobody has this password")?;
        let (queue, jobs) = sync_channel(options.queue);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..options.threads.max(1) {
            let (argon2, jobs) = (argon2.clone(), Arc::clone(&jobs));
            thread::Builder::new()
                .name(format!("passwords-{number}"))
                .spawn(move || work(&argon2, &jobs, options.patience))
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
    ) -> Result<bool, HashingError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let (sender, answer) = oneshot::channel();
        let matches = self
            .ask(Work::Verify(password, hash, sender), answer)
            .await?;
        Ok(matches && known)
    }
}

fn work(argon2: &Argon2<'_>, jobs: &Mutex<Receiver<Job>>, patience: Duration) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { work, since }) = job else { return };
        if since.elapsed() > patience {
            continue;
        }
        // Nobody listens when the client is gone: then the answer goes nowhere.
        match work {
            Work::Hash(password, answer) if !answer.is_closed() => {
                let _ = answer.send(hash(argon2, password.expose().as_bytes()));
            }
            Work::Verify(password, hash, answer) if !answer.is_closed() => {
                let _ = answer.send(verify(argon2, password.expose().as_bytes(), &hash));
            }
            Work::Hash(..) | Work::Verify(..) => {}
        }
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<PasswordHash, HashingError> {
    let hash: phc::PasswordHash = argon2.hash_password(password).map_err(broken)?;
    Ok(PasswordHash::from_phc(hash.to_string()))
}

/// The parameters are those of the hash, so that older ones go on working.
fn verify(argon2: &Argon2<'_>, password: &[u8], hash: &PasswordHash) -> Result<bool, HashingError> {
    use argon2::password_hash::Error;
    let hash = phc::PasswordHash::new(hash.as_phc()).map_err(broken)?;
    match argon2.verify_password(password, &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(broken(error)),
    }
}

fn broken(error: impl ToString) -> HashingError {
    HashingError::Broken(error.to_string())
}
