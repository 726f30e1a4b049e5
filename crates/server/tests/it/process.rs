//! A running `bailiwick`, in a folder of its own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

/// A service that is stopped when it is dropped.
pub(crate) struct Service {
    child: Child,
    /// Where it listens, like `127.0.0.1:40123`.
    pub(crate) address: String,
    /// Where it was started.
    pub(crate) folder: TempDir,
}

impl Service {
    /// Starts the service in an empty folder and waits until it says where it listens.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut child = command(folder.path(), settings)
            .env("BAILIWICK__HTTP__BIND", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let greeting = output.next().expect("it says where it listens").unwrap();
        let address = greeting
            .split("http://")
            .nth(1)
            .expect("it names an address")
            .to_owned();
        Self {
            child,
            address,
            folder,
        }
    }

    /// The status line, the headers and the body of the answer to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
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
