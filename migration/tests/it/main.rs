//! The schema as each database holds it: from zero and back, and what it refuses.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod catalogue;

use bailiwick_migration::{down, fresh, pending, status, up};
use bailiwick_testkit::postgres;
use catalogue::{foreign_keys, indexes, names, tables};
use sea_orm_migration::{
    prelude::{ConnectionTrait, Expr, Query},
    sea_orm::{Database, DatabaseConnection, DbErr, Value},
};
use tempfile::TempDir;
use uuid::Uuid;

/// A database of its own, empty, for as long as the value lives.
enum Scratch {
    Sqlite(TempDir),
    Postgres(postgres::Database),
}

impl Scratch {
    async fn each() -> Vec<Self> {
        let sqlite = Self::Sqlite(tempfile::tempdir().unwrap());
        let postgres = postgres::database().await.map(Self::Postgres);
        [Some(sqlite), postgres].into_iter().flatten().collect()
    }

    async fn connect(&self) -> DatabaseConnection {
        let url = match self {
            Self::Sqlite(folder) => {
                format!("sqlite://{}?mode=rwc", folder.path().join("db").display())
            }
            Self::Postgres(database) => database.url().to_owned(),
        };
        Database::connect(url).await.unwrap()
    }
}

#[tokio::test]
async fn every_migration_goes_up_and_down_and_up_again() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        let all = status(&db).await.unwrap().len();
        assert_eq!(pending(&db).await.unwrap(), all);
        assert_eq!(names(&db).await, [""; 0], "asking writes nothing");

        up(&db).await.unwrap();
        let applied = names(&db).await;
        assert_eq!(pending(&db).await.unwrap(), 0);
        up(&db).await.unwrap();

        down(&db).await.unwrap();
        assert_eq!(names(&db).await, [""; 0]);
        assert_eq!(pending(&db).await.unwrap(), all);
        down(&db).await.unwrap();

        up(&db).await.unwrap();
        fresh(&db).await.unwrap();
        assert_eq!(names(&db).await, applied);
        assert!(
            status(&db)
                .await
                .unwrap()
                .iter()
                .all(|(_, applied)| *applied)
        );
    }
}

#[tokio::test]
async fn five_migrators_at_once_all_succeed() {
    for _ in 0..5 {
        for scratch in Scratch::each().await {
            let mut migrators = tokio::task::JoinSet::new();
            for _ in 0..5 {
                let db = scratch.connect().await;
                migrators.spawn(async move { up(&db).await });
            }
            for outcome in migrators.join_all().await {
                outcome.unwrap();
            }
            assert_eq!(pending(&scratch.connect().await).await.unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn every_foreign_key_leads_an_index() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();

        let indexes = indexes(&db).await;
        let keys = foreign_keys(&db).await;
        assert_eq!(keys.len(), 17);
        for key in keys {
            let led = indexes.iter().any(|index| {
                !index.partial
                    && index.table == key.table
                    && index.columns.starts_with(&key.columns)
            });
            assert!(led, "{key:?}");
        }
    }
}

#[tokio::test]
async fn whatever_a_tenant_owns_is_keyed_and_referred_to_with_the_tenant() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();

        let indexes = indexes(&db).await;
        let owned = tables(&db)
            .await
            .into_iter()
            .filter(|table| table.columns.iter().any(|column| column == "tenant_id"))
            .map(|table| table.name)
            .collect::<Vec<_>>();
        assert_eq!(owned.len(), 8);
        for table in &owned {
            let keyed = indexes.iter().any(|index| {
                let first = index.primary && index.columns.starts_with(&["tenant_id".to_owned()]);
                let pair = index.unique && !index.partial && index.columns == ["tenant_id", "id"];
                index.table == *table && (first || pair)
            });
            assert!(keyed, "{table}");
        }
        for key in foreign_keys(&db).await {
            if owned.contains(&key.table) && owned.contains(&key.target) {
                assert_eq!(key.columns.first().unwrap(), "tenant_id", "{key:?}");
                assert_eq!(key.target_columns.first().unwrap(), "tenant_id", "{key:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_reference_to_another_tenant_is_refused() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();
        let [ours, theirs] = [island(&db, "ours").await, island(&db, "theirs").await];

        member_role(&db, ours.tenant, ours.member, theirs.role)
            .await
            .unwrap_err();
        member_role(&db, ours.tenant, theirs.member, ours.role)
            .await
            .unwrap_err();
        member_role(&db, theirs.tenant, ours.member, ours.role)
            .await
            .unwrap_err();
        member_role(&db, ours.tenant, ours.member, ours.role)
            .await
            .unwrap();

        chain(&db, &ours, Some(ours.tenant), Some(theirs.member))
            .await
            .unwrap_err();
        chain(&db, &ours, Some(ours.tenant), None)
            .await
            .unwrap_err();
        chain(&db, &ours, None, Some(ours.member))
            .await
            .unwrap_err();
        chain(&db, &ours, Some(ours.tenant), Some(ours.member))
            .await
            .unwrap();
        chain(&db, &ours, None, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_has_one_live_chain_for_each_tenant_and_one_for_none() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();
        let ours = island(&db, "ours").await;

        for (tenant, member) in [(None, None), (Some(ours.tenant), Some(ours.member))] {
            chain(&db, &ours, tenant, member).await.unwrap();
            chain(&db, &ours, tenant, member).await.unwrap_err();
        }
        execute(&db, "UPDATE refresh_chains SET revoked_at = 1")
            .await
            .unwrap();
        for (tenant, member) in [(None, None), (Some(ours.tenant), Some(ours.member))] {
            chain(&db, &ours, tenant, member).await.unwrap();
        }
    }
}

#[tokio::test]
async fn words_outside_a_closed_set_are_refused() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();
        island(&db, "ours").await;

        execute(&db, "UPDATE tenants SET status = 'suspended'")
            .await
            .unwrap();
        execute(&db, "UPDATE tenants SET status = 'Active'")
            .await
            .unwrap_err();
        execute(&db, "UPDATE members SET status = 'gone'")
            .await
            .unwrap_err();
        execute(&db, "UPDATE roles SET builtin = 'admin'")
            .await
            .unwrap();
        execute(&db, "UPDATE roles SET builtin = 'root'")
            .await
            .unwrap_err();
    }
}

#[tokio::test]
async fn an_audit_event_stays_as_it_was_written() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();
        let event = [
            ("id", Uuid::new_v4().into()),
            ("at", 1_i64.into()),
            ("action", "member:invite".into()),
            ("target", "somebody".into()),
            ("outcome", "done".into()),
        ];
        insert(&db, "audit_events", &event).await.unwrap();

        let mut attempts = vec![
            "UPDATE audit_events SET target = 'nobody'",
            "DELETE FROM audit_events",
        ];
        attempts.push(match scratch {
            Scratch::Sqlite(_) => {
                "REPLACE INTO audit_events SELECT id, tenant_id, at, actor_id, action, 'nobody', outcome FROM audit_events"
            }
            Scratch::Postgres(_) => "TRUNCATE audit_events",
        });
        for attempt in attempts {
            let refusal = execute(&db, attempt).await.unwrap_err().to_string();
            assert!(refusal.contains("append-only"), "{attempt}: {refusal}");
        }
    }
}

