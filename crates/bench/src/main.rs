//! How fast it is: beside a limit that knows nobody and permits everything, on the same machine in the same run.
//!
//! `just bench` runs it. The service is the real binary; whoever asks looks at every answer; the two are driven in turn, and what
//! counts is the ratio.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure says so by failing, and what it has measured by printing"
)]

mod clients;
mod limit;
mod load;
mod report;
mod site;

use clap::{Parser, Subcommand};
use clients::{Counter, Creator, Login, Mixed, Reader, Refresher};
use limit::Limit;
use load::{Client, Load, Outcome, drive};
use report::{Report, Spread, Target};
use serde_json::Value;
use site::{Issued, Kind, Process, Site};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};
use tempfile::TempDir;
use tokio::runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "How fast Bailiwick is, beside what is possible.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Subcommands>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Subcommands {
    /// Serve as the limit does.
    #[command(hide = true)]
    Limit(Limit),
}

#[derive(clap::Args)]
struct Run {
    /// The service; without it, the `bailiwick` beside this program.
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
    /// A glance: every answer is looked at, and the figures mean nothing.
    #[arg(long)]
    short: bool,
    /// One database only.
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Leave out what takes a million people.
    #[arg(long)]
    no_growth: bool,
    /// Where the figures are kept as JSON, and beside it the table.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    Sqlite,
    Postgres,
}

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Scale {
    rounds: usize,
    load: Load,
    paced: Load,
    /// Organizations and people, when it is small, and when it has grown.
    small: (u32, u32),
    large: Option<(u32, u32)>,
    /// Callers who are remembered.
    standings: usize,
}

impl Scale {
    fn of(run: &Run) -> Self {
        const PACE: Duration = Duration::from_millis(25);
        let load = |millis, warm| Load {
            time: Duration::from_millis(millis),
            warm: Duration::from_millis(warm),
            pace: None,
            most: None,
        };
        if run.short {
            return Self {
                rounds: 1,
                load: load(150, 50),
                paced: Load {
                    pace: Some(PACE),
                    ..load(300, 50)
                },
                small: (30, 300),
                large: None,
                standings: 300,
            };
        }
        Self {
            rounds: 5,
            load: load(1_200, 300),
            paced: Load {
                pace: Some(PACE),
                ..load(3_000, 300)
            },
            small: (100, 1_000),
            large: Some((100_000, 1_000_000)).filter(|_| !run.no_growth),
            standings: 100_000,
        }
    }
}

/// Connections to the service.
const CLIENTS: usize = 16;
/// Connections of the flood of logins, and how many times as many logins as can be hashed.
const CROWD: usize = 128;
const FLOOD: f64 = 10.0;
/// People who ask, from all over.
const PEOPLE: usize = 1_024;

fn main() -> ExitCode {
    let Arguments { command, run } = Arguments::parse();
    match command {
        Some(Subcommands::Limit(limit)) => {
            actix_web::rt::System::new()
                .block_on(limit::serve(limit))
                .unwrap();
            ExitCode::SUCCESS
        }
        None => measure(&run),
    }
}

fn measure(run: &Run) -> ExitCode {
    let scale = Scale::of(run);
    let beside = || std::env::current_exe().unwrap().with_file_name("bailiwick");
    let server = run.server.clone().unwrap_or_else(beside);
    let server = fs::canonicalize(&server)
        .unwrap_or_else(|error| panic!("no service at {}: {error}", server.display()));
    let mut report = Report::new(run.short);
    let threads = runtime::Builder::new_multi_thread().enable_all().build();
    let threads = threads.unwrap();
    process(&server, &mut report);
    for kind in Kind::ALL {
        let wanted = match run.only {
            None => true,
            Some(Only::Sqlite) => kind == Kind::Sqlite,
            Some(Only::Postgres) => kind == Kind::Postgres,
        };
        if wanted {
            threads.block_on(async {
                Measurement::on(kind, &server, scale, &mut report).await;
            });
        }
    }
    println!("\n{report}");
    if let Some(file) = &run.json {
        report.keep(file);
    }
    for wrong in report.wrong.iter().take(20) {
        println!("WRONG: {wrong}");
    }
    match report.wrong.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What the binary is, before it is asked anything.
fn process(server: &Path, report: &mut Report) {
    #[expect(clippy::cast_precision_loss, reason = "megabytes")]
    let size = fs::metadata(server).unwrap().len() as f64 / 1e6;
    let size = (Spread::of(vec![size]), "MB");
    let target = Target::AtMost(30.0);
    report.row("release binary", "", ("", ""), size, target);
    let first: Vec<_> = (0..3)
        .map(|_| site::first_start(server).as_secs_f64() * 1e3)
        .collect();
    let first = (Spread::of(first), "ms");
    let what = "first start in an empty folder, migrations included";
    report.row(what, Kind::Sqlite, ("", ""), first, Target::None);
}

/// What is measured on one database.
struct Measurement<'a> {
    kind: Kind,
    scale: Scale,
    report: &'a mut Report,
    site: Site,
    people: Vec<Issued>,
}

