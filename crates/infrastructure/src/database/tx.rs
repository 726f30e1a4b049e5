//! A transaction that SeaORM can use, whichever the database.

use super::{
    Context, Database, Pools,
    postgres::{End, Flight, Lease},
    sqlite,
};
use crate::{EXPORTED, memory::Memory};
use bailiwick_domain::UserId;
use futures_util::{Stream, TryStreamExt, lock::Mutex};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sqlx::Either;
use std::{mem, pin::pin, slice, time::Instant};
use tracing::{Instrument, Span};
use uuid::Uuid;

/// A transaction: committed, or it never was.
///
/// Its first statement opens it, so that both are one round trip. Each takes the connection and gives it back when it has
/// succeeded: after one that failed or was cut off there is nothing left to commit, on SQLite as on PostgreSQL, where a
/// `COMMIT` would roll back and call it a success.
pub(crate) struct Tx {
    database: Database,
    kind: Kind,
    state: Mutex<State>,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To change something.
    Write,
    /// To read.
    Read,
    /// To read what is asked for at once.
    Look,
}

enum State {
    /// Nobody has asked anything yet.
    Waiting(Context),
    Open(Open),
    Over,
}

enum Open {
    Postgres(Lease),
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
}

/// What is asked at once.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    /// Statements whose values stand apart.
    Prepared(&'a [Statement]),
    /// SQL as it is.
    Written(&'a str),
}

/// What a statement is answered with.
pub(super) struct Answer {
    done: ExecResult,
    rows: Vec<QueryResult>,
}

impl Tx {
    pub(super) fn new(database: Database, kind: Kind, who: Context) -> Self {
        Self {
            database,
            kind,
            state: Mutex::new(State::Waiting(who)),
        }
    }

    /// Shows this person's rows in all tenants as well, or nobody's any more.
    pub(crate) async fn show(&self, user: Option<UserId>) -> Result<(), DbErr> {
        self.set("user_id", user.map(UserId::as_uuid)).await
    }

    /// Changes for whom the transaction works, where row-level security asks.
    #[expect(clippy::disallowed_methods, reason = "it reads no table")]
    pub(super) async fn set(&self, setting: &str, id: Option<Uuid>) -> Result<(), DbErr> {
        if self.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        let set = format!("SET LOCAL app.{setting} = '{id}'");
        self.execute_unprepared(&set).await.map(|_| ())
    }

    /// Asks several things at once, and brings back the rows of each.
    pub(crate) async fn query_each(
        &self,
        statements: &[Statement],
    ) -> Result<Vec<Vec<QueryResult>>, DbErr> {
        let answers = self.ask(Asked::Prepared(statements), DbErr::Query).await?;
        Ok(answers.into_iter().map(|answer| answer.rows).collect())
    }

    /// Asks what is written out, and brings back the rows of its last statement.
    pub(super) async fn query_written(&self, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
        let answers = self.ask(Asked::Written(sql), DbErr::Query).await?;
        Ok(answers
            .into_iter()
            .next_back()
            .map(|answer| answer.rows)
            .unwrap_or_default())
    }

    /// Makes the work last.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.end(&[]).await
    }

    /// Makes the work last, which ends with this statement.
    pub(crate) async fn commit_with(self, last: &Statement) -> Result<(), DbErr> {
        self.end(slice::from_ref(last)).await
    }

    async fn end(mut self, mut last: &[Statement]) -> Result<(), DbErr> {
        if let State::Waiting(_) = self.state.get_mut() {
            if last.is_empty() {
                return Ok(());
            }
            self.ask(Asked::Prepared(last), DbErr::Exec).await?;
            last = &[];
        }
        let open = match mem::replace(self.state.get_mut(), State::Over) {
            State::Waiting(_) | State::Over => return Err(over()),
            State::Open(open) => open,
        };
        // Until it is known whom it has touched, that can be anybody.
        let doubt = Doubt(Some(&self.database.memory));
        let finish = self.finish(open, last);
        let touched = finish.instrument(self.span("commit")).await?;
        doubt.dispel();
        if touched.is_empty() {
            return Ok(());
        }
        let committed = Instant::now();
        self.database.memory.forget(touched);
        // It commits something itself, which touches nobody.
        let spread = Box::pin(self.database.spread()).await;
        let lag = committed.elapsed().as_secs_f64();
        self.database.metrics.revocations.observe(lag);
        spread
    }

    /// Commits, and says whom that has touched.
    async fn finish(&self, open: Open, last: &[Statement]) -> Result<Vec<Uuid>, DbErr> {
        let failed = |error| self.database.silence.told(DbErr::Exec, error);
        let asked = Asked::Prepared(last);
        match open {
            Open::Postgres(mut lease) => {
                let flight = Flight {
                    begin: None,
                    asked,
                    end: End::Done,
                };
                let answers = lease.fly(flight).await.map_err(failed)?;
                let touched = answers.last().and_then(|answer| answer.rows.first());
                let touched = touched.map(|row| row.try_get::<Option<String>>("", "touched"));
                let touched = touched.transpose()?.flatten().unwrap_or_default();
                let ids = touched.split_whitespace().map(str::parse);
                ids.collect::<Result<_, _>>().map_err(|_| {
                    DbErr::Custom("`app.touched` holds something else than ids".to_owned())
                })
            }
            Open::Sqlite(mut transaction) => {
                sqlite::ask(&mut transaction, asked).await.map_err(failed)?;
                let touched = sqlite::ask(&mut transaction, Asked::Written(sqlite::TOUCHED)).await;
                let touched = touched.map_err(failed)?;
                transaction.commit().await.map_err(failed)?;
                let rows = touched.iter().flat_map(|answer| &answer.rows);
                rows.map(|row| row.try_get("", "owner")).collect()
            }
        }
    }

    async fn ask(
        &self,
        asked: Asked<'_>,
        kind: fn(RuntimeErr) -> DbErr,
    ) -> Result<Vec<Answer>, DbErr> {
        let answers = self.put(asked, kind);
        answers.instrument(self.span("ask")).await
    }

    /// A span for a collector, around what the database is waited for.
    fn span(&self, operation: &'static str) -> Span {
        let system = match self.database.pools {
            Pools::Postgres(_) => "postgresql",
            Pools::Sqlite(_) => "sqlite",
        };
        tracing::info_span!(
            target: EXPORTED,
            "database",
            otel.kind = "client",
            db.system.name = system,
            db.operation.name = operation,
        )
    }

    async fn put(
        &self,
        asked: Asked<'_>,
        kind: fn(RuntimeErr) -> DbErr,
    ) -> Result<Vec<Answer>, DbErr> {
        let mut state = self.state.lock().await;
        let (open, answers) = match mem::replace(&mut *state, State::Over) {
            State::Over => return Err(over()),
            State::Waiting(who) => {
                let opened = self.open(who, asked, kind).await;
                self.database.heard(opened)?
            }
            State::Open(mut open) => {
                let answers = match &mut open {
                    Open::Postgres(lease) => lease.fly(Flight::within(asked)).await,
                    Open::Sqlite(transaction) => sqlite::ask(transaction, asked).await,
                };
                let silence = &self.database.silence;
                let answers = answers.map_err(|error| silence.told(kind, error))?;
                (Some(open), answers)
            }
        };
        if let Some(open) = open {
            *state = State::Open(open);
        }
        Ok(answers)
    }

    /// Opens it by what is asked first. Whoever only looks is done with that.
    async fn open(
        &self,
        who: Context,
        asked: Asked<'_>,
        kind: fn(RuntimeErr) -> DbErr,
    ) -> Result<(Option<Open>, Vec<Answer>), DbErr> {
        let look = self.kind == Kind::Look;
        let failed = |error: sqlx::Error| kind(RuntimeErr::SqlxError(error.into()));
        match &self.database.pools {
            Pools::Postgres(pool) => {
                let begin = match self.kind {
                    Kind::Write => "BEGIN",
                    Kind::Read | Kind::Look => "BEGIN READ ONLY",
                };
                let flight = Flight {
                    begin: Some(&who.begin(begin)),
                    asked,
                    end: if look { End::Looked } else { End::Open },
                };
                let (lease, answers) = pool.open(flight, failed).await?;
                Ok(((!look).then_some(Open::Postgres(lease)), answers))
            }
            Pools::Sqlite(pools) => {
                if let (true, Asked::Prepared([_])) = (look, asked) {
                    let mut connection = pools.look().await?;
                    let answers = sqlite::ask(&mut connection, asked).await.map_err(failed)?;
                    return Ok((None, answers));
                }
                let mut transaction = match self.kind {
                    Kind::Write => pools.write().await?,
                    Kind::Read | Kind::Look => pools.read().await?,
                };
                let answers = sqlite::ask(&mut transaction, asked).await.map_err(failed)?;
                Ok(((!look).then_some(Open::Sqlite(transaction)), answers))
            }
        }
    }

    async fn rows(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let statement = slice::from_ref(statement);
        let mut answers = self.query_each(statement).await?;
        Ok(answers.pop().unwrap_or_default())
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        match self.database.pools {
            Pools::Postgres(_) => DbBackend::Postgres,
            Pools::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let asked = Asked::Prepared(slice::from_ref(&statement));
        let answer = self.ask(asked, DbErr::Exec).await?.pop();
        answer.map(|answer| answer.done).ok_or_else(over)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let answer = self.ask(Asked::Written(sql), DbErr::Exec).await?.pop();
        answer.map(|answer| answer.done).ok_or_else(over)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.rows(&statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.rows(&statement).await
    }
}

/// What was asked, as a connection answers it.
pub(super) async fn answers<Done, Row>(
    parts: impl Stream<Item = Result<Either<Done, Row>, sqlx::Error>>,
) -> Result<Vec<Answer>, sqlx::Error>
where
    Done: Into<ExecResult>,
    Row: Into<QueryResult>,
{
    let mut parts = pin!(parts);
    let mut answers = Vec::new();
    let mut rows = Vec::new();
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Right(row) => rows.push(row.into()),
            Either::Left(done) => answers.push(Answer {
                done: done.into(),
                rows: mem::take(&mut rows),
            }),
        }
    }
    Ok(answers)
}

/// While it lasts, nobody knows whom a transaction has touched.
struct Doubt<'a>(Option<&'a Memory>);

impl Doubt<'_> {
    fn dispel(mut self) {
        self.0 = None;
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(memory) = self.0 {
            memory.forget_all();
        }
    }
}

fn over() -> DbErr {
    DbErr::Custom("a statement of the transaction failed or was cut off, which ended it".to_owned())
}
