//! Two processes on one PostgreSQL: what one revokes the other refuses, at the very next request.

use crate::process::{Service, field, run, served_by};
use bailiwick_testkit::postgres::{self, Database};
use tempfile::TempDir;

/// Two replicas, with sealing keys of their own.
async fn replicas() -> Option<(Service, Service, Database)> {
    let database = postgres::database().await?;
    let settings = served_by(&database);
    run(
        TempDir::new().unwrap().path(),
        &settings,
        &["migrate", "up"],
    );
    Some((
        Service::start(&settings),
        Service::start(&settings),
        database,
    ))
}

fn me(service: &Service, token: &str) -> u16 {
    service.ask("GET", "/users/me", Some(token), "").0
}

#[tokio::test]
async fn each_takes_the_tokens_of_the_other() {
    let Some((here, there, _database)) = replicas().await else {
        return;
    };

    let (access, refresh) = here.person("ada");
    let body = format!(r#"{{"refresh_token":"{refresh}"}}"#);
    let (status, turned) = there.ask("POST", "/refresh_token", None, &body);

    assert_eq!((me(&there, &access), status), (200, 200));
    assert_eq!(me(&here, &field(&turned, "access_token")), 200);
}

#[tokio::test]
async fn what_one_revokes_the_other_refuses_at_the_next_request() {
    let Some((here, there, _database)) = replicas().await else {
        return;
    };
    let (keeper, _) = here.person("ada");
    let change =
        r#"{"current_password":"correct horse battery","new_password":"another long passphrase"}"#;
    let revocations: [(&str, &str, &str); 3] = [
        ("POST", "/logout", ""),
        ("DELETE", "/api/v1/me/sessions", ""),
        ("PUT", "/api/v1/me/password", change),
    ];

    for (verb, path, body) in revocations {
        let (lost, _) = there.sign_in("ada");
        // Whoever signs out ends their own session; whoever changes the password ends the others.
        let (revoker, kept) = match path {
            "/api/v1/me/password" => (here.sign_in("ada").0, true),
            _ => (lost.clone(), false),
        };
        assert_eq!((me(&here, &lost), me(&there, &lost)), (200, 200), "{path}");

        let (status, answer) = here.ask(verb, path, Some(&revoker), body);

        assert!((200..300).contains(&status), "{path}: {answer}");
        assert_eq!((me(&there, &lost), me(&here, &lost)), (401, 401), "{path}");
        assert_eq!(me(&there, &revoker), if kept { 200 } else { 401 }, "{path}");
    }
    assert_eq!(me(&there, &keeper), 401);
}
