//! Looks at a deployment as an operator would, and changes nothing.

use crate::{Config, config::Profile, migrate, start};
use bailiwick_application::ports::Clock;
use bailiwick_infrastructure::{
    Database, DatabaseOptions, KeyInfo, KeyRing, KeyState, SystemClock,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// What is looked at, in the order in which it is to be put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// The settings, as their profile wants them.
    Settings,
    /// Whether the database answers.
    Database,
    /// Whether its schema is what this build expects.
    Migrations,
    /// Whether the service's role is bound by row-level security, and that is as the migrations have left it.
    Role,
    /// Whether the clocks of this machine and the database agree.
    Clock,
    /// Whether there are keys to sign with, and how old they are.
    Keys,
    /// Whether the mail server answers.
    Mail,
}

impl Check {
    /// The exit status of a doctor whose first complaint is about this.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Settings => 10,
            Self::Database => 11,
            Self::Migrations => 12,
            Self::Role => 13,
            Self::Clock => 14,
            Self::Keys => 15,
            Self::Mail => 16,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Database => "database",
            Self::Migrations => "migrations",
            Self::Role => "role",
            Self::Clock => "clock",
            Self::Keys => "keys",
            Self::Mail => "mail",
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is as it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It has to be put right.
    Failed,
    /// It cannot be told while something else is wrong.
    Skipped,
}

/// One thing that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// What came of it.
    pub outcome: Outcome,
    /// The exit status that it brings about by itself.
    pub code: u8,
    /// What it is, and what to do about it.
    pub message: String,
}

impl Finding {
    fn new(check: Check, outcome: Outcome, message: impl Into<String>) -> Self {
        let code = if outcome == Outcome::Failed {
            check.code()
        } else {
            0
        };
        let message = message.into();
        Self {
            check,
            outcome,
            code,
            message,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self.outcome {
            Outcome::Ok => "ok",
            Outcome::Warning => "warning",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        };
        write!(f, "{outcome:8} {:11} {}", self.check.name(), self.message)
    }
}

/// All that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The exit status: 0, or that of the first complaint.
    pub exit: u8,
    /// What was found, in the order in which it is to be put right.
    pub findings: Vec<Finding>,
}

/// How far apart clocks may be before somebody should look, and before tokens of one machine are refused by another.
const APART: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// How much older than it may be a key is before something must be wrong with its rotation.
const OVERDUE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the mail server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at everything.
pub async fn examine(config: &Config) -> Report {
    let mut findings = settings(config);
    match database(config).await {
        Ok((found, database)) => {
            findings.push(found);
            let migrations = migrations(config).await;
            let migrated = migrations.outcome == Outcome::Ok;
            findings.push(migrations);
            let behind = |check| skipped(check, "the schema is not as it should be");
            findings.push(match migrated {
                true => role(config, &database).await,
                false => behind(Check::Role),
            });
            findings.push(clock(&database).await);
            match migrated {
                true => findings.extend(keys(config, database).await),
                false => findings.push(behind(Check::Keys)),
            }
        }
        Err(found) => {
            findings.push(found);
            let skip = [Check::Migrations, Check::Role, Check::Clock, Check::Keys];
            findings.extend(skip.map(|check| skipped(check, "the database does not answer")));
        }
    }
    findings.push(mail(config).await);
    let complaint = findings
        .iter()
        .find(|found| found.outcome == Outcome::Failed);
    Report {
        exit: complaint.map_or(0, |found| found.code),
        findings,
    }
}

fn skipped(check: Check, why: &str) -> Finding {
    Finding::new(check, Outcome::Skipped, why)
}

fn failed(check: Check, error: &dyn Error) -> Finding {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    Finding::new(check, Outcome::Failed, message)
}

fn settings(config: &Config) -> Vec<Finding> {
    let complaints = config.findings();
    if complaints.is_empty() {
        let message = match config.profile {
            Profile::Embedded => "profile `embedded`: nothing is asked of them",
            Profile::Production => "profile `production`: all is set",
        };
        return vec![Finding::new(Check::Settings, Outcome::Ok, message)];
    }
    let complaints = complaints.iter();
    complaints
        .map(|found| Finding::new(Check::Settings, Outcome::Failed, found.to_string()))
        .collect()
}

async fn database(config: &Config) -> Result<(Finding, Database), Finding> {
    if let Some(file) = config.sqlite_file().filter(|file| !file.exists()) {
        // Looking for it would make it.
        let message = format!(
            "there is no file {}: `bailiwick serve` makes it",
            file.display()
        );
        return Err(Finding::new(Check::Database, Outcome::Failed, message));
    }
    let began = Instant::now();
    let database = Database::connect(&config.database.url, DatabaseOptions::default()).await;
    let database = database.map_err(|error| failed(Check::Database, &error))?;
    let took = began.elapsed().as_millis();
    let message = format!("a connection took {took} ms");
    Ok((
        Finding::new(Check::Database, Outcome::Ok, message),
        database,
    ))
}

