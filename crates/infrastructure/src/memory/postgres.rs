//! Replicas on one PostgreSQL: what one has changed, the others forget before it is answered.
//!
//! Every replica with a lease has a row in `replicas`, and listens. Touches reach it with the commit that made them, in the
//! order of commits. Whoever has committed a change asks everybody with a lease whether they have heard so far, and waits
//! for their answers; those who say nothing lose their lease, which is waited for as well.

use super::Memory;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

/// How long a lease lasts.
const LEASE: Duration = Duration::from_secs(1);
/// How often it is renewed.
const RENEW: Duration = Duration::from_millis(300);
/// How long whoever was asked may take to answer before their lease is taken from them.
const PATIENCE: Duration = Duration::from_millis(150);
/// How long to wait before listening again, after the database could not be reached.
const AGAIN: Duration = Duration::from_millis(500);

/// Where triggers and replicas speak.
const CHANNEL: &str = "bailiwick_facts";
/// The time of the database, in microseconds: for whoever looks at the table.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// What this replica has to do with the others.
#[derive(Debug)]
pub(crate) struct Exchange {
    me: Uuid,
    asked: AtomicU64,
    /// What the others have answered: the newest of our questions that each has heard.
    told: watch::Sender<HashMap<Uuid, u64>>,
}

/// What is said on the channel.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    /// Somebody's access was changed.
    Touched(Uuid),
    /// `who` asks whether this has been heard.
    Asked { who: Uuid, number: u64 },
    /// `by` has heard what `who` asked, and everything before.
    Heard { who: Uuid, number: u64, by: Uuid },
}

impl Word {
    fn of(payload: &str) -> Option<Self> {
        let words: Vec<_> = payload.split(' ').collect();
        match words.as_slice() {
            [owner] => owner.parse().ok().map(Self::Touched),
            ["?", who, number] => Some(Self::Asked {
                who: who.parse().ok()?,
                number: number.parse().ok()?,
            }),
            ["!", who, number, by] => Some(Self::Heard {
                who: who.parse().ok()?,
                number: number.parse().ok()?,
                by: by.parse().ok()?,
            }),
            _ => None,
        }
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Touched(owner) => write!(f, "{owner}"),
            Self::Asked { who, number } => write!(f, "? {who} {number}"),
            Self::Heard { who, number, by } => write!(f, "! {who} {number} {by}"),
        }
    }
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            me: Uuid::now_v7(),
            asked: AtomicU64::new(0),
            told: watch::Sender::default(),
        }
    }
}

/// A question that the others are to answer.
pub(crate) struct Question {
    number: u64,
    /// Asks them, and looks who may have a lease: their `id`s.
    pub(crate) sql: String,
}

impl Exchange {
    /// A new question: it is answered by whoever has heard of everything that was committed before.
    pub(crate) fn question(&self) -> Question {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let me = self.me;
        let ask = Word::Asked { who: me, number };
        Question {
            number,
            sql: format!(
                "SELECT pg_notify('{CHANNEL}', '{ask}');
                 SELECT id FROM replicas WHERE id <> '{me}'"
            ),
        }
    }

    /// Waits for the others to answer, and says who has not.
    pub(crate) async fn answered(&self, question: &Question, others: &[Uuid]) -> Vec<Uuid> {
        let mut told = self.told.subscribe();
        let missing = |told: &HashMap<Uuid, u64>| {
            let silent = |id: &&Uuid| told.get(id).is_none_or(|&last| last < question.number);
            others.iter().filter(silent).copied().collect::<Vec<_>>()
        };
        let all = told.wait_for(|told| missing(told).is_empty());
        if matches!(timeout(PATIENCE, all).await, Ok(Ok(_))) {
            return Vec::new();
        }
        missing(&self.told.borrow())
    }

    /// What keeps these from renewing their leases.
    pub(crate) fn expulsion(silent: &[Uuid]) -> String {
        let ids = silent.iter().map(|id| format!("'{id}'"));
        let ids = ids.collect::<Vec<_>>().join(", ");
        format!("DELETE FROM replicas WHERE id IN ({ids})")
    }

    /// Waits until whoever cannot renew their lease has none any more. It is as long as a lease can be: what the clock of the
    /// database says need not be so, since it may have been set.
    pub(crate) async fn outlive() {
        sleep(LEASE).await;
    }

