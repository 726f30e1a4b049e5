//! Hashing, bounded.

use bailiwick_application::ports::{HashingError, Passwords};
use bailiwick_domain::user::Password;
use bailiwick_infrastructure::{Argon2Passwords, HashingOptions};
use std::time::Duration;

const CHEAP: HashingOptions = HashingOptions {
    memory: 64,
    passes: 1,
    threads: 1,
    queue: 64,
    patience: Duration::from_secs(60),
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
    assert!(
        passwords
            .verify(password("correct horse"), Some(hash.clone()))
            .await
            .unwrap()
    );
    assert!(
        !passwords
            .verify(password("correct Horse"), Some(hash))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn without_a_hash_nothing_matches_not_even_the_decoy() {
    let passwords = Argon2Passwords::start(CHEAP).unwrap();

    for text in ["correct horse", "nobody has this password"] {
        assert!(!passwords.verify(password(text), None).await.unwrap());
    }
}

#[tokio::test]
async fn a_hash_of_older_parameters_still_matches() {
    let older = Argon2Passwords::start(HashingOptions {
        memory: 32,
        ..CHEAP
    })
    .unwrap();
    let hash = older.hash(password("correct horse")).await.unwrap();

    let newer = Argon2Passwords::start(CHEAP).unwrap();

    assert!(
        newer
            .verify(password("correct horse"), Some(hash))
            .await
            .unwrap()
    );
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
