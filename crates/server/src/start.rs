//! From settings to a service that listens.

use crate::{
    Config,
    config::{Algorithm, Finding, Membership, Passwords},
    metrics,
    migrate::{MigrateError, Step, migrate, status},
    telemetry::traced,
};
use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::{Condition, from_fn},
    web::ServiceConfig,
};
use bailiwick_api::{
    Allowance, Background, Caveat, Cookies, Metrics, OAuth, Registration, Services, Throttle,
    TrustedProxies, cors, edge,
    routes::{Routes, routes},
};
use bailiwick_application::{
    Ground,
    access::Access,
    accounts::Accounts,
    admin::Admin,
    audit::Audit,
    invitations::Invitations,
    machines::Machines,
    members::{JoinRules, Members},
    organizations::Organizations,
    platform::Platform,
    ports::{Answers, Attempts, Clock, Entropy, HashingError, Ids},
    projects::Projects,
    roles::Roles,
    sessions::{Instruments, SessionRules, Sessions},
};
use bailiwick_domain::{member::MembershipMode, password::PasswordPolicy, session::Lifetimes};
use bailiwick_infrastructure::{
    Argon2Passwords, ConnectError, CountedAttempts, CountedRotations, Database, DatabaseOptions,
    HashingOptions, IsolationError, JwtAccessTokens, JwtDeviceTokens, JwtRefreshTokens,
    KeyAlgorithm, KeyError, KeyPolicy, KeyRing, LettreMailer, MailRoute, MailSetupError, RandomIds,
    SeaStore, SealedAnswers, SealingKey, SealingKeyError, SystemClock, SystemEntropy,
    UncountedAttempts, WrittenKeyUses, WrittenRefusals,
};
use prometheus_client::registry::Registry;
use rustix::{
    net::listen,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    num::{NonZero, NonZeroU32},
    path::PathBuf,
    sync::{Arc, Weak},
    thread::available_parallelism,
    time::Duration,
};
use tokio::{runtime::Handle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The issuer of a deployment that was given no public URL: replicas on different ports agree on it.
const ISSUER: &str = "urn:bailiwick";
/// How long the head of a request may take to arrive.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

/// How long requests in hand may take when it stops, in seconds.
const DRAIN: u64 = 20;
/// How long may take then what goes on behind them. With notice and drain, this is less than the half minute that a process is
/// commonly given.
const FINISH: Duration = Duration::from_secs(5);

/// Connections that wait to be taken.
const BACKLOG: i32 = 4_096;
/// Files that are no connection to a client: databases, mails, logs.
const OTHER_FILES: u64 = 256;

/// How often organizations are erased that nobody can restore any more.
const ERASE_EVERY: Duration = Duration::from_secs(60 * 60);

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
    /// Where its metrics are, if they are anywhere.
    pub metrics: Option<SocketAddr>,
    /// What stops it.
    pub handle: ServerHandle,
    /// What tells whoever asks that it is about to stop: cancelled, readiness answers 503, and each answer closes its
    /// connection.
    pub leaving: CancellationToken,
}

/// The whole service but for the listener, for whoever mounts it beside routes of their own.
///
/// ```no_run
/// use actix_web::{App, HttpServer, middleware::from_fn};
/// use bailiwick_api::edge;
/// use bailiwick_server::{Config, Machine, app};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = app(&Config::load(None)?, Machine::default()).await?;
/// let mount = service.mount();
/// HttpServer::new(move || App::new().configure(mount.clone()).wrap(from_fn(edge)))
///     .bind("127.0.0.1:8080")?
///     .run()
///     .await?;
/// service.finish().await;
/// # Ok(())
/// # }
/// ```
pub struct Embedded {
    services: Services,
    routes: Arc<Routes>,
    store: Arc<SeaStore>,
    ending: Ending,
    /// What is counted, until somebody serves it.
    registry: Registry,
}

