//! Settings: a TOML file, overridden by the environment. An unknown key is an error.
//!
//! What is written over a key here is what `docs/configuration.md` says of it. There a key has a type, which `x-type` names
//! where serde's does not say it, and a unit, `x-unit`. What is `x-secret` is never printed.

mod production;
mod reference;

pub use production::Finding;
pub use reference::{Unknown, markdown};

use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
};

/// The beginning of every environment variable that is a setting; `__` stands between a section and its key.
const PREFIX: &str = "BAILIWICK__";

/// All settings.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What is to be expected of the other settings. `embedded` takes them as they are. With `production` it refuses to
    /// start while any of them is only good for trying it out, and names all of those.
    pub profile: Profile,
    /// Where it listens.
    pub http: Http,
    /// Where it keeps things.
    pub database: Database,
    /// How often one address may knock.
    pub limits: Limits,
    /// What signs tokens, and how long they live.
    pub tokens: Tokens,
    /// How long sessions live.
    pub sessions: Sessions,
    /// What OAuth clients may ask for.
    pub oauth: OAuth,
    /// What a password must be.
    pub passwords: Passwords,
    /// How people register.
    pub registration: Registration,
    /// How people belong to organizations.
    pub tenancy: Tenancy,
    /// What is logged.
    pub log: Log,
    /// What is remembered between requests.
    pub cache: Cache,
    /// How mail goes out.
    pub mail: Mail,
    /// What is counted, for whoever watches.
    pub metrics: Metrics,
    /// What is exported of requests, one by one.
    pub traces: Traces,
    /// The files that settings and secrets were read from.
    #[serde(skip)]
    pub(crate) files: Files,
}

/// What is to be expected of the settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Nothing: it runs as it is.
    #[default]
    Embedded,
    /// That nothing is left at what is only good for trying it out.
    Production,
}

/// The files that settings were read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    /// The settings themselves.
    pub(crate) settings: Option<PathBuf>,
    /// Secrets, by the setting that names the file.
    pub(crate) secrets: Vec<(&'static str, PathBuf)>,
}

/// Section `http`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// The address and port that it listens on.
    #[schemars(with = "String", extend("x-type" = "address and port"))]
    pub bind: SocketAddr,
    /// What the world calls it, like `https://id.example.com`: what links in mails begin with, the issuer of tokens, and an
    /// origin whose pages may send the refresh cookie. Without it the issuer is `urn:bailiwick`, on which replicas at
    /// different ports agree.
    #[schemars(extend("x-type" = "URL"))]
    pub public_url: Option<String>,
    /// Origins of other pages that may use the API from a browser, and send the refresh cookie, like
    /// `["https://app.example.com"]`.
    #[schemars(extend("x-type" = "list of origins"))]
    pub cors_origins: Vec<String>,
    /// The networks of reverse proxies, like `["10.0.0.0/8"]`. Their `X-Forwarded-For` says where a request comes from; from
    /// anybody else it is ignored. Behind a proxy that is not named here, all clients share one limit.
    #[schemars(with = "Vec<String>", extend("x-type" = "list of networks"))]
    pub trusted_proxies: Vec<IpNet>,
    /// Worker threads; without it, one for each core.
    pub workers: Option<NonZeroUsize>,
    /// Connections at most; further ones wait to be taken. Bounded by the files that the process may open, of which it asks
    /// for as many as it may have.
    pub connections: NonZeroUsize,
    /// How long it goes on serving after `SIGTERM`: readiness answers 503, and each answer closes its connection, so that a
    /// balancer finds another replica in time. `SIGINT` (Ctrl-C) gives no notice.
    #[schemars(extend("x-unit" = "seconds"))]
    pub notice: u64,
}

