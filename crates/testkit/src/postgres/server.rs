//! The PostgreSQL that tests run on: the one named in the environment, else one of this process.

use std::{
    collections::BTreeSet,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
    thread,
};

const URL: &str = "BAILIWICK_TEST_POSTGRES_URL";
const POLICY: &str = "BAILIWICK_TEST_POSTGRES";

/// The role that tests serve as: it owns nothing, and row-level security binds it.
pub(super) const SERVICE: &str = "bailiwick_test_service";

/// A server on which this process may create databases.
#[derive(Debug)]
pub(super) struct Server {
    admin: String,
    /// Where it ends, `cluster.sh` cleans up; the kernel sees to it even when nothing is dropped.
    _alive: Option<ChildStdin>,
}

impl Server {
    /// The server of this process, or `None` after saying on stderr which test goes without.
    ///
    /// The first call starts the cluster and blocks its thread for about a second.
    pub(super) fn get() -> Option<&'static Self> {
        static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();

        match SERVER.get_or_init(Self::find) {
            Ok(server) => Some(server),
            Err(reason) => {
                skip(reason);
                None
            }
        }
    }

    /// The address of the maintenance database.
    pub(super) fn admin_url(&self) -> &str {
        &self.admin
    }

    /// The address of the database `name`, by the same means and with the same parameters.
    pub(super) fn url(&self, name: &str) -> String {
        let (scheme, rest) = self
            .admin
            .split_once("://")
            .unwrap_or(("postgres", &self.admin));
        let (place, query) = rest
            .split_once('?')
            .map_or((rest, None), |(place, query)| (place, Some(query)));
        let authority = place
            .split_once('/')
            .map_or(place, |(authority, _)| authority);
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("{scheme}://{authority}/{name}{query}")
    }

    /// The same as the role of the service.
    pub(super) fn service_url(&self, name: &str) -> String {
        self.url_as(name, SERVICE, &self.service_password())
    }

    /// The same as any role.
    pub(super) fn url_as(&self, name: &str, role: &str, password: &str) -> String {
        let url = self.url(name);
        let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", &url));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        format!("{scheme}://{role}:{password}@{host}/{path}")
    }

    /// Known to whoever knows the administrator's address, which may hold a password, and to nobody else.
    pub(super) fn service_password(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.admin.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    fn find() -> Result<Self, String> {
        if let Some(admin) = env::var(URL).ok().filter(|url| !url.is_empty()) {
            return Ok(Self {
                admin,
                _alive: None,
            });
        }
        let binaries = binaries().ok_or("no `initdb` and `pg_ctl` on this machine")?;
        Self::start(&binaries).map_err(|reason| format!("`{}`: {reason}", binaries.display()))
    }

    fn start(binaries: &Path) -> Result<Self, String> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", include_str!("cluster.sh"), "cluster.sh"])
            .arg(binaries)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C is for the tests: the cluster follows when they are gone.
            .process_group(0);
        if is_root() {
            // `initdb` refuses root.
            let (uid, gid) = nobody().ok_or("neither `postgres` nor `nobody` in /etc/passwd")?;
            shell.uid(uid).gid(gid);
        }
        let mut shell = shell.spawn().map_err(|error| error.to_string())?;
        let alive = shell.stdin.take();
        let mut answers = BufReader::new(shell.stdout.take().ok_or("no standard output")?);

        let mut answer = String::new();
        answers
            .read_line(&mut answer)
            .map_err(|error| error.to_string())?;
        if let Some(dir) = answer.strip_prefix("ready ") {
            let host = percent_encoded(dir.trim_end_matches('\n'));
            return Ok(Self {
                admin: format!("postgres://postgres@{host}:5432/postgres"),
                _alive: alive,
            });
        }
        answers
            .read_to_string(&mut answer)
            .map_err(|error| error.to_string())?;
        let status = shell.wait().map_err(|error| error.to_string())?;
        Err(format!("no cluster ({status}): {}", answer.trim()))
    }
}

