//! What both databases promise, and what each promises by itself.

#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the tables from outside"
)]

use super::*;
use bailiwick_testkit::{
    network::{PostgresWire, Wire},
    postgres,
};
use prometheus_client::encoding::text::encode;
use proptest::{
    arbitrary::any,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use std::{
    future::Future,
    pin::pin,
    task::{self, Waker},
    time::Instant,
};
use tempfile::TempDir;
use tokio::task::yield_now;

/// A database with an empty table `marks (id)`, and an administrator's connection to look at it from outside.
struct Scratch {
    url: String,
    admin: DatabaseConnection,
    _keep: Keep,
}

enum Keep {
    Sqlite(#[expect(dead_code, reason = "deleted with this value")] TempDir),
    Postgres(#[expect(dead_code, reason = "dropped with this value")] postgres::Database),
}

impl Scratch {
    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("new/folder/db").display());
        Self::new(url, Keep::Sqlite(folder)).await
    }

    async fn postgres() -> Option<Self> {
        let database = postgres::database().await?;
        Some(Self::new(database.url().to_owned(), Keep::Postgres(database)).await)
    }

    async fn each() -> Vec<Self> {
        [Some(Self::sqlite().await), Self::postgres().await]
            .into_iter()
            .flatten()
            .collect()
    }

    async fn new(url: String, keep: Keep) -> Self {
        let admin = Database::connect_to_migrate(&url).await.unwrap();
        for table in [
            "marks (id bigint PRIMARY KEY)",
            "touched (owner uuid PRIMARY KEY)",
        ] {
            let create = format!("CREATE TABLE {table}");
            admin.execute_unprepared(&create).await.unwrap();
        }
        Self {
            url,
            admin,
            _keep: keep,
        }
    }

    async fn connect(&self, connections: u32) -> Database {
        self.connect_and_wait(connections, Duration::from_secs(10))
            .await
    }

    async fn connect_and_wait(&self, connections: u32, wait: Duration) -> Database {
        let options = DatabaseOptions {
            connections,
            wait,
            ..DatabaseOptions::default()
        };
        Database::connect(&self.url, options).await.unwrap()
    }
}

const MARK: &str = "INSERT INTO marks VALUES (1)";

async fn one<T: sea_orm::TryGetable>(db: &impl ConnectionTrait, sql: &str) -> T {
    rows(db, sql)
        .await
        .unwrap()
        .first()
        .unwrap()
        .try_get_by_index(0)
        .unwrap()
}

async fn rows(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
}

/// The transaction, opened.
async fn opened(tx: Tx) -> Result<Tx, DbErr> {
    rows(&tx, "SELECT 1").await?;
    Ok(tx)
}

async fn marks(db: &impl ConnectionTrait) -> i64 {
    one(db, "SELECT count(*) FROM marks").await
}

fn somebody() -> Context {
    let tenant = TenantId::from_uuid(Uuid::new_v4());
    Context::person(UserId::from_uuid(Uuid::new_v4())).and_tenant(Some(tenant))
}

/// Goes so far with `work`, and then away.
async fn abandon(work: impl Future, polls: usize) {
    let mut work = pin!(work);
    for _ in 0..polls {
        let mut nobody = task::Context::from_waker(Waker::noop());
        if work.as_mut().poll(&mut nobody).is_ready() {
            return;
        }
        yield_now().await;
    }
}

#[tokio::test]
async fn what_is_asked_last_and_the_end_are_one() {
    for scratch in Scratch::each().await {
        let db = scratch.connect(1).await;
        let backend = scratch.admin.get_database_backend();
        let mark = Statement::from_string(backend, MARK);
        // Also where nobody has asked anything before.
        db.begin(somebody()).commit_with(&mark).await.unwrap();
        assert_eq!(marks(&scratch.admin).await, 1);

        let tx = opened(db.begin(somebody())).await.unwrap();
        let twice = tx.commit_with(&mark).await.unwrap_err();
        assert!(matches!(
            twice.sql_err(),
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
        ));
        let tx = opened(db.begin(somebody())).await.unwrap();
        let another = Statement::from_string(backend, "INSERT INTO marks VALUES (2)");
        tx.commit_with(&another).await.unwrap();
        assert_eq!(marks(&scratch.admin).await, 2);
    }
}

#[tokio::test]
async fn whoever_looks_sees_one_moment_and_leaves_nothing_open() {
    for scratch in Scratch::each().await {
        let db = scratch.connect(1).await;
        let count = || {
            let sql = "SELECT count(*) AS marks FROM marks";
            Statement::from_string(scratch.admin.get_database_backend(), sql)
        };
        let number = |rows: &[QueryResult]| rows[0].try_get::<i64>("", "marks").unwrap();

        let look = db.look(somebody());
        let answers = look.query_each(&[count(), count()]).await.unwrap();
        assert_eq!(answers.iter().map(|rows| number(rows)).sum::<i64>(), 0);
        let again = look.query_each(&[count()]).await;
        assert!(again.is_err(), "it is over with the first answer");
        // The only connection is free again, although `look` is still here.
        let written = db.look(somebody()).execute_unprepared(MARK).await;
        assert!(!unavailable(&written.unwrap_err()));
        assert_eq!(marks(&scratch.admin).await, 0);
    }
}

#[tokio::test]
async fn what_is_committed_lasts_and_what_is_dropped_never_was() {
    for scratch in Scratch::each().await {
        let db = scratch.connect(1).await;

        let tx = opened(db.begin(somebody())).await.unwrap();
        tx.execute_unprepared(MARK).await.unwrap();
        drop(tx);
        let tx = opened(db.begin(somebody())).await.unwrap();
        assert_eq!(marks(&tx).await, 0);
        tx.execute_unprepared(MARK).await.unwrap();
        tx.commit().await.unwrap();

        let tx = opened(db.read(somebody())).await.unwrap();
        assert_eq!(marks(&tx).await, 1);
    }
}

#[tokio::test]
async fn a_reading_transaction_cannot_write() {
    for scratch in Scratch::each().await {
        let db = scratch.connect(1).await;
        let tx = opened(db.read(somebody())).await.unwrap();
        let refused = tx.execute_unprepared(MARK).await.unwrap_err();
        assert!(!unavailable(&refused));
    }
}

#[tokio::test]
async fn a_statement_that_failed_ends_the_transaction() {
    for scratch in Scratch::each().await {
        let db = scratch.connect(1).await;
        let tx = opened(db.begin(somebody())).await.unwrap();
        tx.execute_unprepared(MARK).await.unwrap();
        let twice = tx.execute_unprepared(MARK).await.unwrap_err();
        assert!(matches!(
            twice.sql_err(),
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
        ));
        tx.execute_unprepared("INSERT INTO marks VALUES (2)")
            .await
            .unwrap_err();
        tx.commit().await.unwrap_err();
        assert_eq!(marks(&scratch.admin).await, 0);
    }
}

#[tokio::test]
async fn a_statement_that_was_cut_off_ends_the_transaction() {
    for scratch in Scratch::each().await {
        let db = scratch.connect(1).await;
        for polls in 1..4 {
            let tx = opened(db.begin(somebody())).await.unwrap();
            abandon(tx.execute_unprepared(MARK), polls).await;
            let whole = rows(&tx, "SELECT 1").await.is_ok();
            assert_eq!(tx.commit().await.is_ok(), whole);
            assert_eq!(marks(&scratch.admin).await, i64::from(whole));
            scratch
                .admin
                .execute_unprepared("DELETE FROM marks")
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn whoever_goes_away_while_beginning_leaves_no_transaction_behind() {
    for scratch in Scratch::each().await {
        let db = scratch.connect(2).await;
        for round in 0..400 {
            abandon(opened(db.begin(somebody())), round % 8).await;
            abandon(opened(db.read(somebody())), round % 5).await;

            let ours = somebody();
            let tx = opened(db.begin(ours)).await.unwrap();
            if tx.get_database_backend() == DbBackend::Postgres {
                let fresh = "SELECT pg_current_xact_id_if_assigned() IS NULL";
                assert!(one::<bool>(&tx, fresh).await);
                let tenant: String = one(&tx, "SELECT current_setting('app.tenant_id')").await;
                assert_eq!(tenant, ours.tenant.unwrap().to_string());
            }
            tx.execute_unprepared(MARK).await.unwrap();
            drop(tx);
        }
        assert_eq!(marks(&scratch.admin).await, 0);
    }
}

#[tokio::test]
async fn whoever_waits_too_long_for_a_connection_is_told_to_come_back() {
    for scratch in Scratch::each().await {
        let db = scratch.connect_and_wait(1, Duration::from_secs(1)).await;
        let tx = opened(db.begin(somebody())).await.unwrap();
        let error = opened(db.begin(somebody())).await.err().unwrap();
        assert!(matches!(
            error,
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
        ));
        assert!(unavailable(&error));
        assert!(db.silence().is_none(), "a crowd is no outage");
        drop(tx);
        opened(db.begin(somebody())).await.unwrap();
    }
}

#[tokio::test]
async fn who_has_a_connection_and_who_waits_for_one_is_counted() {
    for scratch in Scratch::each().await {
        let db = scratch.connect(1).await;
        let pool = match db.pools {
            Pools::Postgres(_) => "postgres",
            Pools::Sqlite(_) => "writer",
        };
        let used = || {
            ["connections_max", "connections_in_use", "waiting"].map(|name| {
                let mut registry = Registry::default();
                db.register(&mut registry);
                let mut text = String::new();
                encode(&mut text, &registry).unwrap();
                let sample = format!("bailiwick_database_{name}{{pool=\"{pool}\"}} ");
                let value = text.lines().find_map(|line| line.strip_prefix(&sample));
                value.unwrap().parse::<i64>().unwrap()
            })
        };
        assert_eq!(used(), [1, 0, 0]);

        let tx = opened(db.begin(somebody())).await.unwrap();
        assert_eq!(used(), [1, 1, 0]);
        {
            let mut waiting = pin!(opened(db.begin(somebody())));
            let mut nobody = task::Context::from_waker(Waker::noop());
            assert!(waiting.as_mut().poll(&mut nobody).is_pending());
            assert_eq!(used(), [1, 1, 1]);
        }
        // Whoever goes away waits no more.
        assert_eq!(used(), [1, 1, 0]);
        tx.commit().await.unwrap();
        opened(db.begin(somebody())).await.unwrap();
    }
}

#[tokio::test]
async fn only_files_and_servers_are_databases() {
    for url in [
        "sqlite::memory:",
        "sqlite://db?mode=memory",
        "sqlite:",
        "sqlite://",
    ] {
        let refused = Database::connect(url, DatabaseOptions::default())
            .await
            .err();
        assert!(matches!(refused, Some(ConnectError::Memory)), "{url}");
    }
    for url in ["mysql://root@localhost/x", "db", ""] {
        let refused = Database::connect(url, DatabaseOptions::default())
            .await
            .err();
        assert!(matches!(refused, Some(ConnectError::Scheme)), "{url}");
    }
}

#[tokio::test]
async fn five_who_open_one_new_file_at_once_all_can_and_migrate_it() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("db").display());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let url = url.clone();
            tasks.spawn(async move {
                let db = Database::connect_to_migrate(&url).await.unwrap();
                bailiwick_migration::up(&db).await.unwrap();
                let db = Database::connect(&url, DatabaseOptions::default())
                    .await
                    .unwrap();
                let tx = opened(db.read(Context::nobody())).await.unwrap();
                assert_eq!(bailiwick_migration::pending(&tx).await.unwrap(), 0);
            });
        }
        tasks.join_all().await;
    }
}