/// Section `database`.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH` (the file and its folder are made, and migrated at each start) or `postgres://…` (migrated by
    /// `bailiwick migrate up`).
    #[schemars(extend("x-type" = "URL", "x-secret" = true))]
    pub url: String,
    /// A file that holds what `database.url` would say.
    #[schemars(extend("x-type" = "path"))]
    pub url_file: Option<PathBuf>,
    /// PostgreSQL only: the connection of the tables' owner, as which `bailiwick migrate` works, and who lets the role of
    /// `database.url` in. Without it, `database.url`.
    #[schemars(extend("x-type" = "URL", "x-secret" = true))]
    pub owner_url: Option<String>,
    /// A file that holds what `database.owner_url` would say.
    #[schemars(extend("x-type" = "path"))]
    pub owner_url_file: Option<PathBuf>,
    /// Connections at most; without it, four for each worker, and eight at least. On SQLite these are the readers, beside
    /// the one that writes. On PostgreSQL half of them are workers' own, and live where they are used; two more listen.
    pub connections: Option<NonZeroU32>,
    /// PostgreSQL, development only: serve although row-level security does not bind the role of `database.url` (a superuser,
    /// one with `BYPASSRLS`, the owner of the tables). The log warns, and so does the header `Warning` of `/health/ready`.
    pub allow_unsafe_role: bool,
}

/// Section `limits`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Limits how often one network address may present passwords and tokens, how often a password may be tried on an
    /// account, and how many mails an address gets.
    pub enabled: bool,
    /// How many such requests one address may make at once; after that it is answered 429.
    #[schemars(extend("x-unit" = "requests"))]
    pub burst: NonZeroU32,
    /// How many more it may make each second.
    #[schemars(extend("x-unit" = "requests a second"))]
    pub per_second: NonZeroU32,
    /// How many requests one person or machine may make at once.
    #[schemars(extend("x-unit" = "requests"))]
    pub principal_burst: NonZeroU32,
    /// How many more it may make each second.
    #[schemars(extend("x-unit" = "requests a second"))]
    pub principal_per_second: NonZeroU32,
    /// How many requests may be made at once in one organization, by all who work there together.
    #[schemars(extend("x-unit" = "requests"))]
    pub tenant_burst: NonZeroU32,
    /// How many more may be made there each second.
    #[schemars(extend("x-unit" = "requests a second"))]
    pub tenant_per_second: NonZeroU32,
}

/// Section `tokens`.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// How long an access token is good.
    #[schemars(extend("x-unit" = "seconds"))]
    pub access_ttl: u64,
    /// The key that seals signing keys: 32 random bytes in base64, for whoever keeps secrets in the environment. It goes
    /// before the file.
    #[schemars(extend("x-secret" = true))]
    pub sealing_key: Option<String>,
    /// The file with that key. It is made, readable by its owner alone, when it does not exist. Without this setting it is
    /// `sealing.key` beside the SQLite file, or `data/sealing.key`.
    #[schemars(extend("x-type" = "path"))]
    pub sealing_key_file: Option<PathBuf>,
    /// How new keys sign.
    pub algorithm: Algorithm,
    /// How old a key may be that signs: 90 days. Then a new one is made, which signs when every replica knows it.
    #[schemars(extend("x-unit" = "seconds"))]
    pub key_max_age: u64,
}

/// How tokens are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    #[default]
    ES256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// RSA with SHA-256.
    RS256,
}

/// Section `sessions`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// How long a session lasts, however busy: 30 days.
    #[schemars(extend("x-unit" = "seconds"))]
    pub absolute_ttl: u64,
    /// How long a refresh token is good, unused: 7 days.
    #[schemars(extend("x-unit" = "seconds"))]
    pub idle_ttl: u64,
    /// How long a spent refresh token still gets its successor again, while that is unused; 0 is strict.
    #[schemars(extend("x-unit" = "seconds"))]
    pub refresh_grace: u64,
}

/// Section `oauth`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OAuth {
    /// Whether `/oauth/token` takes passwords, from the built-in client `bailiwick-first-party`.
    pub password_grant: bool,
}

/// Section `passwords`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// The fewest characters of a new password. Less than 8 counts as 8.
    #[schemars(extend("x-unit" = "characters"))]
    pub min_length: usize,
    /// A secret that hashes are made with and the database does not hold. Hashes from before are made anew as people sign in.
    /// Whoever loses it locks everybody out. It goes before the file.
    #[schemars(extend("x-secret" = true))]
    pub pepper: Option<String>,
    /// A file that holds what `passwords.pepper` would say.
    #[schemars(extend("x-type" = "path"))]
    pub pepper_file: Option<PathBuf>,
}

/// Section `registration`.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Registration {
    /// People have to show that an address is theirs before they can sign in with it. Registration then answers 202 to
    /// everybody, and the mail tells.
    pub verify_email: bool,
}

