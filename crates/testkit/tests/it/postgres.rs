//! Databases are fresh, apart, gone afterwards; the throwaway cluster ends with its process.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    mem,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use bailiwick_testkit::postgres::{self, Database};
use sea_orm::{ConnectionTrait, Statement};
use sqlx::{Connection, PgConnection, query_scalar};
use tokio::runtime;

const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_fresh_database_answers_and_holds_nothing() {
    let Some(database) = postgres::database().await else {
        return;
    };

    let mut connection = connect(&database).await;
    let tables: i64 = query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        .fetch_one(&mut connection)
        .await
        .unwrap();

    assert_eq!(tables, 0);
}

#[tokio::test]
async fn sea_orm_takes_the_address_as_it_is() {
    let Some(database) = postgres::database().await else {
        return;
    };

    let connection = sea_orm::Database::connect(database.url()).await.unwrap();
    let row = connection
        .query_one_raw(Statement::from_string(
            connection.get_database_backend(),
            "SELECT current_database()::text AS name",
        ))
        .await
        .unwrap()
        .unwrap();

    assert!(
        database
            .url()
            .contains(&row.try_get::<String>("", "name").unwrap())
    );
}

#[tokio::test]
async fn two_databases_share_nothing() {
    let (Some(one), Some(other)) = (postgres::database().await, postgres::database().await) else {
        return;
    };

    let mut at_one = connect(&one).await;
    sqlx::query("CREATE TABLE tenant ()")
        .execute(&mut at_one)
        .await
        .unwrap();
    let seen_by_other: Option<String> = query_scalar("SELECT to_regclass('tenant')::text")
        .fetch_one(&mut connect(&other).await)
        .await
        .unwrap();

    assert_ne!(one.url(), other.url());
    assert_eq!(seen_by_other, None);
}

#[tokio::test]
async fn a_dropped_database_is_gone_although_somebody_is_connected() {
    let (Some(kept), Some(dropped)) = (postgres::database().await, postgres::database().await)
    else {
        return;
    };
    let mut left_open = connect(&dropped).await;
    let name: String = query_scalar("SELECT current_database()::text")
        .fetch_one(&mut left_open)
        .await
        .unwrap();

    drop(dropped);
    let exists: bool = query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(&mut connect(&kept).await)
        .await
        .unwrap();

    assert!(!exists);
}

#[test]
fn eight_at_once_prepare_one_template() {
    let prepared = AtomicU32::new(0);
    let template = unique("eight");

    let rows: Vec<Option<i32>> = thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    block_on(async {
                        let database = postgres::from_template(&template, async |url, _| {
                            prepared.fetch_add(1, Ordering::Relaxed);
                            fill(url).await;
                        })
                        .await?;
                        let row = query_scalar("SELECT id FROM seed")
                            .fetch_one(&mut connect(&database).await)
                            .await;
                        Some(row.unwrap())
                    })
                })
            })
            .collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    });

    if rows.contains(&None) {
        return;
    }
    assert_eq!(rows, [Some(7); 8]);
    assert_eq!(prepared.into_inner(), 1);
    block_on(forget(&template));
}

#[test]
fn a_preparation_that_fails_leaves_no_template() {
    let template = unique("half");
    let half = thread::scope(|scope| {
        scope
            .spawn(|| {
                block_on(postgres::from_template(&template, async |url, _| {
                    fill(url).await;
                    panic!("half-way, as the test wants it");
                }))
            })
            .join()
    });
    // Without a server nothing is prepared, and nothing fails.
    let Err(_) = half else { return };

    let row: i32 = block_on(async {
        let database = postgres::from_template(&template, async |url, _| fill(url).await)
            .await
            .unwrap();
        query_scalar("SELECT id FROM seed")
            .fetch_one(&mut connect(&database).await)
            .await
            .unwrap()
    });

    assert_eq!(row, 7);
    block_on(forget(&template));
}

#[test]
fn a_killed_process_leaves_no_cluster() {
    const HOLD: &str = "BAILIWICK_TEST_HOLD";
    if env::var_os(HOLD).is_some() {
        return block_on(hold());
    }
    let this = "postgres::a_killed_process_leaves_no_cluster";
    let mut holder = Command::new(env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .env(HOLD, "")
        .env_remove("BAILIWICK_TEST_POSTGRES_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(holder.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let Some(data) = said.find_map(|line| Some(line.strip_prefix("data directory: ")?.to_owned()))
    else {
        assert!(holder.wait().unwrap().success());
        return;
    };
    let data = Path::new(&data);
    let pid = fs::read_to_string(data.join("postmaster.pid"))
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    assert!(runs(&pid));

    holder.kill().unwrap();
    holder.wait().unwrap();

    eventually("the server is gone", || !runs(&pid));
    eventually("its folder is gone", || !data.parent().unwrap().exists());
}

/// What the process does that `a_killed_process_leaves_no_cluster` kills.
async fn hold() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let data: String = query_scalar("SHOW data_directory")
        .fetch_one(&mut connect(&database).await)
        .await
        .unwrap();

    // The test harness has left its own line open.
    let line = format!("\ndata directory: {data}\n");
    io::stdout().write_all(line.as_bytes()).unwrap();
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

async fn connect(database: &Database) -> PgConnection {
    PgConnection::connect(database.url()).await.unwrap()
}

async fn fill(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE seed (id int NOT NULL); INSERT INTO seed VALUES (7)")
        .execute(&mut connection)
        .await
        .unwrap();
    // Left open, as a pool may be.
    mem::forget(connection);
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// A template that no other run of this test has prepared.
fn unique(name: &str) -> String {
    format!("{name}_{}", uuid::Uuid::new_v4().simple())
}

/// A server that outlives the tests would keep their templates.
async fn forget(template: &str) {
    let database = postgres::database().await.unwrap();
    let statement = format!("DROP DATABASE bailiwick_template_{template}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(&mut connect(&database).await)
        .await
        .unwrap();
}

/// A process that ended and that nobody has waited for still has an entry.
fn runs(pid: &str) -> bool {
    let state = |stat: String| Some(stat.rsplit_once(") ")?.1.chars().next()? != 'Z');
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(state)
        .unwrap_or(false)
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < DEADLINE,
            "not within {DEADLINE:?}: {what}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}
