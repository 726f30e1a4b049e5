//! The world of a test: a running service, with a database and a clock of its own.

use crate::contract;
use bailiwick_application::ports::Clock;
use bailiwick_domain::Timestamp;
use bailiwick_server::{
    Config, Machine, Running,
    migrate::{Step, migrate},
    start,
};
use bailiwick_testkit::postgres;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, postgres::PgListener};
use std::{
    collections::BTreeMap,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZero,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    runtime,
    sync::{MappedMutexGuard, Mutex, MutexGuard, oneshot},
    time::timeout,
};
use uuid::Uuid;

/// What everybody signs in with.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The name of the refresh cookie.
pub(crate) const COOKIE: &str = "__Host-refresh_token";

/// How long to wait for what happens in the background.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes of each `async fn(World)` a test on SQLite and a test on PostgreSQL.
macro_rules! both {
    ($($(#[$meta:meta])* $test:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                $(#[$meta])*
                async fn $test() {
                    super::$test($crate::world::World::sqlite().await).await;
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test]
                $(#[$meta])*
                async fn $test() {
                    if let Some(world) = $crate::world::World::postgres().await {
                        super::$test(world).await;
                    }
                }
            )+
        }
    };
}

/// One running service. It stops when this is dropped, and its database is gone.
pub(crate) struct World {
    service: Service,
    clock: TestClock,
    config: Config,
    http: reqwest::Client,
    console: Mutex<Option<Console>>,
    database: Database,
}

/// A connection beside the service's own, to look from outside.
enum Console {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// The database of one test, and the folder of its files.
enum Database {
    Sqlite(TempDir),
    Postgres(postgres::Database, TempDir),
}

/// A record of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditEvent {
    pub(crate) action: String,
    pub(crate) target: String,
}

impl World {
    /// On SQLite.
    pub(crate) async fn sqlite() -> Self {
        Self::on(Database::Sqlite(tempfile::tempdir().unwrap())).await
    }

    /// On PostgreSQL, where there is one.
    pub(crate) async fn postgres() -> Option<Self> {
        let template = format!("bailiwick_{:016x}", schema_fingerprint());
        let database = postgres::from_template(&template, async |url, service_url| {
            let mut config = Config::default();
            config.database.url = service_url.to_owned();
            config.database.owner_url = Some(url.to_owned());
            migrate(&config, Step::Up).await.unwrap();
        })
        .await?;
        let folder = tempfile::tempdir().unwrap();
        Some(Self::on(Database::Postgres(database, folder)).await)
    }

    /// On PostgreSQL, as a role from which row-level security hides nothing.
    pub(crate) async fn postgres_without_row_security() -> Option<Self> {
        let world = Self::postgres().await?;
        let Database::Postgres(database, _) = &world.database else {
            return None;
        };
        let url = database.url().to_owned();
        let unbound = |config: &mut Config| {
            config.database.url = url;
            config.database.allow_unsafe_role = true;
        };
        Some(world.with(unbound).await)
    }

    async fn on(database: Database) -> Self {
        let mut config = Config::default();
        config.http.bind = ([127, 0, 0, 1], 0).into();
        config.http.workers = NonZero::new(1);
        config.database.url = database.url();
        config.database.connections = NonZero::new(4);
        config.limits.enabled = false;
        config.cache.enabled = env::var("BAILIWICK_TEST_CACHE").as_deref() != Ok("off");
        config.tokens.sealing_key_file = Some(database.folder().join("sealing.key"));
        config.mail.directory = Some(database.folder().join("mail"));
        let clock = TestClock::default();
        Self {
            service: Service::start(config.clone(), clock.clone()).await,
            clock,
            config,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            console: Mutex::default(),
            database,
        }
    }

    /// The same world after a restart with other settings.
    pub(crate) async fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self.service = Service::start(self.config.clone(), self.clock.clone()).await;
        self
    }

    /// Where the service finds its database.
    pub(crate) fn service_url(&self) -> String {
        self.config.database.url.clone()
    }

    /// Time passes.
    pub(crate) fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// The origin of the service's own pages.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.service.running.address)
    }

    /// Somebody without a token.
    pub(crate) fn nobody(&self) -> Client {
        Client {
            http: self.http.clone(),
            base: self.origin(),
            bearer: None,
        }
    }

    /// Somebody new, signed in.
    pub(crate) async fn person(&self, name: &str) -> Person {
        self.register(name).await;
        self.sign_in(name).await
    }

    /// Somebody, new or not, signed in.
    pub(crate) async fn person_or_known(&self, name: &str) -> Person {
        let body = json!({ "name": name, "email": email(name), "password": PASSWORD });
        let answer = self.nobody().post("/users/register", body).await;
        assert!(matches!(answer.status, 201 | 400), "{}", answer.text);
        self.sign_in(name).await
    }

    /// Somebody new, who has not signed in.
    pub(crate) async fn register(&self, name: &str) {
        let body = json!({ "name": name, "email": email(name), "password": PASSWORD });
        self.nobody().post("/users/register", body).await.is(201);
    }

    /// A session of somebody who has registered.
    pub(crate) async fn sign_in(&self, name: &str) -> Person {
        let body = json!({ "email": email(name), "password": PASSWORD });
        let answer = self.nobody().post("/login", body).await.is(200);
        Person::new(self.nobody(), name, &answer)
    }

    /// Somebody new who has founded an organization, signed in there.
    pub(crate) async fn owner(&self, name: &str, organization: &str) -> Person {
        let founder = self.person(name).await;
        let id = founder.found(organization).await;
        founder.enter(&id).await
    }

    /// Somebody new whom `owner` has added, signed in there.
    pub(crate) async fn member(&self, owner: &Person, name: &str, role: &str) -> Person {
        self.register(name).await;
        owner.add(name, role).await.is(201);
        self.sign_in(name).await.enter(owner.organization()).await
    }

    /// Somebody new who runs the platform, signed in.
    pub(crate) async fn operator(&self, name: &str) -> Person {
        let operator = self.person(name).await;
        self.execute(&format!(
            "INSERT INTO operators (user_id, created_at)
             SELECT id, 0 FROM users WHERE email = '{}'",
            email(name)
        ))
        .await;
        operator
    }

    /// Somebody new who has founded an organization and runs the platform, signed in there: nothing is refused to them.
    pub(crate) async fn operating_owner(&self, name: &str, organization: &str) -> Person {
        let operator = self.operator(name).await;
        let id = operator.found(organization).await;
        operator.enter(&id).await
    }

    /// The token in the link to this page, in the mail that this person has got or is about to get.
    pub(crate) async fn mailed_token(&self, name: &str, page: &str) -> String {
        let folder = self.database.folder().join("mail");
        let link = format!("/{page}#token=");
        eventually(async || {
            let files = fs::read_dir(&folder).into_iter().flatten();
            let mails = files.map(|file| file.unwrap().path());
            let mails = mails.filter(|path| path.extension().is_some_and(|kind| kind == "eml"));
            mails.into_iter().find_map(|path| {
                // Quoted-printable (RFC 2045 §6.7), as far as links need it.
                let mail = fs::read_to_string(path).unwrap();
                let mail = mail.replace("=\r\n", "").replace("=3D", "=");
                let (_, token) = mail.split_once(&link)?;
                let token = token.split_whitespace().next()?.to_owned();
                mail.contains(&format!("To: {}", email(name)))
                    .then_some(token)
            })
        })
        .await
    }

    /// How many letters have gone out.
    pub(crate) fn letters(&self) -> usize {
        let mails = fs::read_dir(self.database.folder().join("mail")).unwrap();
        let mails = mails.map(|file| file.unwrap().path());
        mails
            .filter(|path| path.extension().is_some_and(|kind| kind == "eml"))
            .count()
    }

    /// From here on only mails count that are yet to come.
    pub(crate) fn forget_mails(&self) {
        fs::remove_dir_all(self.database.folder().join("mail")).unwrap();
    }

    /// The records of what was done, in order; refusals may be recorded too, and are not among them.
    pub(crate) async fn audit_events(&self) -> Vec<AuditEvent> {
        let rows = "SELECT action || ' ' || target FROM audit_events
                    WHERE outcome <> 'denied' ORDER BY id";
        self.column(rows)
            .await
            .into_iter()
            .map(|row| {
                let (action, target) = row.split_once(' ').unwrap();
                AuditEvent {
                    action: action.to_owned(),
                    target: target.to_owned(),
                }
            })
            .collect()
    }

    /// Every row of a table, as text.
    pub(crate) async fn dump(&self, table: &str) -> Vec<String> {
        let done = if table == "audit_events" {
            "WHERE outcome <> 'denied'"
        } else {
            ""
        };
        let row = match &self.database {
            Database::Postgres(..) => format!("{table}::text"),
            Database::Sqlite(_) => {
                let columns = format!("SELECT name FROM pragma_table_info('{table}')");
                let columns: Vec<_> = self.column(&columns).await;
                let written = columns.iter().map(|column| self.written(column));
                written.collect::<Vec<_>>().join(" || ',' || ")
            }
        };
        self.column(&format!("SELECT {row} FROM {table} {done} ORDER BY 1"))
            .await
    }

    /// A column as it stands in a [`dump`](Self::dump).
    pub(crate) fn written(&self, column: &str) -> String {
        match &self.database {
            Database::Postgres(..) => format!("{column}::text"),
            Database::Sqlite(_) => format!("quote({column})"),
        }
    }

    /// Every row of every table.
    pub(crate) async fn state(&self) -> BTreeMap<String, Vec<String>> {
        let tables = match &self.database {
            Database::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Database::Postgres(..) => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
            }
        };
        let mut state = BTreeMap::new();
        for table in self.column(tables).await {
            // Replicas renew their leases all the time.
            if table == "replicas" {
                continue;
            }
            let rows = self.dump(&table).await;
            state.insert(table, rows);
        }
        state
    }

    /// The first column of a query, as text.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        let mut console = self.console().await;
        match &mut *console {
            Console::Sqlite(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
            Console::Postgres(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
        }
        .unwrap()
    }

    /// Changes the database behind the back of the service.
    pub(crate) async fn execute(&self, sql: &str) {
        self.attempt(sql).await.unwrap();
        self.heard().await;
    }

    /// Waits until the service has heard of whatever was changed behind its back.
    async fn heard(&self) {
        if !self.config.cache.enabled {
            return;
        }
        match &self.database {
            Database::Sqlite(_) => {
                let heard = async || {
                    let touched = self.column("SELECT hex(owner) FROM touched").await;
                    touched.is_empty().then_some(())
                };
                eventually(heard).await;
            }
            Database::Postgres(..) => {
                let me = Uuid::now_v7();
                let mut ears = PgListener::connect(&self.database.url()).await.unwrap();
                ears.listen("bailiwick_facts").await.unwrap();
                let ask = format!("SELECT pg_notify('bailiwick_facts', '? {me} 1')");
                let answer = format!("! {me} 1 ");
                let deadline = Instant::now() + PATIENCE;
                // It is asked again: when it has only just begun, it may not listen yet.
                loop {
                    let ask = sqlx::raw_sql(AssertSqlSafe(ask.clone()));
                    ask.execute(&mut ears).await.unwrap();
                    let answered = async {
                        while !ears.recv().await.unwrap().payload().starts_with(&answer) {}
                    };
                    if timeout(Duration::from_millis(200), answered).await.is_ok() {
                        return;
                    }
                    assert!(Instant::now() < deadline, "nobody has heard");
                }
            }
        }
    }

    /// Changes the database behind the back of the service, unless it refuses to; then it says why.
    pub(crate) async fn attempt(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let mut console = self.console().await;
        match &mut *console {
            Console::Sqlite(connection) => sql.execute(connection).await.map(|_| ()),
            Console::Postgres(connection) => sql.execute(connection).await.map(|_| ()),
        }
    }

    /// Whether its database is SQLite, which takes a value of any type in any column.
    pub(crate) fn is_on_sqlite(&self) -> bool {
        matches!(self.database, Database::Sqlite(_))
    }

    /// Changes the database behind the back of the service, in a transaction that [`let_go`](Self::let_go) commits.
    pub(crate) async fn hold(&self, sql: &str) {
        let begin = match &self.database {
            Database::Sqlite(_) => "BEGIN IMMEDIATE",
            Database::Postgres(..) => "BEGIN",
        };
        self.attempt(begin).await.unwrap();
        self.attempt(sql).await.unwrap();
    }

    /// What was held is there from now on.
    pub(crate) async fn let_go(&self) {
        self.execute("COMMIT").await;
    }

    async fn console(&self) -> MappedMutexGuard<'_, Console> {
        let mut console = self.console.lock().await;
        if console.is_none() {
            *console = Some(match &self.database {
                Database::Sqlite(_) => {
                    let url = self.database.url();
                    Console::Sqlite(SqliteConnection::connect(&url).await.unwrap())
                }
                // As an administrator, from whom nothing is hidden.
                Database::Postgres(database, _) => {
                    Console::Postgres(PgConnection::connect(database.url()).await.unwrap())
                }
            });
        }
        MutexGuard::map(console, |console| console.as_mut().unwrap())
    }
}