    /// Listens until it is over; while it hears and `memory` is wanted, that has a lease.
    pub(crate) async fn listen(
        self: Arc<Self>,
        connect: PgConnectOptions,
        memory: Option<Memory>,
        over: CancellationToken,
    ) {
        while !over.is_cancelled() {
            let heard = over
                .run_until_cancelled(self.hear(&connect, memory.as_ref()))
                .await;
            if let Some(memory) = &memory {
                memory.lease().end();
                memory.forget_all();
            }
            if let Some(Err(error)) = heard {
                tracing::warn!(error = %error, "changes of access by others cannot be heard: everything is looked up");
                over.run_until_cancelled(sleep(AGAIN)).await;
            }
        }
        // Nobody waits for who is gone.
        let leave = async {
            let mut line = connect.connect().await?;
            line.execute(AssertSqlSafe(format!(
                "DELETE FROM replicas WHERE id = '{}'",
                self.me
            )))
            .await?;
            line.close().await
        };
        let _ = timeout(LEASE, leave).await;
    }

    async fn hear(
        &self,
        connect: &PgConnectOptions,
        memory: Option<&Memory>,
    ) -> Result<(), sqlx::Error> {
        let (words, mut heard) = mpsc::unbounded_channel();
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(connect.clone())
            .await?;
        let mut ears = PgListener::connect_with(&pool).await?;
        ears.eager_reconnect(false);
        ears.listen(CHANNEL).await?;
        let _listening = AbortOnDropHandle::new(tokio::spawn(async move {
            // What is said while it does not hear is lost: whoever connects again has to begin anew.
            while let Ok(Some(word)) = ears.try_recv().await {
                if words.send(word.payload().to_owned()).is_err() {
                    return;
                }
            }
        }));
        let mut voice = connect.connect().await?;
        let mut renewal = interval(RENEW);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut member = false;
        loop {
            tokio::select! {
                _ = renewal.tick() => if let Some(memory) = memory {
                    member = self.renew(&mut voice, memory, member).await?;
                },
                word = heard.recv() => {
                    let word = word.ok_or(sqlx::Error::PoolClosed)?;
                    self.take(Word::of(&word), &mut voice, memory).await?;
                }
            }
        }
    }

    /// Renews the lease of a member, or makes this replica one. It is none any more when it was expelled.
    async fn renew(
        &self,
        voice: &mut PgConnection,
        memory: &Memory,
        member: bool,
    ) -> Result<bool, sqlx::Error> {
        let me = self.me;
        let asking = memory.lease().asking();
        let sql = if member {
            format!("UPDATE replicas SET renewed_at = {NOW} WHERE id = '{me}'")
        } else {
            memory.lease().end();
            memory.forget_all();
            format!(
                "INSERT INTO replicas (id, renewed_at) VALUES ('{me}', {NOW})
                 ON CONFLICT (id) DO UPDATE SET renewed_at = excluded.renewed_at"
            )
        };
        let renewed = timeout(LEASE, voice.execute(AssertSqlSafe(sql))).await;
        let renewed = renewed.map_err(|_| sqlx::Error::PoolTimedOut)??;
        if renewed.rows_affected() == 0 {
            memory.lease().end();
            memory.forget_all();
            return Ok(false);
        }
        memory.lease().renew(asking, LEASE);
        Ok(true)
    }

    async fn take(
        &self,
        word: Option<Word>,
        voice: &mut PgConnection,
        memory: Option<&Memory>,
    ) -> Result<(), sqlx::Error> {
        match word {
            Some(Word::Touched(owner)) => {
                if let Some(memory) = memory {
                    memory.forget([owner]);
                }
            }
            Some(Word::Asked { who, number }) if who != self.me => {
                let by = self.me;
                let heard = Word::Heard { who, number, by };
                voice
                    .execute(AssertSqlSafe(format!(
                        "SELECT pg_notify('{CHANNEL}', '{heard}')"
                    )))
                    .await?;
            }
            Some(Word::Heard { who, number, by }) if who == self.me => {
                self.told.send_modify(|told| {
                    let last = told.entry(by).or_default();
                    *last = number.max(*last);
                });
            }
            Some(Word::Asked { .. } | Word::Heard { .. }) => {}
            // Whoever speaks here and is not understood may have changed anything.
            None => {
                if let Some(memory) = memory {
                    memory.forget_all();
                }
            }
        }
        Ok(())
    }
}
