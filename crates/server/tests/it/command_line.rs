//! Starting, migrating, and being told what is wrong.

use crate::process::{Service, run, served_by};
use bailiwick_testkit::postgres;
use std::{
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

#[test]
fn with_no_setting_at_all_it_serves_from_a_folder_that_it_makes_itself() {
    let service = Service::start(&[]);

    let answer = service.get("/health/ready");

    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"status":"ready"}"#),
        "{answer}"
    );
    assert!(service.folder.path().join("data/bailiwick.db").is_file());
}

#[cfg(unix)]
#[test]
fn keys_and_hashes_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let service = Service::start(&[]);
    service.person("ada");

    for name in [
        "sealing.key",
        "bailiwick.db",
        "bailiwick.db-wal",
        "bailiwick.db-shm",
    ] {
        let file = service.folder.path().join("data").join(name);
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{name}"
        );
    }
}

#[test]
fn the_document_is_printed_as_it_is_served_and_as_it_stands_in_the_docs() {
    let folder = TempDir::new().unwrap();
    let written = include_str!("../../../../docs/openapi.json");

    let (printed, document) = run(folder.path(), &[], &["openapi"]);

    assert!(printed);
    assert_eq!(document, written);
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let served = Service::start(&[]).get("/openapi.json");
    let (_, served) = served.split_once("\r\n\r\n").unwrap();
    assert_eq!(bare(served), bare(written));
}

#[test]
fn an_unknown_setting_is_named() {
    let folder = TempDir::new().unwrap();

    let (well, environment) = run(
        folder.path(),
        &[("BAILIWICK__HTTP__PROT", "80")],
        &["serve"],
    );
    std::fs::write(folder.path().join("b.toml"), "[limits]\nenable = false\n").unwrap();
    let (fine, file) = run(folder.path(), &[], &["--config", "b.toml", "serve"]);

    assert!(
        !well && environment.contains("`http.prot`"),
        "{environment}"
    );
    assert!(
        !fine
            && file.contains("`limits.enable`")
            && file.contains("`limits.enabled`")
            && file.contains("b.toml"),
        "{file}"
    );
}

#[test]
fn a_settings_file_that_is_not_there_is_an_error() {
    let folder = TempDir::new().unwrap();

    let (well, output) = run(folder.path(), &[], &["--config", "none.toml", "serve"]);

    assert!(!well && output.contains("none.toml"), "{output}");
}

#[test]
fn a_database_in_memory_is_refused() {
    let folder = TempDir::new().unwrap();

    let (well, output) = run(
        folder.path(),
        &[("BAILIWICK__DATABASE__URL", "sqlite::memory:")],
        &["serve"],
    );

    assert!(!well && output.contains("name a file"), "{output}");
}

#[test]
fn the_schema_goes_up_and_down_on_sqlite() {
    let folder = TempDir::new().unwrap();
    let settings = [("BAILIWICK__DATABASE__URL", "sqlite:here.db")];

    migrates_there_and_back(&folder, &settings);
}

#[tokio::test]
async fn the_schema_goes_up_and_down_on_postgres() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let settings = served_by(&database);

    migrates_there_and_back(&folder, &settings);
}

fn migrates_there_and_back(folder: &TempDir, settings: &[(&str, &str)]) {
    for (step, all) in [
        ("status", "pending"),
        ("up", "applied"),
        ("up", "applied"),
        ("fresh", "applied"),
        ("down", "pending"),
        ("status", "pending"),
        ("up", "applied"),
    ] {
        let (well, output) = run(folder.path(), settings, &["migrate", step]);

        assert!(well, "{step}: {output}");
        let states: Vec<_> = output.lines().filter(|line| line.contains(" m0")).collect();
        assert!(
            !states.is_empty() && states.iter().all(|line| line.starts_with(all)),
            "{step}: {output}"
        );
    }
}

#[tokio::test]
async fn postgres_is_served_when_it_is_migrated_and_not_before() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let settings = served_by(&database);

    let (well, behind) = run(folder.path(), &settings, &["serve"]);
    let (up, _) = run(folder.path(), &settings, &["migrate", "up"]);
    let service = Service::start(&settings);

    assert!(!well && behind.contains("bailiwick migrate up"), "{behind}");
    assert!(up && service.get("/health/ready").starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn readiness_ends_when_the_schema_is_gone() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let settings = served_by(&database);
    run(folder.path(), &settings, &["migrate", "up"]);
    let service = Service::start(&settings);

    run(folder.path(), &settings, &["migrate", "down"]);

    let answer = service.get("/health/ready");
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"),
        "{answer}"
    );
    assert!(service.get("/health").starts_with("HTTP/1.1 200"));
}

#[test]
fn keys_are_listed_rotated_and_retired() {
    let service = Service::start(&[]);
    let folder = service.folder.path();
    let keys = |arguments: &[&str]| run(folder, &[], &[&["keys"], arguments].concat());
    let (access, _) = service.person("ada");

    let (_, before) = keys(&["list"]);
    let (rotated, after) = keys(&["rotate"]);
    let active = before.lines().find(|line| line.contains("access")).unwrap();
    let (retired, _) = keys(&["retire", active.split(' ').next().unwrap()]);
    let (again, refusal) = keys(&["retire", active.split(' ').next().unwrap()]);

    assert_eq!((before.lines().count(), after.lines().count()), (2, 4));
    assert!(
        before.lines().all(|line| line.ends_with("active")),
        "{before}"
    );
    assert!(
        rotated && after.matches("published").count() == 2,
        "{after}"
    );
    assert!(
        retired && !again && refusal.contains("there is no key"),
        "{refusal}"
    );
    let deadline = Instant::now() + Duration::from_secs(20);
    while service.ask("GET", "/users/me", Some(&access), "").0 != 401 {
        assert!(Instant::now() < deadline, "a retired key goes on verifying");
        thread::sleep(Duration::from_millis(50));
    }
    service.sign_in("ada");
}
