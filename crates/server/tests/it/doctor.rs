//! What the doctor says of deployments, well and ill, and what it exits with.

use crate::process::{Service, command, run, served_by};
use bailiwick_testkit::postgres;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::{fs, net::TcpListener, path::Path};
use tempfile::TempDir;

/// The exit status, and the outcome of every check that is not fine.
fn examined(folder: &Path, settings: &[(&str, &str)]) -> (i32, Vec<(String, String)>) {
    let output = command(folder, settings)
        .args(["doctor", "--json"])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let status = output.status.code().unwrap();
    assert_eq!(report.get("exit"), Some(&status.into()), "{report}");
    let findings = report
        .pointer("/findings")
        .and_then(Value::as_array)
        .unwrap()
        .iter();
    let ill = findings
        .filter(|found| found.get("outcome") != Some(&"ok".into()))
        .map(|found| {
            let of = |name: &str| found.get(name).and_then(Value::as_str).unwrap().to_owned();
            assert!(!of("message").is_empty(), "{report}");
            (of("check"), of("outcome"))
        });
    (status, ill.collect())
}

fn ill(found: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |&(check, outcome): &(&str, &str)| (check.to_owned(), outcome.to_owned());
    found.iter().map(owned).collect()
}

#[test]
fn an_embedded_deployment_that_serves_is_well() {
    let service = Service::start(&[]);

    let (status, found) = examined(service.folder.path(), &[]);
    let (well, lines) = run(service.folder.path(), &[], &["doctor"]);

    assert_eq!((status, found), (0, ill(&[("mail", "warning")])));
    assert!(well);
    let checks: Vec<_> = lines
        .lines()
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(
        checks,
        [
            "settings",
            "database",
            "migrations",
            "role",
            "clock",
            "keys",
            "keys",
            "mail"
        ],
        "{lines}"
    );
    assert!(
        lines.contains("the one for access tokens is 0 days old"),
        "{lines}"
    );
}

#[test]
fn whoever_looks_changes_nothing() {
    let folder = TempDir::new().unwrap();

    let (status, found) = examined(folder.path(), &[]);

    let skipped = ["migrations", "role", "clock", "keys"].map(|check| (check, "skipped"));
    let expected = [
        &[("database", "failed")],
        &skipped[..],
        &[("mail", "warning")],
    ]
    .concat();
    assert_eq!((status, found), (11, ill(&expected)));
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn a_mail_server_that_does_not_answer_is_a_complaint() {
    let service = Service::start(&[]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", nobody.local_addr().unwrap());
    drop(nobody);

    let (status, found) = examined(
        service.folder.path(),
        &[("BAILIWICK__MAIL__SMTP_URL", &url)],
    );

    assert_eq!((status, found), (16, ill(&[("mail", "failed")])));
}

#[test]
fn settings_that_are_not_fit_for_production_come_first() {
    let service = Service::start(&[]);

    let (status, found) = examined(
        service.folder.path(),
        &[("BAILIWICK__PROFILE", "production")],
    );

    assert_eq!(status, 10);
    assert!(
        found.len() > 3 && found[0] == ("settings".to_owned(), "failed".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_key_that_should_have_been_replaced_is_a_complaint() {
    let service = Service::start(&[]);
    // Two days after they were made; nobody has rotated them since.
    let path = service.folder.path().to_owned();
    let sqlite = format!("sqlite:{}", path.join("data/bailiwick.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut service = service;
    service.kill();
    runtime.block_on(async {
        let mut database = sqlx::SqliteConnection::connect(&sqlite).await.unwrap();
        let older = "UPDATE signing_keys SET created_at = created_at - 172800000000";
        database.execute(older).await.unwrap();
    });

    let fine = examined(&path, &[]);
    let overdue = examined(&path, &[("BAILIWICK__TOKENS__KEY_MAX_AGE", "3600")]);

    assert_eq!(fine.0, 0);
    let keys = [("keys", "failed"), ("keys", "failed"), ("mail", "warning")];
    assert_eq!(overdue, (15, ill(&keys)));
}

#[tokio::test]
async fn on_postgres_it_tells_what_is_wrong_with_schema_and_role() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let settings = served_by(&database);
    let folder = TempDir::new().unwrap();

    let behind = examined(folder.path(), &settings);
    let (up, output) = run(folder.path(), &settings, &["migrate", "up"]);
    assert!(up, "{output}");
    let fresh = examined(folder.path(), &settings);
    drop(Service::start(&settings));
    let unsafe_role = examined(
        folder.path(),
        &[("BAILIWICK__DATABASE__URL", database.url())],
    );
    let mut owner = PgConnection::connect(database.url()).await.unwrap();
    let open = "ALTER TABLE projects NO FORCE ROW LEVEL SECURITY";
    owner.execute(AssertSqlSafe(open)).await.unwrap();
    let opened = examined(folder.path(), &settings);
    let nobody = examined(
        folder.path(),
        &[(
            "BAILIWICK__DATABASE__URL",
            "postgres://nobody:nothing@127.0.0.1:1/none",
        )],
    );

    let skipped = [
        ("role", "skipped"),
        ("keys", "skipped"),
        ("mail", "warning"),
    ];
    let expected = [&[("migrations", "failed")], &skipped[..]].concat();
    assert_eq!(behind, (12, ill(&expected)));
    assert_eq!(fresh, (0, ill(&[("keys", "warning"), ("mail", "warning")])));
    let expected = [("role", "failed"), ("keys", "warning"), ("mail", "warning")];
    assert_eq!(unsafe_role, (13, ill(&expected)));
    assert_eq!(opened, (13, ill(&expected)));
    assert_eq!(nobody.0, 11);
}
