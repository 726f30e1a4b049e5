//! Settings: what there are, what is said of them, and what is refused.

use super::promises;
use crate::process::{Service, run};
use bailiwick_server::{Config, config};
use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

#[test]
fn the_page_is_as_the_settings_are() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let made = config::markdown();
    if env::var_os("BAILIWICK_UPDATE_DOCS").is_some_and(|update| update == "1") {
        fs::write(page, &made).unwrap();
    }

    let written = fs::read_to_string(page).unwrap();

    assert!(
        written == made,
        "`configuration.md` is not as the code is: run `just docs`"
    );
    // Each setting that has a default has it there, and every row says of what type it is, and what it does.
    for (section, table) in toml::Table::try_from(Config::default()).unwrap() {
        let keys = match &table {
            toml::Value::Table(keys) => keys.keys().map(|key| format!("{section}.{key}")).collect(),
            _ => vec![section],
        };
        for key in keys {
            assert!(made.contains(&format!("| `{key}` | ")), "{key}");
        }
    }
    let rows: Vec<_> = made
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    assert!(rows.len() > 30, "{rows:?}");
    for row in rows {
        let cells: Vec<_> = row.split(" | ").collect();
        assert!(
            !cells[1].is_empty() && cells.last().unwrap().len() > 10,
            "{row}"
        );
    }
}

/// A folder with a file of settings, readable by its owner alone.
fn settings(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bailiwick.toml");
    fs::write(&file, text).unwrap();
    private(&file);
    (folder, file)
}

fn private(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn whatever_is_no_setting_is_named_with_the_one_that_was_meant() {
    let text = "
        profil = 'production'
        [http]
        bnd = '127.0.0.1:0'
        burst = 3
        [limit]
        burst = 3
        [somewhere]
        entirely = 'else'
    ";
    let (folder, file) = settings(text);
    let environment = [
        ("BAILIWICK__DATABASE__CONECTIONS", "3"),
        ("BAILIWICK_HTTP__PUBLIC_URL", "https://id.example.com"),
    ];

    let arguments = ["--config", "bailiwick.toml", "config", "check"];
    let (well, output) = run(folder.path(), &environment, &arguments);

    assert!(!well, "{output}");
    let file = file.file_name().unwrap().to_str().unwrap();
    for (key, place, meant) in [
        ("profil", file, Some("profile")),
        ("http.bnd", file, Some("http.bind")),
        ("http.burst", file, Some("limits.burst")),
        ("limit.burst", file, Some("limits.burst")),
        ("somewhere.entirely", file, None),
        (
            "database.conections",
            "the environment",
            Some("database.connections"),
        ),
        (
            "BAILIWICK_HTTP__PUBLIC_URL",
            "the environment",
            Some("BAILIWICK__HTTP__PUBLIC_URL"),
        ),
    ] {
        let line = output
            .lines()
            .find(|line| line.contains(&format!("`{key}`")));
        let line = line.unwrap_or_else(|| panic!("{key} is not in {output}"));
        assert!(line.contains(&format!("{place} is no setting")), "{line}");
        let suggested = line.split("did you mean `").nth(1);
        assert_eq!(
            suggested.and_then(|rest| rest.split('`').next()),
            meant,
            "{line}"
        );
    }
}

#[test]
fn the_settings_that_count_are_printed_without_their_secrets() {
    let folder = TempDir::new().unwrap();
    let key = BASE64_STANDARD.encode([7; 32]);
    let secrets = [
        (
            "BAILIWICK__DATABASE__URL",
            "postgres://app:canary-one@db.example.com/bailiwick",
        ),
        (
            "BAILIWICK__DATABASE__OWNER_URL",
            "postgres://owner:canary-two@db.example.com/bailiwick",
        ),
        (
            "BAILIWICK__MAIL__SMTP_URL",
            "smtps://me:canary-three@smtp.example.com",
        ),
        ("BAILIWICK__TOKENS__SEALING_KEY", key.as_str()),
        ("BAILIWICK__PASSWORDS__PEPPER", "sqlite:canary-four"),
        ("BAILIWICK__TOKENS__ACCESS_TTL", "61"),
    ];

    let (well, printed) = run(folder.path(), &secrets, &["config", "print"]);

    assert!(well, "{printed}");
    assert!(
        !printed.contains("canary") && !printed.contains(&key),
        "{printed}"
    );
    for line in [
        "url = \"postgres://app:[redacted]@db.example.com/bailiwick\"",
        "owner_url = \"postgres://owner:[redacted]@db.example.com/bailiwick\"",
        "smtp_url = \"smtps://me:[redacted]@smtp.example.com\"",
        "sealing_key = \"[redacted]\"",
        "pepper = \"[redacted]\"",
        "access_ttl = 61",
        "burst = 60",
        "profile = \"embedded\"",
    ] {
        assert!(
            printed.lines().any(|printed| printed == line),
            "{line} is not in {printed}"
        );
    }
}

#[test]
fn a_secret_can_be_in_a_file_of_its_own_or_be_given_and_not_both() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("url"), "sqlite:elsewhere.db\n").unwrap();
    let named = ("BAILIWICK__DATABASE__URL_FILE", "url");
    let print = |settings: &[(&str, &str)]| run(folder.path(), settings, &["config", "print"]);

    let (well, printed) = print(&[named]);
    let (both, twice) = print(&[named, ("BAILIWICK__DATABASE__URL", "sqlite:here.db")]);
    let (gone, missing) = print(&[("BAILIWICK__MAIL__SMTP_URL_FILE", "none")]);
    let (endless, device) = print(&[("BAILIWICK__MAIL__SMTP_URL_FILE", "/dev/zero")]);

    assert!(
        well && printed.contains("url = \"sqlite:elsewhere.db\""),
        "{printed}"
    );
    assert!(
        !both && twice.contains("`database.url` and `database.url_file`"),
        "{twice}"
    );
    assert!(
        !gone && missing.contains("none that `mail.smtp_url_file` names"),
        "{missing}"
    );
    assert!(!endless && device.contains("it is not a file"), "{device}");
}

