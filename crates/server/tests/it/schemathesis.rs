//! schemathesis, which makes up requests from the OpenAPI document, finds nothing: no answer that the document does not
//! know, no request that it forbids and the service takes, nothing that is still there after it was deleted.

use crate::process::{Service, run, served_by};
use bailiwick_testkit::postgres;
use std::{
    env, fs,
    path::Path,
    process::{Command, Output, Stdio},
};

/// How long it looks, unless it is told otherwise, in seconds.
const SECONDS: u64 = 60;

#[test]
fn schemathesis_finds_nothing_on_sqlite() {
    if is_installed() {
        find_nothing("sqlite", &[]);
    }
}

#[tokio::test]
async fn schemathesis_finds_nothing_on_postgres() {
    if !is_installed() {
        return;
    }
    let Some(database) = postgres::database().await else {
        return;
    };
    let settings = served_by(&database);
    let folder = tempfile::TempDir::new().unwrap();
    let (migrated, said) = run(folder.path(), &settings, &["migrate", "up"]);
    assert!(migrated, "{said}");
    find_nothing("postgres", &settings);
}

fn is_installed() -> bool {
    let version = Command::new("python3")
        .args(["-m", "schemathesis.cli", "--version"])
        .output();
    if version.is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert_ne!(
        env::var("BAILIWICK_TEST_SCHEMATHESIS").as_deref(),
        Ok("required"),
        "schemathesis is missing"
    );
    eprintln!("skipped: schemathesis is not installed (`just schemathesis` installs it)");
    false
}

/// Half of the time for requests by themselves, half for those that follow the links. What it says is kept under this
/// name, beside the other results of the build.
fn find_nothing(report: &str, settings: &[(&str, &str)]) {
    let seconds = env::var("BAILIWICK_SCHEMATHESIS_SECONDS");
    let seconds: u64 = seconds.map_or(SECONDS, |seconds| seconds.parse().unwrap());
    // Whoever is made up signs in more often than anybody would.
    let limits = [("BAILIWICK__LIMITS__ENABLED", "false")];
    let settings = [settings, &limits].concat();
    for phases in ["examples,coverage,fuzzing", "stateful"] {
        let service = Service::start(&settings);
        let found = ask(&service, &settings, phases, seconds / 2);
        let said = String::from_utf8_lossy(&found.stdout);
        let complaint = String::from_utf8_lossy(&found.stderr);
        let file = format!("schemathesis-{report}-{}.txt", phases.replace(',', "-"));
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        fs::write(file, &*said).unwrap();
        assert!(found.status.success(), "{said}{complaint}");
    }
}

fn ask(service: &Service, settings: &[(&str, &str)], phases: &str, seconds: u64) -> Output {
    let address = format!("http://{}", service.address);
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis");
    let config = place.join("schemathesis.toml");
    let modules = [Some(place.into_os_string()), env::var_os("PYTHONPATH")];
    let modules = env::join_paths(modules.into_iter().flatten()).unwrap();
    Command::new("python3")
        .args(["-m", "schemathesis.cli", "--no-color", "--config-file"])
        .arg(config)
        .args(["run", &format!("{address}/openapi.json")])
        .args(["--checks", "all", "--continue-on-failure"])
        .args(["--phases", phases, "--max-time", &seconds.to_string()])
        .args(["--generation-database", "none"])
        .current_dir(service.folder.path())
        .env("PYTHONPATH", modules)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("BAILIWICK_ADDRESS", &address)
        .env("BAILIWICK_BINARY", env!("CARGO_BIN_EXE_bailiwick"))
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