#[tokio::test]
async fn readers_of_a_file_do_not_wait_for_its_writer() {
    let scratch = Scratch::sqlite().await;
    let db = scratch.connect(2).await;
    let writer = opened(db.begin(somebody())).await.unwrap();
    writer.execute_unprepared(MARK).await.unwrap();

    let reader = opened(db.read(somebody())).await.unwrap();
    assert_eq!(marks(&reader).await, 0);
    writer.commit().await.unwrap();
    assert_eq!(marks(&reader).await, 0, "a transaction sees one moment");
}

#[tokio::test]
async fn an_abandoned_transaction_gives_its_locks_back_by_itself() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    scratch.admin.execute_unprepared(MARK).await.unwrap();
    let db = scratch.connect(1).await;
    let tx = opened(db.begin(somebody())).await.unwrap();
    tx.execute_unprepared("UPDATE marks SET id = 2")
        .await
        .unwrap();

    let start = Instant::now();
    drop(tx);
    scratch
        .admin
        .execute_unprepared("UPDATE marks SET id = 3")
        .await
        .unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_transaction_abandoned_with_its_runtime_is_rolled_back_before_the_connection_is_lent_again()
 {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let db = scratch.connect(1).await;
    let tx = opened(db.begin(somebody())).await.unwrap();
    tx.execute_unprepared(MARK).await.unwrap();

    let elsewhere = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { drop(tx) });
    });
    elsewhere.join().unwrap();

    let tx = opened(db.begin(Context::nobody())).await.unwrap();
    assert!(one::<bool>(&tx, "SELECT pg_current_xact_id_if_assigned() IS NULL").await);
    assert_eq!(
        one::<String>(&tx, "SELECT current_setting('app.tenant_id')").await,
        ""
    );
}

