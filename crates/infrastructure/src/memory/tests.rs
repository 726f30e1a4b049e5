//! That nothing is believed which may have changed.

#![expect(
    clippy::disallowed_methods,
    reason = "tests change the tables from outside"
)]

use super::*;
use crate::{
    Database, DatabaseOptions,
    database::{Context, Tx},
};
use bailiwick_domain::{
    SessionId, TenantId, Timestamp, UserId,
    session::{Lifetimes, Session},
    user::User,
};
use bailiwick_testkit::{
    network::{PostgresWire, Wire},
    postgres,
};
use proptest::prelude::*;
use sea_orm::ConnectionTrait;
use std::{num::NonZeroU32, time::Instant};
use tempfile::TempDir;
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const A_WHILE: Duration = Duration::from_secs(60 * 60);

fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

/// What a token says of the caller of this number, in a tenant of that number.
fn claims(chain: u8, user: u8, tenant: Option<u8>) -> AccessClaims {
    AccessClaims {
        id: id(0),
        user: UserId::from_uuid(id(user)),
        session: SessionId::from_uuid(id(chain)),
        chain: ChainId::from_uuid(id(chain)),
        tenant: tenant.map(|tenant| TenantId::from_uuid(id(tenant))),
        authenticated_at: Timestamp::from_micros(0),
        issued_at: Timestamp::from_micros(0),
        expires_at: Timestamp::LAST,
    }
}

fn facts(claims: &AccessClaims) -> Arc<Facts> {
    let session = Session::open(
        claims.session,
        claims.user,
        &Lifetimes::default(),
        Timestamp::from_micros(0),
    );
    Arc::new(Facts {
        user: User {
            id: claims.user,
            email: "somebody@example.com".parse().unwrap(),
            name: "Somebody".parse().unwrap(),
            created_at: Timestamp::from_micros(0),
            verified_at: None,
            disabled_at: None,
        },
        session,
        chain_revoked: false,
        standing: None,
        operator: false,
    })
}

fn believed() -> Memory {
    let memory = Memory::of(1000, &Metrics::default());
    memory.lease().renew(memory.lease().asking(), A_WHILE);
    memory
}

#[derive(Debug, Clone)]
enum Step {
    /// Somebody begins to look a caller up.
    Ask(u8),
    /// The look-up that began first comes back.
    Answer,
    Touch(u8),
    TouchAll,
    Recall(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..6u8).prop_map(Step::Ask),
        4 => Just(Step::Answer),
        2 => (0..8u8).prop_map(Step::Touch),
        1 => Just(Step::TouchAll),
        6 => (0..6u8).prop_map(Step::Recall),
    ]
}

proptest! {
    /// The world has a version for each owner. A memory may know nothing; what it knows is of the newest version.
    #[test]
    fn what_is_recalled_is_what_would_be_looked_up(steps in prop::collection::vec(step(), 0..200)) {
        let memory = believed();
        // Callers 0 to 5: users 0 to 2, in tenants 5 to 7 or in none.
        let who = |caller: u8| claims(caller, caller % 3, caller.is_multiple_of(2).then_some(5 + caller % 3));
        let mut version = [0u32; 8];
        let mut asked = std::collections::VecDeque::new();
        let mut kept: HashMap<u8, (u32, u32)> = HashMap::new();
        let owners = |caller: u8, version: &[u32; 8]| {
            let tenant = if caller.is_multiple_of(2) { version[usize::from(5 + caller % 3)] } else { 0 };
            (version[usize::from(caller % 3)], tenant)
        };
        for step in steps {
            match step {
                Step::Ask(caller) => asked.push_back((caller, memory.moment().unwrap(), owners(caller, &version))),
                Step::Answer => if let Some((caller, moment, seen)) = asked.pop_front() {
                    memory.keep(moment, &who(caller), &facts(&who(caller)));
                    kept.insert(caller, seen);
                },
                Step::Touch(owner) => {
                    version[usize::from(owner)] += 1;
                    memory.forget([id(owner)]);
                }
                Step::TouchAll => {
                    version.iter_mut().for_each(|version| *version += 1);
                    memory.forget_all();
                }
                Step::Recall(caller) => if memory.recall(&who(caller)).is_some() {
                    prop_assert_eq!(kept.get(&caller), Some(&owners(caller, &version)));
                },
            }
        }
    }
}

#[test]
fn what_nobody_touched_is_recalled_for_the_same_caller_alone() {
    let memory = believed();
    let ours = claims(1, 2, Some(3));
    memory.keep(memory.moment().unwrap(), &ours, &facts(&ours));
    memory.forget([id(7)]);
    assert!(memory.recall(&ours).is_some());
    for theirs in [
        claims(1, 4, Some(3)),
        claims(1, 2, Some(4)),
        claims(1, 2, None),
        AccessClaims {
            session: SessionId::from_uuid(id(9)),
            ..claims(1, 2, Some(3))
        },
    ] {
        assert!(memory.recall(&theirs).is_none(), "{theirs:?}");
    }
}

