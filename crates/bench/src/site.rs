//! A database, a service on it, and people who are signed in.

use crate::clients::PASSWORD;
use bailiwick_application::ports::{
    Access, AccessClaims, AccessTokens, Clock, Entropy, RefreshClaims, RefreshTokens, Secret,
};
use bailiwick_domain::{
    ChainId, MemberId, SessionId, TenantId, Timestamp, UserId,
    session::{Chain, Lifetimes, Place, Session},
};
use bailiwick_infrastructure::{
    Database, DatabaseOptions, JwtAccessTokens, JwtRefreshTokens, KeyPolicy, KeyRing, SealingKey,
    SystemClock, SystemEntropy,
};
use bailiwick_testkit::postgres;
use sqlx::{Connection, PgConnection, QueryBuilder, SqliteConnection};
use std::{
    fmt,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use uuid::Uuid;

/// How long an access token is good: longer than any run.
const ACCESS: Duration = Duration::from_secs(3600);
/// How long sessions live.
const LIFETIMES: Lifetimes = Lifetimes {
    absolute: Duration::from_secs(30 * 24 * 3600),
    idle: Duration::from_secs(7 * 24 * 3600),
    grace: Duration::from_secs(10),
};
/// Rows of one statement.
const ROWS: usize = 1_000;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Somebody who owns an organization.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    pub(crate) tenant: Uuid,
    pub(crate) member: Uuid,
    pub(crate) user: Uuid,
    pub(crate) email: String,
}

impl Identity {
    /// As answers name them.
    pub(crate) fn user_id(&self) -> String {
        UserId::from_uuid(self.user).to_string()
    }

    /// As answers name it.
    pub(crate) fn tenant_id(&self) -> String {
        TenantId::from_uuid(self.tenant).to_string()
    }
}

/// The same, signed in there.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) identity: Arc<Identity>,
    pub(crate) chain: Uuid,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// A database that was filled, with a folder for what goes with it.
pub(crate) struct Site {
    server: PathBuf,
    folder: TempDir,
    database: Option<postgres::Database>,
}

/// Does the same on whichever database.
macro_rules! outside {
    ($site:expr, |$connection:ident| $work:expr) => {
        match &$site.database {
            Some(database) => {
                let mut $connection = PgConnection::connect(database.url()).await.unwrap();
                $work
            }
            None => {
                let url = format!("sqlite:{}", $site.file().display());
                let mut $connection = SqliteConnection::connect(&url).await.unwrap();
                $work
            }
        }
    };
}

impl Site {
    /// A database with its schema and this many people and organizations; `None`, where there is no PostgreSQL.
    pub(crate) async fn sown(
        kind: Kind,
        server: &Path,
        tenants: u32,
        users: u32,
    ) -> Option<(Self, Duration)> {
        let site = Self {
            server: server.to_owned(),
            folder: TempDir::new().unwrap(),
            database: match kind {
                Kind::Sqlite => None,
                Kind::Postgres => Some(postgres::database().await?),
            },
        };
        site.operate(&["migrate", "up"]);
        let began = Instant::now();
        let (tenants, users) = (tenants.to_string(), users.to_string());
        site.operate(&["seed", "--tenants", &tenants, "--users", &users]);
        Some((site, began.elapsed()))
    }

    /// Where a limit finds the same rows: on SQLite it has a copy, for whoever writes into a file beside a service disturbs it.
    pub(crate) fn limit_url(&self) -> String {
        if let Some(database) = &self.database {
            return database.url().to_owned();
        }
        // What was written last may still be in the log beside the file, and nobody writes at this moment.
        let copy = self.folder.path().join("limit.db");
        for part in ["", "-wal"] {
            let [from, to] = [&self.file(), &copy].map(|file| format!("{}{part}", file.display()));
            if Path::new(&from).exists() {
                fs::copy(from, to).unwrap();
            }
        }
        format!("sqlite:{}", copy.display())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("data/bailiwick.db")
    }

    fn sealing_key(&self) -> PathBuf {
        self.folder.path().join("sealing.key")
    }

    fn operate(&self, arguments: &[&str]) {
        let output = self.command().args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }

