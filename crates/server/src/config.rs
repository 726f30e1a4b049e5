//! Settings: a TOML file, overridden by the environment. An unknown key is an error.

use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};
use std::{
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
};

/// The beginning of every environment variable that is a setting; `__` stands between a section and its key.
const PREFIX: &str = "BAILIWICK__";

/// All settings.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
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
}

/// Section `http`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port.
    pub bind: SocketAddr,
    /// What issuer and links are built from, and an origin whose pages may send the refresh cookie.
    pub public_url: Option<String>,
    /// Origins of other pages that may use the API from a browser, and send the refresh cookie.
    pub cors_origins: Vec<String>,
    /// Networks of the reverse proxies that are believed about whom they speak for.
    pub trusted_proxies: Vec<IpNet>,
    /// Worker threads; by default one for each core.
    pub workers: Option<NonZeroUsize>,
    /// Connections at most.
    pub connections: NonZeroUsize,
    /// How long it goes on serving after it was asked to stop, in seconds, so that no balancer is taken by surprise.
    pub notice: u64,
}

/// Section `database`.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`: the service's own connection.
    pub url: String,
    /// PostgreSQL only: who migrates.
    pub owner_url: Option<String>,
    /// Connections at most.
    pub connections: NonZeroU32,
    /// PostgreSQL, development only: serve although row-level security does not bind the role.
    pub allow_unsafe_role: bool,
}

/// Section `limits`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Are there limits at all?
    pub enabled: bool,
    /// How many requests with a password or token one address may make at once.
    pub burst: NonZeroU32,
    /// How many more it may make each second.
    pub per_second: NonZeroU32,
    /// How many requests one person or machine may make at once.
    pub principal_burst: NonZeroU32,
    /// How many more it may make each second.
    pub principal_per_second: NonZeroU32,
    /// How many requests may be made at once in one organization, by all who work there together.
    pub tenant_burst: NonZeroU32,
    /// How many more may be made there each second.
    pub tenant_per_second: NonZeroU32,
}

/// Section `tokens`.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// How long an access token is good, in seconds.
    pub access_ttl: u64,
    /// The key that seals signing keys itself, for whoever has it in the environment.
    pub sealing_key: Option<String>,
    /// The file with the key that seals signing keys; made when it does not exist.
    pub sealing_key_file: Option<PathBuf>,
    /// How new keys sign.
    pub algorithm: Algorithm,
    /// How old a key may be that signs, in seconds.
    pub key_max_age: u64,
}

/// How tokens are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// How long a session lasts, in seconds.
    pub absolute_ttl: u64,
    /// How long a refresh token is good, in seconds.
    pub idle_ttl: u64,
    /// How long a spent refresh token may be retried, in seconds; 0 is strict.
    pub refresh_grace: u64,
}

/// Section `oauth`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OAuth {
    /// Are passwords taken for tokens at `/oauth/token`?
    pub password_grant: bool,
}

/// Section `passwords`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// The fewest characters of a new password; never fewer than 8.
    pub min_length: usize,
    /// A file with a secret that hashes are made with and the database does not hold.
    pub pepper_file: Option<PathBuf>,
}

/// Section `registration`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registration {
    /// Must people show that an address is theirs before they can sign in with it?
    pub verify_email: bool,
}

/// Section `tenancy`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tenancy {
    /// To how many organizations a person may belong.
    pub membership: Membership,
}

/// To how many organizations a person may belong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Membership {
    /// As many as they like.
    #[default]
    Many,
    /// One.
    One,
}

/// Section `log`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What is logged: a filter like `info,bailiwick=debug`.
    pub filter: String,
    /// How it is written.
    pub format: LogFormat,
}

/// Section `cache`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// Is anything remembered of who may do what? If not, all of it is looked up for each request.
    pub enabled: bool,
    /// About how many callers at most.
    pub callers: NonZeroU32,
}

/// Section `mail`.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The mail server, like `smtps://user:password@smtp.example.com`.
    pub smtp_url: Option<String>,
    /// Where there is no server: the folder that mails are written to, a file each.
    pub directory: Option<PathBuf>,
    /// Whom mails come from.
    pub from: String,
}

/// Section `metrics`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Address and port, or a port alone, which is on loopback; none is off.
    #[serde(deserialize_with = "address_or_port")]
    pub bind: Option<SocketAddr>,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
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
#[error("the configuration is not valid")]
pub struct ConfigError(#[from] Box<figment::Error>);

impl Config {
    /// The settings of this file, if there is one, and of the environment.
    ///
    /// # Errors
    /// When the file cannot be read, a key is unknown, or a value is none of its kind.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let settings = match file {
            Some(file) => Figment::from(Toml::file_exact(file)),
            None => Figment::new(),
        };
        settings
            .merge(Env::prefixed(PREFIX).split("__"))
            .extract()
            .map_err(|error| ConfigError(Box::new(error)))
    }

    /// The file that holds the embedded database, if it is one.
    pub(crate) fn sqlite_file(&self) -> Option<&Path> {
        let path = self.database.url.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        path.split('?').next().map(Path::new)
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
            owner_url: None,
            connections: const { NonZeroU32::new(8).unwrap() },
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