#[test]
fn without_a_lease_nothing_is_believed() {
    let memory = believed();
    let ours = claims(1, 2, Some(3));
    memory.keep(memory.moment().unwrap(), &ours, &facts(&ours));
    memory.lease().end();
    assert!(memory.recall(&ours).is_none());
    assert!(memory.moment().is_none());
    memory
        .lease()
        .renew(memory.lease().asking(), Duration::ZERO);
    assert!(memory.recall(&ours).is_none());
    memory.lease().renew(memory.lease().asking(), A_WHILE);
    assert!(memory.recall(&ours).is_some());
}

#[test]
fn when_very_many_were_touched_nobody_is_believed() {
    let memory = believed();
    let ours = claims(1, 2, Some(3));
    memory.keep(memory.moment().unwrap(), &ours, &facts(&ours));
    memory.forget((0..=TOUCHED).map(|number| Uuid::from_u128(1_000 + number as u128)));
    assert!(memory.recall(&ours).is_none());
    assert!(memory.touched.read().unwrap().owners.is_empty());
}

/// A migrated database with one person in it, and replicas of a service on it.
struct Site {
    url: String,
    _keep: Option<postgres::Database>,
    _folder: TempDir,
    tasks: TaskTracker,
    over: CancellationToken,
}

impl Site {
    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("db").display());
        Self::new(url, None, folder).await
    }

    async fn postgres() -> Option<Self> {
        let database = postgres::database().await?;
        let url = database.url().to_owned();
        let folder = tempfile::tempdir().unwrap();
        Some(Self::new(url, Some(database), folder).await)
    }

    async fn each() -> Vec<Self> {
        [Some(Self::sqlite().await), Self::postgres().await]
            .into_iter()
            .flatten()
            .collect()
    }

    async fn new(url: String, keep: Option<postgres::Database>, folder: TempDir) -> Self {
        let admin = Database::connect_to_migrate(&url).await.unwrap();
        bailiwick_migration::up(&admin).await.unwrap();
        admin.execute_unprepared(&person(&admin)).await.unwrap();
        Self {
            url,
            _keep: keep,
            _folder: folder,
            tasks: TaskTracker::new(),
            over: CancellationToken::new(),
        }
    }

    async fn replica(&self, url: &str) -> Database {
        let database = Database::connect(url, DatabaseOptions::default()).await;
        database
            .unwrap()
            .remembering(NonZeroU32::new(1000), &self.tasks, self.over.clone())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

fn somebody() -> Uuid {
    id(2)
}

fn person(db: &impl ConnectionTrait) -> String {
    format!(
        "INSERT INTO users (id, email, name, created_at, updated_at)
         VALUES ({}, 'somebody@example.com', 'Somebody', 0, 0)",
        id_in(db)
    )
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Remembers somebody, and says whether they are recalled.
fn remembers(replica: &Database) -> bool {
    let ours = claims(1, 2, None);
    if let Some(moment) = replica.memory().moment() {
        replica.memory().keep(moment, &ours, &facts(&ours));
    }
    recalls(replica)
}

fn recalls(replica: &Database) -> bool {
    replica.memory().recall(&claims(1, 2, None)).is_some()
}

async fn touch(replica: &Database) {
    touching(replica).await.commit().await.unwrap();
}

/// A change of somebody that is not committed yet.
async fn touching(replica: &Database) -> Tx {
    let tx = replica.begin(Context::nobody());
    let sql = format!(
        "UPDATE users SET name = 'Another' WHERE id = {}",
        id_in(&tx)
    );
    assert_eq!(
        tx.execute_unprepared(&sql).await.unwrap().rows_affected(),
        1
    );
    tx
}

fn id_in(db: &impl ConnectionTrait) -> String {
    match db.get_database_backend() {
        sea_orm::DbBackend::Postgres => format!("'{}'", somebody()),
        _ => format!("x'{}'", somebody().simple()),
    }
}

#[tokio::test]
async fn whoever_was_changed_is_forgotten_and_nobody_else() {
    for site in Site::each().await {
        let replica = site.replica(&site.url).await;
        let another = claims(7, 6, None);
        // First, since a replica hears of what it has committed itself once more, a little later.
        // What is not committed has touched nobody.
        until("it remembers", || remembers(&replica)).await;
        drop(touching(&replica).await);
        assert!(recalls(&replica));
        for _ in 0..20 {
            until("it remembers", || remembers(&replica)).await;
            let memory = replica.memory();
            memory.keep(memory.moment().unwrap(), &another, &facts(&another));
            touch(&replica).await;
            assert!(!recalls(&replica));
            assert!(memory.recall(&another).is_some());
        }
    }
}

#[tokio::test]
async fn only_a_process_that_is_alone_with_a_file_remembers() {
    let site = Site::sqlite().await;
    let one = site.replica(&site.url).await;
    for _ in 0..5 {
        until("whoever is alone remembers", || remembers(&one)).await;
        let (tasks, over) = (TaskTracker::new(), CancellationToken::new());
        let other = Database::connect(&site.url, DatabaseOptions::default())
            .await
            .unwrap();
        assert!(!recalls(&one) && one.memory().moment().is_none());
        let other = other.remembering(NonZeroU32::new(1000), &tasks, over.clone());
        touch(&other).await;
        assert!(!remembers(&one) && !remembers(&other));
        over.cancel();
        tasks.close();
        tasks.wait().await;
    }
}

#[tokio::test]
async fn a_change_is_over_when_every_replica_has_forgotten() {
    let Some(site) = Site::postgres().await else {
        return;
    };
    let (one, other) = (site.replica(&site.url).await, site.replica(&site.url).await);
    for round in 0..100 {
        until("both remember", || remembers(&one) && remembers(&other)).await;
        let (by, seen) = if round % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        touch(by).await;
        assert!(!recalls(seen) && !recalls(by), "round {round}");
    }
}

#[tokio::test]
async fn whoever_changes_rows_by_hand_is_heard() {
    for site in Site::each().await {
        let replica = site.replica(&site.url).await;
        until("it remembers", || remembers(&replica)).await;
        let admin = Database::connect_to_migrate(&site.url).await.unwrap();
        let by_hand = format!(
            "UPDATE users SET disabled_at = 1 WHERE id = {}",
            id_in(&admin)
        );
        admin.execute_unprepared(&by_hand).await.unwrap();
        until("it forgets", || !recalls(&replica)).await;
    }
}

#[tokio::test]
async fn a_replica_that_hears_nothing_loses_its_lease_before_a_change_is_over() {
    let Some(site) = Site::postgres().await else {
        return;
    };
    let wire = PostgresWire::to(&site.url).await.unwrap();
    let (deaf, other) = (
        site.replica(wire.url()).await,
        site.replica(&site.url).await,
    );
    for state in [Wire::Silent, Wire::Cut] {
        wire.set(Wire::Whole);
        until("both remember", || remembers(&deaf) && remembers(&other)).await;
        wire.set(state);
        let start = Instant::now();
        touch(&other).await;
        assert!(
            !recalls(&deaf) && deaf.memory().moment().is_none(),
            "{state:?}"
        );
        assert!(start.elapsed() < Duration::from_secs(5), "{state:?}");
    }
    wire.set(Wire::Whole);
    until("it hears again", || remembers(&deaf)).await;
}

#[tokio::test]
async fn a_replica_that_leaves_is_waited_for_no_more() {
    let Some(site) = Site::postgres().await else {
        return;
    };
    let replica = site.replica(&site.url).await;
    until("it remembers", || remembers(&replica)).await;
    site.over.cancel();
    site.tasks.close();
    site.tasks.wait().await;
    assert!(replica.memory().moment().is_none());
    let admin = Database::connect_to_migrate(&site.url).await.unwrap();
    let left = admin
        .query_all_raw(sea_orm::Statement::from_string(
            sea_orm::DbBackend::Postgres,
            "SELECT id FROM replicas",
        ))
        .await
        .unwrap();
    assert!(left.is_empty());
}

/// A column that the facts are read from, and that no trigger is on, would change unheard.
#[tokio::test]
async fn whatever_the_facts_are_made_of_touches_somebody() {
    let Some(site) = Site::postgres().await else {
        return;
    };
    let admin = Database::connect_to_migrate(&site.url).await.unwrap();
    let triggers = "SELECT event_object_table || '.' || event_object_column AS place
         FROM information_schema.triggered_update_columns WHERE trigger_name = 'touch_changed'
         UNION ALL
         SELECT event_object_table || '.' || event_manipulation FROM information_schema.triggers
         WHERE trigger_name LIKE 'touch\\_%'";
    let triggers = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, triggers);
    let triggers = admin.query_all_raw(triggers).await.unwrap();
    let heard: Vec<String> = triggers
        .iter()
        .map(|row| row.try_get("", "place").unwrap())
        .collect();
    let unheard: Vec<_> = crate::store::columns_of_facts()
        .into_iter()
        .filter(|place| !heard.contains(place) && !NEVER_CHANGED.contains(&place.as_str()))
        .collect();
    assert_eq!(unheard, [""; 0]);
    for table in crate::store::columns_of_facts() {
        let table = table.split('.').next().unwrap();
        assert!(heard.contains(&format!("{table}.DELETE")), "{table}");
    }
}

/// Keys, and what decides about refresh tokens alone, which nobody remembers.
const NEVER_CHANGED: [&str; 7] = [
    "refresh_chains.id",
    "refresh_chains.generation",
    "refresh_chains.secret",
    "refresh_chains.rotated_at",
    "sessions.id",
    "tenants.id",
    "users.id",
];
