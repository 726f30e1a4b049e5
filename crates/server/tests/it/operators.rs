//! Operators are made at the console, and by nothing else.

use crate::process::{Service, run};
use std::fs;

#[test]
fn an_operator_is_made_of_an_account_or_of_an_address_and_unmade() {
    let service = Service::start(&[]);
    service.person("ada");
    let folder = service.folder.path();
    let admin = |act: &str, email: &str| run(folder, &[], &["admin", act, "--email", email]);

    let (made, of_account) = admin("create", "ada@example.com");
    let (again, twice) = admin("create", "ada@example.com");
    let (new, of_address) = admin("create", "root@example.com");
    let (unmade, removed) = admin("remove", "ada@example.com");
    let (nobody, unknown) = admin("remove", "ada@example.com");
    let (nonsense, no_address) = admin("create", "nobody");

    assert!(
        made && of_account.contains("ada@example.com is an operator\n"),
        "{of_account}"
    );
    assert!(again && twice.contains("is an operator already"), "{twice}");
    assert!(
        new && of_address.contains("root@example.com is an operator\n"),
        "{of_address}"
    );
    assert!(
        unmade && removed.contains("is an operator no more"),
        "{removed}"
    );
    assert!(
        !nobody && unknown.contains("there is no operator"),
        "{unknown}"
    );
    assert!(
        !nonsense && no_address.contains("must be an email address"),
        "{no_address}"
    );
    let elsewhere = tempfile::TempDir::new().unwrap();
    let create = ["admin", "create", "--email", "ada@example.com"];
    let (made, astray) = run(elsewhere.path(), &[], &create);
    assert!(
        !made && astray.contains("there is no database at data/bailiwick.db"),
        "{astray}"
    );
    assert!(fs::read_dir(elsewhere.path()).unwrap().next().is_none());
    // Whoever is new is told by mail how to choose a password; nobody else is told anything.
    let mails: Vec<_> = fs::read_dir(folder.join("data/mail"))
        .unwrap()
        .map(|mail| fs::read_to_string(mail.unwrap().path()).unwrap())
        .filter(|mail| mail.contains("/reset-password#token"))
        .collect();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("To: root@example.com"), "{}", mails[0]);
}
