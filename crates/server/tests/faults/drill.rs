//! What a drill is, where it takes place, and what comes of it.

use crate::process::{Service, run, served_by};
use bailiwick_testkit::postgres::{self, Database};
use futures_util::future::LocalBoxFuture;
use libtest_mimic::{Failed, Trial};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::{
    env,
    fmt::{self, Display},
    fs,
    net::TcpListener,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{runtime, time::sleep};

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// As much as a test suite bears. Times are printed, and do not count: the machine has other work.
    Short,
    /// All of it, and times count.
    Full,
}

impl Scale {
    pub(crate) fn from_environment() -> Self {
        match env::var("BAILIWICK_FAULTS").as_deref() {
            Ok("full") => Self::Full,
            _ => Self::Short,
        }
    }

    pub(crate) fn pick<T>(self, short: T, full: T) -> T {
        match self {
            Self::Short => short,
            Self::Full => full,
        }
    }
}

/// Where chance begins.
pub(crate) fn seed() -> u64 {
    let given = env::var("BAILIWICK_FAULTS_SEED").ok();
    given.map_or_else(|| fastrand::u64(..1_000_000), |seed| seed.parse().unwrap())
}

type Run = fn(Site) -> LocalBoxFuture<'static, Figures>;

/// Something bad, and what must hold nevertheless.
pub(crate) struct Drill {
    name: &'static str,
    sqlite: bool,
    postgres: bool,
    run: Run,
}

impl Drill {
    pub(crate) const fn both(name: &'static str, run: Run) -> Self {
        Self {
            name,
            sqlite: true,
            postgres: true,
            run,
        }
    }

    pub(crate) const fn sqlite(name: &'static str, run: Run) -> Self {
        Self {
            name,
            sqlite: true,
            postgres: false,
            run,
        }
    }

    pub(crate) const fn postgres(name: &'static str, run: Run) -> Self {
        Self {
            name,
            sqlite: false,
            postgres: true,
            run,
        }
    }

    pub(crate) fn trials(&self, scale: Scale, seed: u64, report: &Report) -> Vec<Trial> {
        let mut trials = Vec::new();
        for (wanted, database) in [(self.sqlite, "sqlite"), (self.postgres, "postgres")] {
            if !wanted {
                continue;
            }
            let (name, run, report) = (self.name, self.run, report.clone());
            trials.push(Trial::test(format!("{database}::{name}"), move || {
                let threads = runtime::Builder::new_multi_thread().enable_all().build()?;
                threads.block_on(async {
                    let began = Instant::now();
                    let Some(site) = Site::new(database, scale, seed).await else {
                        return Ok(());
                    };
                    let figures = run(site).await;
                    report.add(name, database, &figures, began.elapsed());
                    figures.verdict()
                })
            }));
        }
        trials
    }
}

/// An empty database with its schema.
pub(crate) struct Site {
    pub(crate) scale: Scale,
    pub(crate) chance: fastrand::Rng,
    pub(crate) database: Option<Database>,
    folder: TempDir,
}

impl Site {
    async fn new(database: &str, scale: Scale, seed: u64) -> Option<Self> {
        let site = Self {
            scale,
            chance: fastrand::Rng::with_seed(seed),
            database: match database {
                "postgres" => Some(postgres::database().await?),
                _ => None,
            },
            folder: TempDir::new().unwrap(),
        };
        if site.database.is_some() {
            site.operate(&["migrate", "up"]);
        }
        Some(site)
    }

    /// Does what an operator would do by these arguments.
    pub(crate) fn operate(&self, arguments: &[&str]) {
        let settings = self.settings();
        let (well, output) = run(self.folder.path(), &borrowed(&settings), arguments);
        assert!(well, "{output}");
    }

    /// What every service here is started with. Nobody counts how often one address knocks: what is to be seen is what
    /// happens behind that door.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("BAILIWICK__LIMITS__ENABLED", "false".to_owned()),
            // Longer than any drill.
            ("BAILIWICK__TOKENS__ACCESS_TTL", "3600".to_owned()),
            // Replicas of one deployment sign with the same keys.
            (
                "BAILIWICK__TOKENS__SEALING_KEY_FILE",
                self.folder.path().join("sealing.key").display().to_string(),
            ),
        ];
        if let Some(database) = &self.database {
            settings.extend(served_by(database).map(|(name, value)| (name, value.to_owned())));
        }
        settings
    }

    /// A service, at an address that it keeps when it is started again.
    pub(crate) fn service(&self, more: &[(&str, &str)]) -> Service {
        let settings = self.settings();
        let address = free_address();
        let mut all = borrowed(&settings);
        all.push(("BAILIWICK__HTTP__BIND", &address));
        all.extend(more);
        Service::start(&all)
    }

    /// As many services as this database bears: SQLite has one, PostgreSQL two.
    pub(crate) fn services(&self, more: &[(&str, &str)]) -> Vec<Service> {
        let replicas = if self.database.is_some() { 2 } else { 1 };
        (0..replicas).map(|_| self.service(more)).collect()
    }

    /// The first column of the first row, seen from outside.
    pub(crate) async fn count(&self, service: &Service, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.database {
            Some(database) => {
                let mut outside = PgConnection::connect(database.url()).await.unwrap();
                sqlx::query_scalar(sql)
                    .fetch_one(&mut outside)
                    .await
                    .unwrap()
            }
            None => {
                let file = service.folder.path().join("data/bailiwick.db");
                let url = format!("sqlite:{}", file.display());
                let mut outside = SqliteConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(sql)
                    .fetch_one(&mut outside)
                    .await
                    .unwrap()
            }
        }
    }
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    let settings = settings.iter();
    settings.map(|(name, value)| (*name, &**value)).collect()
}

