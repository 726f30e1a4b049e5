//! When the database did not answer: whoever was cut off by it may come back later than they would have otherwise.

use super::lost;
use sea_orm::{DbErr, RuntimeErr};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Of two failures that are closer than this, the second belongs to the outage of the first, whatever was answered between
/// them: not everything breaks at once, nor heals.
const APART: Duration = Duration::from_secs(30);

/// The last outage, as this process has met it.
#[derive(Debug, Clone, Default)]
pub(super) struct Silence(Arc<Heard>);

#[derive(Debug, Default)]
struct Heard {
    last: Mutex<Option<Span>>,
    /// Whether the database has answered since.
    answered: AtomicBool,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    first: Instant,
    last: Instant,
}

/// How long ago an outage was first noticed, and how long ago it was last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silent {
    pub(crate) first: Duration,
    pub(crate) last: Duration,
}

impl Silence {
    /// Takes note of an error, if it says that the database does not answer.
    pub(super) fn hear(&self, error: &DbErr) {
        if lost(error) {
            self.note();
        }
    }

    /// What SeaORM calls this error of a statement, of which note is taken.
    pub(super) fn told(&self, kind: fn(RuntimeErr) -> DbErr, error: sqlx::Error) -> DbErr {
        let error = kind(RuntimeErr::SqlxError(error.into()));
        self.hear(&error);
        error
    }

    fn note(&self) {
        let now = Instant::now();
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = self.0.answered.swap(false, Relaxed);
        let going_on = last.filter(|span| !answered || now.duration_since(span.last) < APART);
        *last = Some(Span {
            first: going_on.map_or(now, |span| span.first),
            last: now,
        });
    }

    /// The database has answered.
    pub(super) fn end(&self) {
        // Read before it is written: all threads come by here, and almost never is there anything to say.
        if !self.0.answered.load(Relaxed) {
            self.0.answered.store(true, Relaxed);
        }
    }

    pub(super) fn last(&self) -> Option<Silent> {
        let last = *self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|span| Silent {
            first: span.first.elapsed(),
            last: span.last.elapsed(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn an_outage_lasts_until_there_is_an_answer_and_some_time_after() {
        let silence = Silence::default();
        assert_eq!(silence.last(), None);
        silence.note();
        // However seldom anybody asks.
        advance(100 * SECOND).await;
        silence.note();
        let first = |silence: &Silence| silence.last().unwrap().first;
        assert_eq!(first(&silence), 100 * SECOND);

        silence.end();
        advance(APART - SECOND).await;
        silence.note();
        assert_eq!(first(&silence), 99 * SECOND + APART);

        silence.end();
        advance(APART).await;
        silence.note();
        assert_eq!(first(&silence), Duration::ZERO);
        advance(SECOND).await;
        let now = Silent {
            first: SECOND,
            last: SECOND,
        };
        assert_eq!(silence.last(), Some(now));
    }
}
