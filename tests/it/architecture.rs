//! The house as it is built: who may depend on whom, what the domain may not know, what things are called.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Every package, its folder, and all that it is built from. Nothing else, and nothing less.
#[rustfmt::skip]
const PACKAGES: &[(&str, &str, &[&str])] = &[
    ("bailiwick-domain",         "crates/domain",         &["thiserror", "uuid"]),
    ("bailiwick-application",    "crates/application",    &["async-trait", "bailiwick-domain", "thiserror", "uuid"]),
    ("bailiwick-infrastructure", "crates/infrastructure", &["argon2", "askama", "async-trait", "aws-lc-rs", "bailiwick-application", "bailiwick-domain", "base64", "deadpool", "futures-util", "governor", "jsonwebtoken", "lettre", "moka", "prometheus-client", "rustix", "sea-orm", "sea-query-sqlx", "serde", "serde_json", "sqlx", "tempfile", "thiserror", "tokio", "tokio-util", "tracing", "uuid", "zeroize"]),
    ("bailiwick-api",            "crates/api",            &["actix-cors", "actix-http", "actix-web", "bailiwick-application", "bailiwick-domain", "base64", "form_urlencoded", "futures-util", "garde", "governor", "idna", "ipnet", "prometheus-client", "schemars", "serde", "serde_json", "serde_path_to_error", "serde_urlencoded", "thiserror", "time", "tokio", "tokio-util", "tracing", "uuid"]),
    ("bailiwick-migration",      "migration",             &["async-trait", "sea-orm-migration", "sqlx"]),
    ("bailiwick-server",         "crates/server",         &["actix-web", "bailiwick-api", "bailiwick-application", "bailiwick-domain", "bailiwick-infrastructure", "bailiwick-migration", "clap", "clap_complete", "clap_mangen", "figment", "ipnet", "mimalloc", "opentelemetry", "opentelemetry-otlp", "opentelemetry_sdk", "prometheus-client", "rustix", "schemars", "serde", "serde_json", "strsim", "tempfile", "thiserror", "tokio", "tokio-util", "toml", "tracing", "tracing-opentelemetry", "tracing-subscriber"]),
    ("bailiwick-bench",          "crates/bench",          &["actix-web", "aws-lc-rs", "bailiwick-application", "bailiwick-domain", "bailiwick-infrastructure", "bailiwick-testkit", "bytes", "clap", "fastrand", "futures-util", "http-body-util", "hyper", "hyper-util", "jsonwebtoken", "mimalloc", "serde", "serde_json", "sqlx", "tempfile", "time", "tokio", "uuid"]),
    ("bailiwick-testkit",        "crates/testkit",        &["sea-orm", "sqlx", "tempfile", "tokio", "uuid"]),
    ("bailiwick-noticeboard",    "examples/noticeboard",  &["actix-web", "async-trait", "bailiwick-api", "bailiwick-application", "bailiwick-domain", "bailiwick-infrastructure", "bailiwick-migration", "bailiwick-server", "sea-orm", "serde", "uuid"]),
    ("bailiwick-tests",          "tests",                 &[]),
];

/// What the domain may not name: waiting, time, files, the network, chance, threads.
#[rustfmt::skip]
const FORBIDDEN_IN_DOMAIN: &[&str] = &[
    "async", "await", "Future",
    "Instant", "SystemTime",
    "fs", "io", "net", "env", "process", "thread",
    "rand", "getrandom", "now_v7", "new_v4",
    "unsafe",
];

/// Folders and files that say how a thing is made, or nothing at all, instead of what it is about.
#[rustfmt::skip]
const NO_NAMES: &[&str] = &[
    "common", "helpers", "manager", "misc", "shared", "util", "utils",
    "controllers", "dto", "dtos", "handlers", "interfaces", "mappers", "models", "repositories", "services", "traits", "types",
];

#[test]
fn every_package_depends_on_what_the_table_says() {
    let expected: BTreeMap<_, BTreeSet<_>> = PACKAGES
        .iter()
        .map(|(name, _, needs)| {
            (
                (*name).to_owned(),
                needs.iter().map(|need| (*need).to_owned()).collect(),
            )
        })
        .collect();

    let found: BTreeMap<_, BTreeSet<_>> = packages()
        .into_iter()
        .map(|package| (text(&package["name"]), normal_dependencies(&package)))
        .collect();

    assert_eq!(found, expected);
}