/// A tenant with a user, their membership and session, and a role that they do not hold.
struct Island {
    tenant: Uuid,
    member: Uuid,
    role: Uuid,
    session: Uuid,
}

async fn island(db: &DatabaseConnection, name: &str) -> Island {
    let [user, tenant, member, role, session] = [(); 5].map(|()| Uuid::new_v4());
    let (at, later) = (1_i64, 2_i64);
    #[rustfmt::skip]
    let rows: [(&str, &[(&str, Value)]); 5] = [
        ("users", &[("id", user.into()), ("email", name.into()), ("name", name.into()), ("created_at", at.into()), ("updated_at", at.into())]),
        ("tenants", &[("id", tenant.into()), ("name", name.into()), ("slug", name.into()), ("status", "active".into()), ("created_by", user.into()), ("created_at", at.into()), ("updated_at", at.into())]),
        ("roles", &[("tenant_id", tenant.into()), ("id", role.into()), ("name", "owner".into()), ("builtin", "owner".into()), ("created_at", at.into())]),
        ("members", &[("tenant_id", tenant.into()), ("id", member.into()), ("user_id", user.into()), ("status", "active".into()), ("created_at", at.into()), ("updated_at", at.into())]),
        ("sessions", &[("id", session.into()), ("user_id", user.into()), ("created_at", at.into()), ("authenticated_at", at.into()), ("expires_at", later.into())]),
    ];
    for (table, row) in rows {
        insert(db, table, row).await.unwrap();
    }
    Island {
        tenant,
        member,
        role,
        session,
    }
}

async fn member_role(
    db: &DatabaseConnection,
    tenant: Uuid,
    member: Uuid,
    role: Uuid,
) -> Result<(), DbErr> {
    let row = [
        ("tenant_id", tenant.into()),
        ("member_id", member.into()),
        ("role_id", role.into()),
        ("created_at", 1_i64.into()),
    ];
    insert(db, "member_roles", &row).await
}

async fn chain(
    db: &DatabaseConnection,
    island: &Island,
    tenant: Option<Uuid>,
    member: Option<Uuid>,
) -> Result<(), DbErr> {
    let row = [
        ("id", Uuid::new_v4().into()),
        ("session_id", island.session.into()),
        ("tenant_id", tenant.into()),
        ("member_id", member.into()),
        ("generation", 1_i64.into()),
        ("secret", vec![7_u8; 32].into()),
        ("rotated_at", 1_i64.into()),
        ("created_at", 1_i64.into()),
    ];
    insert(db, "refresh_chains", &row).await
}

async fn insert(db: &DatabaseConnection, table: &str, row: &[(&str, Value)]) -> Result<(), DbErr> {
    let insert = Query::insert()
        .into_table(table.to_owned())
        .columns(row.iter().map(|(column, _)| column.to_string()))
        .values_panic(row.iter().map(|(_, value)| Expr::val(value.clone())))
        .take();
    db.execute(&insert).await.map(|_| ())
}

async fn execute(db: &DatabaseConnection, sql: &str) -> Result<(), DbErr> {
    db.execute_unprepared(sql).await.map(|_| ())
}
