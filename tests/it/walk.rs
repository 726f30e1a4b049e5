//! The walk "Adding a resource, file by file" of `docs/architecture.md`, taken: as a patch, applied to a copy of the tree,
//! which is built and tested.

use crate::{architecture::root, documents::docs};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PATCH: &str = "tests/walk/invoices.patch";

/// What `just docs` writes anew when there is a resource more. The first ones are written here too.
const WRITTEN: &[&str] = &[
    "crates/domain/public-api.txt",
    "docs/error-handling.md",
    "docs/openapi.json",
    "docs/routes.md",
    "tests/corpus/workload.txt",
    // Measured for minutes on PostgreSQL.
    "docs/round-trips.md",
];

/// What the copy consists of, beside some files at the top.
const FOLDERS: [&str; 7] = [
    "crates",
    "deploy",
    "docs",
    "examples",
    "fuzz",
    "migration",
    "tests",
];

/// What tells whether the new resource is known wherever it has to be, one line a crate.
const TOLD: &[&str] = &[
    // The kernel: every permission is asked for, the table of the policy, the list of what is public.
    "the_two_ways_to_ask_the_policy_agree",
    "policy_matrix::",
    "public_api::",
    // The schema: up and down, and the wall.
    "every_migration_goes_up_and_down_and_up_again",
    "every_table_with_rows_of_tenants_is_guarded",
    // The table of routes: nobody gets in whom it does not declare.
    "no_row_lets_anybody_in_whom_it_does_not_declare",
    // From outside: each document, each example, each change and its record.
    "documents::",
    "sqlite::the_workload_comes_out_as_it_is_on_record",
    "sqlite::the_examples_are_what_is_asked_and_answered",
    "sqlite::every_change_leaves_one_record",
    "the_oracle_says_what_the_tables_of_the_documents_say",
];

#[test]
fn the_walk_touches_the_files_that_the_page_names_and_no_others() {
    let page = fs::read_to_string(docs().join("architecture.md")).unwrap();
    let walk = page
        .split("## Adding a resource, file by file")
        .nth(1)
        .unwrap();
    let prose = walk.split("```").step_by(2);
    let named: BTreeSet<_> = prose
        .flat_map(|part| part.split('`').skip(1).step_by(2))
        .filter(|name| name.contains('/') && name.contains('.') && !name.contains(['(', '*']))
        .collect();

    let patch = fs::read_to_string(root().join(PATCH)).unwrap();
    let touched: BTreeSet<_> = patch
        .lines()
        .filter_map(|line| line.strip_prefix("+++ b/"))
        .chain(WRITTEN.iter().copied())
        .collect();

    let unnamed: Vec<_> = touched.difference(&named).collect();
    let untouched: Vec<_> = named.difference(&touched).collect();
    assert!(
        unnamed.is_empty() && untouched.is_empty(),
        "the walk does not name {unnamed:?}, and names {untouched:?}, which it need not touch"
    );
}

#[test]
fn the_walk_is_taken_and_everything_knows_the_new_resource() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("walk-target");
    let tree = Path::new(env!("CARGO_TARGET_TMPDIR")).join("walk");
    let before = copied(&tree);

    let applied = Command::new("git")
        .args(["apply", "--whitespace=nowarn"])
        .arg(root().join(PATCH))
        .current_dir(&tree)
        // The copy is no part of the repository that it lies in.
        .env("GIT_CEILING_DIRECTORIES", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    assert!(
        applied.status.success(),
        "the tree has moved on, take the walk anew: {}",
        String::from_utf8_lossy(&applied.stderr)
    );
    settled(&tree, before);
    let patched = differing(&tree);

    // Apart from what is built for this tree: cargo tells crates apart by where they stand in their workspace, and so would take
    // one tree's for the other's.
    let tested = Command::new(env!("CARGO"))
        .args(["test", "--workspace", "--locked", "--test", "it"])
        .arg("--target-dir")
        .arg(target)
        .arg("--")
        .args(TOLD)
        .current_dir(&tree)
        .env("BAILIWICK_UPDATE_DOCS", "1")
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&tested.stdout);
    let failed = String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success(), "{said}\n{failed}");
    for name in TOLD {
        assert!(said.contains(name), "{name} was not run:\n{said}");
    }
    // Nothing was written that the walk does not name, and what it says of the examples was so.
    let written: BTreeSet<_> = differing(&tree).into_iter().collect();
    let patched: BTreeSet<_> = patched.into_iter().collect();
    let anew: Vec<_> = written.difference(&patched).map(|(file, _)| file).collect();
    let all: Vec<_> = WRITTEN.iter().map(PathBuf::from).collect();
    assert!(
        anew.iter().all(|file| all.contains(file)) && anew.len() == all.len() - 1,
        "{anew:?}"
    );
}

/// The files that are not as they are in the tree, with what is in them.
fn differing(tree: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        walk(tree, Path::new(folder), &mut files);
    }
    files
        .into_iter()
        .filter_map(|file| {
            let now = fs::read(tree.join(&file)).unwrap();
            let was = fs::read(root().join(&file)).unwrap_or_default();
            (now != was).then_some((file, now))
        })
        .collect()
}

/// Copies the tree. What is in the place already as it was, or as it was patched, is left alone, so that its time stays and
/// cargo has nothing to do; what that was, is the answer.
fn copied(tree: &Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut before = Vec::new();
    let mut there = Vec::new();
    let files = ["Cargo.toml", "Cargo.lock", "clippy.toml", "README.md"];
    for name in [
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "rust-toolchain.toml",
        "justfile",
    ]
    .into_iter()
    .chain(files)
    {
        there.push(PathBuf::from(name));
    }
    for folder in FOLDERS {
        walk(&root(), Path::new(folder), &mut there);
    }
    let mut old = Vec::new();
    if tree.exists() {
        for folder in FOLDERS {
            walk(tree, Path::new(folder), &mut old);
        }
    }
    for file in old.into_iter().chain(there.iter().cloned()) {
        let path = tree.join(&file);
        if let (Ok(bytes), Ok(meta)) = (fs::read(&path), fs::metadata(&path)) {
            before.push((path.clone(), bytes, meta.modified().unwrap()));
        }
        let _ = fs::remove_file(&path);
    }
    for file in there {
        let path = tree.join(&file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, fs::read(root().join(file)).unwrap()).unwrap();
    }
    before
}

/// Gives files that are as they were the time that they had.
fn settled(tree: &Path, before: Vec<(PathBuf, Vec<u8>, std::time::SystemTime)>) {
    assert!(tree.join("Cargo.toml").exists());
    for (path, bytes, time) in before {
        if fs::read(&path).is_ok_and(|now| now == bytes) {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        }
    }
}

fn walk(from: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    if !from.join(folder).is_dir() {
        return;
    }
    for entry in fs::read_dir(from.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if from.join(&path).is_dir() {
            if entry.file_name() != "target" {
                walk(from, &path, found);
            }
        } else {
            found.push(path);
        }
    }
}