/// Whoever asks, each over a connection.
type Clients = Vec<Box<dyn Client>>;

/// How they are made of people who are signed in.
type Asking = fn(&[Issued]) -> Clients;

/// So many clients, each made for its share of the people.
fn clients<C: Client + 'static>(people: &[Issued], make: impl Fn(&[Issued]) -> C) -> Clients {
    let client = |share: &[Issued]| Box::new(make(share)) as Box<dyn Client>;
    let each = people.len().div_ceil(CLIENTS);
    people.chunks(each).map(client).collect()
}

impl<'a> Measurement<'a> {
    async fn on(kind: Kind, server: &Path, scale: Scale, report: &'a mut Report) {
        let (tenants, users) = scale.small;
        let Some((site, _)) = Site::sown(kind, server, tenants, users).await else {
            return println!("there is no PostgreSQL on this machine");
        };
        let owners = site.owners(PEOPLE).await;
        let many = owners.len().max(CLIENTS * 2);
        let mut measurement = Self {
            kind,
            scale,
            report,
            people: site.signed_in(&owners, many).await,
            site,
        };
        measurement.starts();
        let standings = measurement.site.signed_in(&owners, scale.standings).await;
        measurement.memory(&standings);
        drop(standings);
        measurement.against_the_limit().await;
        if let Some((tenants, users)) = scale.large {
            measurement.grown(server, tenants, users).await;
        }
    }

    fn starts(&mut self) {
        let times: Vec<_> = (0..self.scale.rounds)
            .map(|_| self.site.cold_start().as_secs_f64() * 1e3)
            .collect();
        let target = match self.kind {
            Kind::Sqlite => Target::AtMost(150.0),
            Kind::Postgres => Target::None,
        };
        let figure = (Spread::of(times), "ms");
        let what = "cold start until it is ready";
        self.report.row(what, self.kind, ("", ""), figure, target);
    }

    /// Resident memory at rest, and with as many callers remembered as there are tokens.
    fn memory(&mut self, standings: &[Issued]) {
        let service = self.site.serve();
        let health = &mut clients(&self.people[..1], |_| {
            Reader::anonymous("/health/ready", None)
        });
        let once = |most| Load {
            time: Duration::from_secs(600),
            warm: Duration::ZERO,
            pace: None,
            most: Some(most),
        };
        self.drive(service.address, health, once(1));
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let memory = || Spread::of(vec![service.memory().unwrap_or_default() as f64 / 1024.0]);
        let (kind, many) = (self.kind, standings.len());
        let target = Target::AtMost(40.0);
        self.report
            .row("resident, idle", kind, ("", ""), (memory(), "MiB"), target);
        let callers = &mut clients(standings, Reader::me);
        let each = many.div_ceil(CLIENTS);
        self.drive(service.address, callers, once(each));
        let what = format!("resident, {many} standings remembered");
        let target = Target::AtMost(120.0);
        self.report
            .row(what, kind, ("", ""), (memory(), "MiB"), target);
    }

    fn drive(&mut self, address: SocketAddr, clients: &mut Clients, load: Load) -> Outcome {
        let outcome = drive(address, clients, load);
        self.report.wrong.extend_from_slice(&outcome.wrong);
        outcome
    }

    /// Drives each of these in turn, and says how many answers a second each gave, round by round.
    fn in_turn(&mut self, driven: &mut [(SocketAddr, Clients)]) -> Vec<Vec<f64>> {
        let mut rates = vec![Vec::new(); driven.len()];
        for _ in 0..self.scale.rounds {
            for (place, (address, clients)) in driven.iter_mut().enumerate() {
                let load = self.scale.load;
                rates[place].push(self.drive(*address, clients, load).rate);
            }
        }
        rates
    }

