//! The domain crate as whoever has it from a registry has it: packaged, and used from a workspace that is not ours.

use crate::architecture::root;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

/// The package, unpacked and built from what is in it alone. Nothing is asked of a network.
static PACKAGE: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        .args(["package", "--package", "bailiwick-domain"])
        .args(["--allow-dirty", "--locked", "--offline", "--target-dir"])
        .arg(target())
        .current_dir(root())
        .output()
        .unwrap();
    succeeded(&built);
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    assert!(said.contains("Verifying bailiwick-domain"), "{said}");
    target().join(format!(
        "package/bailiwick-domain-{}",
        env!("CARGO_PKG_VERSION")
    ))
});

#[test]
fn the_package_says_what_a_registry_asks_and_holds_what_is_needed_and_no_more() {
    let manifest: toml::Table = fs::read_to_string(PACKAGE.join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();

    let package = manifest["package"].as_table().unwrap();
    for key in [
        "description",
        "license",
        "readme",
        "documentation",
        "keywords",
        "categories",
    ] {
        assert!(package.contains_key(key), "{key}");
    }
    let dependencies: Vec<_> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(dependencies, ["thiserror", "uuid"]);
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let whole = fs::read_to_string(root().join(file)).unwrap();
        assert_eq!(fs::read_to_string(PACKAGE.join(file)).unwrap(), whole);
    }
    assert!(!PACKAGE.join("tests").exists());
}

#[test]
fn what_the_readme_shows_runs_in_another_workspace() {
    let folder = tempfile::tempdir().unwrap();
    consumer(folder.path());

    let mut run = cargo(folder.path(), None);
    let ran = run.args(["run", "--target-dir"]).arg(target()).output();

    succeeded(&ran.unwrap());
}

#[test]
fn it_is_built_where_there_is_no_std() {
    const TARGET: &str = "wasm32v1-none";
    let libraries = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(root())
        .output()
        .unwrap();
    let there = Path::new(String::from_utf8_lossy(&libraries.stdout).trim()).exists();
    if !there {
        return skipped("WASM", &format!("rustup target add {TARGET}"));
    }
    let folder = tempfile::tempdir().unwrap();
    unpacked(folder.path());

    let mut check = cargo(folder.path(), None);
    let checked = check
        .args(["check", "--lib", "--target", TARGET, "--target-dir"])
        .arg(target())
        .output();

    succeeded(&checked.unwrap());
}

#[test]
fn it_is_built_with_the_oldest_compiler_that_it_names() {
    let manifest: toml::Table = fs::read_to_string(PACKAGE.join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let oldest = format!(
        "{}.0",
        manifest["package"]["rust-version"].as_str().unwrap()
    );
    let there = Command::new("rustup")
        .args(["run", &oldest, "rustc", "--version"])
        .output()
        .is_ok_and(|answer| answer.status.success());
    if !there {
        let how = format!("rustup toolchain install {oldest} --profile minimal");
        return skipped("MSRV", &how);
    }
    let folder = tempfile::tempdir().unwrap();
    consumer(folder.path());

    let mut check = cargo(folder.path(), Some(&oldest));
    let checked = check
        .args(["check", "--target-dir"])
        .arg(target().join("oldest"))
        .output();

    succeeded(&checked.unwrap());
}

#[test]
fn another_teams_programs_are_built_from_the_package_alone() {
    let folder = tempfile::tempdir().unwrap();
    unpacked(folder.path());
    let patch = format!(
        "patch.crates-io.bailiwick-domain.path={:?}",
        folder.path().display().to_string()
    );

    // Online if it has to be: these programs use what nothing else of ours does.
    let tested = Command::new(env!("CARGO"))
        .args(["test", "--workspace", "--locked", "--config", &patch])
        .args(["--manifest-path", "examples/policy/Cargo.toml"])
        .arg("--target-dir")
        .arg(target())
        .current_dir(root())
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(
        tested.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&tested.stderr)
    );
    assert_eq!(said.matches("running 5 tests").count(), 1, "{said}");
    assert_eq!(said.matches("running 3 tests").count(), 1, "{said}");
}

/// A package of somebody else's that uses ours, and runs the code of its README.
fn consumer(folder: &Path) {
    let manifest = format!(
        "[package]\nname = \"consumer\"\nedition = \"2024\"\n\n\
         [dependencies]\nbailiwick-domain = {{ path = {:?} }}\nuuid = {{ version = \"1\", default-features = false }}\n",
        folder.join("bailiwick-domain")
    );
    unpacked(&folder.join("bailiwick-domain"));
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // The versions that the package was built with: a registry is not asked for newer ones.
    fs::copy(PACKAGE.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let readme = fs::read_to_string(PACKAGE.join("README.md")).unwrap();
    let code = readme.split("```rust\n").nth(1).unwrap();
    let code = code.split("```").next().unwrap();
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("src/main.rs"), code).unwrap();
}

/// What is in the package, where no workspace is above it.
fn unpacked(to: &Path) {
    copy(&PACKAGE, to);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

/// Cargo in that folder, of the toolchain that is named or of our own.
fn cargo(folder: &Path, toolchain: Option<&str>) -> Command {
    let mut command = match toolchain {
        Some(toolchain) => {
            let mut rustup = Command::new("rustup");
            rustup.args(["run", toolchain, "cargo"]);
            // What the tests are run with is not what is asked for.
            for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
                rustup.env_remove(variable);
            }
            rustup
        }
        None => Command::new(env!("CARGO")),
    };
    command.current_dir(folder).env("CARGO_NET_OFFLINE", "true");
    command
}

/// One for all of them: what is built once is built.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("published")
}

fn succeeded(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Where it is required, it has to be there.
#[expect(clippy::print_stderr, reason = "whoever skips says so")]
fn skipped(what: &str, how: &str) {
    let variable = format!("BAILIWICK_TEST_{what}");
    assert_ne!(
        env::var(&variable).as_deref(),
        Ok("required"),
        "missing: {how}"
    );
    eprintln!("skipped: {how}");
}
