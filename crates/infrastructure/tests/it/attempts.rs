//! Attempts at passwords: strangers wait, owners do not.

use bailiwick_application::ports::{Attempt, Attempts, DeviceId};
use bailiwick_domain::user::EmailAddress;
use bailiwick_infrastructure::CountedAttempts;
use uuid::Uuid;

fn ada() -> EmailAddress {
    "ada@example.com".parse().unwrap()
}

/// How many of a thousand attempts from there go on.
fn allowed(attempts: &CountedAttempts, address: &str, device: Option<u128>) -> usize {
    let account = ada();
    let attempt = Attempt {
        account: &account,
        address: Some(address.parse().unwrap()),
        device: device.map(|device| DeviceId(Uuid::from_u128(device))),
    };
    (0..1000)
        .filter(|_| attempts.count(&attempt).is_ok())
        .count()
}

#[test]
fn a_network_has_ten_and_its_neighbours_in_it_have_none_left() {
    let attempts = CountedAttempts::default();

    assert_eq!(allowed(&attempts, "192.0.2.1", None), 10);
    assert_eq!(allowed(&attempts, "192.0.2.200", None), 0, "the same /24");
    assert_eq!(allowed(&attempts, "192.0.3.1", None), 10, "another one");
    assert_eq!(allowed(&attempts, "2001:db8::1", None), 10);
    assert_eq!(
        allowed(&attempts, "2001:db8::ffff:1", None),
        0,
        "the same /64"
    );
}

#[test]
fn strangers_everywhere_run_out_together_and_the_owner_does_not() {
    let attempts = CountedAttempts::default();

    let guessed: usize = (0..200)
        .map(|network| allowed(&attempts, &format!("10.0.{network}.1"), None))
        .sum();

    assert_eq!(guessed, 100);
    assert_eq!(
        allowed(&attempts, "10.0.0.1", Some(1)),
        10,
        "a device that was here before"
    );
    assert_eq!(
        allowed(&attempts, "10.0.0.1", Some(1)),
        0,
        "has its own limit"
    );
}

#[test]
fn whoever_has_to_wait_is_told_how_long() {
    let attempts = CountedAttempts::default();
    allowed(&attempts, "192.0.2.1", None);

    let account = ada();
    let attempt = Attempt {
        account: &account,
        address: "192.0.2.1".parse().ok(),
        device: None,
    };
    let wait = attempts.count(&attempt).unwrap_err().retry_after.as_secs();

    assert!((1..=30).contains(&wait), "{wait}");
}

#[test]
fn five_mails_to_one_address_are_enough() {
    let attempts = CountedAttempts::default();

    let sent = (0..100)
        .filter(|_| attempts.count_mail(&ada()).is_ok())
        .count();

    assert_eq!(sent, 5);
    assert!(
        attempts
            .count_mail(&"bob@example.com".parse().unwrap())
            .is_ok()
    );
}
