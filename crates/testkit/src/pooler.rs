//! A real PgBouncer in front of a database.
//!
//! Where it is not installed, a test gets `None` and stderr says so, or, with `BAILIWICK_TEST_PGBOUNCER=required`, it fails.

use crate::{
    network::PostgresWire,
    postgres::{Database, unprivileged},
};
use std::{
    env, fs, io,
    io::Write,
    net::{TcpListener, TcpStream},
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const POLICY: &str = "BAILIWICK_TEST_PGBOUNCER";
/// Where Debian puts it, which is on nobody's path but root's.
const PROGRAM: &str = "/usr/sbin/pgbouncer";
/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// To whom it lends the server's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To a client, until it goes.
    Session,
    /// To a transaction.
    Transaction,
    /// To a statement, and transactions are none.
    Statement,
}

/// A PgBouncer, which ends with this value.
#[derive(Debug)]
pub struct PgBouncer {
    child: Child,
    url: String,
    _folder: TempDir,
    _wire: PostgresWire,
}

impl PgBouncer {
    /// One in front of the database, for the role of the service, or `None` where it is not installed. It is configured with nothing
    /// but its mode.
    ///
    /// # Errors
    /// When it does not start; when it is not installed and has to be.
    pub async fn before(database: &Database, mode: Mode) -> io::Result<Option<Self>> {
        if !Path::new(PROGRAM).is_file() {
            if env::var(POLICY).as_deref() == Ok("required") {
                return Err(io::Error::other("PgBouncer is not installed"));
            }
            let _ = writeln!(io::stderr(), "\nSKIPPED: there is no {PROGRAM}");
            return Ok(None);
        }
        let wire = PostgresWire::to(database.service_url()).await?;
        let (scheme, rest) = split(wire.url(), "://")?;
        let (who, place) = split(rest, "@")?;
        let (user, password) = split(who, ":")?;
        let (server, name) = split(place, "/")?;
        let (_, server) = split(server, ":")?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mode = match mode {
            Mode::Session => "session",
            Mode::Transaction => "transaction",
            Mode::Statement => "statement",
        };
        let folder = TempDir::new()?;
        let at = |name: &str| folder.path().join(name).display().to_string();
        let (users, settings) = (at("users"), at("pgbouncer.ini"));
        fs::write(&users, format!("\"{user}\" \"{password}\"\n"))?;
        fs::write(
            &settings,
            format!(
                "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
                 unix_socket_dir =\nauth_type = trust\nauth_file = {users}\npool_mode = {mode}\n"
            ),
        )?;
        let mut command = Command::new(PROGRAM);
        command.args(["--quiet", &settings]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((user, group)) = unprivileged() {
            // It refuses root.
            for path in [folder.path(), Path::new(&users), Path::new(&settings)] {
                chown(path, Some(user), Some(group))?;
            }
            command.uid(user).gid(group);
        }
        let pooler = Self {
            child: command.spawn()?,
            url: format!("{scheme}://{who}@127.0.0.1:{port}/{name}"),
            _folder: folder,
            _wire: wire,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if began.elapsed() > PATIENCE {
                return Err(io::Error::other("PgBouncer does not listen"));
            }
            sleep(Duration::from_millis(10));
        }
        Ok(Some(pooler))
    }

    /// The database's address through it, as the role of the service.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn split<'a>(text: &'a str, at: &str) -> io::Result<(&'a str, &'a str)> {
    let parts = text.split_once(at);
    parts.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}
