//! Nothing is in the log that opens a door, and nobody is.

use crate::process::{Service, field, run, served_by};
use bailiwick_testkit::postgres;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// A mail server that takes everything, and hands it on.
fn mail_server() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (mails, received) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mails = mails.clone();
            thread::spawn(move || talk(stream, &mails));
        }
    });
    (url, received)
}

fn talk(mut stream: TcpStream, mails: &Sender<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut say = move |line: &str| stream.write_all(format!("{line}\r\n").as_bytes());
    let _ = say("220 mail");
    while let Some(Ok(line)) = lines.next() {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "DATA" => {
                let _ = say("354 go on");
                let mail: Vec<_> = lines
                    .by_ref()
                    .map_while(Result::ok)
                    .take_while(|line| line != ".")
                    .collect();
                let _ = mails.send(mail.join("\r\n"));
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        if say(answer).is_err() {
            return;
        }
    }
}

/// The secret of the next mail.
fn token(mails: &Receiver<String>) -> String {
    let mail = mails.recv_timeout(Duration::from_secs(20)).unwrap();
    let mail = mail.replace("=\r\n", "").replace("=3D", "=");
    let after = mail
        .split("#token=")
        .nth(1)
        .unwrap_or_else(|| panic!("{mail}"));
    let is_token = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    after
        .chars()
        .take_while(|letter| is_token(*letter))
        .collect()
}

#[test]
fn neither_secrets_nor_people_are_logged_on_sqlite() {
    for format in ["pretty", "json"] {
        leaves_no_trace(&[], format);
    }
}

#[tokio::test]
async fn neither_secrets_nor_people_are_logged_on_postgres() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let settings = served_by(&database);
    let (up, output) = run(
        TempDir::new().unwrap().path(),
        &settings,
        &["migrate", "up"],
    );
    assert!(up, "{output}");
    leaves_no_trace(&settings, "json");
}

fn leaves_no_trace(settings: &[(&str, &str)], format: &str) {
    let (smtp, mails) = mail_server();
    let more = [
        ("BAILIWICK__MAIL__SMTP_URL", smtp.as_str()),
        ("BAILIWICK__LOG__FILTER", "trace"),
        ("BAILIWICK__LOG__FORMAT", format),
    ];
    let service = Service::start(&[settings, &more].concat());
    let post = |path: &str, token: Option<&str>, body: &str| service.ask("POST", path, token, body);
    let mut canaries: Vec<String> = [
        "canary@example.com",
        "canary password one",
        "canary password two",
        "canary password wrong",
        "Canary Person",
        "Canary Company",
        "guest-canary@example.com",
    ]
    .map(str::to_owned)
    .into();

    let register =
        r#"{"name":"Canary Person","email":"canary@example.com","password":"canary password one"}"#;
    assert_eq!(post("/users/register", None, register).0, 201);
    let _ = token(&mails);
    let sign_in = |password: &str| {
        let body = format!(r#"{{"email":"canary@example.com","password":"{password}"}}"#);
        post("/login", None, &body)
    };
    assert_eq!(sign_in("canary password wrong").0, 401);
    let (_, signed_in) = sign_in("canary password one");
    let access = field(&signed_in, "access_token");
    let refresh = field(&signed_in, "refresh_token");
    let spend = |refresh: &str| {
        let body = format!(r#"{{"refresh_token":"{refresh}"}}"#);
        post("/refresh_token", None, &body)
    };
    let (_, turned) = spend(&refresh);
    let owner = service.found(&access, "Canary Company");
    let invite = r#"{"email":"guest-canary@example.com","roles":["member"]}"#;
    assert_eq!(post("/api/v1/invitations", Some(&owner), invite).0, 201);
    let invitation = token(&mails);
    let preview = format!(r#"{{"token":"{invitation}"}}"#);
    assert_eq!(post("/api/v1/invitations/preview", None, &preview).0, 200);

    // A machine, by its key and by a token for it; and a key that is none of ours.
    let robot = r#"{"name":"robot","roles":["member"]}"#;
    let (made, robot) = post("/api/v1/service-accounts", Some(&owner), robot);
    assert_eq!(made, 201, "{robot}");
    let robot = field(&robot, "id");
    let key =
        format!(r#"{{"service_account_id":"{robot}","name":"ci","permissions":["project:read"]}}"#);
    let (made, key) = post("/api/v1/api-keys", Some(&owner), &key);
    assert_eq!(made, 201, "{key}");
    let secret = field(&key, "key");
    let (seen, _) = service.ask("GET", "/api/v1/projects", Some(&secret), "");
    assert_eq!(seen, 200);
    let forged = format!("{secret}x");
    assert_eq!(
        service.ask("GET", "/api/v1/projects", Some(&forged), "").0,
        401
    );

    // A password that was forgotten, and a token that was stolen.
    let forgot = r#"{"email":"canary@example.com"}"#;
    assert_eq!(post("/api/v1/auth/password/forgot", None, forgot).0, 202);
    let reset = token(&mails);
    let body = format!(r#"{{"token":"{reset}","password":"canary password two"}}"#);
    let (status, answer) = post("/api/v1/auth/password/reset", None, &body);
    assert!((200..300).contains(&status), "{answer}");
    assert_eq!(spend(&refresh).0, 401);

    canaries.extend([access, refresh, owner, invitation, secret, forged, reset]);
    canaries.extend(["access_token", "refresh_token"].map(|name| field(&turned, name)));
    let log = fs::read_to_string(service.folder.path().join("log")).unwrap();
    assert!(log.lines().count() > 10, "{log}");
    for canary in canaries {
        let encoded = BASE64_STANDARD.encode(&canary);
        for form in [&canary, &encoded] {
            let found = log.lines().find(|line| line.contains(form.as_str()));
            assert_eq!(found, None, "{canary} is in the log");
        }
    }
}
