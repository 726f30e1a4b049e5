//! The operators of the platform: appointed here, and nowhere else.

use crate::{
    Config, Machine,
    start::{StartError, ground, mailer},
};
use bailiwick_application::{
    operators::{Appointed, Operators},
    ports::{MailError, Mailer, StoreError},
};
use bailiwick_domain::{
    Name,
    user::{EmailAddress, User},
};
use std::path::PathBuf;

/// What to do with the operators.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Appointment {
    /// Make an account an operator's. Where there is none, one is made, and a mail tells how to choose its password.
    Create {
        /// The account's address.
        #[arg(long)]
        email: EmailAddress,
        /// What its owner is called, if the account is new.
        #[arg(long, default_value = "Operator")]
        name: Name,
    },
    /// Make an account an operator's no more; the account stays.
    Remove {
        /// The account's address.
        #[arg(long)]
        email: EmailAddress,
    },
}

/// What has come of it.
#[derive(Debug)]
pub enum Outcome {
    /// Somebody is an operator.
    Appointed(Appointed),
    /// Somebody is an operator no more.
    Dismissed(User),
}

/// Why the operators are as they were.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// A part that is needed is missing.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Nobody has served from here yet: it would be an operator of another deployment.
    #[error("there is no database at {}: run this where the service runs and with its settings, or `bailiwick migrate up` first", .0.display())]
    NoDatabase(PathBuf),
    /// The account is no operator's.
    #[error("there is no operator with the address `{0}`")]
    Unknown(EmailAddress),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The account is an operator's, and its owner was not told how to choose a password.
    #[error("the operator is appointed; ask for another mail with /api/v1/auth/password/forgot")]
    Mail(#[from] MailError),
}

/// Does it.
///
/// # Errors
/// When there is no database or it cannot be used, when there is no such operator, when the mail cannot be sent.
pub async fn admin(config: &Config, appointment: Appointment) -> Result<Outcome, AdminError> {
    if let Some(file) = config.sqlite_file().filter(|file| !file.exists()) {
        return Err(AdminError::NoDatabase(file.to_owned()));
    }
    let machine = Machine::default();
    let entropy = machine.entropy.clone();
    let operators = Operators::new(ground(config, &machine).await?, entropy);
    match appointment {
        Appointment::Create { email, name } => {
            let appointed = operators.appoint(&email, name).await?;
            if let Some(outgoing) = &appointed.letter {
                let mailer = mailer(config, config.http.bind)?;
                mailer.send(&outgoing.to, &outgoing.letter).await?;
            }
            Ok(Outcome::Appointed(appointed))
        }
        Appointment::Remove { email } => match operators.dismiss(&email).await? {
            Some(user) => Ok(Outcome::Dismissed(user)),
            None => Err(AdminError::Unknown(email)),
        },
    }
}