    /// The service's program, knowing no settings but those of this place.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.server);
        command.current_dir(self.folder.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BAILIWICK__")) {
            command.env_remove(name);
        }
        command.env("BAILIWICK__TOKENS__SEALING_KEY_FILE", self.sealing_key());
        // Everybody knocks from the same address.
        command.env("BAILIWICK__LIMITS__ENABLED", "false");
        if let Some(database) = &self.database {
            command.env("BAILIWICK__DATABASE__URL", database.service_url());
            command.env("BAILIWICK__DATABASE__OWNER_URL", database.url());
        }
        command
    }

    /// The service.
    pub(crate) fn serve(&self) -> Process {
        let mut command = self.command();
        command.env("BAILIWICK__HTTP__BIND", "127.0.0.1:0");
        Process::start(command, &self.folder.path().join("log"))
    }

    /// How long it takes from nothing until a service that was just started says that it is ready.
    pub(crate) fn cold_start(&self) -> Duration {
        started(self.command())
    }

    /// How much room it takes, in bytes.
    pub(crate) async fn size(&self) -> u64 {
        let Some(database) = &self.database else {
            return fs::metadata(self.file()).unwrap().len();
        };
        let size = "SELECT pg_database_size(current_database())::text";
        database.column(size).await[0].parse().unwrap()
    }

    /// Owners of so many organizations, from all over.
    pub(crate) async fn owners(&self, many: usize) -> Vec<Arc<Identity>> {
        let all: Vec<(Uuid, Uuid, Uuid, String)> = outside!(self, |connection| {
            sqlx::query_as(OWNERS)
                .fetch_all(&mut connection)
                .await
                .unwrap()
        });
        let step = (all.len() / many).max(1);
        let some = all.into_iter().step_by(step).take(many);
        some.map(|(tenant, member, user, email)| {
            Arc::new(Identity {
                tenant,
                member,
                user,
                email,
            })
        })
        .collect()
    }

    /// So many sessions of these people, as signing in leaves them, and the tokens that go with them.
    pub(crate) async fn signed_in(&self, people: &[Arc<Identity>], many: usize) -> Vec<Issued> {
        let now = SystemClock.now();
        let sessions: Vec<_> = people
            .iter()
            .cycle()
            .take(many)
            .map(|person| Opened::now(person, now))
            .collect();
        for some in sessions.chunks(ROWS) {
            outside!(self, |connection| {
                let mut add = QueryBuilder::new(
                    "INSERT INTO sessions (id, user_id, created_at, authenticated_at, expires_at) ",
                );
                add.push_values(some, |mut row, Opened { session, .. }| {
                    row.push_bind(session.id.as_uuid())
                        .push_bind(session.user.as_uuid())
                        .push_bind(now.as_micros())
                        .push_bind(session.authenticated_at.as_micros())
                        .push_bind(session.expires_at.as_micros());
                });
                add.build().execute(&mut connection).await.unwrap();
                let mut add = QueryBuilder::new(
                    "INSERT INTO refresh_chains
                         (id, session_id, tenant_id, member_id, generation, secret, rotated_at, created_at) ",
                );
                add.push_values(some, |mut row, opened| {
                    row.push_bind(opened.chain.id.as_uuid())
                        .push_bind(opened.session.id.as_uuid())
                        .push_bind(opened.person.tenant)
                        .push_bind(opened.person.member)
                        .push_bind(0_i64)
                        .push_bind(opened.secret.0.to_vec())
                        .push_bind(now.as_micros())
                        .push_bind(now.as_micros());
                });
                add.build().execute(&mut connection).await.unwrap();
            });
        }
        let url = match &self.database {
            Some(database) => database.service_url().to_owned(),
            None => format!("sqlite:{}", self.file().display()),
        };
        let options = DatabaseOptions::default();
        let database = Database::connect(&url, options).await.unwrap();
        let sealing = SealingKey::from_file(&self.sealing_key()).unwrap();
        let clock = Arc::new(SystemClock);
        let metrics = database.metrics().clone();
        let ring = KeyRing::open(database, sealing, KeyPolicy::default(), clock).await;
        let ring = Arc::new(ring.unwrap());
        let issuer = "urn:bailiwick".to_owned();
        let access = JwtAccessTokens::new(Arc::clone(&ring), issuer.clone(), 0, &metrics);
        let refresh = JwtRefreshTokens::new(ring, issuer);
        let mut issued = Vec::with_capacity(many);
        for opened in sessions {
            issued.push(opened.tokens(&access, &refresh, now).await);
        }
        issued
    }
}

const OWNERS: &str = "
    SELECT m.tenant_id, m.id, m.user_id, u.email
    FROM roles r
    JOIN member_roles h ON h.tenant_id = r.tenant_id AND h.role_id = r.id
    JOIN members m ON m.tenant_id = h.tenant_id AND m.id = h.member_id
    JOIN users u ON u.id = m.user_id
    WHERE r.builtin = 'owner' ORDER BY m.tenant_id";

/// A session that is to be there.
struct Opened {
    person: Arc<Identity>,
    session: Session,
    chain: Chain,
    secret: Secret,
}

