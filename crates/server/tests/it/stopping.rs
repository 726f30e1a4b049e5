//! A process that is asked to stop: it gives notice, finishes what it has in hand, and says that all went well.

use crate::process::Service;
use std::{
    fs,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough to look around.
const NOTICE: (&str, &str) = ("BAILIWICK__HTTP__NOTICE", "2");

fn stops_well(service: &mut Service) -> bool {
    let status = service.ended(PATIENCE).expect("it stops");
    status.success()
}

#[test]
fn it_gives_notice_and_serves_until_it_is_over() {
    let mut service = Service::start(&[NOTICE]);
    let (token, _) = service.person("ada");
    let before = service.get("/health/ready");
    assert!(before.starts_with("HTTP/1.1 200"), "{before}");

    service.terminate();
    let began = Instant::now();
    let told = loop {
        let answer = service.get("/health/ready");
        if answer.starts_with("HTTP/1.1 503") {
            break answer;
        }
        assert!(began.elapsed() < PATIENCE, "no notice: {answer}");
    };

    assert!(told.contains("retry-after:"), "{told}");
    assert!(told.contains("connection: close"), "{told}");
    assert!(told.contains("this process is about to stop"), "{told}");
    assert_eq!(service.ask("GET", "/users/me", Some(&token), "").0, 200);
    assert!(stops_well(&mut service));
}

#[test]
fn what_goes_on_behind_the_requests_is_finished() {
    let mut service = Service::start(&[("BAILIWICK__HTTP__NOTICE", "0")]);
    let (ada, _) = service.person("ada");
    service.person("bob");
    let owner = service.found(&ada, "Acme");
    let invite = r#"{"email":"bob@example.com","role":"member"}"#;
    assert_eq!(
        service
            .ask("POST", "/organization/add_users", Some(&owner), invite)
            .0,
        201
    );
    let (bob, _) = service.sign_in("bob");
    let folder = service.folder.path().join("data/mail");
    let mails = || fs::read_dir(&folder).into_iter().flatten().count();
    let before = mails();

    // A refusal, which is noted beside the request, and a mail, which nobody waits for.
    assert_eq!(
        service.ask("GET", "/api/v1/audit-events", Some(&bob), "").0,
        403
    );
    let forgot = r#"{"email":"ada@example.com"}"#;
    assert_eq!(
        service
            .ask("POST", "/api/v1/auth/password/forgot", None, forgot)
            .0,
        202
    );
    service.terminate();
    assert!(stops_well(&mut service));

    assert_eq!(mails(), before + 1);
    service.restart();
    let (_, trail) = service.ask(
        "GET",
        "/api/v1/audit-events?outcome=denied",
        Some(&owner),
        "",
    );
    assert!(trail.contains("audit:read"), "{trail}");
}