impl Database {
    fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("db").display()),
            Self::Postgres(database, _) => database.service_url().to_owned(),
        }
    }

    fn folder(&self) -> &Path {
        match self {
            Self::Sqlite(folder) | Self::Postgres(_, folder) => folder.path(),
        }
    }
}

/// A server that outlives the tests keeps its templates: one that an older schema made must not be taken.
fn schema_fingerprint() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migration/src");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read_to_string(file).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

/// A clock that stands until it is told to move on.
#[derive(Clone)]
struct TestClock(Arc<AtomicI64>);

impl Default for TestClock {
    /// A whole second, since tokens know no parts of one.
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(1_800_000_000_000_000)))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The service on a thread and a runtime of its own, so that it can be stopped from `drop`.
struct Service {
    running: Running,
    thread: Option<thread::JoinHandle<()>>,
}

impl Service {
    async fn start(config: Config, clock: TestClock) -> Self {
        let mut machine = Machine {
            clock: Arc::new(clock),
            ..Machine::default()
        };
        // The least that Argon2 takes, and a queue that no test fills.
        machine.hashing.memory = 8;
        machine.hashing.passes = 1;
        machine.hashing.threads = 1;
        machine.hashing.queue = 1_000;
        machine.hashing.patience = Duration::from_secs(60);

        let (tell, told) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                match start(&config, machine).await {
                    Ok((running, stopped)) => {
                        tell.send(Ok(running)).unwrap();
                        stopped.await.unwrap();
                    }
                    Err(error) => tell.send(Err(format!("{error:?}"))).unwrap(),
                }
            });
        });
        Self {
            running: told.await.unwrap().unwrap(),
            thread: Some(thread),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The command is sent before the future is polled.
        drop(self.running.handle.stop(false));
        // A service that panicked has already said so.
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    bearer: Option<String>,
}