impl Embedded {
    /// Adds every route of the API to an application, which has to be wrapped in [`edge`].
    pub fn mount(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + use<> {
        bailiwick_api::configure(&self.services, &self.routes)
    }

    /// The store, for tables of one's own.
    #[must_use]
    pub const fn store(&self) -> &Arc<SeaStore> {
        &self.store
    }

    /// Where names for new things come from.
    #[must_use]
    pub const fn ids(&self) -> &Arc<dyn Ids> {
        &self.services.ids
    }

    /// What time it is.
    #[must_use]
    pub const fn clock(&self) -> &Arc<dyn Clock> {
        &self.services.clock
    }

    /// What tells whoever asks that it is about to stop: cancelled, readiness answers 503, and each answer closes its
    /// connection.
    #[must_use]
    pub const fn leaving(&self) -> &CancellationToken {
        &self.ending.leaving
    }

    /// Brings to its end what goes on behind the requests, within reason. No request may come after this.
    pub async fn finish(self) {
        self.ending.finish().await;
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// The whole service but for the listener. The embedded database is brought up to date; any other has to be.
///
/// Without `http.public_url`, links in mails lead to `http.bind`.
///
/// # Errors
/// When a part that it needs is missing: see [`StartError`].
pub async fn app(config: &Config, machine: Machine) -> Result<Embedded, StartError> {
    assembled(config, machine, config.http.bind).await
}

async fn assembled(
    config: &Config,
    machine: Machine,
    address: SocketAddr,
) -> Result<Embedded, StartError> {
    let schema = up_to_date(config).await?;
    let ending = Ending::default();
    let mut registry = Registry::default();
    metrics::register_build(&mut registry, &schema);
    let (services, store) =
        services(config, machine, address, schema, &ending, &mut registry).await?;
    tokio::spawn(erase_lapsed(
        services.organizations.clone(),
        Arc::clone(&services.answers),
    ));
    Ok(Embedded {
        services,
        routes: Arc::new(routes()),
        store,
        ending,
        registry,
    })
}

/// How the service ends, step by step.
#[derive(Debug, Clone, Default)]
struct Ending {
    /// Cancelled when it gives notice.
    leaving: CancellationToken,
    /// Cancelled when no request can come any more.
    over: CancellationToken,
    /// What goes on behind the requests.
    tasks: TaskTracker,
}

impl Ending {
    /// Brings everything to its end, within reason.
    async fn finish(self) {
        self.over.cancel();
        self.tasks.close();
        if timeout(FINISH, self.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.tasks.len(), "work was cut off");
        }
    }
}

/// Why it does not listen.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are not fit for production.
    #[error("the settings are not fit for `profile = \"production\"`:{}", list(.0))]
    Settings(Vec<Finding>),
    /// There is no database.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The embedded database cannot be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database does not keep tenants apart.
    #[error("{}", told(.0))]
    Isolation(IsolationError),
    /// The schema is older than this build.
    #[error("the schema lacks {0} migrations: run `bailiwick migrate up`")]
    Behind(usize),
    /// There is no key to seal keys with.
    #[error(transparent)]
    SealingKey(#[from] SealingKeyError),
    /// There are no keys to sign with.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// What is said to be the origin of pages is none.
    #[error("`http.cors_origins`: `{0}` is no origin like `https://app.example.com`")]
    Origin(String),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The pepper cannot be read.
    #[error("cannot read the pepper in {}", .0.display())]
    Pepper(PathBuf, #[source] io::Error),
    /// Mail cannot go out.
    #[error(transparent)]
    Mail(#[from] MailSetupError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
}

impl From<IsolationError> for StartError {
    fn from(error: IsolationError) -> Self {
        match error {
            IsolationError::Database(error) => Self::Connect(error.into()),
            error => Self::Isolation(error),
        }
    }
}

/// Starts to listen. The future that comes with it is done when the service has stopped.
///
/// # Errors
/// When a part that it needs is missing: see [`StartError`].
pub async fn start(
    config: &Config,
    machine: Machine,
) -> Result<(Running, impl Future<Output = io::Result<()>> + use<>), StartError> {
    let findings = config.findings();
    if !findings.is_empty() {
        return Err(StartError::Settings(findings));
    }
    // First of all: whoever finds the address taken leaves the database alone.
    let failed = |error| StartError::Bind(config.http.bind, error);
    let listener = TcpListener::bind(config.http.bind).map_err(failed)?;
    // Once more, since `bind` has chosen how many may wait.
    listen(&listener, BACKLOG).map_err(|error| failed(error.into()))?;
    let address = listener.local_addr().map_err(failed)?;

    if let Some(text) = config
        .http
        .cors_origins
        .iter()
        .find(|text| !is_origin(text))
    {
        return Err(StartError::Origin(text.clone()));
    }
    let mut service = assembled(config, machine, address).await?;
    let metrics = match config.metrics.bind {
        Some(bind) => {
            let registry = std::mem::take(&mut service.registry);
            let (address, server) = metrics::serve(bind, registry)?;
            tracing::info!("metrics are at http://{address}/metrics");
            let handle = server.handle();
            tokio::spawn(server);
            Some((address, handle))
        }
        None => None,
    };
    let configure = service.mount();
    let origins = config.http.cors_origins.clone();
    let exports = config.traces.endpoint.is_some();
    let server = HttpServer::new(move || {
        App::new()
            .configure(configure.clone())
            .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
            .wrap(from_fn(edge))
            .wrap(Condition::new(exports, from_fn(traced)))
    });
    let workers = workers(config);
    let server = server
        .workers(workers)
        .max_connections(room_for_connections(config).div_ceil(workers))
        .client_request_timeout(HEAD_DEADLINE)
        .shutdown_timeout(DRAIN)
        .disable_signals()
        .listen(listener)
        .map_err(failed)?
        .run();
    let running = Running {
        address,
        metrics: metrics.as_ref().map(|(address, _)| *address),
        handle: server.handle(),
        leaving: service.leaving().clone(),
    };
    let stopped = async {
        let outcome = server.await;
        service.finish().await;
        // Last: how it ends can be seen too.
        if let Some((_, metrics)) = metrics {
            metrics.stop(false).await;
        }
        outcome
    };
    Ok((running, stopped))
}

/// Threads that answer requests: as many as there are processors.
fn workers(config: &Config) -> usize {
    let workers = config.http.workers.or(available_parallelism().ok());
    workers.map_or(1, NonZero::get)
}

/// Connections to the database: four for each worker, of which one waits for the database while another's answer is read.
fn connections(config: &Config, workers: usize) -> u32 {
    const EACH: u32 = 4;
    let connections = config.database.connections.map(NonZero::get);
    connections.unwrap_or_else(|| {
        let workers = u32::try_from(workers).unwrap_or(u32::MAX);
        workers.saturating_mul(EACH).max(2 * EACH)
    })
}

/// Raises the limit of files as far as it may, and says how many connections there can be: each is a file, and a process
/// that has run out of files takes none.
fn room_for_connections(config: &Config) -> usize {
    let wanted = config.http.connections.get();
    let files = getrlimit(Resource::Nofile);
    let more = Rlimit {
        current: files.maximum,
        ..files
    };
    let files = match setrlimit(Resource::Nofile, more) {
        Ok(()) => more.current,
        Err(_) => files.current,
    };
    let room = files.map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES).max(1));
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::warn!(
            room,
            wanted,
            "the process may open too few files for so many connections"
        );
    }
    wanted.min(room)
}

/// The newest migration, once all are applied: the embedded database is brought there, any other has to be there.
pub(crate) async fn up_to_date(config: &Config) -> Result<String, StartError> {
    let schema = match config.sqlite_file() {
        Some(_) => migrate(config, Step::Up).await?,
        None => status(&config.database.url).await?,
    };
    let behind = schema.iter().filter(|(_, applied)| !applied).count();
    if behind > 0 {
        return Err(StartError::Behind(behind));
    }
    Ok(schema
        .into_iter()
        .last()
        .map(|(name, _)| name)
        .unwrap_or_default())
}

async fn services(
    config: &Config,
    machine: Machine,
    address: SocketAddr,
    schema: String,
    ending: &Ending,
    registry: &mut Registry,
) -> Result<(Services, Arc<SeaStore>), StartError> {
    let Machine {
        clock,
        ids,
        entropy,
        hashing,
    } = machine;
    let threads = workers(config);
    let options = DatabaseOptions {
        connections: connections(config, threads),
        threads,
        ..DatabaseOptions::default()
    };
    let database = Database::connect(&config.database.url, options).await?;
    let caveat = caveat(config, database.isolation().await)?;
    let callers = Some(config.cache.callers).filter(|_| config.cache.enabled);
    let database = database.remembering(callers, &ending.tasks, ending.over.clone());
    database.register(registry);
    let metrics = database.metrics().clone();
    let remembered = callers.map_or(0, NonZeroU32::get);
    let sealing = Arc::new(sealing_key(config)?);
    let ring = key_ring(config, database.clone(), &sealing, Arc::clone(&clock)).await?;
    let ring = Arc::new(ring);
    tokio::spawn(tend(Arc::downgrade(&ring)));
    let issuer = config
        .http
        .public_url
        .clone()
        .unwrap_or_else(|| ISSUER.to_owned());

    let refusals = WrittenRefusals::start(
        database.clone(),
        Arc::clone(&clock),
        Arc::clone(&ids),
        &ending.tasks,
        ending.over.clone(),
    );
    let kept = SealedAnswers::new(database.clone(), Arc::clone(&sealing), Arc::clone(&clock));
    let uses = WrittenKeyUses::start(database.clone(), &ending.tasks, ending.over.clone());
    let store = Arc::new(SeaStore::new(
        database,
        Arc::clone(&clock),
        Arc::clone(&ids),
        schema,
    ));
    let ground = Ground {
        store: store.clone(),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
    };
    let passwords = Arc::new(Argon2Passwords::start(peppered(hashing, config)?)?);
    passwords.register(registry);
    let rotations = CountedRotations::default();
    rotations.register(registry);
    let answers = Metrics::default();
    answers.register(registry);
    let mode = match config.tenancy.membership {
        Membership::Many => MembershipMode::Many,
        Membership::One => MembershipMode::One,
    };
    let attempts: Arc<dyn Attempts> = if config.limits.enabled {
        Arc::new(CountedAttempts::default())
    } else {
        Arc::new(UncountedAttempts)
    };
    let instruments = Instruments {
        passwords: passwords.clone(),
        access: Arc::new(JwtAccessTokens::new(
            Arc::clone(&ring),
            issuer.clone(),
            remembered,
            &metrics,
        )),
        refresh: Arc::new(JwtRefreshTokens::new(Arc::clone(&ring), issuer.clone())),
        devices: Arc::new(JwtDeviceTokens::new(Arc::clone(&ring), issuer)),
        attempts: Arc::clone(&attempts),
        entropy: Arc::clone(&entropy),
        uses: Arc::new(uses),
        rotations: Arc::new(rotations),
    };
    let verify_email = config.registration.verify_email;
    let lifetimes = Lifetimes {
        absolute: Duration::from_secs(config.sessions.absolute_ttl),
        idle: Duration::from_secs(config.sessions.idle_ttl),
        grace: Duration::from_secs(config.sessions.refresh_grace),
    };
    let rules = SessionRules {
        lifetimes,
        access_ttl: Duration::from_secs(config.tokens.access_ttl),
        verified_only: verify_email,
    };
    let joining = JoinRules {
        mode,
        verified_only: verify_email,
    };
    let mailer = Arc::new(mailer(config, address)?);
    let limits = &config.limits;
    let services = Services {
        accounts: Accounts::new(
            ground.clone(),
            passwords,
            Arc::clone(&entropy),
            mailer.clone(),
            Arc::clone(&attempts),
        ),
        invitations: Invitations::new(
            ground.clone(),
            Arc::clone(&entropy),
            mailer,
            attempts,
            joining,
        ),
        sessions: Sessions::new(ground.clone(), instruments, rules),
        organizations: Organizations::new(ground.clone(), mode),
        machines: Machines::new(ground.clone(), Arc::clone(&entropy)),
        members: Members::new(ground.clone(), entropy, joining),
        roles: Roles::new(ground.clone()),
        projects: Projects::new(ground.clone()),
        access: Access::new(ground.clone()),
        audit: Audit::new(ground.clone()),
        admin: Admin::new(ground.clone()),
        platform: Platform::new(ground),
        refusals: Arc::new(refusals),
        answers: Arc::new(kept),
        cursors: sealing,
        clock,
        metrics: answers,
        background: Background::new(Handle::current(), ending.tasks.clone()),
        leaving: ending.leaving.clone(),
        caveat,
        readiness: store.clone(),
        keys: ring,
        ids,
        passwords: PasswordPolicy::at_least(config.passwords.min_length),
        registration: Registration { verify_email },
        oauth: OAuth {
            issuer: public_url(config, address),
            password_grant: config.oauth.password_grant,
        },
        cookies: Cookies {
            origins: origins(config, address),
        },
        proxies: TrustedProxies(config.http.trusted_proxies.clone()),
        throttle: if limits.enabled {
            let allowance = |burst, per_second| Allowance { burst, per_second };
            Throttle::of(
                allowance(limits.burst, limits.per_second),
                allowance(limits.principal_burst, limits.principal_per_second),
                allowance(limits.tenant_burst, limits.tenant_per_second),
            )
        } else {
            Throttle::default()
        },
    };
    Ok((services, store))
}

/// What is wrong with the role of the service, where the settings let it serve nevertheless.
fn caveat(
    config: &Config,
    isolation: Result<(), IsolationError>,
) -> Result<Caveat, IsolationError> {
    match isolation {
        Ok(()) => Ok(Caveat::default()),
        Err(error @ (IsolationError::Unbound(_) | IsolationError::Owner { .. }))
            if config.database.allow_unsafe_role =>
        {
            tracing::warn!("UNSAFE, for development only: {error}");
            Ok(Caveat(Some(error.to_string())))
        }
        Err(error) => Err(error),
    }
}

/// Each on a line of its own.
fn list(findings: &[Finding]) -> String {
    findings
        .iter()
        .fold(String::new(), |list, found| format!("{list}\n  {found}"))
}

/// What is wrong, and what to do about it.
fn told(error: &IsolationError) -> String {
    match error {
        IsolationError::Unbound(_) | IsolationError::Owner { .. } => format!(
            "{error}: make a role for the service with deploy/postgres/roles.sql, name it in `database.url` and the owner \
             in `database.owner_url`, or, for development only, set `database.allow_unsafe_role`"
        ),
        _ => error.to_string(),
    }
}

/// What use cases stand on, for commands that serve nothing: the schema has to be what this build expects.
///
/// # Errors
/// When the database cannot be used.
pub(crate) async fn ground(config: &Config, machine: &Machine) -> Result<Ground, StartError> {
    let schema = up_to_date(config).await?;
    let database = Database::connect(&config.database.url, DatabaseOptions::default()).await?;
    let (clock, ids) = (Arc::clone(&machine.clock), Arc::clone(&machine.ids));
    Ok(Ground {
        store: Arc::new(SeaStore::new(
            database,
            Arc::clone(&clock),
            Arc::clone(&ids),
            schema,
        )),
        clock,
        ids,
    })
}

/// The key of keys.
///
/// # Errors
/// When it cannot be read or made.
pub(crate) fn sealing_key(config: &Config) -> Result<SealingKey, SealingKeyError> {
    match &config.tokens.sealing_key {
        Some(key) => SealingKey::from_base64(key),
        None => SealingKey::from_file(&config.sealing_key_file()),
    }
}

/// The keys of the deployment.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn key_ring(
    config: &Config,
    database: Database,
    sealing: &Arc<SealingKey>,
    clock: Arc<dyn Clock>,
) -> Result<KeyRing, StartError> {
    let policy = key_policy(config);
    Ok(KeyRing::open(database, Arc::clone(sealing), policy, clock).await?)
}

