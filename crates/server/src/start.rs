//! From settings to a service that listens.

use crate::{
    Config,
    config::Membership,
    migrate::{MigrateError, Step, migrate},
};
use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn};
use bailiwick_api::{Cookies, Services, Throttle, edge, routes::routes};
use bailiwick_application::{
    Ground,
    accounts::Accounts,
    members::Members,
    organizations::Organizations,
    ports::{Clock, Entropy, HashingError, Ids},
    projects::Projects,
    sessions::{Instruments, Sessions},
};
use bailiwick_domain::{member::MembershipMode, session::Lifetimes, user::PasswordPolicy};
use bailiwick_infrastructure::{
    Argon2Passwords, ConnectError, Database, DatabaseOptions, HashingOptions, JwtAccessTokens,
    JwtRefreshTokens, KeyError, KeyRing, RandomIds, SeaStore, SealingKey, SealingKeyError,
    SystemClock, SystemEntropy,
};
use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

/// The issuer of a deployment that was given no public URL: replicas on different ports agree on it.
const ISSUER: &str = "urn:bailiwick";
/// How long the head of a request may take to arrive.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

/// Time, identity, chance and the price of a hash: the machine's own, or a test's.
#[derive(Clone)]
pub struct Machine {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Names for new things.
    pub ids: Arc<dyn Ids>,
    /// Chance that nobody can guess.
    pub entropy: Arc<dyn Entropy>,
    /// What hashing costs.
    pub hashing: HashingOptions,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            entropy: Arc::new(SystemEntropy),
            hashing: HashingOptions::default(),
        }
    }
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("hashing", &self.hashing)
            .finish_non_exhaustive()
    }
}

/// A service that listens.
#[derive(Debug)]
pub struct Running {
    /// Where.
    pub address: SocketAddr,
    /// What stops it.
    pub handle: ServerHandle,
}

/// Why it does not listen.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no database.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The embedded database cannot be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The schema is older than this build.
    #[error("the schema lacks {0} migrations: run `bailiwick migrate up`")]
    Behind(usize),
    /// There is no key to seal keys with.
    #[error(transparent)]
    SealingKey(#[from] SealingKeyError),
    /// There are no keys to sign with.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
}

/// Starts to listen. The future that comes with it is done when the service has stopped.
///
/// # Errors
/// When a part that it needs is missing: see [`StartError`].
pub async fn start(
    config: &Config,
    machine: Machine,
) -> Result<(Running, impl Future<Output = io::Result<()>> + use<>), StartError> {
    for setting in config.without_effect() {
        tracing::warn!(setting, "this setting is reserved, and has no effect yet");
    }
    let step = if config.sqlite_file().is_some() {
        Step::Up
    } else {
        Step::Status
    };
    let schema = migrate(config, step).await?;
    let behind = schema.iter().filter(|(_, applied)| !applied).count();
    if behind > 0 {
        return Err(StartError::Behind(behind));
    }
    let newest = schema
        .into_iter()
        .last()
        .map(|(name, _)| name)
        .unwrap_or_default();

    let services = services(config, machine, newest).await?;
    let routes = Arc::new(routes());
    let configure = bailiwick_api::configure(&services, &routes);
    let bind = config.http.bind;
    let failed = |error| StartError::Bind(bind, error);
    let mut server =
        HttpServer::new(move || App::new().configure(configure.clone()).wrap(from_fn(edge)))
            .client_request_timeout(HEAD_DEADLINE)
            .bind(bind)
            .map_err(failed)?;
    if let Some(workers) = config.http.workers {
        server = server.workers(workers);
    }
    let address = server.addrs().first().copied().unwrap_or(bind);
    let server = server.run();
    Ok((
        Running {
            address,
            handle: server.handle(),
        },
        server,
    ))
}

async fn services(
    config: &Config,
    machine: Machine,
    schema: String,
) -> Result<Services, StartError> {
    let Machine {
        clock,
        ids,
        entropy,
        hashing,
    } = machine;
    let options = DatabaseOptions {
        connections: config.database.connections,
        ..DatabaseOptions::default()
    };
    let database = Database::connect(&config.database.url, options).await?;
    let sealing = SealingKey::from_file(&config.sealing_key_file())?;
    let ring = KeyRing::open(database.clone(), sealing, Arc::clone(&clock)).await?;
    let ring = Arc::new(ring);
    let issuer = config
        .http
        .public_url
        .clone()
        .unwrap_or_else(|| ISSUER.to_owned());

    let store = Arc::new(SeaStore::new(
        database,
        Arc::clone(&clock),
        Arc::clone(&ids),
        schema,
    ));
    let ground = Ground {
        store: store.clone(),
        clock,
        ids: Arc::clone(&ids),
    };
    let passwords = Arc::new(Argon2Passwords::start(hashing)?);
    let mode = match config.tenancy.membership {
        Membership::Many => MembershipMode::Many,
        Membership::One => MembershipMode::One,
    };
    let instruments = Instruments {
        passwords: passwords.clone(),
        access: Arc::new(JwtAccessTokens::new(Arc::clone(&ring), issuer.clone())),
        refresh: Arc::new(JwtRefreshTokens::new(ring, issuer)),
        entropy,
    };
    let lifetimes = Lifetimes {
        absolute: Duration::from_secs(config.sessions.absolute_ttl),
        idle: Duration::from_secs(config.sessions.idle_ttl),
        grace: Duration::from_secs(config.sessions.refresh_grace),
    };
    let access_ttl = Duration::from_secs(config.tokens.access_ttl);
    let limits = &config.limits;
    Ok(Services {
        accounts: Accounts::new(ground.clone(), passwords),
        sessions: Sessions::new(ground.clone(), instruments, lifetimes, access_ttl),
        organizations: Organizations::new(ground.clone(), mode),
        members: Members::new(ground.clone(), mode),
        projects: Projects::new(ground),
        store,
        ids,
        passwords: PasswordPolicy::at_least(config.passwords.min_length),
        cookies: Cookies {
            origins: origins(config),
        },
        throttle: if limits.enabled {
            Throttle::per_address(limits.burst, limits.per_second)
        } else {
            Throttle::default()
        },
    })
}

/// The service's own pages, under each name that a browser may know it by.
fn origins(config: &Config) -> Vec<String> {
    let bind = config.http.bind;
    let mut origins = vec![
        format!("http://{bind}"),
        format!("http://localhost:{}", bind.port()),
    ];
    if let Some(url) = &config.http.public_url {
        // An origin ends where the path begins (RFC 6454 §6.1).
        let path = url
            .find("://")
            .and_then(|at| url.get(at + 3..)?.find('/').map(|end| at + 3 + end));
        origins.push(
            url.get(..path.unwrap_or(url.len()))
                .unwrap_or(url)
                .to_owned(),
        );
    }
    origins
}
