//! The binary `bailiwick`: its command line.

use bailiwick_infrastructure::KeyState;
use bailiwick_server::{
    Config, Machine, Running, Telemetry,
    admin::{self, Appointment, Outcome},
    backup,
    config::Finding,
    doctor,
    keys::{self, Handling},
    migrate::{self, Step},
    restore,
    seed::{self, Amount},
    start,
};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
    time::Duration,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};

// Two hashing threads keep 433 MB with the system's allocator, and 53 MB with this one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A multi-tenant backend: accounts, organizations, members, roles, sessions, projects, audit.
#[derive(Parser)]
#[command(name = "bailiwick", version)]
struct Arguments {
    /// Settings in TOML; the environment (`BAILIWICK__SECTION__KEY`) overrides them.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API. This is what happens when no command is given.
    Serve,
    /// Check or print the settings.
    Config {
        #[command(subcommand)]
        question: Question,
    },
    /// Look at the deployment, and change nothing.
    ///
    /// The exit status is 0, or that of the first complaint: 10 settings, 11 database, 12 migrations, 13 role, 14 clock,
    /// 15 keys, 16 mail.
    Doctor {
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Copy the embedded database to a file, while it serves.
    Backup {
        /// The file, which must not be there.
        file: PathBuf,
    },
    /// Put a copy where the embedded database is to be, which must not be there.
    Restore {
        /// The copy.
        file: PathBuf,
    },
    /// Appoint and dismiss the operators of the platform, which no request can do.
    Admin {
        #[command(subcommand)]
        appointment: Appointment,
    },
    /// Change or show the keys that tokens are signed with.
    Keys {
        #[command(subcommand)]
        handling: Handling,
    },
    /// Change or show the schema of the database.
    Migrate {
        #[command(subcommand)]
        step: Step,
    },
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Print what makes a shell complete these commands.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, or write one for each command.
    Man {
        /// Where to write them.
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
    },
    /// Fill an empty database with people and organizations, to try things out and to measure.
    Seed {
        #[command(flatten)]
        amount: Amount,
    },
}

/// What to do with the settings.
#[derive(Clone, Copy, Subcommand)]
enum Question {
    /// Say what is wrong with them.
    Check,
    /// Print all of them, with the values that count and without secrets.
    Print,
}

#[actix_web::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let command = arguments.command.unwrap_or(Command::Serve);
    // Whoever installs it has no settings yet.
    match command {
        Command::Completions { shell } => return Ok(completions(shell)),
        Command::Man { into } => return man(into.as_deref()),
        _ => {}
    }
    let config = Config::load(arguments.config.as_deref())?;
    let telemetry = Telemetry::start(&config.log, &config.traces)?;
    let outcome = obey(command, &config).await;
    telemetry.close();
    outcome
}

async fn obey(command: Command, config: &Config) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Serve => serve(config).await?,
        Command::Config { question } => return settings(config, question),
        Command::Doctor { json } => return doctor(config, json).await,
        Command::Backup { file } => back_up(config, &file).await?,
        Command::Restore { file } => put_back(config, &file).await?,
        Command::Admin { appointment } => admin(config, appointment).await?,
        Command::Keys { handling } => keys(config, handling).await?,
        Command::Migrate { step } => migrate(config, step).await?,
        Command::Seed { amount } => seed(config, amount).await?,
        Command::Openapi => say(&bailiwick_api::openapi::pretty()),
        Command::Completions { shell } => return Ok(completions(shell)),
        Command::Man { into } => return man(into.as_deref()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers a command. Whoever reads it may have read enough.
fn say(text: &str) {
    let _ = write!(io::stdout(), "{text}");
}

fn completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "bailiwick", &mut script);
    say(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}

