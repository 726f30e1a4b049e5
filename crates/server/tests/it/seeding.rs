//! An empty database is filled, and stays as guarded as it was.

use crate::process::{Service, field, run, served_by};
use bailiwick_testkit::postgres::{self, Database};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

const SEED: [&str; 7] = ["seed", "--tenants", "5", "--users", "40", "--seed", "7"];

/// Everything in it but the salted hash.
const ROWS: &str = "
    SELECT r.name || ' ' || u.email || ' ' || u.name || ' ' || t.name || ' ' || t.slug || ' ' || p.name || ' ' || m.created_at
    FROM members m JOIN users u ON u.id = m.user_id JOIN tenants t ON t.id = m.tenant_id
    JOIN slugs s ON s.tenant_id = t.id AND s.slug = t.slug
    JOIN member_roles h ON h.tenant_id = m.tenant_id AND h.member_id = m.id
    JOIN roles r ON r.tenant_id = h.tenant_id AND r.id = h.role_id
    JOIN projects p ON p.tenant_id = m.tenant_id
    ORDER BY m.tenant_id, m.id, p.id";

#[tokio::test]
async fn the_same_seed_makes_the_same_rows_wherever() {
    let folder = TempDir::new().unwrap();
    let (well, said) = run(folder.path(), &[], &SEED);
    assert!(well && said.contains("person-1@example.com"), "{said}");
    let file = folder.path().join("data/bailiwick.db");
    let mut embedded = SqliteConnection::connect(&format!("sqlite:{}", file.display()))
        .await
        .unwrap();
    let in_sqlite: Vec<String> = sqlx::query_scalar(ROWS)
        .fetch_all(&mut embedded)
        .await
        .unwrap();
    let ids: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM members ORDER BY tenant_id, id")
        .fetch_all(&mut embedded)
        .await
        .unwrap();
    // Of 40 people each is in three organizations with two projects.
    assert_eq!((in_sqlite.len(), ids.len()), (240, 120));
    let touches: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_master WHERE name = 'touch_member_roles_added'",
    )
    .fetch_one(&mut embedded)
    .await
    .unwrap();
    assert_eq!(touches, 1);

    let Some(database) = migrated().await else {
        return;
    };
    let (well, said) = run(folder.path(), &served_by(&database), &SEED);
    assert!(well, "{said}");
    assert_eq!(database.column(ROWS).await, in_sqlite);
    let id = "SELECT replace(id::text, '-', '') FROM members ORDER BY tenant_id, id";
    let hex = |id: &Vec<u8>| {
        id.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let ids: Vec<_> = ids.iter().map(hex).collect();
    assert_eq!(database.column(id).await, ids);
}

#[tokio::test]
async fn whoever_was_sown_signs_in_and_does_what_their_role_says() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("data.db").display());
    let embedded = [("BAILIWICK__DATABASE__URL", url.as_str())];
    let (well, said) = run(folder.path(), &embedded, &SEED);
    assert!(well, "{said}");
    works(&Service::start(&embedded));

    let Some(database) = migrated().await else {
        return;
    };
    let (well, said) = run(folder.path(), &served_by(&database), &SEED);
    assert!(well, "{said}");
    // It would not start, were the tables not guarded as they were.
    works(&Service::start(&served_by(&database)));
    let disabled =
        "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'";
    assert_eq!(database.column(disabled).await, [""; 0]);
}

#[tokio::test]
async fn a_database_with_accounts_is_left_as_it_is() {
    let service = Service::start(&[]);
    service.person("ada");
    let (well, said) = run(service.folder.path(), &[], &SEED);
    assert!(!well && said.contains("has accounts already"), "{said}");
    assert_eq!(service.sign_in("ada").0.split('.').count(), 3);

    let Some(database) = migrated().await else {
        return;
    };
    let (well, said) = run(service.folder.path(), &served_by(&database), &SEED);
    assert!(well, "{said}");
    let (well, said) = run(service.folder.path(), &served_by(&database), &SEED);
    assert!(!well && said.contains("has accounts already"), "{said}");
    assert_eq!(
        database.column("SELECT count(*)::text FROM users").await,
        ["40"]
    );
}

#[tokio::test]
async fn an_organization_without_an_owner_is_refused_and_so_is_whoever_owns_no_tables() {
    let folder = TempDir::new().unwrap();
    let few = ["seed", "--tenants", "5", "--users", "4"];
    let (well, said) = run(folder.path(), &[], &few);
    assert!(!well && said.contains("has an owner"), "{said}");

    let Some(database) = migrated().await else {
        return;
    };
    let [service, _] = served_by(&database);
    let (well, said) = run(folder.path(), &[service], &SEED);
    assert!(!well && said.contains("database.owner_url"), "{said}");
    assert_eq!(
        database.column("SELECT count(*)::text FROM users").await,
        ["0"]
    );
}

async fn migrated() -> Option<Database> {
    let database = postgres::database().await?;
    let folder = TempDir::new().unwrap();
    let (well, said) = run(folder.path(), &served_by(&database), &["migrate", "up"]);
    assert!(well, "{said}");
    Some(database)
}

/// The first owner enters their organization, sees its members, and creates a project.
fn works(service: &Service) {
    let login = r#"{"email":"person-1@example.com","password":"correct horse battery staple"}"#;
    let (status, answer) = service.ask("POST", "/login", None, login);
    assert_eq!(status, 200, "{answer}");
    let token = field(&answer, "access_token");
    let (_, mine) = service.ask("GET", "/api/v1/organizations", Some(&token), "");
    let (before, _) = mine.split_once("organization-1\"").unwrap();
    let (_, id) = before.rsplit_once(r#""id":""#).unwrap();
    let id = id.split('"').next().unwrap();
    let body = format!(r#"{{"org_id":"{id}"}}"#);
    let (status, answer) = service.ask("POST", "/organization/select", Some(&token), &body);
    assert_eq!(status, 202, "{answer}");
    let token = field(&answer, "access_token");
    let (status, members) = service.ask("GET", "/api/v1/members", Some(&token), "");
    assert_eq!(status, 200);
    // Of 40 people in three of five organizations, 24 are in each.
    assert_eq!(members.matches("@example.com").count(), 24, "{members}");
    let body = r#"{"name":"Apollo"}"#;
    let (status, answer) = service.ask("POST", "/api/v1/projects", Some(&token), body);
    assert_eq!(status, 201, "{answer}");
}
