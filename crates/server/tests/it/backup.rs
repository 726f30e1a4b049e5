//! The embedded database, copied while it serves and put back elsewhere.

use crate::process::{Service, field, run};
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};
use tempfile::TempDir;

const ELSEWHERE: (&str, &str) = ("BAILIWICK__DATABASE__URL", "sqlite:elsewhere/bailiwick.db");

fn back_up(service: &Service, file: &str) -> (bool, String) {
    run(service.folder.path(), &[], &["backup", file])
}

fn restore(folder: &Path, file: &str) -> (bool, String) {
    run(folder, &[ELSEWHERE], &["restore", file])
}

#[test]
fn a_copy_that_was_taken_while_others_write_serves_elsewhere() {
    let service = Service::start(&[]);
    let (ada, _) = service.person("ada");
    let owner = service.found(&ada, "Acme");
    let make = |name: &str| {
        let body = format!(r#"{{"name":"{name}"}}"#);
        service.ask("POST", "/projects/create_project", Some(&owner), &body)
    };
    let (status, before) = make("Before");
    assert_eq!(status, 201);
    let over = AtomicBool::new(false);

    let copied = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut written = 0;
            while !over.load(Ordering::Relaxed) || written == 0 {
                let (status, answer) = make(&format!("Meanwhile {written}"));
                assert_eq!(status, 201, "{answer}");
                written += 1;
            }
        });
        let copied = back_up(&service, "copies/first.db");
        over.store(true, Ordering::Relaxed);
        writing.join().unwrap();
        copied
    });

    assert!(copied.0 && copied.1.contains("in order"), "{}", copied.1);
    let folder = service.folder.path();
    let mode = fs::metadata(folder.join("copies/first.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.join("copies")).unwrap().count(), 1);
    let (restored, output) = restore(folder, "copies/first.db");
    assert!(restored, "{output}");
    let key = folder.join("data/sealing.key");
    let key = ("BAILIWICK__TOKENS__SEALING_KEY_FILE", key.to_str().unwrap());
    let database = folder.join("elsewhere/bailiwick.db");
    let url = format!("sqlite:{}", database.display());
    let there = Service::start(&[("BAILIWICK__DATABASE__URL", url.as_str()), key]);
    // Who was there before is there, with what they had and with the same tokens.
    let path = format!("/api/v1/projects/{}", field(&before, "id"));
    let (status, project) = there.ask("GET", &path, Some(&owner), "");
    assert_eq!(status, 200, "{project}");
    assert!(project.contains("Before"), "{project}");
    there.sign_in("ada");
}

#[test]
fn nothing_is_overwritten() {
    let service = Service::start(&[]);
    let folder = service.folder.path();
    fs::write(folder.join("taken"), "precious").unwrap();

    let (copied, taken) = back_up(&service, "taken");
    let (first, _) = back_up(&service, "copy.db");
    let (second, again) = back_up(&service, "copy.db");
    let (replaced, serving) = run(folder, &[], &["restore", "copy.db"]);
    let (restored, _) = restore(folder, "copy.db");
    let (twice, there) = restore(folder, "copy.db");
    // A journal that somebody has left there would be played into what is restored.
    fs::remove_dir_all(folder.join("elsewhere")).unwrap();
    fs::create_dir(folder.join("elsewhere")).unwrap();
    fs::write(folder.join("elsewhere/bailiwick.db-wal"), "left over").unwrap();
    let (beside, journal) = restore(folder, "copy.db");

    assert!(!copied && taken.contains("not overwritten"), "{taken}");
    assert_eq!(
        fs::read_to_string(folder.join("taken")).unwrap(),
        "precious"
    );
    assert!(
        first && !second && again.contains("not overwritten"),
        "{again}"
    );
    assert!(
        !replaced && serving.contains("not overwritten"),
        "{serving}"
    );
    assert!(
        restored && !twice && there.contains("not overwritten"),
        "{there}"
    );
    assert!(!beside && journal.contains("bailiwick.db-wal"), "{journal}");
    let left = fs::read_dir(folder.join("elsewhere")).unwrap().count();
    assert_eq!(left, 1, "a draft was left behind");
}

#[test]
fn what_is_no_copy_is_not_put_back() {
    let service = Service::start(&[]);
    service.person("ada");
    let folder = service.folder.path();
    assert!(back_up(&service, "copy.db").0);
    let whole = fs::read(folder.join("copy.db")).unwrap();
    let mut damaged = whole.clone();
    // Beyond the first page, which every connection reads.
    for byte in &mut damaged[8_192..40_960] {
        *byte = 0xa5;
    }
    fs::write(folder.join("damaged.db"), damaged).unwrap();
    fs::write(folder.join("short.db"), &whole[..whole.len() / 2]).unwrap();
    fs::write(
        folder.join("text.db"),
        "this is no database, and long enough to be read as one".repeat(40),
    )
    .unwrap();
    fs::write(folder.join("empty.db"), "").unwrap();
    // Pages in order, and rows that no service has written.
    for (file, change) in [
        (
            "rule.db",
            "PRAGMA ignore_check_constraints = ON; UPDATE signing_keys SET purpose = 'nonsense'",
        ),
        ("orphan.db", "PRAGMA foreign_keys = OFF; DELETE FROM users"),
    ] {
        fs::write(folder.join(file), &whole).unwrap();
        change_by_hand(&folder.join(file), change);
    }

    for (file, complaint) in [
        ("damaged.db", "is not in order"),
        ("short.db", "is not in order"),
        ("text.db", "is not in order"),
        ("rule.db", "is not in order: PRAGMA integrity_check"),
        ("orphan.db", "is not in order: PRAGMA foreign_key_check"),
        ("empty.db", "has never been a database of this program"),
        ("none.db", "there is no file"),
    ] {
        let (restored, output) = restore(folder, file);

        assert!(!restored && output.contains(complaint), "{file}: {output}");
        let left: Vec<_> = fs::read_dir(folder.join("elsewhere"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(left.is_empty(), "{file}: {left:?}");
    }
}

/// What an operator's console could do to a file.
fn change_by_hand(file: &Path, sql: &str) {
    let url = format!("sqlite:{}", file.display());
    let sql = AssertSqlSafe(sql.to_owned());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        database.execute(sql).await.unwrap();
        database.close().await.unwrap();
    });
}

#[test]
fn a_server_is_copied_by_its_own_means() {
    let folder = TempDir::new().unwrap();
    let server = (
        "BAILIWICK__DATABASE__URL",
        "postgres://app@127.0.0.1:1/none",
    );

    let (copied, output) = run(folder.path(), &[server], &["backup", "copy.db"]);

    assert!(!copied && output.contains("pg_dump"), "{output}");
}