/// Section `tenancy`.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tenancy {
    /// To how many organizations a person may belong.
    pub membership: Membership,
}

/// To how many organizations a person may belong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Membership {
    /// As many as they like.
    #[default]
    Many,
    /// One.
    One,
}

/// Section `log`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What is logged, as
    /// [directives](https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html#directives).
    pub filter: String,
    /// How it is written: `pretty` for people, or `json`, an object a line.
    pub format: LogFormat,
}

/// Section `cache`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// Whether a replica remembers who may do what between requests, while nobody can change that unheard; `false` is strict:
    /// everything is looked up for each request.
    pub enabled: bool,
    /// About how many callers are remembered at most.
    pub callers: NonZeroU32,
}

/// Section `mail`.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The mail server, like `smtps://user:password@smtp.example.com`.
    #[schemars(extend("x-type" = "URL", "x-secret" = true))]
    pub smtp_url: Option<String>,
    /// A file that holds what `mail.smtp_url` would say.
    #[schemars(extend("x-type" = "path"))]
    pub smtp_url_file: Option<PathBuf>,
    /// Where no server is named: the folder that mails are written to, a file each, with their links in the log. Without this
    /// setting it is `mail` beside the SQLite file, or `data/mail`.
    #[schemars(extend("x-type" = "path"))]
    pub directory: Option<PathBuf>,
    /// Whom mails come from.
    pub from: String,
}

/// Section `metrics`.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Where `/metrics` is, in the format of Prometheus (OpenMetrics 1.0), like `10.0.0.5:9464`. A port alone is on loopback.
    /// Without it there are none. Whoever reaches it sees how busy the service is, and nobody in it.
    #[serde(deserialize_with = "address_or_port")]
    #[schemars(with = "Option<String>", extend("x-type" = "address and port, or a port"))]
    pub bind: Option<SocketAddr>,
}

/// Section `traces`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Traces {
    /// Where an OpenTelemetry collector takes traces by OTLP over HTTP, like `http://127.0.0.1:4318/v1/traces`. Without it none
    /// are exported. What is exported of a request is its row in `docs/routes.md`, its status and its time, and how long it
    /// waited for the database and for the hash of a password.
    #[schemars(extend("x-type" = "URL"))]
    pub endpoint: Option<String>,
    /// Which part of all traces is exported, from `0.0` to `1.0`.
    pub sample_ratio: f64,
}

/// An address, or a port of this machine that nobody else reaches.
fn address_or_port<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "an address and port, or a port alone")]
    enum Either {
        Port(u16),
        Address(SocketAddr),
    }
    let either = Option::deserialize(deserializer)?;
    Ok(either.map(|either| match either {
        Either::Port(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Either::Address(address) => address,
    }))
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// For programs, an object a line.
    Json,
}

