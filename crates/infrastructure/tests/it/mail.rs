//! Mail: what it says, and that it arrives.

use bailiwick_application::ports::{Letter, Mailer, Secret};
use bailiwick_domain::{Name, user::EmailAddress};
use bailiwick_infrastructure::{LettreMailer, MailRoute};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread::{self, JoinHandle},
};
use tempfile::TempDir;

const SECRET: Secret = Secret([0xa5; 32]);
/// [`SECRET`] in base64url.
const TOKEN: &str = "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU";

fn ada() -> EmailAddress {
    "ada@example.com".parse().unwrap()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn mailer(route: MailRoute) -> LettreMailer {
    LettreMailer::new(
        route,
        "Bailiwick <no-reply@example.com>",
        "https://id.example.com".to_owned(),
    )
    .unwrap()
}

/// The mail that is written to a folder for this letter, with its lines as they were before they were folded.
async fn written(letter: Letter) -> String {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("made/on/the/way");
    mailer(MailRoute::Directory(directory.clone()))
        .send(&ada(), &letter)
        .await
        .unwrap();
    let mut files = fs::read_dir(directory).unwrap();
    let mail = fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap();
    assert!(files.next().is_none(), "a mail is one file");
    mail.replace("=\r\n", "").replace("=3D", "=")
}

#[tokio::test]
async fn a_link_has_the_secret_where_no_server_sees_it() {
    for (letter, page) in [
        (Letter::VerifyEmail { secret: SECRET }, "verify-email"),
        (
            Letter::ResetPassword {
                name: name("Ada"),
                secret: SECRET,
            },
            "reset-password",
        ),
    ] {
        let mail = written(letter).await;

        let link = format!("https://id.example.com/{page}#token={TOKEN}");
        assert!(mail.contains("To: ada@example.com"), "{mail}");
        // In the text, and in the HTML as address and as text.
        assert_eq!(mail.matches(&link).count(), 3, "{mail}");
    }
}

#[tokio::test]
async fn what_people_typed_is_text_and_nothing_else() {
    let typed = r#"<img src=x onerror="alert(1)">"#;

    let mail = written(Letter::AlreadyRegistered { name: name(typed) }).await;

    let (text, html) = mail.split_once("text/html").unwrap();
    assert!(text.contains(typed), "{text}");
    assert!(
        !html.contains("<img") && html.contains("&#60;img"),
        "{html}"
    );
}

#[tokio::test]
async fn a_name_cannot_add_a_header_or_another_recipient() {
    let typed = "Ada, Bcc: mallory@example.com";

    let mail = written(Letter::AlreadyRegistered { name: name(typed) }).await;

    let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
    assert!(!headers.contains("mallory"), "{headers}");
}

#[tokio::test]
async fn a_mail_is_handed_to_a_server() {
    let (address, server) = server();

    let mailer = mailer(MailRoute::Smtp(format!("smtp://{address}")));
    let letter = Letter::VerifyEmail { secret: SECRET };
    mailer.send(&ada(), &letter).await.unwrap();

    let heard = server.join().unwrap();
    assert!(
        heard.contains("MAIL FROM:<no-reply@example.com>"),
        "{heard}"
    );
    assert!(heard.contains("RCPT TO:<ada@example.com>"), "{heard}");
    assert!(heard.contains("Subject: Is this your address?"), "{heard}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();

    let mailer = mailer(MailRoute::Smtp(format!("smtp://{address}")));

    assert!(
        mailer
            .send(&ada(), &Letter::AlreadyRegistered { name: name("Ada") })
            .await
            .is_err()
    );
}

/// A mail server (RFC 5321) for one mail: all that it is told.
fn server() -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut heard = String::new();
        let mut in_data = false;
        stream.write_all(b"220 test\r\n").unwrap();
        while let Some(Ok(line)) = lines.next() {
            heard += &format!("{line}\n");
            let answer: &[u8] = match (in_data, line.split(' ').next().unwrap_or_default()) {
                (true, ".") => {
                    stream.write_all(b"250 taken\r\n").unwrap();
                    return heard;
                }
                (true, _) => continue,
                (false, "DATA") => b"354 go on\r\n",
                (false, _) => b"250 ok\r\n",
            };
            in_data = line == "DATA";
            stream.write_all(answer).unwrap();
        }
        heard
    });
    (address, server)
}