impl Client {
    /// The same, with this bearer token.
    pub(crate) fn bearing(&self, token: impl Into<String>) -> Self {
        Self {
            bearer: Some(token.into()),
            ..self.clone()
        }
    }

    /// A request that is not sent yet.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).answer().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(&body).answer().await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request("PATCH", path).json(&body).answer().await
    }

    /// A PATCH of what has this tag.
    pub(crate) async fn patch_if(&self, path: &str, tag: &str, body: Value) -> Answer {
        let request = self.request("PATCH", path).header("if-match", tag);
        request.json(&body).answer().await
    }

    /// A PUT in the place of what has this tag.
    pub(crate) async fn put_if(&self, path: &str, tag: &str, body: Value) -> Answer {
        let request = self.request("PUT", path).header("if-match", tag);
        request.json(&body).answer().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).answer().await
    }

    /// A refresh with the token in the body.
    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        let body = json!({ "refresh_token": token });
        self.request("POST", "/refresh_token")
            .json(&body)
            .answer()
            .await
    }
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    client: Client,
    pub(crate) name: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    organization: Option<String>,
}

impl Person {
    fn new(nobody: Client, name: &str, answer: &Answer) -> Self {
        let tokens = answer.json();
        let text = |key: &str| tokens[key].as_str().unwrap().to_owned();
        Self {
            client: nobody.bearing(text("access_token")),
            name: name.to_owned(),
            access: text("access_token"),
            refresh: text("refresh_token"),
            organization: claims(&text("access_token"))["org_id"]
                .as_str()
                .map(str::to_owned),
        }
    }