fn man(into: Option<&Path>) -> Result<ExitCode, Box<dyn Error>> {
    match into {
        Some(folder) => {
            fs::create_dir_all(folder)?;
            clap_mangen::generate_to(Arguments::command(), folder)?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
            say(&String::from_utf8_lossy(&page));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(
    clippy::print_stderr,
    reason = "the settings are wrong, and it says why"
)]
fn settings(config: &Config, question: Question) -> Result<ExitCode, Box<dyn Error>> {
    let findings: Vec<Finding> = match question {
        Question::Print => {
            say(&config.redacted()?);
            return Ok(ExitCode::SUCCESS);
        }
        Question::Check => config.findings(),
    };
    if findings.is_empty() {
        say("the settings are in order\n");
        return Ok(ExitCode::SUCCESS);
    }
    for finding in findings {
        eprintln!("error: {finding}");
    }
    Ok(ExitCode::FAILURE)
}

async fn doctor(config: &Config, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    let report = doctor::examine(config).await;
    if json {
        say(&(serde_json::to_string_pretty(&report)? + "\n"));
    } else {
        for finding in &report.findings {
            say(&format!("{finding}\n"));
        }
    }
    Ok(ExitCode::from(report.exit))
}

async fn back_up(config: &Config, file: &Path) -> Result<(), Box<dyn Error>> {
    let length = backup(config, file).await?;
    let file = file.display();
    say(&format!(
        "{file} is a copy of {length} bytes, and in order. Keep the sealing key as well, and elsewhere: without it the tokens that \
         were good at this moment are worthless.\n"
    ));
    Ok(())
}

async fn put_back(config: &Config, file: &Path) -> Result<(), Box<dyn Error>> {
    let database = restore(config, file).await?;
    let (file, database) = (file.display(), database.display());
    say(&format!(
        "{database} is what {file} was. What was revoked since then is good again: where that matters, `bailiwick keys rotate` \
         and retire the old keys.\n"
    ));
    Ok(())
}

async fn serve(config: &Config) -> Result<(), Box<dyn Error>> {
    // Before anything else: whoever is asked to stop while it starts stops in order as well.
    let mut signals = Signals::heard()?;
    let (running, stopped) = tokio::select! {
        started = start(config, Machine::default()) => started?,
        _ = signals.next() => return Ok(()),
    };
    let address = running.address;
    // Whoever started it may have stopped reading: no reason to stop serving.
    let _ = write!(
        io::stdout(),
        "Bailiwick listens on http://{address}\n\
         Try: curl http://{address}/health/ready\n\
         Then take the tour in README.md: register, found an organization, add people, create projects.\n"
    );
    let notice = Duration::from_secs(config.http.notice);
    let mut stopped = pin!(stopped);
    tokio::select! {
        outcome = &mut stopped => return Ok(outcome?),
        () = signals.give_notice(&running, notice) => {}
    }
    drop(running.handle.stop(true));
    tokio::select! {
        outcome = stopped => Ok(outcome?),
        // Whoever asks again means it: what is in hand ends with the process.
        _ = signals.next() => Ok(()),
    }
}

/// What asks a process to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn heard() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        }
    }

    /// Waits until it is asked to stop, and tells so whoever asks: with `SIGTERM` for as long as a balancer needs to
    /// hear of it, with Ctrl-C not any longer.
    async fn give_notice(&mut self, running: &Running, notice: Duration) {
        let asked = self.next().await;
        running.leaving.cancel();
        if asked == SignalKind::terminate() {
            let _ = timeout(notice, self.next()).await;
        }
    }
}

#[expect(clippy::print_stdout, reason = "the answer to the command")]
async fn admin(config: &Config, appointment: Appointment) -> Result<(), Box<dyn Error>> {
    match admin::admin(config, appointment).await? {
        Outcome::Appointed(appointed) => {
            let email = &appointed.user.email;
            match appointed.new {
                true => println!("{email} is an operator"),
                false => println!("{email} is an operator already"),
            }
            if appointed.letter.is_some() {
                println!("The account is new: a mail to {email} tells how to choose a password.");
            }
        }
        Outcome::Dismissed(user) => println!("{} is an operator no more", user.email),
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the answer to the command")]
async fn keys(config: &Config, handling: Handling) -> Result<(), Box<dyn Error>> {
    for key in keys::keys(config, handling).await? {
        let state = match key.state {
            KeyState::Published => "published",
            KeyState::Active => "active",
            KeyState::VerifyOnly => "verify-only",
            KeyState::Retired => "retired",
            KeyState::Elsewhere => "elsewhere",
        };
        println!(
            "{}  {:7}  {:5}  {state}",
            key.id, key.purpose, key.algorithm
        );
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the answer to the command")]
async fn migrate(config: &Config, step: Step) -> Result<(), Box<dyn Error>> {
    for (name, applied) in migrate::migrate(config, step).await? {
        println!("{:8} {name}", if applied { "applied" } else { "pending" });
    }
    Ok(())
}

async fn seed(config: &Config, amount: Amount) -> Result<(), Box<dyn Error>> {
    seed::seed(config, amount, |progress| {
        // Whoever does not listen to it still wants it done.
        let _ = writeln!(io::stderr(), "{:>9} {}", progress.rows, progress.table);
    })
    .await?;
    say(&format!(
        "{} organizations, {} people: person-1@example.com owns the first, and everybody signs in with `{}`\n",
        amount.tenants,
        amount.users,
        seed::PASSWORD
    ));
    Ok(())
}

/// The error and everything that led to it.
#[expect(clippy::print_stderr, reason = "the command failed, and says why")]
fn complain(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because {error}");
        cause = error.source();
    }
}
