//! The schema as each database holds it: from zero and back, and what it refuses.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod catalogue;
mod wall;

use bailiwick_migration::{Migrator, down, fresh, pending, status, up};
use bailiwick_testkit::postgres;
use catalogue::{foreign_keys, indexes, names, tables};
use sea_orm_migration::{
    MigratorTrait,
    prelude::{ConnectionTrait, Expr, ExprTrait, Query},
    sea_orm::{Database, DatabaseConnection, DbErr, Statement, Value},
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
        assert!(keys.len() >= 34, "{keys:?}");
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
        assert!(owned.len() >= 16, "{owned:?}");
        // A slug is unique on the platform, and nothing refers to it.
        for table in owned.iter().filter(|table| *table != "slugs") {
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
async fn nothing_ties_rows_of_two_tenants_together() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();
        let [ours, theirs] = [island(&db, "ours").await, island(&db, "theirs").await];

        for ((table, row), (_, foreign)) in links(&ours).into_iter().zip(links(&theirs)) {
            for (place, other) in foreign.into_iter().enumerate() {
                // An id of its own, a secret and a person tie nothing.
                if other == row[place] || ["id", "secret_hash", "made_by"].contains(&other.0) {
                    continue;
                }
                let mut crossing = row.clone();
                crossing[place] = other;
                let outcome = insert(&db, table, &crossing).await;
                assert!(outcome.is_err(), "{table}: {crossing:?}");
            }
            insert(&db, table, &row).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_about_a_member_or_a_role_goes_with_them() {
    let goes: [(&str, &str, Which); 7] = [
        ("role_includes", "roles", |island| island.role),
        ("role_includes", "roles", |island| island.included),
        ("project_roles", "members", |island| island.member),
        ("ownership_offers", "members", |island| island.member),
        ("ownership_offers", "members", |island| island.guest),
        ("service_account_roles", "service_accounts", |island| {
            island.machine
        }),
        ("api_keys", "service_accounts", |island| island.machine),
    ];
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();

        for (place, (table, with, which)) in goes.into_iter().enumerate() {
            let ours = island(&db, &place.to_string()).await;
            link(&db, table, &ours).await;

            remove(&db, with, which(&ours)).await.unwrap();

            assert_eq!(rows(&db, table).await, 0, "{place}: {table} with {with}");
        }
    }
}

#[tokio::test]
async fn a_role_and_a_project_stay_while_somebody_holds_the_one_on_the_other() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();
        let ours = island(&db, "ours").await;
        link(&db, "project_roles", &ours).await;

        remove(&db, "roles", ours.role).await.unwrap_err();
        remove(&db, "projects", ours.project).await.unwrap_err();

        execute(&db, "DELETE FROM project_roles").await.unwrap();
        remove(&db, "roles", ours.role).await.unwrap();
        remove(&db, "projects", ours.project).await.unwrap();
    }
}

#[tokio::test]
async fn the_slugs_of_tenants_from_before_stay_theirs() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        Migrator::up(&db, Some(9)).await.unwrap();
        let [_, theirs] = [island(&db, "ours").await, island(&db, "theirs").await];

        up(&db).await.unwrap();

        let kept = "
            SELECT slugs.slug FROM slugs JOIN tenants
            ON tenants.id = tenant_id AND tenants.slug = slugs.slug AND tenants.created_at = slugs.created_at
            ORDER BY 1";
        assert_eq!(column(&db, kept).await, ["ours", "theirs"]);
        let taken = [
            ("slug", "ours".into()),
            ("tenant_id", theirs.tenant.into()),
            ("created_at", 2_i64.into()),
        ];
        let refusal = insert(&db, "slugs", &taken).await.unwrap_err().to_string();
        let name = match scratch {
            Scratch::Sqlite(_) => "slugs.slug",
            Scratch::Postgres(_) => "pk_slugs",
        };
        assert!(refusal.contains(name), "{refusal}");
    }
}

#[tokio::test]
async fn a_tenant_that_was_suspended_before_was_suspended_by_the_platform() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        Migrator::up(&db, Some(9)).await.unwrap();
        island(&db, "active").await;
        island(&db, "suspended").await;
        execute(
            &db,
            "UPDATE tenants SET status = 'suspended' WHERE slug = 'suspended'",
        )
        .await
        .unwrap();

        up(&db).await.unwrap();

        let by = "SELECT coalesce(suspended_by, 'nobody') FROM tenants ORDER BY slug";
        assert_eq!(column(&db, by).await, ["nobody", "platform"]);
    }
}