#[tokio::test]
async fn a_commit_that_fails_says_so() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let deferred =
        "ALTER TABLE marks ADD next bigint REFERENCES marks DEFERRABLE INITIALLY DEFERRED";
    scratch.admin.execute_unprepared(deferred).await.unwrap();
    let db = scratch.connect(1).await;

    let tx = opened(db.begin(somebody())).await.unwrap();
    tx.execute_unprepared("INSERT INTO marks VALUES (1, 7)")
        .await
        .unwrap();
    tx.commit().await.unwrap_err();
    assert_eq!(marks(&scratch.admin).await, 0);
    opened(db.begin(somebody())).await.unwrap();
}

#[tokio::test]
async fn whoever_begins_after_the_server_dropped_every_connection_notices_nothing() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let db = scratch.connect(3).await;
    for _ in 0..3 {
        let [a, b, c] = [(); 3].map(|()| opened(db.begin(somebody())));
        for tx in [a.await.unwrap(), b.await.unwrap(), c.await.unwrap()] {
            tx.commit().await.unwrap();
        }
        let killed = rows(&scratch.admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
        assert_eq!(killed.unwrap().len(), 3);
    }
    opened(db.read(somebody())).await.unwrap();
}

#[tokio::test]
async fn a_transaction_whose_server_process_died_is_told_to_come_back() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let db = scratch.connect(1).await;
    let tx = opened(db.begin(somebody())).await.unwrap();
    let pid: i32 = one(&tx, "SELECT pg_backend_pid()").await;
    scratch
        .admin
        .execute_unprepared(&format!("SELECT pg_terminate_backend({pid})"))
        .await
        .unwrap();
    assert!(db.silence().is_none());
    let error = tx.execute_unprepared(MARK).await.unwrap_err();
    assert!(unavailable(&error), "{error}");
    assert!(db.silence().is_some());
    opened(db.begin(somebody())).await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_and_its_connection_with_it() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let wire = PostgresWire::to(&scratch.url).await.unwrap();
    let options = DatabaseOptions {
        connections: 1,
        wait: Duration::from_secs(1),
        statement: Duration::from_millis(100),
        ..DatabaseOptions::default()
    };
    let db = Database::connect(wire.url(), options).await.unwrap();
    let tx = opened(db.begin(somebody())).await.unwrap();
    wire.set(Wire::Silent);

    let error = tx.execute_unprepared(MARK).await.unwrap_err();
    assert!(unavailable(&error), "{error}");
    drop(tx);
    let error = opened(db.begin(somebody())).await.err().unwrap();
    assert!(unavailable(&error), "{error}");
    assert!(db.silence().is_some());

    wire.set(Wire::Whole);
    let tx = opened(db.begin(somebody())).await.unwrap();
    assert_eq!(marks(&tx).await, 0);
}

