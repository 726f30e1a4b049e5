//! What settings there are, as `config.rs` says it: for the page that documents them, and for whoever has mistyped one.

use super::Config;
use figment::{Figment, value::Dict, value::Value as Setting};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;
use std::{collections::BTreeMap, env, fmt, fmt::Write as _};

const PAGE: &str = "# Configuration

<!-- Made from `crates/server/src/config.rs`: change it there, and run `just docs`. -->

Every setting has a default, with which `bailiwick` serves on an embedded SQLite file. A TOML file given by `--config`
overrides the defaults, and the environment overrides the file: `http.bind` is `bind` in the section `[http]` of the
file, and `BAILIWICK__HTTP__BIND` in the environment. A setting that does not exist is an error that names it, and the one that was
meant.

`bailiwick config check` reads the settings and says what is wrong with them; `bailiwick config print` shows all of them, each with
the value that counts and without its secrets.

**Secrets** are those of the settings below that say so. Each can be in the environment, in the file of settings, or in a file of its own
that a setting ending in `_file` names, as container platforms and service managers hand them out. Spaces and line ends around it do not count.

**`profile = \"production\"`** refuses to start, and names everything that has to be different, while

- a setting is at a default that is only good for trying it out: `database.url`, `http.public_url`, `mail.smtp_url`, `mail.from`;
- `http.public_url` is not `https://`;
- `limits.enabled` is `false`, or `database.allow_unsafe_role` is `true`;
- a secret is weak: a sealing key that does not look random, a pepper of less than 16 bytes, a placeholder like `change-me`;
- others than its owner and their group may use a file that holds a secret, or the file of settings that does.

| setting | type | default | what it does |
|---|---|---|---|
";

/// One setting.
struct Entry {
    kind: String,
    what: String,
    secret: bool,
}

/// `docs/configuration.md`.
#[must_use]
pub fn markdown() -> String {
    let defaults = defaults();
    let mut page = PAGE.to_owned();
    for (key, entry) in entries() {
        let Entry { kind, what, secret } = entry;
        let default = defaults.get(&key).map(|value| format!("`{value}`"));
        let default = default.unwrap_or_default();
        let secret = if secret { " A secret." } else { "" };
        let _ = writeln!(page, "| `{key}` | {kind} | {default} | {what}{secret} |");
    }
    page
}

/// Every setting, by its name.
fn entries() -> BTreeMap<String, Entry> {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = SchemaGenerator::new(settings).into_root_schema_for::<Config>();
    let mut entries = BTreeMap::new();
    for (name, schema) in properties(schema.as_value()) {
        let inner = properties(schema);
        if inner.is_empty() {
            entries.insert(name.clone(), Entry::of(schema));
        }
        for (key, schema) in inner {
            entries.insert(format!("{name}.{key}"), Entry::of(schema));
        }
    }
    entries
}

/// How much of a setting must not be shown.
pub(super) enum Secrecy {
    /// Nothing: it is no secret.
    None,
    /// The password of an address.
    Address,
    /// All of it.
    Whole,
}

/// How much of this setting must not be shown.
pub(super) fn secrecy(key: &str) -> Secrecy {
    match entries().get(key) {
        Some(entry) if entry.secret && entry.kind == "URL" => Secrecy::Address,
        Some(entry) if entry.secret => Secrecy::Whole,
        Some(_) | None => Secrecy::None,
    }
}

/// The default of every setting that has one.
fn defaults() -> BTreeMap<String, String> {
    let mut defaults = BTreeMap::new();
    let table = toml::Table::try_from(Config::default()).unwrap_or_default();
    for (name, value) in table {
        match value {
            toml::Value::Table(section) => {
                for (key, value) in section {
                    defaults.insert(format!("{name}.{key}"), bare(&value));
                }
            }
            value => {
                defaults.insert(name, bare(&value));
            }
        }
    }
    defaults
}

