//! What was measured, against what it has to be.

use serde::Serialize;
use std::{
    fmt::{self, Display},
    fs,
    path::Path,
    process::Command,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What a figure has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Nothing: it is told.
    None,
}

/// Several measurements of one thing: the one in the middle, the least and the most.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    pub(crate) fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |place: usize| all.get(place).copied().unwrap_or(f64::NAN);
        Self {
            median: at(all.len() / 2),
            least: at(0),
            most: at(all.len().saturating_sub(1)),
        }
    }
}

impl Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.most {
            ..10.0 => 2,
            ..100.0 => 1,
            _ => 0,
        };
        write!(f, "{:.digits$}", self.median)?;
        if self.most > self.least {
            write!(f, " ({:.digits$}–{:.digits$})", self.least, self.most)?;
        }
        Ok(())
    }
}

/// A line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    what: String,
    database: String,
    ours: String,
    against: String,
    /// What counts, in this unit.
    figure: Spread,
    unit: &'static str,
    target: String,
    pass: Option<bool>,
}

/// All of them.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    at: String,
    commit: String,
    machine: Machine,
    short: bool,
    rows: Vec<Row>,
    /// Answers that were not as they have to be.
    pub(crate) wrong: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Machine {
    processor: String,
    processors: usize,
    memory_gib: u64,
    kernel: String,
}

impl Report {
    pub(crate) fn new(short: bool) -> Self {
        let at = OffsetDateTime::now_utc().replace_nanosecond(0);
        Self {
            at: at.unwrap().format(&Rfc3339).unwrap(),
            commit: said("git", &["describe", "--always", "--dirty"]),
            machine: Machine::here(),
            short,
            rows: Vec::new(),
            wrong: Vec::new(),
        }
    }

    pub(crate) fn row(
        &mut self,
        what: impl Display,
        database: impl Display,
        compared: (impl Display, impl Display),
        (figure, unit): (Spread, &'static str),
        target: Target,
    ) {
        let row = Row {
            what: what.to_string(),
            database: database.to_string(),
            ours: compared.0.to_string(),
            against: compared.1.to_string(),
            figure,
            unit,
            target: target.to_string(),
            pass: target.holds(figure.median),
        };
        // Whoever waits sees how it goes.
        println!("{row}");
        self.rows.push(row);
    }

    /// Keeps the figures in this file, and the table beside it.
    pub(crate) fn keep(&self, file: &Path) {
        let json = serde_json::to_string_pretty(self).unwrap();
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(file, json + "\n").unwrap();
        fs::write(file.with_extension("md"), self.to_string()).unwrap();
    }
}

impl Target {
    fn holds(self, figure: f64) -> Option<bool> {
        match self {
            Self::AtLeast(bound) => Some(figure >= bound),
            Self::AtMost(bound) => Some(figure <= bound),
            Self::None => None,
        }
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, "≥ {bound}"),
            Self::AtMost(bound) => write!(f, "≤ {bound}"),
            Self::None => Ok(()),
        }
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.pass {
            Some(true) => "pass",
            Some(false) => "**falls short**",
            None => "",
        };
        let space = if self.unit.is_empty() { "" } else { " " };
        write!(
            f,
            "| {} | {} | {} | {} | {}{space}{} | {} | {verdict} |",
            self.what, self.database, self.ours, self.against, self.figure, self.unit, self.target,
        )
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            processor,
            processors,
            memory_gib,
            kernel,
        } = &self.machine;
        writeln!(
            f,
            "# What the last run gave\n\n`just bench` has written this at {}, of {}: {processors} × {processor}, {memory_gib} GiB, {kernel}.\n",
            self.at, self.commit
        )?;
        writeln!(
            f,
            "| what | database | Bailiwick | against | figure (of 5: least–most) | target | |\n|---|---|---|---|---|---|---|"
        )?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        Ok(())
    }
}

impl Machine {
    fn here() -> Self {
        let of = |file: &str, name: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name));
            let value = line.and_then(|line| line.split(':').nth(1));
            value.unwrap_or("unknown").trim().to_owned()
        };
        let memory = of("/proc/meminfo", "MemTotal");
        let kib = memory.split(' ').next().and_then(|kib| kib.parse().ok());
        Self {
            processor: of("/proc/cpuinfo", "model name"),
            processors: std::thread::available_parallelism().map_or(1, Into::into),
            memory_gib: kib.unwrap_or(0_u64) >> 20,
            kernel: said("uname", &["-sr"]),
        }
    }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