#[test]
fn every_package_stands_in_the_folder_of_its_name() {
    let expected: BTreeMap<_, _> = PACKAGES
        .iter()
        .map(|(name, folder, _)| ((*name).to_owned(), root().join(folder).join("Cargo.toml")))
        .collect();

    let found: BTreeMap<_, _> = packages()
        .into_iter()
        .map(|package| {
            (
                text(&package["name"]),
                PathBuf::from(text(&package["manifest_path"])),
            )
        })
        .collect();

    assert_eq!(found, expected);
    for (name, folder) in &found {
        let folder = folder
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap();
        assert_eq!(*name, format!("bailiwick-{folder}"));
    }
}

#[test]
fn every_package_inherits_the_lints() {
    let manifests = packages()
        .into_iter()
        .map(|package| text(&package["manifest_path"]));

    let without: Vec<_> = manifests
        .filter(|manifest| {
            let text = fs::read_to_string(manifest).unwrap();
            !text.contains("[lints]\nworkspace = true\n")
        })
        .collect();

    assert_eq!(without, [""; 0]);
}

#[test]
fn every_version_stands_in_the_workspace() {
    let manifests = packages()
        .into_iter()
        .map(|package| text(&package["manifest_path"]));

    let own: Vec<_> = manifests
        .flat_map(|manifest| {
            let text = fs::read_to_string(&manifest).unwrap();
            dependency_lines(&text)
                .filter(|line| !line.contains("workspace = true"))
                .map(|line| format!("{manifest}: {line}"))
                .collect::<Vec<_>>()
        })
        .collect();

    assert_eq!(own, [""; 0]);
}

#[test]
fn the_domain_waits_for_nothing_and_asks_nobody() {
    let sources = sources(&root().join("crates/domain/src"));
    assert!(!sources.is_empty());

    let found: Vec<_> = sources
        .iter()
        .flat_map(|file| {
            let text = fs::read_to_string(file).unwrap();
            let words: BTreeSet<_> = code(&text).flat_map(words).map(str::to_owned).collect();
            FORBIDDEN_IN_DOMAIN
                .iter()
                .filter(|word| words.contains(**word))
                .map(|word| format!("{}: `{word}`", file.display()))
                .collect::<Vec<_>>()
        })
        .collect();

    assert_eq!(found, [""; 0]);
}

#[test]
fn folders_and_files_are_named_for_what_they_are_about() {
    let folders = ["crates", "examples", "migration", "tests"].map(|folder| root().join(folder));

    let found: Vec<_> = folders
        .iter()
        .flat_map(|folder| entries(folder))
        .filter(|path| path.is_dir() || is_source(path))
        .filter(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            NO_NAMES.contains(&name)
        })
        .collect();

    assert_eq!(found, Vec::<PathBuf>::new());
}

#[test]
fn every_file_opens_with_a_sentence() {
    let folders = ["crates", "examples", "migration", "tests"].map(|folder| root().join(folder));

    let without: Vec<_> = folders
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|file| {
            // What the compiler refuses is an example, not a module.
            !file
                .components()
                .any(|part| part.as_os_str() == "compile_fail")
        })
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//! "))
        .collect();

    assert_eq!(without, Vec::<PathBuf>::new());
}

#[test]
fn words_in_comments_are_not_code() {
    let text = "//! async\nlet a = 1; // SystemTime\n/// rand\nfs::read(b)";

    let words: Vec<_> = code(text).flat_map(words).collect();

    assert_eq!(words, ["let", "a", "1", "fs", "read", "b"]);
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The workspace as cargo sees it.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Neither what only tests nor what only the build script needs.
fn normal_dependencies(package: &Value) -> BTreeSet<String> {
    let dependencies = package["dependencies"].as_array().unwrap();
    dependencies
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| text(&dependency["name"]))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The lines of the sections that name dependencies.
fn dependency_lines(manifest: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    manifest.lines().filter(move |line| {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
            return false;
        }
        inside && line.contains('=')
    })
}

/// The lines without their comments. A `//` in a literal cuts too much, which hides nothing that starts a line.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap())
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = entries(folder);
    files.retain(|path| is_source(path));
    files
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

/// Everything below a folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let children = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    children
        .filter(|path| path.file_name().is_some_and(|name| name != "target"))
        .flat_map(|path| {
            let below = if path.is_dir() {
                entries(&path)
            } else {
                Vec::new()
            };
            [vec![path], below].concat()
        })
        .collect()
}