/// An address that nobody listens on.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Whether a service has panicked.
pub(crate) fn panics(service: &Service) -> usize {
    let log = fs::read_to_string(service.folder.path().join("log")).unwrap_or_default();
    log.matches("panicked at").count()
}

/// How long it takes until this is so.
pub(crate) async fn until(patience: Duration, look: impl AsyncFn() -> bool) -> Option<Duration> {
    let began = Instant::now();
    while began.elapsed() < patience {
        if look().await {
            return Some(began.elapsed());
        }
        sleep(Duration::from_millis(10)).await;
    }
    None
}

/// The longer of two times; never, if one is.
pub(crate) fn longest(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.zip(other).map(|(one, other)| one.max(other))
}

/// What a drill has found.
pub(crate) struct Figures {
    scale: Scale,
    rows: Vec<Figure>,
}

struct Figure {
    what: String,
    figure: String,
    bound: String,
    holds: bool,
}

impl Figures {
    pub(crate) const fn new(scale: Scale) -> Self {
        Self {
            scale,
            rows: Vec::new(),
        }
    }

    /// A figure that has to be what it is.
    pub(crate) fn holds(
        &mut self,
        what: &str,
        figure: impl Display,
        bound: impl Display,
        holds: bool,
    ) {
        self.rows.push(Figure {
            what: what.to_owned(),
            figure: figure.to_string(),
            bound: bound.to_string(),
            holds,
        });
    }

    /// What there must be none of.
    pub(crate) fn none(&mut self, what: &str, of: usize, found: &[String]) {
        self.holds(
            what,
            format!("{} of {of}", found.len()),
            "0",
            found.is_empty(),
        );
        for example in found.iter().take(5) {
            println!("{what}: {example}");
        }
    }

    /// What says how much was done.
    pub(crate) fn note(&mut self, what: &str, figure: impl Display) {
        self.holds(what, figure, "", true);
    }

    /// Work without which the drill has shown nothing.
    pub(crate) fn at_least(&mut self, what: &str, figure: usize, bound: usize) {
        self.holds(what, figure, format!("≥ {bound}"), figure >= bound);
    }

    /// A time, which counts when the machine has nothing else to do.
    pub(crate) fn within(&mut self, what: &str, took: Option<Duration>, bound: Duration) {
        let figure = took.map_or("never".to_owned(), |took| format!("{took:.0?}"));
        let in_time = took.is_some_and(|took| took <= bound);
        let holds = match self.scale {
            Scale::Full => in_time,
            Scale::Short => took.is_some(),
        };
        self.holds(what, figure, format!("≤ {bound:?}"), holds);
    }

    /// A ratio, which counts when the machine has nothing else to do.
    pub(crate) fn ratio(&mut self, what: &str, ratio: f64, bound: &str, holds: bool) {
        let counts = self.scale == Scale::Full;
        self.holds(what, format!("{ratio:.2}"), bound, holds || !counts);
    }

    fn verdict(&self) -> Result<(), Failed> {
        let broken: Vec<_> = self
            .rows
            .iter()
            .filter(|row| !row.holds)
            .map(|row| format!("{}: {} (bound: {})", row.what, row.figure, row.bound))
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        Err(broken.join("\n").into())
    }
}

/// What all drills have found, as a table.
#[derive(Clone, Default)]
pub(crate) struct Report(Arc<Mutex<Vec<[String; 5]>>>);

impl Report {
    fn add(&self, drill: &str, database: &str, figures: &Figures, took: Duration) {
        let mut rows = self.0.lock().unwrap();
        for (number, row) in figures.rows.iter().enumerate() {
            let first = number == 0;
            rows.push([
                if first {
                    format!("{drill} ({:.0} s)", took.as_secs_f64())
                } else {
                    String::new()
                },
                if first {
                    database.to_owned()
                } else {
                    String::new()
                },
                row.what.clone(),
                row.figure.clone(),
                if row.holds {
                    row.bound.clone()
                } else {
                    format!("{} BROKEN", row.bound)
                },
            ]);
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.0.lock().map_err(|_| fmt::Error)?;
        writeln!(
            f,
            "\n| drill | database | what | figure | bound |\n|---|---|---|---|---|"
        )?;
        for row in &*rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        writeln!(f)
    }
}
