//! Who may do what, and why.

use bailiwick_domain::{
    Timestamp,
    access::{Decision, Permission},
};
use clap::Parser;
use std::{
    error::Error,
    fs,
    path::PathBuf,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};
use who_may::Organization;

/// Says who of an organization may do something, or whether somebody may, and why.
#[derive(Parser)]
#[command(name = "who-may")]
struct Arguments {
    /// The organization, in YAML.
    file: PathBuf,
    /// What, like `project:update`.
    permission: Permission,
    /// Whether this person may. Exits with 1 if not.
    #[arg(long)]
    person: Option<String>,
    /// On this project.
    #[arg(long)]
    project: Option<String>,
}

fn main() -> ExitCode {
    match answer(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn answer(asked: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Timestamp::from_micros(0).plus(since);
    let organization = Organization::read(&fs::read_to_string(&asked.file)?)?;
    let project = asked.project.as_deref();
    let Some(person) = &asked.person else {
        for line in organization.who(asked.permission, project, now)? {
            println!("{line}");
        }
        return Ok(ExitCode::SUCCESS);
    };
    let said = organization.explain(person, asked.permission, project, now)?;
    let ways = organization.ways(&said);
    match said.decision {
        Decision::Permit => {
            println!("yes: {ways}");
            Ok(ExitCode::SUCCESS)
        }
        Decision::Deny(_) => {
            println!("no: {ways}");
            Ok(ExitCode::FAILURE)
        }
    }
}
