//! Power cuts: whoever had not heard the answer yet asks again, and is not thrown out.

use crate::process::{Service, field, run, served_by};
use bailiwick_testkit::postgres;
use std::{thread, time::Duration};
use tempfile::TempDir;

/// How often the power is cut.
const CUTS: u64 = 50;

#[test]
fn a_refresh_whose_answer_was_lost_to_a_crash_can_be_retried_on_sqlite() {
    crashes_and_retries(Service::start(&[]));
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_to_a_crash_can_be_retried_on_postgres() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let settings = served_by(&database);
    run(
        TempDir::new().unwrap().path(),
        &settings,
        &["migrate", "up"],
    );

    crashes_and_retries(Service::start(&settings));
}

fn crashes_and_retries(mut service: Service) {
    let (_, mut token) = service.person("ada");

    for cut in 0..CUTS {
        let body = format!(r#"{{"refresh_token":"{token}"}}"#);
        let unheard = service.send("POST", "/refresh_token", None, &body);
        // Sooner or later after it was sent: before, while or after it is committed.
        thread::sleep(Duration::from_micros(cut * 400));
        service.kill();
        drop(unheard);
        service.restart();

        let (status, answer) = service.ask("POST", "/refresh_token", None, &body);

        assert_eq!(status, 200, "after {cut} cuts: {answer}");
        let successor = field(&answer, "refresh_token");
        token = successor;
    }

    assert_eq!(
        generation(&token),
        CUTS,
        "no step was lost, and none was taken twice"
    );
}

/// The place of a refresh token in its chain.
fn generation(token: &str) -> u64 {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims = String::from_utf8(claims).unwrap();
    let number = claims.split(r#""gen":"#).nth(1).unwrap();
    number
        .split(|sign: char| !sign.is_ascii_digit())
        .next()
        .unwrap()
        .parse()
        .unwrap()
}