    /// The organization that the token is for.
    pub(crate) fn organization(&self) -> &str {
        self.organization.as_deref().unwrap()
    }

    /// Founds an organization, and stays where they are.
    pub(crate) async fn found(&self, name: &str) -> String {
        let answer = self
            .post("/organization/register", json!({ "name": name }))
            .await;
        answer.is(201).id()
    }

    /// The same person in an organization.
    pub(crate) async fn enter(&self, organization: &str) -> Self {
        let body = json!({ "org_id": organization });
        let answer = self.post("/organization/select", body).await.is(202);
        Self::new(self.client.clone(), &self.name, &answer)
    }

    /// Adds somebody by name.
    pub(crate) async fn add(&self, name: &str, role: &str) -> Answer {
        let body = json!({ "email": email(name), "role": role });
        self.post("/organization/add_users", body).await
    }

    /// The id of the member with this address.
    pub(crate) async fn member_id_of(&self, email: &str) -> String {
        let found = self.get(&format!("/api/v1/members?search={email}")).await;
        let rows = found.is(200).rows();
        let row = rows.iter().find(|row| row["email"] == email);
        row.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Creates a project.
    pub(crate) async fn project(&self, name: &str) -> String {
        let answer = self.post("/api/v1/projects", json!({ "name": name })).await;
        answer.is(201).id()
    }
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The same answer, if it has this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The same answer, if it is this problem.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, self.code().as_str()),
            (status, code),
            "{}",
            self.text
        );
        self
    }

    /// The body.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {} `{}`", self.status, self.text))
    }

    /// The rows of a list.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Value> {
        self.json()["data"].as_array().unwrap().clone()
    }

    /// The id of what was made or read.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// The code of a problem.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header, if it is there.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// All that a stranger could compare, when both requests had the same name: everything but the time, and whether the
    /// answer was faster than the body of the request, after which the connection closes (RFC 9110 §7.6.1).
    pub(crate) fn bytes(&self) -> (u16, Vec<String>, String) {
        let beside = ["date", "connection"];
        let headers = self.headers.iter();
        let headers = headers.filter(|(name, _)| !beside.contains(&name.as_str()));
        let mut headers: Vec<_> = headers
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        // Their order is no message.
        headers.sort();
        (self.status, headers, self.text.clone())
    }
}

