//! The commands of the book, pasted page by page into a shell beside a service that was just started.

use crate::process::Service;
use std::{env, ffi::OsString, fs, path::Path, process::Command};

/// A page whose commands are run begins with one of these.
const SERVED: &str = "<!-- run: served -->";
const STOPPED: &str = "<!-- run: stopped -->";
const NOT: &str = "<!-- not run: ";

#[test]
fn a_token_leaked() {
    let said = played("operations/a-token-leaked.md");

    assert!(said.contains(r#""code":"invalid_token""#), "{said}");
    assert!(said.contains("ada@example.com is an operator"), "{said}");
}

#[test]
fn keys_are_rotated() {
    let said = played("operations/key-rotation.md");

    assert!(said.contains("published"), "{said}");
}

#[test]
fn it_is_upgraded() {
    let said = played("operations/upgrade.md");

    assert!(said.contains("applied  m0001_users"), "{said}");
    assert!(said.contains(r#"{"status":"ready"}"#), "{said}");
}

#[test]
fn it_is_restored() {
    let page = read("operations/restore.md");
    assert!(page.contains(STOPPED));
    let mut service = Service::start(&[]);
    service.person("ada");
    service.kill();

    let said = paste(&page, &service);

    assert!(!said.contains("pending"), "{said}");
    service.restart();
    service.sign_in("ada");
}

#[test]
fn somebody_moves_here_from_the_seed_projects() {
    played("tutorials/from-the-seed-projects.md");
}

#[test]
fn no_page_with_commands_is_left_out() {
    let mut pages = Vec::new();
    collect(&docs(), &mut pages);
    let run: Vec<_> = pages
        .into_iter()
        .filter(|page| {
            let text = fs::read_to_string(page).unwrap();
            text.contains(SERVED) || text.contains(STOPPED)
        })
        .collect();

    let mine = include_str!("book.rs");
    for page in &run {
        let name = page.strip_prefix(docs()).unwrap().display().to_string();
        assert!(mine.contains(&format!("\"{name}\"")), "{name} is not run");
    }
    assert_eq!(run.len(), 5);
}

fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn collect(folder: &Path, pages: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

fn read(page: &str) -> String {
    fs::read_to_string(docs().join(page)).unwrap()
}

/// What the commands of the page print beside a service.
fn played(page: &str) -> String {
    let page = read(page);
    assert!(page.contains(SERVED));
    paste(&page, &Service::start(&[]))
}

/// What the commands print. The first that fails ends them, and fails the test.
fn paste(page: &str, service: &Service) -> String {
    let commands = commands(page).replace("127.0.0.1:8080", &service.address);
    let binary = Path::new(env!("CARGO_BIN_EXE_bailiwick"));
    let mut path = OsString::from(binary.parent().unwrap());
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    let mut shell = Command::new("bash");
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("BAILIWICK__")) {
        shell.env_remove(name);
    }
    let output = shell
        .args(["-euxo", "pipefail", "-c", &commands])
        .env("PATH", path)
        .env("BAILIWICK__HTTP__BIND", "127.0.0.1:0")
        .current_dir(service.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// The blocks of a page that are for a shell, but for those of which it is said that they are not run.
fn commands(page: &str) -> String {
    let mut commands = String::new();
    let mut inside = None;
    let mut skipped = false;
    for line in page.lines() {
        let bare = line.trim_start();
        match inside {
            None if bare == "```sh" => inside = Some(!skipped),
            None if bare.starts_with(NOT) => skipped = true,
            None if bare.is_empty() => {}
            None => skipped = false,
            Some(_) if bare == "```" => {
                inside = None;
                skipped = false;
            }
            Some(true) => {
                commands.push_str(bare);
                commands.push('\n');
            }
            Some(false) => {}
        }
    }
    commands
}
