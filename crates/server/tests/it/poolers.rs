//! A pooler between the service and PostgreSQL: PgBouncer, in each of its modes.

use crate::process::{Service, field, run, served_by};
use bailiwick_testkit::{
    pooler::{Mode, PgBouncer},
    postgres::{self, Database},
};
use tempfile::TempDir;

async fn behind(mode: Mode) -> Option<(Database, PgBouncer)> {
    let database = postgres::database().await?;
    let folder = TempDir::new().unwrap();
    let (well, said) = run(folder.path(), &served_by(&database), &["migrate", "up"]);
    assert!(well, "{said}");
    let pooler = PgBouncer::before(&database, mode).await.unwrap()?;
    Some((database, pooler))
}

// The wire to the server is carried beside the test, which waits for processes.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_lends_by_the_session_is_not_noticed() {
    let Some((database, pooler)) = behind(Mode::Session).await else {
        return;
    };
    let settings = [("BAILIWICK__DATABASE__URL", pooler.url())];
    let (here, there) = (Service::start(&settings), Service::start(&settings));
    let (access, _) = here.person("ada");
    let me = |service: &Service| service.ask("GET", "/users/me", Some(&access), "").0;
    let organization = r#"{"name":"Acme"}"#;

    let (founded, answer) = there.ask("POST", "/api/v1/organizations", Some(&access), organization);
    assert_eq!(
        (founded, me(&here), me(&there)),
        (201, 200, 200),
        "{answer}"
    );
    let (status, answer) = here.ask(
        "POST",
        "/organization/select",
        Some(&access),
        &format!(r#"{{"org_id":"{}"}}"#, field(&answer, "id")),
    );
    assert_eq!(status, 202, "{answer}");
    let inside = field(&answer, "access_token");
    let members = there.ask("GET", "/api/v1/members", Some(&inside), "");
    assert!(members.1.contains("ada@example.com"), "{members:?}");

    // The replica that remembers hears of it through the pooler as well.
    assert_eq!(
        here.ask("DELETE", "/api/v1/me/sessions", Some(&access), "")
            .0,
        200
    );
    assert_eq!(me(&there), 401);
    let held = "SELECT count(*)::text FROM replicas";
    assert_eq!(database.column(held).await, ["2"]);
}

// The wire to the server is carried beside the test, which waits for processes.
#[tokio::test(flavor = "multi_thread")]
async fn behind_one_that_lends_by_the_transaction_or_the_statement_nobody_serves() {
    for (mode, why) in [
        (Mode::Transaction, "pool_mode = session"),
        (Mode::Statement, "statement pooling"),
    ] {
        let Some((_database, pooler)) = behind(mode).await else {
            return;
        };
        let folder = TempDir::new().unwrap();
        let settings = [("BAILIWICK__DATABASE__URL", pooler.url())];

        let (well, said) = run(folder.path(), &settings, &["serve"]);

        assert!(!well && said.contains(why), "{said}");
    }
}