/// Settings that make no sense.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There are no such settings.
    #[error("{}", all_of(.0))]
    Unknown(Vec<Unknown>),
    /// A value is none of its kind, or the file cannot be read.
    #[error("the configuration is not valid")]
    Invalid(#[from] Box<figment::Error>),
    /// Both were given, and they may differ.
    #[error("`{0}` and `{0}_file` are both set: which one counts?")]
    Twice(&'static str),
    /// The file with a secret cannot be read.
    #[error("cannot read the file {} that `{}_file` names", .1.display(), .0)]
    Secret(&'static str, PathBuf, #[source] io::Error),
}

fn all_of(unknown: &[Unknown]) -> String {
    let lines: Vec<_> = unknown.iter().map(ToString::to_string).collect();
    lines.join("\n  and ")
}

/// What can stand in a file of its own: what `KEY_file` names.
const IN_FILES: [&str; 3] = ["database.url", "database.owner_url", "mail.smtp_url"];
/// No secret is longer than this, in bytes.
const LONGEST: u64 = 64 * 1024;

impl Config {
    /// The settings of this file, if there is one, and of the environment. Secrets may be in files that they name.
    ///
    /// # Errors
    /// When a file cannot be read, a key is unknown, or a value is none of its kind.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut settings = match file {
            Some(file) => Figment::from(Toml::file_exact(file)),
            None => Figment::new(),
        };
        settings = settings.merge(Env::prefixed(PREFIX).split("__"));
        let unknown = reference::unknown(&settings, PREFIX);
        if !unknown.is_empty() {
            return Err(ConfigError::Unknown(unknown));
        }
        let mut secrets = Vec::new();
        for key in IN_FILES {
            let named = settings.extract_inner::<PathBuf>(&format!("{key}_file"));
            let Ok(path) = named else { continue };
            if settings.contains(key) {
                return Err(ConfigError::Twice(key));
            }
            let secret = secret_in(&path);
            let secret = secret.map_err(|error| ConfigError::Secret(key, path.clone(), error))?;
            settings = settings.merge((key, secret));
            secrets.push((key, path));
        }
        let config: Self = settings.extract().map_err(Box::new)?;
        Ok(config.read_from(file, secrets))
    }

    /// From where all of this was read. What stood in a file is a value now.
    fn read_from(mut self, file: Option<&Path>, secrets: Vec<(&'static str, PathBuf)>) -> Self {
        self.database.url_file = None;
        self.database.owner_url_file = None;
        self.mail.smtp_url_file = None;
        self.files = Files {
            settings: file.map(Path::to_owned),
            secrets,
        };
        self
    }

    /// The file that holds the embedded database, if it is one.
    pub(crate) fn sqlite_file(&self) -> Option<&Path> {
        let path = self.database.url.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        path.split('?').next().map(Path::new)
    }

    /// The database as the owner of its tables, where there is a difference.
    pub(crate) fn owner_url(&self) -> &str {
        let owner = self.database.owner_url.as_ref();
        let owner = owner.filter(|_| self.sqlite_file().is_none());
        owner.unwrap_or(&self.database.url)
    }

    /// The key of keys.
    pub(crate) fn sealing_key_file(&self) -> PathBuf {
        let file = self.tokens.sealing_key_file.clone();
        file.unwrap_or_else(|| self.data("sealing.key"))
    }

    /// Where mails go that no server takes.
    pub(crate) fn mail_directory(&self) -> PathBuf {
        let directory = self.mail.directory.clone();
        directory.unwrap_or_else(|| self.data("mail"))
    }

    /// Beside the embedded database, else in `./data`.
    fn data(&self, name: &str) -> PathBuf {
        match self.sqlite_file() {
            Some(database) => database.with_file_name(name),
            None => Path::new("data").join(name),
        }
    }
}

/// The text in a file, which is no device and no pipe: those may have no end.
fn secret_in(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            endpoint: None,
            sample_ratio: 1.0,
        }
    }
}

impl Default for OAuth {
    fn default() -> Self {
        Self {
            password_grant: true,
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            workers: None,
            connections: const { NonZeroUsize::new(8_192).unwrap() },
            notice: 3,
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: "sqlite:data/bailiwick.db".to_owned(),
            url_file: None,
            owner_url: None,
            owner_url_file: None,
            connections: None,
            allow_unsafe_role: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        const BURST: NonZeroU32 = NonZeroU32::new(60).unwrap();
        const PER_SECOND: NonZeroU32 = NonZeroU32::new(5).unwrap();
        Self {
            enabled: true,
            burst: BURST,
            per_second: PER_SECOND,
            principal_burst: const { NonZeroU32::new(1_000).unwrap() },
            principal_per_second: const { NonZeroU32::new(100).unwrap() },
            tenant_burst: const { NonZeroU32::new(5_000).unwrap() },
            tenant_per_second: const { NonZeroU32::new(500).unwrap() },
        }
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            access_ttl: 300,
            sealing_key: None,
            sealing_key_file: None,
            algorithm: Algorithm::ES256,
            key_max_age: 90 * 24 * 60 * 60,
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        let day = 24 * 60 * 60;
        Self {
            absolute_ttl: 30 * day,
            idle_ttl: 7 * day,
            refresh_grace: 10,
        }
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            min_length: 12,
            pepper: None,
            pepper_file: None,
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            enabled: true,
            callers: const { NonZeroU32::new(100_000).unwrap() },
        }
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            smtp_url: None,
            smtp_url_file: None,
            directory: None,
            from: "Bailiwick <bailiwick@localhost.localdomain>".to_owned(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info,actix_server=warn,sea_orm_migration=warn".to_owned(),
            format: LogFormat::Pretty,
        }
    }
}