#[test]
fn a_pepper_in_the_environment_is_the_same_as_one_in_a_file() {
    const PEPPER: &str = "PEPPER of this deployment";
    let given = Service::start(&[("BAILIWICK__PASSWORDS__PEPPER", PEPPER)]);
    given.person("ada");
    let folder = given.folder.path();
    let url = format!("sqlite:{}", folder.join("data/bailiwick.db").display());
    let file = folder.join("pepper");
    fs::write(&file, format!("{PEPPER}\n")).unwrap();
    let body = r#"{"email":"ada@example.com","password":"correct horse battery"}"#;
    let sign_in = |pepper: &[(&str, &str)]| {
        let database = [("BAILIWICK__DATABASE__URL", url.as_str())];
        let service = Service::start(&[&database, pepper].concat());
        service.ask("POST", "/login", None, body).0
    };

    let by_file = sign_in(&[("BAILIWICK__PASSWORDS__PEPPER_FILE", file.to_str().unwrap())]);
    let without = sign_in(&[]);

    assert_eq!((by_file, without), (200, 500));
}

/// Settings that are fit for production, but for its files.
const FIT: &str = "
    profile = 'production'
    [http]
    bind = '127.0.0.1:0'
    public_url = 'https://id.example.com'
    [database]
    url = 'sqlite:here.db'
    [mail]
    smtp_url = 'smtps://me:a-long-enough-password@smtp.example.com'
    from = 'Bailiwick <no-reply@example.com>'
";