#[tokio::test]
async fn rows_outlive_the_columns_that_are_added_to_them() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();
        let ours = island(&db, "ours").await;
        member_role(&db, ours.tenant, ours.member, ours.role)
            .await
            .unwrap();
        invitation(&db, &ours, "a", Some(7)).await.unwrap();
        audit_event(&db).await.unwrap();

        let newer = status(&db).await.unwrap().len() - 9;
        let newer = u32::try_from(newer).unwrap();
        Migrator::down(&db, Some(newer)).await.unwrap();
        up(&db).await.unwrap();

        #[rustfmt::skip]
        let kept = [("tenants", 1), ("roles", 2), ("members", 2), ("member_roles", 1), ("invitations", 1), ("sessions", 1), ("audit_events", 1)];
        for (table, count) in kept {
            assert_eq!(rows(&db, table).await, count, "{table}");
        }
    }
}

#[tokio::test]
async fn no_two_invitations_have_one_secret() {
    for scratch in Scratch::each().await {
        let db = scratch.connect().await;
        up(&db).await.unwrap();
        let [ours, theirs] = [island(&db, "ours").await, island(&db, "theirs").await];

        invitation(&db, &ours, "a", Some(7)).await.unwrap();
        for (island, email) in [(&ours, "b"), (&theirs, "a")] {
            let refusal = invitation(&db, island, email, Some(7)).await.unwrap_err();
            let name = match scratch {
                Scratch::Sqlite(_) => "invitations.secret_hash",
                Scratch::Postgres(_) => "uq_invitations_secret",
            };
            assert!(refusal.to_string().contains(name), "{refusal}");
        }
        invitation(&db, &ours, "c", None).await.unwrap();
        invitation(&db, &ours, "d", None).await.unwrap();
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
        execute(&db, "UPDATE tenants SET suspended_by = 'platform'")
            .await
            .unwrap();
        execute(&db, "UPDATE tenants SET suspended_by = 'somebody'")
            .await
            .unwrap_err();
        execute(&db, "UPDATE tenants SET second_factor_required = 1")
            .await
            .unwrap();
        execute(&db, "UPDATE tenants SET second_factor_required = 2")
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
        audit_event(&db).await.unwrap();

        let mut attempts = vec![
            "UPDATE audit_events SET target = 'nobody'",
            "DELETE FROM audit_events",
        ];
        attempts.push(match scratch {
            Scratch::Sqlite(_) => {
                "REPLACE INTO audit_events SELECT id, tenant_id, at, actor_id, action, 'nobody', outcome, reason, key_id FROM audit_events"
            }
            Scratch::Postgres(_) => "TRUNCATE audit_events",
        });
        for attempt in attempts {
            let refusal = execute(&db, attempt).await.unwrap_err().to_string();
            assert!(refusal.contains("append-only"), "{attempt}: {refusal}");
        }
    }
}

/// A tenant with a project, two members, of whom one has a session, and two roles that neither of them holds.
struct Island {
    tenant: Uuid,
    user: Uuid,
    member: Uuid,
    guest: Uuid,
    role: Uuid,
    included: Uuid,
    project: Uuid,
    session: Uuid,
    machine: Uuid,
}

/// Which row of an island.
type Which = fn(&Island) -> Uuid;

async fn island(db: &DatabaseConnection, name: &str) -> Island {
    let [user, visitor, tenant, member, guest] = [(); 5].map(|()| Uuid::new_v4());
    let [role, included, project, session, machine] = [(); 5].map(|()| Uuid::new_v4());
    let (at, later) = (1_i64, 2_i64);
    #[rustfmt::skip]
    let rows: [(&str, &[(&str, Value)]); 9] = [
        ("users", &[("id", user.into()), ("email", name.into()), ("name", name.into()), ("created_at", at.into()), ("updated_at", at.into())]),
        ("users", &[("id", visitor.into()), ("email", format!("guest of {name}").into()), ("name", name.into()), ("created_at", at.into()), ("updated_at", at.into())]),
        ("tenants", &[("id", tenant.into()), ("name", name.into()), ("slug", name.into()), ("status", "active".into()), ("created_by", user.into()), ("created_at", at.into()), ("updated_at", at.into())]),
        ("roles", &[("tenant_id", tenant.into()), ("id", role.into()), ("name", "owner".into()), ("builtin", "owner".into()), ("created_at", at.into())]),
        ("roles", &[("tenant_id", tenant.into()), ("id", included.into()), ("name", "member".into()), ("builtin", "member".into()), ("created_at", at.into())]),
        ("members", &[("tenant_id", tenant.into()), ("id", member.into()), ("user_id", user.into()), ("status", "active".into()), ("created_at", at.into()), ("updated_at", at.into())]),
        ("members", &[("tenant_id", tenant.into()), ("id", guest.into()), ("user_id", visitor.into()), ("status", "active".into()), ("created_at", at.into()), ("updated_at", at.into())]),
        ("projects", &[("tenant_id", tenant.into()), ("id", project.into()), ("name", name.into()), ("created_by", user.into()), ("created_at", at.into()), ("updated_at", at.into())]),
        ("sessions", &[("id", session.into()), ("user_id", user.into()), ("created_at", at.into()), ("authenticated_at", at.into()), ("expires_at", later.into())]),
    ];
    for (table, row) in rows {
        insert(db, table, row).await.unwrap();
    }
    // Older schemas know no machines.
    if tables(db)
        .await
        .iter()
        .any(|table| table.name == "service_accounts")
    {
        #[rustfmt::skip]
        let row = [("tenant_id", tenant.into()), ("id", machine.into()), ("name", name.into()), ("status", "active".into()), ("version", at.into()), ("created_at", at.into()), ("updated_at", at.into())];
        insert(db, "service_accounts", &row).await.unwrap();
    }
    Island {
        tenant,
        user,
        member,
        guest,
        role,
        included,
        project,
        session,
        machine,
    }
}

