//! `docs/configuration.md` names every setting, with its default, and nothing else.

use super::promises;
use bailiwick_server::Config;
use proptest::prelude::*;
use std::{collections::BTreeMap, fs};

#[test]
fn every_setting_is_documented_with_its_default() {
    let page = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/configuration.md"
    ))
    .unwrap();

    let documented: BTreeMap<_, _> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| {
            let cells: Vec<_> = row
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect();
            (cells[0].to_owned(), cells[1].to_owned())
        })
        .collect();

    assert_eq!(documented, settings());
}

/// Each setting's name and default; nothing stands for a default that is none.
fn settings() -> BTreeMap<String, String> {
    let optional = [
        "http.public_url",
        "http.workers",
        "database.owner_url",
        "tokens.sealing_key",
        "tokens.sealing_key_file",
        "mail.directory",
        "mail.smtp_url",
        "metrics.bind",
        "passwords.pepper_file",
    ];
    let mut settings: BTreeMap<_, _> = optional.map(|name| (name.to_owned(), String::new())).into();
    for (section, table) in toml::Table::try_from(Config::default()).unwrap() {
        for (key, value) in table.as_table().unwrap() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            settings.insert(format!("{section}.{key}"), value);
        }
    }
    settings
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