#[test]
fn production_is_served_when_all_is_set_and_only_its_people_can_read_it() {
    let (folder, file) = settings(FIT);
    let check = || {
        run(
            folder.path(),
            &[],
            &["--config", "bailiwick.toml", "config", "check"],
        )
    };

    let (well, output) = check();
    assert!(well && output.contains("in order"), "{output}");

    for mode in [0o640, 0o400] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        assert!(check().0, "{mode:o}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let (well, output) = check();
    assert!(
        !well && output.contains("`--config` is open to everybody"),
        "{output}"
    );
}

#[test]
fn production_is_refused_while_anything_is_only_good_for_trying_it_out() {
    let weak = BASE64_STANDARD.encode("a passphrase of thirty two bytes");
    let flat = BASE64_STANDARD.encode([7; 32]);
    let cases = [
        (
            "database.url",
            ("[database]", "url = 'sqlite:data/bailiwick.db'"),
            "is not set",
        ),
        (
            "database.url",
            ("[database]", "url = 'postgres://app:change-me@db/x'"),
            "placeholder",
        ),
        (
            "database.allow_unsafe_role",
            ("[database]", "allow_unsafe_role = true"),
            "development only",
        ),
        (
            "http.public_url",
            ("[http]", "public_url = 'http://id.example.com'"),
            "plain text",
        ),
        (
            "limits.enabled",
            ("[limits]", "enabled = false"),
            "without end",
        ),
        (
            "mail.from",
            (
                "[mail]",
                "from = 'Bailiwick <bailiwick@localhost.localdomain>'",
            ),
            "is not set",
        ),
        (
            "tokens.sealing_key",
            ("[tokens]", &format!("sealing_key = '{weak}'")),
            "random",
        ),
        (
            "tokens.sealing_key",
            ("[tokens]", &format!("sealing_key = '{flat}'")),
            "random",
        ),
        (
            "tokens.sealing_key",
            ("[tokens]", "sealing_key = 'short'"),
            "is no key",
        ),
        (
            "passwords.pepper",
            ("[passwords]", "pepper = 'aaaaaaaaaaaaaaaaaaaaaaaaaa'"),
            "is weak",
        ),
        (
            "passwords.pepper_file",
            ("[passwords]", "pepper_file = 'pepper'"),
            "is weak",
        ),
    ];
    for (key, (section, line), complaint) in cases {
        let mut table: toml::Table = FIT.parse().unwrap();
        let change: toml::Table = format!("{section}\n{line}").parse().unwrap();
        for (name, values) in change {
            let section = table.entry(name).or_insert(toml::Table::new().into());
            let values = values.as_table().unwrap().clone();
            section.as_table_mut().unwrap().extend(values);
        }
        let (folder, _) = settings(&toml::to_string(&table).unwrap());
        let pepper = folder.path().join("pepper");
        fs::write(&pepper, "aaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
        private(&pepper);
        let ask = |what: &[&str]| {
            let arguments = [&["--config", "bailiwick.toml"], what].concat();
            run(folder.path(), &[], &arguments)
        };

        for what in [&["config", "check"][..], &["serve"]] {
            let (well, output) = ask(what);

            assert!(!well, "{line}: {output}");
            let found = output
                .lines()
                .find(|line| line.contains(&format!("`{key}` ")));
            let found = found.unwrap_or_else(|| panic!("{line}: {output}"));
            assert!(found.contains(complaint), "{line}: {output}");
            // Nothing else is wrong with them.
            assert_eq!(
                output.matches("\n  `").count() + output.matches("error: `").count(),
                1,
                "{output}"
            );
        }
        assert!(
            !folder.path().join("here.db").exists(),
            "it has begun to serve"
        );
    }

    // Left out altogether, each of them is missed.
    let nothing = [("BAILIWICK__PROFILE", "production")];
    let (well, output) = run(
        TempDir::new().unwrap().path(),
        &nothing,
        &["config", "check"],
    );
    assert!(!well);
    for key in [
        "database.url",
        "http.public_url",
        "mail.smtp_url",
        "mail.from",
    ] {
        assert!(output.contains(&format!("`{key}` is not set")), "{output}");
    }
}

#[test]
fn secrets_that_anybody_may_read_are_refused_in_production() {
    let (folder, _) = settings(FIT);
    let strong = "hZ3vX0qk1mB9wYc7tR5uN2eJ8sL4dF6aG0pQxVyWzKo=";
    for (name, text) in [
        ("url", "sqlite:here.db"),
        ("here.db", ""),
        ("sealing.key", strong),
        ("pepper", strong),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
        private(&folder.path().join(name));
    }
    let mut table: toml::Table = FIT.parse().unwrap();
    let mut set = |section: &str, key: &str, value: &str| {
        let section = table
            .entry(section.to_owned())
            .or_insert(toml::Table::new().into());
        section
            .as_table_mut()
            .unwrap()
            .insert(key.to_owned(), value.into());
    };
    set("database", "url_file", "url");
    set("passwords", "pepper_file", "pepper");
    table["database"].as_table_mut().unwrap().remove("url");
    fs::write(
        folder.path().join("bailiwick.toml"),
        toml::to_string(&table).unwrap(),
    )
    .unwrap();
    let check = || {
        run(
            folder.path(),
            &[],
            &["--config", "bailiwick.toml", "config", "check"],
        )
    };
    let (well, output) = check();
    assert!(well, "{output}");

    for (name, key) in [
        ("url", "database.url"),
        ("here.db", "database.url"),
        ("sealing.key", "tokens.sealing_key_file"),
        ("pepper", "passwords.pepper_file"),
    ] {
        let file = folder.path().join(name);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
        let (well, output) = check();
        private(&file);

        assert!(
            !well && output.contains(&format!("`{key}` is open to everybody")),
            "{name}: {output}"
        );
        assert!(output.contains(name), "{output}");
    }
}

#[test]
fn a_port_alone_is_on_loopback() {
    let folder = TempDir::new().unwrap();
    for (set, shown) in [("9464", "127.0.0.1:9464"), ("0.0.0.0:9464", "0.0.0.0:9464")] {
        let bind = [("BAILIWICK__METRICS__BIND", set)];

        let (well, printed) = run(folder.path(), &bind, &["config", "print"]);

        assert!(
            well && printed.contains(&format!("bind = \"{shown}\"")),
            "{printed}"
        );
    }
}

#[test]
fn shells_complete_its_commands_and_man_has_a_page_for_each() {
    let folder = TempDir::new().unwrap();
    // Whoever installs it may have no settings, or none that are right.
    let wrong = [("BAILIWICK__NO__SETTING", "1")];

    for shell in ["bash", "zsh", "fish"] {
        let (well, script) = run(folder.path(), &wrong, &["completions", shell]);
        assert!(
            well && script.contains("doctor") && script.contains("backup"),
            "{script}"
        );
    }
    let (well, page) = run(folder.path(), &wrong, &["man"]);
    assert!(well && page.contains(".TH bailiwick 1"), "{page}");
    let (well, _) = run(folder.path(), &wrong, &["man", "--into", "pages"]);
    assert!(well);
    for page in [
        "bailiwick.1",
        "bailiwick-doctor.1",
        "bailiwick-migrate-up.1",
    ] {
        assert!(folder.path().join("pages").join(page).is_file(), "{page}");
    }
}

#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

#[test]
fn the_promises_hold_for_all_that_the_fuzzer_starts_from() {
    for file in corpus::of("settings") {
        promises::settings(&String::from_utf8_lossy(&file));
    }
}

proptest! {
    #[test]
    fn a_file_of_settings_is_read_or_refused(
        text in prop_oneof![
            any::<String>(),
            "\\[(http|database|limits|tokens|sessions|passwords|cache)\\]\n((bind|workers|trusted_proxies|connections|burst|access_ttl|algorithm|min_length|enabled) = (-?[0-9]{1,20}|true|\"(ES256|::1|127\\.0\\.0\\.1:0|10\\.0\\.0\\.0/8)\"|\\[\"10\\.0\\.0\\.0/[0-9]{1,2}\"\\])\n){0,3}",
        ]
    ) {
        promises::settings(&text);
    }
}