/// Sends a request and reads the answer to its end.
pub(crate) trait Ask {
    async fn answer(self) -> Answer;
    /// Under a name that two requests can share, so that their answers can be the same in every byte.
    async fn answer_by_name(self) -> Answer;
}

impl Ask for RequestBuilder {
    async fn answer(self) -> Answer {
        let (http, request) = self.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = http.execute(request).await.unwrap();
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        };
        contract::keeps(method.as_str(), &path, &answer);
        answer
    }

    async fn answer_by_name(self) -> Answer {
        self.header("X-Request-Id", "by-name").answer().await
    }
}

/// What this comes to answer.
pub(crate) async fn eventually<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        match look().await {
            Some(found) => return found,
            None => assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Where this person receives mail.
pub(crate) fn email(name: &str) -> String {
    format!("{name}@example.com")
}

/// An id of this kind that belongs to nothing.
pub(crate) fn unknown(prefix: &str) -> String {
    format!("{prefix}_01h455vb4pex5vsknk084sn02q")
}

/// What a token says, whoever signed it.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// How a token says it is signed.
pub(crate) fn header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The refresh cookie that an answer sets: its value and its attributes in lower case.
pub(crate) fn cookie(answer: &Answer) -> Option<(String, Vec<String>)> {
    let set = answer.headers.get_all("set-cookie").iter();
    let set = set.map(|cookie| cookie.to_str().unwrap());
    let rest = set
        .filter_map(|cookie| cookie.strip_prefix(COOKIE))
        .find_map(|rest| rest.strip_prefix('='))?;
    let mut parts = rest.split("; ").map(str::to_owned);
    let value = parts.next().unwrap();
    let mut attributes: Vec<_> = parts.map(|part| part.to_ascii_lowercase()).collect();
    attributes.sort();
    Some((value, attributes))
}

/// Does the object have these keys? It may have more.
#[track_caller]
pub(crate) fn has_keys(object: &Value, keys: &[&str]) {
    let missing: Vec<_> = keys
        .iter()
        .filter(|key| object.get(**key).is_none())
        .collect();
    assert!(missing.is_empty(), "{missing:?} missing in {object}");
}