async fn migrations(config: &Config) -> Finding {
    match migrate::status(&config.database.url).await {
        Ok(all) => {
            let pending = all.iter().filter(|(_, applied)| !applied).count();
            if pending == 0 {
                let newest = all
                    .last()
                    .map(|(name, _)| name.as_str())
                    .unwrap_or_default();
                let message = format!("all are applied, up to {newest}");
                return Finding::new(Check::Migrations, Outcome::Ok, message);
            }
            let message = format!("{pending} are pending: run `bailiwick migrate up`");
            Finding::new(Check::Migrations, Outcome::Failed, message)
        }
        Err(error) => failed(Check::Migrations, &error),
    }
}

async fn role(config: &Config, database: &Database) -> Finding {
    if config.sqlite_file().is_some() {
        let message = "an embedded database has neither roles nor row-level security";
        return Finding::new(Check::Role, Outcome::Ok, message);
    }
    match database.isolation().await {
        Ok(()) => {
            let message = "row-level security binds it, and is as the migrations have left it";
            Finding::new(Check::Role, Outcome::Ok, message)
        }
        Err(error) => failed(Check::Role, &error),
    }
}

async fn clock(database: &Database) -> Finding {
    let skew = match database.clock_skew().await {
        Ok(Some(skew)) => skew,
        Ok(None) => {
            let message = "an embedded database has this machine's";
            return Finding::new(Check::Clock, Outcome::Ok, message);
        }
        Err(error) => return failed(Check::Clock, &error),
    };
    let (watch, broken) = APART;
    let outcome = match skew.at_least() {
        apart if apart >= broken => Outcome::Failed,
        apart if apart >= watch => Outcome::Warning,
        _ => Outcome::Ok,
    };
    let advice = match outcome {
        Outcome::Ok => "",
        _ => ": let both follow the same time servers",
    };
    Finding::new(
        Check::Clock,
        outcome,
        format!("the database's is {skew}{advice}"),
    )
}

async fn keys(config: &Config, database: Database) -> Vec<Finding> {
    let file = config.sealing_key_file();
    if config.tokens.sealing_key.is_none() && !file.exists() {
        let message = format!(
            "there is no sealing key at {}: a service that starts here makes one, and keys of its own",
            file.display()
        );
        return vec![Finding::new(Check::Keys, Outcome::Warning, message)];
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let listed = async {
        let (sealing, policy) = (start::sealing_key(config)?, start::key_policy(config));
        let keys = KeyRing::list_only(database, sealing, policy, Arc::clone(&clock)).await?;
        Ok::<_, start::StartError>(keys)
    };
    let all = match listed.await {
        Ok(keys) => keys,
        Err(error) => return vec![failed(Check::Keys, &error)],
    };
    let mut active: BTreeMap<&str, &KeyInfo> = BTreeMap::new();
    for key in all.iter().filter(|key| key.state == KeyState::Active) {
        active.entry(key.purpose).or_insert(key);
    }
    if active.len() < 2 {
        let elsewhere = all.iter().any(|key| key.state == KeyState::Elsewhere);
        let message = match elsewhere {
            true => {
                "none can be opened with this sealing key: a service that starts with it makes some"
            }
            false => "there are none yet: a service that starts makes them",
        };
        return vec![Finding::new(Check::Keys, Outcome::Warning, message)];
    }
    let most = Duration::from_secs(config.tokens.key_max_age);
    let findings = active.into_iter().map(|(purpose, key)| {
        let age = key.created_at.until(clock.now());
        let days = age.as_secs() / (24 * 60 * 60);
        let (outcome, advice) = match age > most.saturating_add(OVERDUE) {
            true => (
                Outcome::Failed,
                ", which is too old: no service with this sealing key has run since it was due",
            ),
            false => (Outcome::Ok, ""),
        };
        let message = format!("the one for {purpose} tokens is {days} days old{advice}");
        Finding::new(Check::Keys, outcome, message)
    });
    findings.collect()
}

async fn mail(config: &Config) -> Finding {
    let Some(_) = config.mail.smtp_url else {
        let directory = config.mail_directory();
        let message = format!(
            "mails are written to {}, for development",
            directory.display()
        );
        return Finding::new(Check::Mail, Outcome::Warning, message);
    };
    let mailer = match start::mailer(config, config.http.bind) {
        Ok(mailer) => mailer,
        Err(error) => return failed(Check::Mail, &error),
    };
    match timeout(PATIENCE, mailer.answers()).await {
        Ok(Ok(())) => Finding::new(Check::Mail, Outcome::Ok, "the server answers"),
        Ok(Err(error)) => failed(Check::Mail, &error),
        Err(_) => Finding::new(
            Check::Mail,
            Outcome::Failed,
            "the server does not answer in time",
        ),
    }
}
