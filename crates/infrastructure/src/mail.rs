//! Mail, by SMTP or into a folder.

use askama::Template;
use async_trait::async_trait;
use bailiwick_application::ports::{Letter, MailError, Mailer, Secret};
use bailiwick_domain::user::EmailAddress;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::Builder;

/// Writes letters from templates, and hands them over.
#[derive(Debug)]
pub struct LettreMailer {
    transport: Transport,
    from: Mailbox,
    public_url: String,
}

/// How mail goes out.
#[derive(Clone)]
pub enum MailRoute {
    /// To a server, like `smtps://user:password@smtp.example.com`.
    Smtp(String),
    /// Into a folder, a file each (RFC 5322): for development.
    Directory(PathBuf),
}

/// Why no mail can go out.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    /// The sender is no address.
    #[error("the sender of mails is no address")]
    Sender(#[from] lettre::address::AddressError),
    /// The server's address cannot be read; it may hold a password and is not repeated.
    #[error("the address of the mail server cannot be read")]
    Server(#[from] lettre::transport::smtp::Error),
}

#[derive(Debug)]
enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Directory(PathBuf),
}

impl LettreMailer {
    /// Mail from this sender, with links that begin with this address.
    ///
    /// # Errors
    /// When sender or server cannot be read.
    pub fn new(route: MailRoute, from: &str, public_url: String) -> Result<Self, MailSetupError> {
        let transport = match route {
            MailRoute::Smtp(url) => {
                Transport::Smtp(AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)?.build())
            }
            MailRoute::Directory(directory) => Transport::Directory(directory),
        };
        Ok(Self {
            transport,
            from: from.parse()?,
            public_url,
        })
    }

    /// Whether the mail server answers; a folder always does.
    ///
    /// # Errors
    /// When it cannot be reached, or takes no mail from us.
    pub async fn answers(&self) -> Result<(), MailError> {
        match &self.transport {
            Transport::Smtp(transport) => match transport.test_connection().await {
                Ok(true) => Ok(()),
                Ok(false) => Err(MailError("the server does not answer".into())),
                Err(error) => Err(failed(error)),
            },
            Transport::Directory(_) => Ok(()),
        }
    }

    fn link(&self, page: &str, secret: &Secret) -> String {
        let token = BASE64_URL_SAFE_NO_PAD.encode(secret.0);
        // What stands behind `#` stays in the browser: no log of any server has it.
        format!("{}/{page}#token={token}", self.public_url)
    }

    fn write(&self, letter: &Letter) -> Result<Written, askama::Error> {
        match letter {
            Letter::VerifyEmail { secret } => Written::new(
                "Is this your address?",
                &self.link("verify-email", secret),
                |link| VerifyEmailText { link }.render(),
                |link| VerifyEmailHtml { link }.render(),
            ),
            Letter::AlreadyRegistered { name } => Written::new(
                "You have an account already",
                &format!("{}/forgot-password", self.public_url),
                |link| {
                    AlreadyRegisteredText {
                        name: name.as_str(),
                        link,
                    }
                    .render()
                },
                |link| {
                    AlreadyRegisteredHtml {
                        name: name.as_str(),
                        link,
                    }
                    .render()
                },
            ),
            Letter::Invitation {
                organization,
                inviter,
                secret,
            } => {
                let (organization, inviter) = (organization.as_str(), inviter.as_str());
                Written::new(
                    "You are invited",
                    &self.link("invitation", secret),
                    |link| {
                        InvitationText {
                            inviter,
                            organization,
                            link,
                        }
                        .render()
                    },
                    |link| {
                        InvitationHtml {
                            inviter,
                            organization,
                            link,
                        }
                        .render()
                    },
                )
            }
            Letter::ResetPassword { name, secret } => Written::new(
                "Choose another password",
                &self.link("reset-password", secret),
                |link| {
                    ResetPasswordText {
                        name: name.as_str(),
                        link,
                    }
                    .render()
                },
                |link| {
                    ResetPasswordHtml {
                        name: name.as_str(),
                        link,
                    }
                    .render()
                },
            ),
        }
    }
}

#[async_trait]
impl Mailer for LettreMailer {
    async fn send(&self, to: &EmailAddress, letter: &Letter) -> Result<(), MailError> {
        let written = self.write(letter).map_err(failed)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to.as_str().parse().map_err(failed)?)
            .subject(written.subject)
            .multipart(MultiPart::alternative_plain_html(
                written.text,
                written.html,
            ))
            .map_err(failed)?;
        match &self.transport {
            Transport::Smtp(transport) => {
                transport.send(message).await.map_err(failed)?;
            }
            Transport::Directory(directory) => {
                put(directory, &message.formatted()).map_err(failed)?;
                tracing::info!(link = written.link, "a mail was written");
            }
        }
        Ok(())
    }
}

/// A letter with its words.
struct Written {
    subject: &'static str,
    link: String,
    text: String,
    html: String,
}

impl Written {
    fn new(
        subject: &'static str,
        link: &str,
        text: impl FnOnce(&str) -> askama::Result<String>,
        html: impl FnOnce(&str) -> askama::Result<String>,
    ) -> askama::Result<Self> {
        Ok(Self {
            subject,
            link: link.to_owned(),
            text: text(link)?,
            html: html(link)?,
        })
    }
}

macro_rules! templates {
    ($($name:ident $path:literal $($field:ident)+;)+) => {$(
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a> {
            $($field: &'a str,)+
        }
    )+};
}

// askama escapes what people typed, by the ending of the file.
templates! {
    VerifyEmailText       "verify_email.txt"        link;
    VerifyEmailHtml       "verify_email.html"       link;
    AlreadyRegisteredText "already_registered.txt"  name link;
    AlreadyRegisteredHtml "already_registered.html" name link;
    InvitationText        "invitation.txt"          inviter organization link;
    InvitationHtml        "invitation.html"         inviter organization link;
    ResetPasswordText     "reset_password.txt"      name link;
    ResetPasswordHtml     "reset_password.html"     name link;
}

/// A file is there whole or not at all, for whoever watches the folder.
fn put(directory: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut file = Builder::new()
        .prefix("mail-")
        .suffix(".draft")
        .tempfile_in(directory)?;
    io::Write::write_all(&mut file, bytes)?;
    let path = file.path().with_extension("eml");
    file.persist(path)?;
    Ok(())
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> MailError {
    MailError(error.into())
}