/// How keys are made.
pub(crate) fn key_policy(config: &Config) -> KeyPolicy {
    KeyPolicy {
        algorithm: match config.tokens.algorithm {
            Algorithm::ES256 => KeyAlgorithm::Es256,
            Algorithm::EdDsa => KeyAlgorithm::EdDsa,
            Algorithm::RS256 => KeyAlgorithm::Rs256,
        },
        max_age: Duration::from_secs(config.tokens.key_max_age),
        ..KeyPolicy::default()
    }
}

/// Erases organizations that were deleted too long ago to be restored, and answers that were kept long enough, now and every
/// hour, for as long as it serves.
async fn erase_lapsed(organizations: Organizations, answers: Arc<dyn Answers>) {
    loop {
        match organizations.erase_lapsed().await {
            Ok(0) => {}
            Ok(erased) => tracing::info!(erased, "deleted organizations were erased"),
            Err(error) => {
                tracing::warn!(error = %error, "deleted organizations could not be erased")
            }
        }
        if let Err(error) = answers.forget_lapsed().await {
            tracing::warn!(error = %error, "kept answers could not be erased");
        }
        tokio::time::sleep(ERASE_EVERY).await;
    }
}

/// Learns of new keys, and makes them, for as long as anybody uses the ring.
async fn tend(ring: Weak<KeyRing>) {
    loop {
        tokio::time::sleep(KeyRing::TEND_EVERY).await;
        let Some(ring) = ring.upgrade() else { return };
        if let Err(error) = ring.tend().await {
            tracing::warn!(error = %error, "the keys could not be tended; those that are known go on working");
        }
    }
}