    /// The rates of the first, by those of another.
    fn ratio(&mut self, what: &str, against: &str, ours: &[f64], theirs: &[f64], target: Target) {
        let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs);
        let ratio = Spread::of(ratios.collect());
        let rate = |rates: &[f64]| format!("{:.0}/s", Spread::of(rates.to_vec()).median);
        let compared = (rate(ours), format!("{against}: {}", rate(theirs)));
        self.report
            .row(what, self.kind, compared, (ratio, ""), target);
    }

    async fn against_the_limit(&mut self) {
        let folder = TempDir::new().unwrap();
        let me = folder.path().join("me");
        let url = self.site.limit_url();
        let service = self.site.serve();
        let (people, ours) = (self.people.clone(), service.address);

        // What one of them is answered is what the limit answers.
        let mut one = vec![Box::new(Reader::me(&people[..1])) as Box<dyn Client>];
        let outcome = self.drive(ours, &mut one, self.scale.load);
        assert!(outcome.wrong.is_empty(), "{:?}", outcome.wrong);
        let mine = site::get(ours, "/users/me", Some(&people[0].access));
        fs::write(&me, &mine).unwrap();
        let limit = Process::limit(&url, &me);
        let theirs = limit.address;

        let health = |address| {
            let ask = |_: &[Issued]| Reader::anonymous("/health", None);
            (address, clients(&people, ask))
        };
        let rates = self.in_turn(&mut [health(ours), health(theirs)]);
        let what = "W1 `GET /health`";
        self.ratio(what, "the limit", &rates[0], &rates[1], Target::None);

        let mine = mine.into();
        let rates = self.in_turn(&mut [
            (ours, clients(&people, Reader::me)),
            (
                theirs,
                clients(&people, |_| Reader::anonymous("/users/me", Some(&mine))),
            ),
        ]);
        let (what, target) = ("W2 `GET /users/me`", Target::AtLeast(0.70));
        let against = "the same bytes from memory";
        self.ratio(what, against, &rates[0], &rates[1], target);

        self.same_members(ours, theirs, &people[0]);
        let at = |form: &'static str| {
            let ask = move |people: &[Issued]| Reader::members_at_the_limit(form, people);
            (theirs, clients(&people, ask))
        };
        let ask = (ours, clients(&people, Reader::members));
        let rates = self.in_turn(&mut [ask, at("naive"), at("trimmed")]);
        let (what, target) = ("W3 20 members", Target::AtLeast(1.0));
        self.ratio(what, "naive", &rates[0], &rates[1], target);
        let target = Target::AtLeast(0.65);
        self.ratio(what, "trimmed", &rates[0], &rates[2], target);

        let rates = self.in_turn(&mut [
            (ours, clients(&people, Creator::of)),
            (theirs, clients(&people, Creator::at_the_limit)),
        ]);
        let (what, target) = ("W4 create a project", Target::AtLeast(0.90));
        self.ratio(what, "naive", &rates[0], &rates[1], target);

        let rates = self.in_turn(&mut [
            (ours, clients(&people, |people| Refresher::of(&people[0]))),
            (theirs, clients(&people, |people| Counter::of(&people[0]))),
        ]);
        let (what, target) = ("W5 refresh", Target::AtLeast(0.90));
        self.ratio(what, "naive", &rates[0], &rates[1], target);

        let capacity = self.logins(ours, &people).await;
        self.flooded(ours, &people, capacity);
    }

    /// Whether the limit lists the same members.
    fn same_members(&mut self, ours: SocketAddr, theirs: SocketAddr, person: &Issued) {
        let path = "/api/v1/members?limit=20";
        let ours = site::get(ours, path, Some(&person.access));
        for form in ["naive", "trimmed"] {
            let path = format!("/{form}/members/{}", person.identity.tenant);
            let theirs = site::get(theirs, &path, None);
            let [ours, theirs] = [&ours, &theirs].map(|body| {
                let body: Value = serde_json::from_slice(body).unwrap();
                body["data"].clone()
            });
            if ours != theirs {
                let wrong = format!("{form}: {theirs} instead of {ours}");
                self.report.wrong.push(wrong);
            }
        }
    }

    /// Logins against hashes, and how many logins a second there can be.
    async fn logins(&mut self, ours: SocketAddr, people: &[Issued]) -> f64 {
        let mut crowd = clients(people, |people| Login::of(&people[0], false));
        crowd.truncate(8);
        let (mut logins, mut hashes) = (Vec::new(), Vec::new());
        for _ in 0..self.scale.rounds {
            let load = self.scale.load;
            logins.push(self.drive(ours, &mut crowd, load).rate);
            hashes.push(site::hashes(load.time + load.warm).await);
        }
        let target = Target::AtLeast(0.95);
        self.ratio("W6 login", "Argon2id alone", &logins, &hashes, target);
        Spread::of(logins).median
    }

    /// A mix of everything, with ten times as many logins as can be hashed and without.
    fn flooded(&mut self, ours: SocketAddr, people: &[Issued], capacity: f64) {
        // The tokens that were spent are spent.
        let fresh = &people[CLIENTS..];
        let mixed = |people: &[Issued]| Mixed::of(people, u64::from(people[0].chain.as_fields().0));
        let mut mix = clients(fresh, mixed);
        let pace =
            Duration::from_secs_f64(f64::from(u32::try_from(CROWD).unwrap()) / (capacity * FLOOD));
        let paced = self.scale.paced;
        let (mut calm, mut busy, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.scale.rounds {
            let quiet = self.drive(ours, &mut mix, paced).percentile(99);
            let flood = Load {
                pace: Some(pace),
                ..paced
            };
            let login = |number| Login::of(&people[number % people.len()], true);
            let mut crowd: Clients = (0..CROWD)
                .map(|number| Box::new(login(number)) as Box<dyn Client>)
                .collect();
            let (flooded, logins) = thread::scope(|scope| {
                let flood = scope.spawn(|| drive(ours, &mut crowd, flood));
                let flooded = self.drive(ours, &mut mix, paced).percentile(99);
                (flooded, flood.join().unwrap())
            });
            self.report.wrong.extend(logins.wrong);
            calm.push(quiet / 1e3);
            busy.push(flooded / 1e3);
            ratios.push(flooded / quiet);
        }
        let [calm, busy] = [calm, busy].map(|p99| format!("p99 {} ms", Spread::of(p99)));
        let compared = (busy, format!("without the flood: {calm}"));
        let figure = (Spread::of(ratios), "");
        let what = "W7 80 % reads, 15 % writes, 5 % refresh, with a flood of logins";
        self.report
            .row(what, self.kind, compared, figure, Target::AtMost(2.0));
    }

    /// What a request costs when there are a million people, by what it costs when there are a thousand.
    async fn grown(&mut self, server: &Path, tenants: u32, users: u32) {
        let sown = Site::sown(self.kind, server, tenants, users).await;
        let Some((large, took)) = sown else { return };
        let figure = (Spread::of(vec![took.as_secs_f64()]), "s");
        let what = format!("`bailiwick seed`: {users} users, {tenants} tenants");
        self.report
            .row(what, self.kind, ("", ""), figure, Target::None);
        #[expect(clippy::cast_precision_loss, reason = "gigabytes")]
        let size = (Spread::of(vec![large.size().await as f64 / 1e9]), "GB");
        let what = "the same as a database";
        self.report
            .row(what, self.kind, ("", ""), size, Target::None);
        let owners = large.owners(PEOPLE).await;
        let grown = large.signed_in(&owners, PEOPLE).await;
        // The tokens of the smaller one were spent.
        let owners = self.site.owners(PEOPLE).await;
        let people = self.site.signed_in(&owners, PEOPLE).await;
        let (small, large) = (self.site.serve(), large.serve());
        let workloads: [(&str, Asking); 4] = [
            ("W2", |people| clients(people, Reader::me)),
            ("W3", |people| clients(people, Reader::members)),
            ("W4", |people| clients(people, Creator::of)),
            ("W5", |people| {
                clients(people, |people| Refresher::of(&people[0]))
            }),
        ];
        for (name, ask) in workloads {
            let rates =
                self.in_turn(&mut [(small.address, ask(&people)), (large.address, ask(&grown))]);
            let what = format!(
                "{name}, cost at {users} users by cost at {}",
                self.scale.small.1
            );
            let target = Target::AtMost(1.15);
            self.ratio(&what, "grown", &rates[0], &rates[1], target);
        }
    }
}