impl Opened {
    fn now(person: &Arc<Identity>, now: Timestamp) -> Self {
        let session = SessionId::from_uuid(Uuid::now_v7());
        let user = UserId::from_uuid(person.user);
        let session = Session::open(session, user, &LIFETIMES, now);
        let place = Place {
            tenant: TenantId::from_uuid(person.tenant),
            member: MemberId::from_uuid(person.member),
        };
        let chain = ChainId::from_uuid(Uuid::now_v7());
        Self {
            person: Arc::clone(person),
            chain: Chain::start(chain, session.id, Some(place), now),
            session,
            secret: SystemEntropy.secret(),
        }
    }

    async fn tokens(
        self,
        access: &JwtAccessTokens,
        refresh: &JwtRefreshTokens,
        now: Timestamp,
    ) -> Issued {
        let Self {
            person,
            session,
            chain,
            secret,
        } = self;
        let of_access = Access::Person(AccessClaims {
            id: Uuid::now_v7(),
            user: session.user,
            session: session.id,
            chain: chain.id,
            tenant: Some(TenantId::from_uuid(person.tenant)),
            authenticated_at: session.authenticated_at,
            issued_at: now,
            expires_at: now.plus(ACCESS).rounded_up(),
        });
        let of_refresh = RefreshClaims {
            user: session.user,
            session: session.id,
            chain: chain.id,
            generation: chain.generation,
            issued_at: now,
            expires_at: chain.expires_at(&session, &LIFETIMES).rounded_up(),
        };
        Issued {
            identity: person,
            chain: chain.id.as_uuid(),
            access: access.issue(&of_access).await.unwrap(),
            refresh: refresh.issue(&of_refresh, &secret).await.unwrap(),
        }
    }
}

/// How long an empty folder takes until it is served from, migrations and keys included.
pub(crate) fn first_start(server: &Path) -> Duration {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(server);
    command.current_dir(folder.path());
    started(command)
}

fn started(mut command: Command) -> Duration {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    command.env("BAILIWICK__HTTP__BIND", address.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let mut child = Running(command.spawn().unwrap());
    loop {
        assert!(child.0.try_wait().unwrap().is_none(), "it does not start");
        if is_ready(address) {
            return began.elapsed();
        }
        sleep(Duration::from_micros(200));
    }
}

/// Whether it is, asked of a service that may not listen yet.
fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let asked = stream
        .write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// The body of the answer to a GET.
pub(crate) fn get(address: SocketAddr, path: &str, token: Option<&str>) -> Vec<u8> {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n"));
    let token = token.unwrap_or_default();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n{token}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 OK\r\n"), "{path}: {answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    body.as_bytes().to_vec()
}

/// A process, which ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that says where it listens.
pub(crate) struct Process {
    running: Running,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let stderr = File::options().create(true).append(true).open(log).unwrap();
        let child = command.stdout(Stdio::piped()).stderr(stderr).spawn();
        let mut running = Running(child.unwrap());
        let output = running.0.stdout.take().unwrap();
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).unwrap();
        let (_, address) = line
            .trim_end()
            .split_once("http://")
            .unwrap_or_else(|| panic!("it does not say where it listens, see {}", log.display()));
        let address = address.parse().unwrap();
        Self { running, address }
    }

    /// A limit on these rows.
    pub(crate) fn limit(url: &str, me: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["limit", "--url", url, "--me"]).arg(me);
        Self::start(command, &me.with_file_name("limit.log"))
    }

    /// How much memory it has, in KiB (`VmRSS`, proc(5)).
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = format!("/proc/{}/status", self.running.0.id());
        let status = fs::read_to_string(status).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }
}

/// How many passwords a second Argon2id compares by itself, on the threads that the service has for it.
pub(crate) async fn hashes(time: Duration) -> f64 {
    use bailiwick_application::ports::{Comparison, Passwords};
    use bailiwick_domain::password::Password;
    use bailiwick_infrastructure::{Argon2Passwords, HashingOptions};
    let passwords = Argon2Passwords::start(HashingOptions::default()).unwrap();
    let password = || Password::typed(PASSWORD.to_owned());
    let hash = passwords.hash(password()).await.unwrap();
    let began = Instant::now();
    let all = (0..8).map(async |_| {
        let mut count = 0_u32;
        while began.elapsed() < time {
            let compared = passwords.verify(password(), Some(hash.clone())).await;
            assert!(matches!(compared, Ok(Comparison::Matches)));
            count += 1;
        }
        count
    });
    let counts = futures_util::future::join_all(all).await;
    f64::from(counts.iter().sum::<u32>()) / began.elapsed().as_secs_f64()
}
