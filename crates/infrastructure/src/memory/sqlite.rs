//! Processes on one SQLite file: only one that is alone with it remembers.
//!
//! Two locks beside the file, which the operating system takes back from whoever is gone: everybody has a *seat*, shared, and
//! whoever is alone has it to themselves; at the *door* stands whoever wants a seat, one at a time. Whoever is alone looks
//! at the door, and makes room.

use super::Memory;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// How often to look who else is there.
pub(crate) const LOOK: Duration = Duration::from_millis(200);
/// How often whoever stands at the door tries the seat.
const TRY: Duration = Duration::from_millis(10);
/// How long to wait for somebody to make room before that is told.
const LONG: Duration = Duration::from_secs(2);
/// A lease that ends when it is ended.
const ALONE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// A seat at a file. Given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Alone {
    seat: File,
    door: File,
    alone: bool,
}

impl Alone {
    /// Takes a seat, as soon as whoever was alone has made room.
    pub(crate) async fn seat(file: &Path) -> io::Result<Self> {
        let beside = |suffix: &str| {
            let mut path = file.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        };
        let (seat, door) = (open(&beside("-seat"))?, open(&beside("-door"))?);
        let (start, mut told) = (Instant::now(), false);
        while !try_lock(&door, FlockOperation::NonBlockingLockExclusive)?
            || !try_lock(&seat, FlockOperation::NonBlockingLockShared)?
        {
            if !told && start.elapsed() > LONG {
                tracing::warn!("another process has the database to itself and does not make room");
                told = true;
            }
            sleep(TRY).await;
        }
        flock(&door, FlockOperation::Unlock)?;
        Ok(Self {
            seat,
            door,
            alone: false,
        })
    }

    /// Looks who else is there, and gives the memory a lease when nobody is; says whether it has one.
    pub(crate) fn look(&mut self, memory: &Memory) -> io::Result<bool> {
        let somebody_waits = !try_lock(&self.door, FlockOperation::NonBlockingLockExclusive)?;
        if somebody_waits {
            if self.alone {
                self.make_room(memory)?;
            }
            return Ok(false);
        }
        // Nobody takes a seat now: they would have to stand where we do.
        if !self.alone {
            self.alone = try_lock(&self.seat, FlockOperation::NonBlockingLockExclusive)?;
        }
        if !self.alone {
            // Whoever tries to have it alone and fails has it no more at all.
            flock(&self.seat, FlockOperation::LockShared)?;
        } else if !memory.lease().holds() {
            memory.forget_all();
            memory.lease().renew(memory.lease().asking(), ALONE);
        }
        flock(&self.door, FlockOperation::Unlock)?;
        Ok(self.alone)
    }

    fn make_room(&mut self, memory: &Memory) -> io::Result<()> {
        memory.lease().end();
        memory.forget_all();
        flock(&self.seat, FlockOperation::LockShared)?;
        self.alone = false;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

fn try_lock(file: &File, how: FlockOperation) -> io::Result<bool> {
    match flock(file, how) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
