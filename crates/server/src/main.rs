//! The binary `bailiwick`: its command line.

use bailiwick_infrastructure::KeyState;
use bailiwick_server::{
    Config, Machine, Running,
    admin::{self, Appointment, Outcome},
    config::{Log, LogFormat},
    keys::{self, Handling},
    migrate::{self, Step},
    start,
};
use clap::{Parser, Subcommand};
use std::{
    error::Error,
    io::{self, Write},
    path::PathBuf,
    pin::pin,
    process::ExitCode,
    time::Duration,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use tracing_subscriber::EnvFilter;

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
}

#[actix_web::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let config = Config::load(arguments.config.as_deref())?;
    log(&config.log)?;
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(&config).await,
        Command::Admin { appointment } => admin(&config, appointment).await,
        Command::Keys { handling } => keys(&config, handling).await,
        Command::Migrate { step } => migrate(&config, step).await,
        Command::Openapi => openapi(),
    }
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

fn openapi() -> Result<(), Box<dyn Error>> {
    // Whoever reads it may have read enough.
    let _ = write!(io::stdout(), "{}", bailiwick_api::openapi::pretty());
    Ok(())
}

fn log(log: &Log) -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match log.format {
        LogFormat::Pretty => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
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
