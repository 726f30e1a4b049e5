//! Other people's OAuth clients: each does all that it can with a running service.

use crate::process::{Service, field};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the programs are that use the clients, and where `.ci/run` installs those of Node.
fn folders() -> (PathBuf, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    (root.join("tests/clients"), root.join("target/clients"))
}

#[test]
fn authlib_gets_all_that_it_asks_for() {
    python("authlib_client.py", "authlib, requests");
}

#[test]
fn requests_oauthlib_gets_all_that_it_asks_for() {
    python("requests_client.py", "requests_oauthlib");
}

#[test]
fn openid_client_gets_all_that_it_asks_for() {
    let (programs, installed) = folders();
    if !installed.join("node_modules/openid-client").exists() {
        skipped("BAILIWICK_TEST_NODE", "openid-client");
        return;
    }
    // Node looks for what a program imports from where the program is.
    let program = installed.join("openid_client.mjs");
    fs::copy(programs.join("openid_client.mjs"), &program).unwrap();
    succeeds(Command::new("node").arg(program));
}

fn python(program: &str, modules: &str) {
    let import = format!("import {modules}");
    let installed = Command::new("python3").args(["-c", &import]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        skipped("BAILIWICK_TEST_OAUTHLIB", modules);
        return;
    }
    // Both refuse to work without TLS unless they are told that it is a test.
    let mut command = Command::new("python3");
    command
        .arg(folders().0.join(program))
        .env("AUTHLIB_INSECURE_TRANSPORT", "1")
        .env("OAUTHLIB_INSECURE_TRANSPORT", "1");
    succeeds(&mut command);
}

fn skipped(variable: &str, what: &str) {
    assert_ne!(
        std::env::var(variable).as_deref(),
        Ok("required"),
        "{what} is missing"
    );
    eprintln!("skipped: {what} is not installed (`.ci/run` says how)");
}

/// Runs the program against a service with an owner and a machine, whose account and key it is told.
fn succeeds(program: &mut Command) {
    let service = Service::start(&[]);
    let (access, _) = service.person("ada");
    let post = |token: &str, path: &str, body: &str| {
        let (status, answer) = service.ask("POST", path, Some(token), body);
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    };
    let organization = post(&access, "/organization/register", r#"{"name":"Acme"}"#);
    let select = format!(r#"{{"org_id":"{}"}}"#, field(&organization, "id"));
    let owner = field(
        &post(&access, "/organization/select", &select),
        "access_token",
    );
    let account = post(
        &owner,
        "/api/v1/service-accounts",
        r#"{"name":"robot","roles":["member"]}"#,
    );
    let account = field(&account, "id");
    let key = format!(
        r#"{{"service_account_id":"{account}","name":"first","permissions":["project:read"]}}"#
    );
    let key = field(&post(&owner, "/api/v1/api-keys", &key), "key");

    let output = program
        .args([format!("http://{}", service.address), account, key])
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim(), "done", "{complaint}");
}