fn bare(value: &toml::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn properties(schema: &Value) -> Vec<(&String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().collect()
}

impl Entry {
    fn of(schema: &Value) -> Self {
        let text = |name: &str| schema.get(name).and_then(Value::as_str);
        let mut kind = text("x-type").map_or_else(|| kind(schema), str::to_owned);
        if let Some(unit) = text("x-unit") {
            kind = format!("{kind}, {unit}");
        }
        let what = text("description").unwrap_or_default();
        Self {
            kind,
            what: what.split_whitespace().collect::<Vec<_>>().join(" "),
            secret: schema.get("x-secret") == Some(&Value::Bool(true)),
        }
    }
}

/// What a value has to be, in words.
fn kind(schema: &Value) -> String {
    let list = |name: &str| schema.get(name).and_then(Value::as_array);
    let names = list("oneOf").or(list("anyOf")).into_iter().flatten();
    let names = names.filter_map(|one| one.get("const"));
    let names: Vec<_> = names
        .chain(list("enum").into_iter().flatten())
        .filter_map(Value::as_str)
        .map(|name| format!("`{name}`"))
        .collect();
    if let [all @ .., last] = names.as_slice() {
        return format!("{} or {last}", all.join(", "));
    }
    match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        // The other is `null`, for nothing.
        Some(Value::Array(kinds)) => {
            let kind = kinds.first().and_then(Value::as_str);
            kind.unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// Something that is set and is no setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    key: String,
    /// Where it is set.
    place: String,
    meant: Option<String>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {} is no setting", self.key, self.place)?;
        match &self.meant {
            Some(meant) => write!(f, ": did you mean `{meant}`?"),
            None => write!(f, ": docs/configuration.md has all that there are"),
        }
    }
}

/// All that is set and is no setting.
pub(super) fn unknown(settings: &Figment, prefix: &str) -> Vec<Unknown> {
    let known: Vec<_> = entries().into_keys().collect();
    let mut unknown = mistaken_variables(&known, prefix);
    // What cannot be read at all is told by whoever reads it next.
    let Ok(set) = settings.extract::<Dict>() else {
        return unknown;
    };
    let is_section = |name: &str| known.iter().any(|key| key.starts_with(&format!("{name}.")));
    let mut keys = Vec::new();
    for (name, value) in &set {
        match value {
            Setting::Dict(_, inner) if is_section(name) || !known.contains(name) => {
                keys.extend(inner.keys().map(|key| format!("{name}.{key}")));
                if inner.is_empty() && !is_section(name) {
                    keys.push(name.clone());
                }
            }
            _ if is_section(name) => {}
            _ => keys.push(name.clone()),
        }
    }
    unknown.extend(
        keys.into_iter()
            .filter(|key| !known.contains(key))
            .map(|key| Unknown {
                place: place(settings, &key),
                meant: meant(&key, &known),
                key,
            }),
    );
    unknown
}

fn place(settings: &Figment, key: &str) -> String {
    let metadata = settings.find_metadata(key);
    let source = metadata.and_then(|metadata| metadata.source.as_ref());
    match source.and_then(|source| source.file_path()) {
        Some(path) => path.display().to_string(),
        None => "the environment".to_owned(),
    }
}

/// Variables that would be settings, had their names one more `_`. Without this they would count for nothing, unheard.
fn mistaken_variables(known: &[String], prefix: &str) -> Vec<Unknown> {
    let all = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let once = prefix.trim_end_matches('_').to_owned() + "_";
    let mistaken = all.filter_map(|name| {
        let rest = name
            .strip_prefix(&once)
            .filter(|_| !name.starts_with(prefix))?;
        let key = rest.to_ascii_lowercase().replace("__", ".");
        let underlined = |known: &&String| known.replace('.', "_") == key.replace('.', "_");
        let meant = known.iter().find(underlined)?;
        let meant = format!("{prefix}{}", meant.replace('.', "__").to_ascii_uppercase());
        Some(Unknown {
            key: name,
            place: "the environment".to_owned(),
            meant: Some(meant),
        })
    });
    mistaken.collect()
}

/// How alike two names have to be before one is taken for the other.
const ALIKE: f64 = 0.85;

/// The setting that was meant: one that is written almost so, or the same key in another section.
fn meant(key: &str, known: &[String]) -> Option<String> {
    let leaf = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let likeness = |one: &str| {
        let whole = strsim::jaro_winkler(key, one);
        let same_section = key.split('.').next() == one.split('.').next();
        let part = strsim::jaro_winkler(&leaf(key), &leaf(one));
        match (leaf(key) == leaf(one), same_section) {
            (true, _) => whole.max(ALIKE),
            // A section in common makes strangers look alike.
            (false, true) => part,
            (false, false) => whole * part,
        }
    };
    let scored = known.iter().map(|one| (likeness(one), one));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= ALIKE)
        .map(|(_, one)| one.clone())
}