/// Past the capture of the test harness: a test that passes because it did nothing must be seen.
fn skip(reason: &str) {
    static SKIPPED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

    assert!(
        env::var_os(POLICY).is_none_or(|policy| policy != "required"),
        "`{POLICY}=required`, but there is no PostgreSQL: {reason}"
    );
    // The harness names the thread of a test after it.
    let thread = thread::current();
    let test = thread
        .name()
        .map_or_else(|| format!("{:?}", thread.id()), str::to_owned);
    let mut skipped = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if skipped.insert(test.clone()) {
        // Nothing can be done where stderr is closed.
        let _ = writeln!(
            io::stderr(),
            "\nSKIPPED: `{test}` ({reason})\n\
             skipped on PostgreSQL: {} so far; set {URL} or install postgresql",
            skipped.len()
        );
    }
}

/// The folder of `initdb` and `pg_ctl`: on `PATH`, else Debian's newest, else as `pg_config` has it.
fn binaries() -> Option<PathBuf> {
    let complete = |dir: &PathBuf| dir.join("initdb").is_file() && dir.join("pg_ctl").is_file();
    let on_path = || env::split_paths(&env::var_os("PATH")?).find(complete);
    let debian = || {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
        let version = |dir: &PathBuf| dir.file_name()?.to_str()?.parse::<u32>().ok();
        let newest = versions
            .map(|entry| entry.path())
            .filter(|dir| complete(&dir.join("bin")))
            .max_by_key(version);
        newest.map(|dir| dir.join("bin"))
    };
    let pg_config = || {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim())).filter(complete)
    };
    on_path().or_else(debian).or_else(pg_config)
}

/// Where there is no `/proc`, a root is not noticed, and `initdb` says so.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// As whom to start what refuses root, where this is root.
pub(crate) fn unprivileged() -> Option<(u32, u32)> {
    is_root().then(nobody).flatten()
}

/// The user and group ids of `postgres`, else of `nobody`.
fn nobody() -> Option<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    let ids = |user: &str| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let mut ids = fields.skip(1).map_while(|id| id.parse().ok());
            (name == user).then_some((ids.next()?, ids.next()?))
        })
    };
    ids("postgres").or_else(|| ids("nobody"))
}

/// A folder as the host of an address (libpq, 34.1.1.2, "Connection URIs").
fn percent_encoded(dir: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    dir.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_reached_as_its_server_is() {
        let url = |admin: &str| {
            Server {
                admin: admin.to_owned(),
                _alive: None,
            }
            .url("x")
        };

        assert_eq!(
            url("postgres://a:b@host:1/postgres?sslmode=require"),
            "postgres://a:b@host:1/x?sslmode=require"
        );
        assert_eq!(url("postgresql://host"), "postgresql://host/x");
        assert_eq!(
            url("postgres:///postgres?host=/run/pg"),
            "postgres:///x?host=/run/pg"
        );
        assert_eq!(
            url("postgres://postgres@%2Ftmp%2Fa:5432/postgres"),
            "postgres://postgres@%2Ftmp%2Fa:5432/x"
        );
    }

    #[test]
    fn the_service_reaches_a_database_under_its_own_name() {
        let server = |admin: &str| Server {
            admin: admin.to_owned(),
            _alive: None,
        };
        for (admin, host) in [
            (
                "postgres://a:b@host:1/postgres?sslmode=require",
                "host:1/x?sslmode=require",
            ),
            ("postgres:///postgres?host=/run/pg", "/x?host=/run/pg"),
            (
                "postgres://postgres@%2Ftmp%2Fa:5432/postgres",
                "%2Ftmp%2Fa:5432/x",
            ),
        ] {
            let server = server(admin);
            let password = server.service_password();
            assert_eq!(
                server.service_url("x"),
                format!("postgres://{SERVICE}:{password}@{host}")
            );
        }
    }
}
