//! Hashing, bounded.

use bailiwick_application::ports::{
    Comparison::{self, Differs, Matches, MatchesOutdated},
    HashingError, Passwords,
};
use bailiwick_domain::password::{Password, PasswordHash};
use bailiwick_infrastructure::{Argon2Passwords, HashingOptions};
use futures_util::{StreamExt, future::ready, stream::FuturesUnordered};
use prometheus_client::{encoding::text::encode, registry::Registry};
use std::time::Duration;

const CHEAP: HashingOptions = HashingOptions {
    memory: 64,
    passes: 1,
    threads: 1,
    queue: 64,
    patience: Duration::from_secs(60),
    pepper: None,
};

fn password(text: &str) -> Password {
    Password::typed(text.to_owned())
}

#[tokio::test]
async fn a_password_matches_its_own_hash_and_no_other() {
    let passwords = Argon2Passwords::start(CHEAP).unwrap();

    let hash = passwords.hash(password("correct horse")).await.unwrap();
    let again = passwords.hash(password("correct horse")).await.unwrap();

    assert_ne!(hash, again, "each has a salt of its own");
    assert!(hash.as_phc().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    assert!(hash.as_phc().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    assert_eq!(compare(&passwords, "correct horse", &hash).await, Matches);
    assert_eq!(compare(&passwords, "correct Horse", &hash).await, Differs);
}

#[tokio::test]
async fn without_a_hash_nothing_matches_not_even_the_decoy() {
    let passwords = Argon2Passwords::start(CHEAP).unwrap();

    for text in ["correct horse", "nobody has this password"] {
        assert_eq!(
            passwords.verify(password(text), None).await.unwrap(),
            Differs
        );
    }
}

#[tokio::test]
async fn a_hash_of_older_parameters_matches_and_says_that_it_is_old() {
    let older = Argon2Passwords::start(HashingOptions {
        memory: 32,
        ..CHEAP
    })
    .unwrap();
    let hash = older.hash(password("correct horse")).await.unwrap();

    let newer = Argon2Passwords::start(CHEAP).unwrap();

    assert_eq!(
        compare(&newer, "correct horse", &hash).await,
        MatchesOutdated
    );
    assert_eq!(compare(&newer, "correct Horse", &hash).await, Differs);
}

#[tokio::test]
async fn a_pepper_is_needed_for_its_own_hashes_and_takes_over_the_others() {
    let pepper = |text: &str| HashingOptions {
        pepper: Some(text.as_bytes().to_vec().into()),
        ..CHEAP
    };
    let plain = Argon2Passwords::start(CHEAP).unwrap();
    let peppered = Argon2Passwords::start(pepper("of this deployment")).unwrap();
    let another = Argon2Passwords::start(pepper("of another deployment")).unwrap();

    let with = peppered.hash(password("correct horse")).await.unwrap();
    let without = plain.hash(password("correct horse")).await.unwrap();

    assert_eq!(compare(&peppered, "correct horse", &with).await, Matches);
    assert_eq!(
        compare(&peppered, "correct horse", &without).await,
        MatchesOutdated
    );
    assert_eq!(compare(&another, "correct horse", &with).await, Differs);
    let lost = plain.verify(password("correct horse"), Some(with)).await;
    assert!(
        matches!(lost, Err(HashingError::Broken(_))),
        "whoever lost the pepper is told so"
    );
}

async fn compare(passwords: &Argon2Passwords, text: &str, hash: &PasswordHash) -> Comparison {
    passwords
        .verify(password(text), Some(hash.clone()))
        .await
        .unwrap()
}

#[tokio::test]
async fn beyond_the_queue_the_answer_is_to_come_back_later() {
    let slow = HashingOptions {
        memory: 65_536,
        passes: 4,
        queue: 1,
        ..CHEAP
    };
    let passwords = Argon2Passwords::start(slow).unwrap();

    let flood = (0..16).map(|_| passwords.hash(password("correct horse")));
    let answers = futures_util::future::join_all(flood).await;

    let busy = answers
        .iter()
        .filter(|answer| matches!(answer, Err(HashingError::Busy { .. })))
        .count();
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(busy + done, 16);
    assert!(
        (1..=3).contains(&done) && busy >= 13,
        "{done} done, {busy} busy"
    );
    assert_eq!(exported(&passwords, "refused_total"), busy);
    assert_eq!(exported(&passwords, "duration_seconds_count"), done);
}

/// A number that is exported about hashing.
fn exported(passwords: &Argon2Passwords, name: &str) -> usize {
    let mut registry = Registry::default();
    passwords.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    let beginning = format!("bailiwick_hashing_{name} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&beginning));
    value.unwrap().parse().unwrap()
}

#[tokio::test]
async fn who_would_wait_too_long_is_refused_at_once_however_long_the_queue_is() {
    let slow = HashingOptions {
        memory: 65_536,
        passes: 1,
        queue: 1_000,
        patience: Duration::from_secs(1),
        ..CHEAP
    };
    let passwords = Argon2Passwords::start(slow).unwrap();

    let flood = (0..200).map(|_| passwords.hash(password("correct horse")));
    let mut flood = flood.collect::<FuturesUnordered<_>>();
    let first = flood.next().await.unwrap();

    assert!(
        matches!(first, Err(HashingError::Busy { retry_after }) if retry_after >= Duration::from_secs(1))
    );
    assert!(matches!(passwords.admit(), Err(HashingError::Busy { .. })));
    let served = flood.filter(|answer| ready(answer.is_ok())).count().await;
    assert!((1..100).contains(&served), "{served} of 200");
    passwords.admit().unwrap();
}

#[tokio::test]
async fn who_has_waited_too_long_is_not_served() {
    let passwords = Argon2Passwords::start(HashingOptions {
        patience: Duration::ZERO,
        ..CHEAP
    })
    .unwrap();

    let answer = passwords.hash(password("correct horse")).await;

    assert!(matches!(answer, Err(HashingError::Busy { .. })));
}