#[tokio::test]
async fn the_server_knows_who_we_are_and_how_long_we_wait() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let db = scratch.connect(1).await;
    let tx = opened(db.begin(Context::nobody())).await.unwrap();
    for (name, value) in [
        ("application_name", "bailiwick"),
        ("statement_timeout", "10s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ] {
        assert_eq!(
            one::<String>(&tx, &format!("SELECT current_setting('{name}')")).await,
            value
        );
    }
}

#[tokio::test]
async fn whoever_goes_away_while_a_statement_is_prepared_disturbs_nobody() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let db = scratch.connect(1).await;
    for round in 0..100 {
        let sql = format!("SELECT {round}::bigint");
        abandon(rows(&db.look(somebody()), &sql), round % 10).await;
        let next = i64::try_from(round).unwrap() + 1000;
        let sql = format!("SELECT {next}::bigint");
        assert_eq!(one::<i64>(&db.look(somebody()), &sql).await, next);
    }
}

#[tokio::test]
async fn values_that_are_written_out_arrive_as_they_are() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let db = scratch.connect(1).await;
    let texts = proptest::collection::vec(any::<Option<String>>(), 5);
    let values = (
        texts,
        any::<Option<Vec<u8>>>(),
        any::<Option<i64>>(),
        any::<Option<i32>>(),
        any::<Option<bool>>(),
        any::<Option<[u8; 16]>>(),
    );
    let mut runner = TestRunner::default();
    for _ in 0..200 {
        let (mut texts, bytes, big, int, truth, id) =
            values.new_tree(&mut runner).unwrap().current();
        texts.push(Some("'; DROP TABLE marks; -- \\' $$ \"'".to_owned()));
        let id = id.map(Uuid::from_bytes);
        for text in texts {
            // PostgreSQL has no texts with a zero in them.
            let text = text.map(|text| text.replace('\0', ""));
            let asked = Statement::from_sql_and_values(
                DbBackend::Postgres,
                "SELECT $1 AS a, $2 AS b, $3 AS c, $4 AS d, $5 AS e, $6 AS f",
                [
                    text.clone().into(),
                    bytes.clone().into(),
                    big.into(),
                    int.into(),
                    truth.into(),
                    id.into(),
                ],
            );
            let row = db.look(somebody()).query_one_raw(asked).await.unwrap();
            let row = row.unwrap();
            assert_eq!(row.try_get::<Option<String>>("", "a").unwrap(), text);
            assert_eq!(row.try_get::<Option<Vec<u8>>>("", "b").unwrap(), bytes);
            assert_eq!(row.try_get::<Option<i64>>("", "c").unwrap(), big);
            assert_eq!(row.try_get::<Option<i32>>("", "d").unwrap(), int);
            assert_eq!(row.try_get::<Option<bool>>("", "e").unwrap(), truth);
            assert_eq!(row.try_get::<Option<Uuid>>("", "f").unwrap(), id);
        }
    }
}

