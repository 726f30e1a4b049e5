//! What the crate offers to others: committed as a list, documented, and shown.
//!
//! `BAILIWICK_UPDATE_DOCS=1` writes the list anew.

use public_api::Builder;
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// What rustdoc knows of the crate. Its JSON is for nightly compilers; the pinned one writes it when it is told to.
static RUSTDOC: LazyLock<PathBuf> = LazyLock::new(|| {
    // Beside this tree: what is written there says nothing of which tree it was.
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/public-api");
    let output = Command::new(env!("CARGO"))
        .args(["rustdoc", "--lib", "--locked", "--quiet", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target.join("doc/bailiwick_domain.json")
});

#[test]
fn the_public_api_is_what_the_list_says() {
    let api = Builder::from_rustdoc_json(&*RUSTDOC)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .unwrap();
    let found = listed(&api.to_string());

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("public-api.txt");
    if env::var_os("BAILIWICK_UPDATE_DOCS").is_some_and(|update| update == "1") {
        fs::write(&file, &found).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();

    let gone = |from: &str, of: &str| -> Vec<String> {
        let there: Vec<_> = of.lines().collect();
        from.lines()
            .filter(|line| !there.contains(line))
            .map(str::to_owned)
            .collect()
    };
    assert!(
        found == written,
        "no longer offered, which breaks whoever uses it: {:#?}\nnew: {:#?}\nIf that is meant: `just docs`",
        gone(&written, &found),
        gone(&found, &written),
    );
}

/// The list without the members of foreign traits, which stand in the line of the `impl`.
fn listed(api: &str) -> String {
    let mut foreign = None;
    let mut lines = String::new();
    for line in api.lines() {
        if line.starts_with("impl") {
            foreign = line
                .split_once(" for ")
                .filter(|(of, _)| !of.contains(" bailiwick_domain::"))
                .map(|(_, whose)| {
                    let end = whose.find(['<', ' ']).unwrap_or(whose.len());
                    format!("{}::", &whose[..end])
                });
        } else if foreign.as_ref().is_some_and(|whose| {
            ["pub fn ", "pub type ", "pub const fn "]
                .iter()
                .any(|kind| line.starts_with(kind) && line.contains(whose))
        }) {
            continue;
        }
        lines.push_str(line);
        lines.push('\n');
    }
    lines
}

#[test]
fn whatever_is_public_is_shown_in_an_example() {
    let text = fs::read_to_string(&*RUSTDOC).unwrap();
    let rustdoc: Value = serde_json::from_str(&text).unwrap();
    let index = rustdoc["index"].as_object().unwrap();
    let mut shown = 0;
    let mut silent = Vec::new();
    for item in index.values() {
        if item["crate_id"] != 0 || item["visibility"] != "public" {
            continue;
        }
        let name = item["name"].as_str().unwrap_or_default();
        let inner = item["inner"].as_object().unwrap();
        let (kind, inner) = inner.iter().next().unwrap();
        let needs_one = match kind.as_str() {
            "module" | "enum" | "macro" => true,
            // Nobody outside can name it.
            "trait" => name != "Sealed",
            // What `permissions!` makes of a line is shown where the catalogue is.
            "struct" => !file(item).ends_with("catalogue.rs") || name == "UnknownPermission",
            _ => false,
        };
        if needs_one {
            shown += 1;
            if examples(item).is_empty() && !is_hidden(item) {
                silent.push(format!("{kind} {name} in {}", file(item)));
            }
        }
        let own: String = methods(index, inner).map(examples).collect();
        let code = examples(item) + &own;
        for method in methods(index, inner) {
            shown += 1;
            let of_it = method["name"].as_str().unwrap();
            if !is_used(of_it, &code) {
                silent.push(format!("{name}::{of_it} in {}", file(method)));
            }
        }
    }
    let functions = index
        .values()
        .filter(|item| item["inner"]["module"].is_object())
        .flat_map(|module| module["inner"]["module"]["items"].as_array().unwrap())
        .filter_map(|id| index.get(&id.to_string()))
        .filter(|item| item["inner"]["function"].is_object());
    for function in functions {
        shown += 1;
        if examples(function).is_empty() {
            silent.push(format!("{} in {}", function["name"], file(function)));
        }
    }

    silent.sort();
    assert_eq!(silent, [""; 0]);
    assert!(shown > 300, "{shown}");
}

fn file(item: &Value) -> &str {
    item["span"]["filename"].as_str().unwrap_or_default()
}

fn is_hidden(item: &Value) -> bool {
    item["attrs"].to_string().contains("hidden")
}

/// The functions that a type has by itself. They are shown where the type is, or one of them.
fn methods<'a>(
    index: &'a serde_json::Map<String, Value>,
    inner: &'a Value,
) -> impl Iterator<Item = &'a Value> {
    let items = |ids: &'a Value| {
        let ids = ids.as_array().map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| index.get(&id.to_string()))
    };
    items(&inner["impls"])
        .map(|item| &item["inner"]["impl"])
        .filter(|block| block["trait"].is_null())
        .flat_map(move |block| items(&block["items"]))
        .filter(|item| item["inner"]["function"].is_object() && item["visibility"] == "public")
}

/// The code in the item's documentation.
fn examples(item: &Value) -> String {
    let docs = item["docs"].as_str().unwrap_or_default();
    docs.split("```").skip(1).step_by(2).collect()
}

/// Is it called, or named as what is to be called?
fn is_used(name: &str, code: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(name).any(|(at, _)| {
        let before = &code[..at];
        let after = &code[at + name.len()..];
        (before.ends_with('.') || before.ends_with("::")) && !after.starts_with(is_letter)
    })
}