/// A row of each table that ties rows of a tenant to each other.
#[rustfmt::skip]
fn links(island: &Island) -> [(&'static str, Vec<(&'static str, Value)>); 5] {
    let Island { tenant, user, member, guest, role, included, project, machine, .. } = *island;
    let (at, later) = (1_i64, 2_i64);
    [
        ("role_includes", vec![("tenant_id", tenant.into()), ("role_id", role.into()), ("included_id", included.into())]),
        ("project_roles", vec![("tenant_id", tenant.into()), ("project_id", project.into()), ("member_id", member.into()), ("role_id", role.into()), ("created_at", at.into())]),
        ("ownership_offers", vec![("tenant_id", tenant.into()), ("from_member_id", member.into()), ("to_member_id", guest.into()), ("created_at", at.into()), ("expires_at", later.into())]),
        ("service_account_roles", vec![("tenant_id", tenant.into()), ("account_id", machine.into()), ("role_id", role.into())]),
        ("api_keys", vec![("tenant_id", tenant.into()), ("id", machine.into()), ("account_id", machine.into()), ("name", "key".into()), ("permissions", "".into()), ("secret_hash", tenant.as_bytes().to_vec().into()), ("made_by", user.into()), ("created_at", at.into()), ("expires_at", later.into())]),
    ]
}

async fn link(db: &DatabaseConnection, table: &str, island: &Island) {
    for (_, row) in links(island).iter().filter(|(name, _)| *name == table) {
        insert(db, table, row).await.unwrap();
    }
    assert_eq!(rows(db, table).await, 1, "{table}");
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

async fn invitation(
    db: &DatabaseConnection,
    island: &Island,
    email: &str,
    secret: Option<u8>,
) -> Result<(), DbErr> {
    let row = [
        ("tenant_id", island.tenant.into()),
        ("id", Uuid::new_v4().into()),
        ("email", email.into()),
        ("status", "pending".into()),
        ("invited_by", island.user.into()),
        ("created_at", 1_i64.into()),
        ("expires_at", 2_i64.into()),
        ("secret_hash", secret.map(|byte| vec![byte; 32]).into()),
    ];
    insert(db, "invitations", &row).await
}

async fn audit_event(db: &DatabaseConnection) -> Result<(), DbErr> {
    let row = [
        ("id", Uuid::new_v4().into()),
        ("at", 1_i64.into()),
        ("action", "member:invite".into()),
        ("target", "somebody".into()),
        ("outcome", "done".into()),
    ];
    insert(db, "audit_events", &row).await
}

async fn insert(db: &DatabaseConnection, table: &str, row: &[(&str, Value)]) -> Result<(), DbErr> {
    let insert = Query::insert()
        .into_table(table.to_owned())
        .columns(row.iter().map(|(column, _)| column.to_string()))
        .values_panic(row.iter().map(|(_, value)| Expr::val(value.clone())))
        .take();
    db.execute(&insert).await.map(|_| ())
}

async fn remove(db: &DatabaseConnection, table: &str, id: Uuid) -> Result<(), DbErr> {
    let removal = Query::delete()
        .from_table(table.to_owned())
        .and_where(Expr::col("id").eq(id))
        .take();
    db.execute(&removal).await.map(|_| ())
}

/// How many rows there are.
async fn rows(db: &DatabaseConnection, table: &str) -> usize {
    column(db, &format!("SELECT 'a row' FROM {table}"))
        .await
        .len()
}

async fn execute(db: &DatabaseConnection, sql: &str) -> Result<(), DbErr> {
    db.execute_unprepared(sql).await.map(|_| ())
}

/// The first column of what it finds: texts, in the order that they come in.
async fn column(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}
