//! The tour of the README, pasted.

use crate::process::{Service, served_by};
use bailiwick_testkit::postgres;
use std::{fs, process::Command};

#[test]
fn the_tour_works_as_it_is_written() {
    let service = Service::start(&[]);

    let answers = take(&service);

    let expected = [
        r#""email":"ada@example.com""#,
        r#""email":"bob@example.com""#,
        r#""org_id":null"#,
        r#""code":"forbidden""#,
        r#"{"email":"bob@example.com","role":"member"}"#,
        r#""roles":["owner"]"#,
        r#""name":"Apollo""#,
        r#"{"data":[{"id":"proj_"#,
        r#""code":"forbidden""#,
        r#""name":"Maker""#,
        r#""roles":["Maker"]"#,
        r#""name":"Gemini""#,
        r#""reason":"not_held""#,
        r#""status":"pending""#,
        r#""action":"member:invite""#,
        r#"{"status":"signed_out"}"#,
        r#""code":"invalid_token""#,
    ];
    let mut rest = answers.as_str();
    for part in expected {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part} is missing in\n{answers}"));
        rest = &rest[at + part.len()..];
    }
}

#[tokio::test]
async fn the_tour_says_the_same_on_postgres() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let settings = served_by(&database);
    let folder = tempfile::TempDir::new().unwrap();
    crate::process::run(folder.path(), &settings, &["migrate", "up"]);

    let there = take(&Service::start(&settings));
    let here = take(&Service::start(&[]));

    assert_eq!(shape(&there), shape(&here));
}

/// What the commands of the tour print, when they are pasted into a shell.
fn take(service: &Service) -> String {
    let readme =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let tour = readme.split("<!-- tour:begin -->").nth(1).unwrap();
    let tour = tour.split("<!-- tour:end -->").next().unwrap();
    let commands: String = tour
        .split("```sh")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    let commands = commands.replace("127.0.0.1:8080", &service.address);

    let output = Command::new("bash")
        .args(["-c", &commands])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The answers without what is new each time: ids, instants and cursors.
fn shape(answers: &str) -> String {
    let begins = |text: &str| ["20", "01"].iter().any(|with| text.starts_with(with));
    let parts: Vec<_> = answers.split('"').collect();
    let before = [""; 2].iter().chain(&parts);
    let shown = parts.iter().zip(before).filter(|(text, before)| {
        !text.contains("_01") && !begins(text) && **before != "next_cursor"
    });
    shown.map(|(text, _)| *text).collect::<Vec<_>>().join("\"")
}
