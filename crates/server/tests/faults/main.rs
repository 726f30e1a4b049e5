//! Faults, floods and restarts: each drill does something bad to real processes on real databases, asserts what must hold,
//! and prints what it has measured.
//!
//! The short form is a test like any other. `just faults` asks for the long one (`BAILIWICK_FAULTS=full`), in which times
//! count as well, and which ends with a table. Chance comes from `BAILIWICK_FAULTS_SEED`, else from nowhere, and is named.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a drill says what is wrong by failing, and what it measured by printing"
)]

mod api;
mod cancellation;
mod disk;
mod drill;
mod kills;
mod outage;
mod overload;
mod peers;
#[path = "../it/process.rs"]
#[expect(dead_code, reason = "the other tests of the binary use the rest")]
mod process;
mod races;
mod revocation;
mod rollout;

use drill::{Drill, Report, Scale};
use libtest_mimic::{Arguments, Trial};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::process::ExitCode;

const DRILLS: &[Drill] = &[
    Drill::both("connections_reset", |site| {
        Box::pin(cancellation::resets(site))
    }),
    Drill::both("kills", |site| Box::pin(kills::kills(site))),
    Drill::postgres("database_cut_off", |site| Box::pin(outage::cut(site))),
    Drill::postgres("database_silent", |site| Box::pin(outage::silent(site))),
    Drill::postgres("pool_exhausted", |site| Box::pin(outage::exhausted(site))),
    Drill::both("login_flood", |site| Box::pin(overload::flood(site))),
    Drill::both("revocations", |site| {
        Box::pin(revocation::revocations(site))
    }),
    Drill::postgres("rolling_restarts", |site| Box::pin(rollout::restarts(site))),
    Drill::both("migrations_at_once", |site| {
        Box::pin(rollout::migrations(site))
    }),
    Drill::sqlite("slow_peers", |site| Box::pin(peers::slow(site))),
    Drill::sqlite("crowds_of_peers", |site| Box::pin(peers::crowd(site))),
    Drill::sqlite("disk_full", |site| Box::pin(disk::full(site))),
    Drill::both("refresh_races", |site| Box::pin(races::refreshes(site))),
    Drill::both("last_owner_races", |site| {
        Box::pin(races::last_owners(site))
    }),
    Drill::both("invitation_races", |site| {
        Box::pin(races::invitations(site))
    }),
    Drill::both("email_races", |site| Box::pin(races::emails(site))),
    Drill::both("name_races", |site| Box::pin(races::names(site))),
];

fn main() -> ExitCode {
    // A crowd of peers is a file each.
    let files = getrlimit(Resource::Nofile);
    let more = Rlimit {
        current: files.maximum,
        ..files
    };
    let _ = setrlimit(Resource::Nofile, more);
    let mut arguments = Arguments::from_args();
    // Drills measure: two at once would measure each other.
    arguments.test_threads = Some(1);
    let (scale, seed) = (Scale::from_environment(), drill::seed());
    let report = Report::default();
    let trials = DRILLS
        .iter()
        .flat_map(|drill| drill.trials(scale, seed, &report));
    let outcome = libtest_mimic::run(&arguments, trials.collect::<Vec<Trial>>());
    if !arguments.list {
        print!("{report}");
        println!("chance: BAILIWICK_FAULTS_SEED={seed}");
    }
    outcome.exit_code()
}
