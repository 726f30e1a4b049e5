//! The program as it is called.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

/// What it says about `acme.yaml`, and how it exits.
fn ask(arguments: &[&str]) -> (String, i32) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/acme.yaml");
    let output = Command::new(env!("CARGO_BIN_EXE_who-may"))
        .arg(file)
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    (said.trim_end().to_owned(), output.status.code().unwrap())
}

#[test]
fn it_lists_who_may_with_the_roles_that_lead_there() {
    assert_eq!(
        ask(&["member:list"]),
        (
            "ada: owner (member:list)\nbob: Maker > member (member:list)\ncleo: member (member:list)".to_owned(),
            0
        )
    );
    assert_eq!(
        ask(&["project:update", "--project", "apollo"]),
        (
            "ada: owner (project:update)\nbob: Maker (project:update:own)".to_owned(),
            0
        )
    );
}

#[test]
fn it_says_no_with_what_is_in_the_way() {
    for (arguments, reason) in [
        (
            &["project:update", "--person", "bob", "--project", "gemini"][..],
            "held_for_own_only",
        ),
        (
            &["project:update", "--person", "cleo", "--project", "apollo"],
            "held_on_another_project",
        ),
        (&["member:invite", "--person", "bob"], "not_held"),
        (&["audit:read", "--person", "dora"], "member_suspended"),
        (&["member:invite", "--person", "eve"], "role_expired"),
    ] {
        assert_eq!(
            ask(arguments),
            (format!("no: {reason}"), 1),
            "{arguments:?}"
        );
    }
    assert_eq!(
        ask(&["project:delete", "--person", "cleo", "--project", "gemini"]),
        ("yes: admin (project:delete)".to_owned(), 0)
    );
}

#[test]
fn it_tells_what_it_does_not_know() {
    assert_eq!(
        ask(&["member:list", "--person", "zoe"]),
        ("error: there is no person `zoe`".to_owned(), 2)
    );
    let (said, code) = ask(&["member:praise"]);
    assert!(
        said.contains("unknown permission `member:praise`") && code == 2,
        "{said}"
    );
}
