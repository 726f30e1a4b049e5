//! For how long what is remembered may be believed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant, SystemTime},
};

/// A time that is renewed, or ends by itself. Cheap to clone.
///
/// It is kept by two clocks, and over when either says so: the monotonic one stands still while the machine is suspended,
/// and the other one may be set back.
#[derive(Debug, Clone)]
pub(crate) struct Lease(Arc<Until>);

#[derive(Debug)]
struct Until {
    epoch: (Instant, SystemTime),
    monotonic: AtomicU64,
    wall: AtomicU64,
}

impl Default for Lease {
    fn default() -> Self {
        Self(Arc::new(Until {
            epoch: (Instant::now(), SystemTime::now()),
            monotonic: AtomicU64::new(0),
            wall: AtomicU64::new(0),
        }))
    }
}

impl Lease {
    /// Does it hold at this moment?
    pub(crate) fn holds(&self) -> bool {
        let (monotonic, wall) = self.now();
        monotonic < self.0.monotonic.load(SeqCst) && wall < self.0.wall.load(SeqCst)
    }

    /// The moment from which whoever asks for a renewal may count.
    pub(crate) fn asking(&self) -> Asking {
        let (monotonic, wall) = self.now();
        Asking { monotonic, wall }
    }

    /// It was renewed for this long, counted from when it was asked for.
    pub(crate) fn renew(&self, asked: Asking, length: Duration) {
        let length = micros(length);
        self.0.monotonic.store(asked.monotonic + length, SeqCst);
        self.0.wall.store(asked.wall + length, SeqCst);
    }

    /// It ends now.
    pub(crate) fn end(&self) {
        self.0.monotonic.store(0, SeqCst);
    }

    fn now(&self) -> (u64, u64) {
        let (instant, wall) = self.0.epoch;
        // A clock that was set back to before the start says nothing: then the lease is over.
        let wall = wall.elapsed().map_or(u64::MAX, micros);
        (micros(instant.elapsed()), wall)
    }
}

/// When a renewal was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking {
    monotonic: u64,
    wall: u64,
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
