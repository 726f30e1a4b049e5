//! A running `bailiwick`, in a folder of its own.

use bailiwick_testkit::postgres::Database;
use rustix::process::{Pid, Signal};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Settings for a service on this database, and for whoever migrates it.
pub(crate) fn served_by(database: &Database) -> [(&'static str, &str); 2] {
    [
        ("BAILIWICK__DATABASE__URL", database.service_url()),
        ("BAILIWICK__DATABASE__OWNER_URL", database.url()),
    ]
}

/// A service that is stopped when it is dropped.
pub(crate) struct Service {
    child: Child,
    /// Where it listens, like `127.0.0.1:40123`.
    pub(crate) address: String,
    /// Where it was started.
    pub(crate) folder: TempDir,
    settings: Vec<(String, String)>,
}

impl Service {
    /// Starts the service in an empty folder and waits until it says where it listens.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let settings: Vec<_> = settings.iter().map(owned).collect();
        let (child, address) = launch(folder.path(), &settings);
        Self {
            child,
            address,
            folder,
            settings,
        }
    }

    /// Asks it to stop, as an init system would.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it has ended, if it does within so long.
    pub(crate) fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let began = Instant::now();
        while began.elapsed() < patience {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            sleep(Duration::from_millis(5));
        }
        None
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again where it was, listening elsewhere.
    pub(crate) fn restart(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        (self.child, self.address) = launch(self.folder.path(), &self.settings);
    }

    /// Sends a request without waiting for the answer.
    pub(crate) fn send(
        &self,
        verb: &str,
        path: &str,
        token: Option<&str>,
        body: &str,
    ) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let bearer = token
            .map(|token| format!("authorization: Bearer {token}\r\n"))
            .unwrap_or_default();
        let request = format!(
            "{verb} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{bearer}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// The status line, the headers and the body of the answer to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        read(self.send("GET", path, None, ""))
    }

    /// The status and the body of the answer.
    pub(crate) fn ask(
        &self,
        verb: &str,
        path: &str,
        token: Option<&str>,
        body: &str,
    ) -> (u16, String) {
        let answer = read(self.send(verb, path, token, body));
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (
            status,
            answer
                .split("\r\n\r\n")
                .nth(1)
                .unwrap_or_default()
                .to_owned(),
        )
    }

    /// Somebody new, signed in: their access token and their refresh token.
    pub(crate) fn person(&self, name: &str) -> (String, String) {
        let body = format!(
            r#"{{"name":"{name}","email":"{name}@example.com","password":"correct horse battery"}}"#
        );
        assert_eq!(self.ask("POST", "/users/register", None, &body).0, 201);
        self.sign_in(name)
    }

    /// Another session of somebody who has registered.
    pub(crate) fn sign_in(&self, name: &str) -> (String, String) {
        let body =
            format!(r#"{{"email":"{name}@example.com","password":"correct horse battery"}}"#);
        let (status, answer) = self.ask("POST", "/login", None, &body);
        assert_eq!(status, 200, "{answer}");
        (
            field(&answer, "access_token"),
            field(&answer, "refresh_token"),
        )
    }

    /// Founds an organization for whoever has this token, and enters it: their access token there.
    pub(crate) fn found(&self, access: &str, name: &str) -> String {
        let body = format!(r#"{{"name":"{name}"}}"#);
        let (status, answer) = self.ask("POST", "/organization/register", Some(access), &body);
        assert_eq!(status, 201, "{answer}");
        let body = format!(r#"{{"org_id":"{}"}}"#, field(&answer, "id"));
        let (status, answer) = self.ask("POST", "/organization/select", Some(access), &body);
        assert_eq!(status, 202, "{answer}");
        field(&answer, "access_token")
    }
}

/// The text of a field of a flat JSON object.
pub(crate) fn field(json: &str, name: &str) -> String {
    let after = json.split(&format!(r#""{name}":""#)).nth(1);
    after
        .unwrap_or_else(|| panic!("no {name} in {json}"))
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

fn read(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn launch(folder: &Path, settings: &[(String, String)]) -> (Child, String) {
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    let mut child = command(folder, &settings)
        .stdout(Stdio::piped())
        .stderr(log.unwrap())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let greeting = output.next().unwrap_or_else(|| {
        let log = fs::read_to_string(folder.join("log")).unwrap();
        panic!("it does not say where it listens: {log}")
    });
    let greeting = greeting.unwrap();
    let address = greeting
        .split("http://")
        .nth(1)
        .expect("it names an address")
        .to_owned();
    (child, address)
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary in this folder, knowing no settings but these.
pub(crate) fn command(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.current_dir(folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BAILIWICK__")) {
        command.env_remove(name);
    }
    // Any free port: another program may have the usual one.
    command.env("BAILIWICK__HTTP__BIND", "127.0.0.1:0");
    command.envs(settings.iter().copied());
    command
}

/// What the binary answers to these arguments, and what it complains about.
pub(crate) fn run(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(folder, settings).args(arguments).output().unwrap();
    let text = [stdout, stderr]
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .concat();
    (status.success(), text)
}