/// Works on another thread, with a runtime of its own, as workers do.
async fn elsewhere<T: Send + 'static>(
    db: &Database,
    work: impl AsyncFnOnce(Database) -> T + Send + 'static,
) -> T {
    let db = db.clone();
    let thread = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(work(db))
    });
    thread.await.unwrap()
}

const PROCESS: &str = "SELECT pg_backend_pid()";

#[tokio::test]
async fn a_thread_has_connections_of_its_own_and_shares_the_others() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let options = DatabaseOptions {
        connections: 8,
        threads: 2,
        wait: Duration::from_millis(50),
        ..DatabaseOptions::default()
    };
    let db = Database::connect(&scratch.url, options).await.unwrap();
    // Half of all are everybody's.
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(opened(db.read(somebody())).await.unwrap());
    }
    assert!(unavailable(
        &opened(db.read(somebody())).await.err().unwrap()
    ));

    let (own, more) = elsewhere(&db, async |db| {
        let mut own = Vec::new();
        for _ in 0..2 {
            own.push(opened(db.read(somebody())).await.unwrap());
        }
        let more = opened(db.read(somebody())).await.is_ok();
        (own.len(), more)
    })
    .await;
    assert_eq!((own, more), (2, false));

    // And when there are more, a thread has them as well.
    held.clear();
    let all = elsewhere(&db, async |db| {
        let mut all = Vec::new();
        for _ in 0..6 {
            all.push(opened(db.read(somebody())).await.unwrap());
        }
        all.len()
    });
    assert_eq!(all.await, 6);
}

#[tokio::test]
async fn a_threads_own_connection_that_has_died_is_replaced() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let options = DatabaseOptions {
        threads: 1,
        ..DatabaseOptions::default()
    };
    let db = Database::connect(&scratch.url, options).await.unwrap();
    let admin = scratch.admin.clone();

    let (before, after) = elsewhere(&db, async move |db| {
        let before: i32 = one(&db.look(somebody()), PROCESS).await;
        let end = format!("SELECT pg_terminate_backend({before}, 5000)");
        assert!(one::<bool>(&admin, &end).await);
        (before, one::<i32>(&db.look(somebody()), PROCESS).await)
    })
    .await;

    assert_ne!(before, after);
}

#[tokio::test]
async fn a_connection_lent_again_knows_nobody() {
    let Some(scratch) = Scratch::postgres().await else {
        return;
    };
    let db = scratch.connect(1).await;
    let names = ["tenant_id", "user_id", "operator_id", "invitation", "sweep"];
    let names = names.map(|name| format!("app.{name}"));
    let tx = opened(db.begin(somebody())).await.unwrap();
    // What somebody slips in for longer than their transaction is not believed either.
    for name in &names {
        let slip = format!("SELECT set_config('{name}', 'slipped in', false)");
        tx.execute_unprepared(&slip).await.unwrap();
    }
    tx.commit().await.unwrap();
    let tx = opened(db.begin(Context::nobody())).await.unwrap();
    for name in &names {
        let sql = format!("SELECT coalesce(current_setting('{name}', true), '')");
        assert_eq!(one::<String>(&tx, &sql).await, "");
    }
}