/// Where it is found from outside.
fn public_url(config: &Config, address: SocketAddr) -> String {
    let url = config.http.public_url.clone();
    url.unwrap_or_else(|| format!("http://{address}"))
}

/// What mail goes out by.
///
/// # Errors
/// When sender or server cannot be read.
pub(crate) fn mailer(config: &Config, address: SocketAddr) -> Result<LettreMailer, StartError> {
    let route = match &config.mail.smtp_url {
        Some(url) => MailRoute::Smtp(url.clone()),
        None => MailRoute::Directory(config.mail_directory()),
    };
    let public_url = public_url(config, address);
    Ok(LettreMailer::new(route, &config.mail.from, public_url)?)
}

/// The hashing that the machine is capable of, with the pepper of the deployment.
pub(crate) fn peppered(
    hashing: HashingOptions,
    config: &Config,
) -> Result<HashingOptions, StartError> {
    let (named, pepper) = match &config.passwords {
        Passwords {
            pepper: Some(pepper),
            ..
        } => ("passwords.pepper".into(), pepper.as_bytes().to_vec()),
        Passwords {
            pepper_file: Some(file),
            ..
        } => {
            let read = std::fs::read(file);
            let read = read.map_err(|error| StartError::Pepper(file.clone(), error));
            (file.clone(), read?)
        }
        _ => return Ok(hashing),
    };
    let pepper = pepper.trim_ascii();
    if pepper.is_empty() {
        let empty = io::ErrorKind::UnexpectedEof.into();
        return Err(StartError::Pepper(named, empty));
    }
    Ok(HashingOptions {
        pepper: Some(pepper.to_vec().into()),
        ..hashing
    })
}

/// Is this what browsers call an origin (RFC 6454 §6.1)? `*` is none: what may be read with credentials is not for everybody.
fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|host| {
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte)
        };
        !host.is_empty() && host.bytes().all(plain)
    })
}

/// The service's own pages, under each name by which a browser may know it.
fn origins(config: &Config, address: SocketAddr) -> Vec<String> {
    let mut origins = vec![
        format!("http://{address}"),
        format!("http://localhost:{}", address.port()),
    ];
    origins.extend_from_slice(&config.http.cors_origins);
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
