//! What an operator sees of a service from outside: numbers that are right, and nobody in them.

use crate::process::{Service, field, run, served_by};
use bailiwick_testkit::postgres;
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

const ON: (&str, &str) = ("BAILIWICK__METRICS__BIND", "127.0.0.1:0");

/// Every sample, by its name and labels as they are written.
struct Scrape {
    text: String,
    samples: BTreeMap<String, f64>,
}

impl Scrape {
    /// What the service exports at this moment.
    fn of(service: &Service) -> Self {
        let answer = get(&address(service), "/metrics");
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("application/openmetrics-text"), "{head}");
        assert!(text.ends_with("# EOF\n"), "{text}");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        Self {
            samples: samples.collect(),
            text: text.to_owned(),
        }
    }

    /// The same, once it is so: what goes on behind the requests is over a moment after them.
    fn when(service: &Service, is_so: impl Fn(&Self) -> bool) -> Self {
        let began = Instant::now();
        loop {
            let scrape = Self::of(service);
            if is_so(&scrape) {
                return scrape;
            }
            assert!(began.elapsed() < PATIENCE, "{}", scrape.text);
        }
    }

    fn value(&self, sample: &str) -> f64 {
        let found = self.samples.get(sample).copied();
        found.unwrap_or_else(|| panic!("no {sample} in\n{}", self.text))
    }

    /// All values of a label.
    fn labels(&self, label: &str) -> Vec<&str> {
        let beginning = format!("{label}=\"");
        let names = self.samples.keys().flat_map(|name| {
            let after = name.split(&beginning).nth(1);
            after.and_then(|after| after.split('"').next())
        });
        names.collect()
    }
}

/// Where it says in its log that its metrics are.
fn address(service: &Service) -> String {
    let log = fs::read_to_string(service.folder.path().join("log")).unwrap();
    let after = log.split("metrics are at http://").nth(1).unwrap();
    after.split('/').next().unwrap().to_owned()
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn what_happens_is_counted_on_sqlite() {
    counts(&[ON], &["writer", "readers"]);
}

#[tokio::test]
async fn what_happens_is_counted_on_postgres() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let [url, owner] = served_by(&database);
    let (up, output) = run(
        TempDir::new().unwrap().path(),
        &[url, owner],
        &["migrate", "up"],
    );
    assert!(up, "{output}");
    counts(&[ON, url, owner], &["postgres"]);
}

fn counts(settings: &[(&str, &str)], pools: &[&str]) {
    let service = Service::start(settings);
    let post = |path: &str, token: Option<&str>, body: &str| service.ask("POST", path, token, body);

    let before = Scrape::of(&service);
    for verdict in ["rotated", "replayed", "reused", "over"] {
        let none = format!("bailiwick_refresh_tokens_total{{verdict=\"{verdict}\"}}");
        assert_eq!(before.value(&none), 0.0, "{verdict}");
    }

    // A spent token is replayed at once, one spent before it is reused, and then the chain is over.
    let (token, first) = service.person("ada");
    let turn = |refresh: &str| {
        let body = format!(r#"{{"refresh_token":"{refresh}"}}"#);
        post("/refresh_token", None, &body)
    };
    let (_, second) = turn(&first);
    assert_eq!(turn(&first).0, 200);
    assert_eq!(turn(&field(&second, "refresh_token")).0, 200);
    assert_eq!(turn(&first).0, 401);
    assert_eq!(turn(&first).0, 401);
    assert_eq!(service.ask("GET", "/users/me", Some(&token), "").0, 401);

    // Somebody may, and somebody may not.
    let (ada, _) = service.sign_in("ada");
    let ada = service.found(&ada, "Acme");
    service.person("bob");
    let invite = r#"{"email":"bob@example.com","role":"member"}"#;
    assert_eq!(post("/organization/add_users", Some(&ada), invite).0, 201);
    let (bob, _) = service.sign_in("bob");
    let project = r#"{"name":"Apollo"}"#;
    let (made, apollo) = post("/projects/create_project", Some(&ada), project);
    assert_eq!(made, 201);
    assert_eq!(post("/projects/create_project", Some(&bob), project).0, 403);
    let path = format!("/api/v1/projects/{}", field(&apollo, "id"));
    assert_eq!(service.ask("PATCH", &path, Some(&bob), project).0, 403);
    assert_eq!(service.ask("GET", &path, Some(&ada), "").0, 200);
    // On the platform Bob is nobody at all, and lacks nothing by name.
    let tenants = service.ask("GET", "/api/v1/platform/tenants", Some(&bob), "");
    assert_eq!(tenants.0, 403);
    assert_eq!(service.ask("GET", "/no/such-canary", None, "").0, 404);
    assert_eq!(service.ask("CANARY", "/users/me", None, "").0, 405);

    let after = Scrape::when(&service, |scrape| {
        pools.iter().all(|pool| {
            let used =
                |name: &str| scrape.value(&format!("bailiwick_database_{name}{{pool=\"{pool}\"}}"));
            used("connections_in_use") == 0.0 && used("waiting") == 0.0
        })
    });

    let verdicts = [
        ("rotated", 2.0),
        ("replayed", 1.0),
        ("reused", 1.0),
        ("over", 1.0),
    ];
    for (verdict, times) in verdicts {
        let sample = format!("bailiwick_refresh_tokens_total{{verdict=\"{verdict}\"}}");
        assert_eq!(after.value(&sample), times, "{verdict}");
    }
    let decisions = [
        ("project:create", "permitted"),
        ("project:create", "denied"),
        ("project:update", "denied"),
        ("tenant:list", "denied"),
        ("project:read", "permitted"),
    ];
    for (permission, outcome) in decisions {
        let labels = format!("permission=\"{permission}\",outcome=\"{outcome}\"");
        let sample = format!("bailiwick_access_decisions_total{{{labels}}}");
        assert_eq!(after.value(&sample), 1.0, "{permission} {outcome}");
    }
    let row = |method: &str, route: &str, status: &str| {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        after.value(&format!(
            "bailiwick_http_request_duration_seconds_count{{{labels}}}"
        ))
    };
    assert_eq!(row("POST", "/projects/create_project", "2xx"), 1.0);
    assert_eq!(row("POST", "/projects/create_project", "4xx"), 1.0);
    assert_eq!(row("GET", "/api/v1/projects/{id}", "2xx"), 1.0);
    assert_eq!(row("other", "none", "4xx"), 2.0);
    for pool in pools {
        let pool =
            |name: &str| after.value(&format!("bailiwick_database_{name}{{pool=\"{pool}\"}}"));
        assert!(pool("connections_max") >= pool("connections_open"));
        assert!(pool("connections_open") >= 1.0);
    }
    // Two who registered, four who signed in.
    assert_eq!(after.value("bailiwick_hashing_duration_seconds_count"), 6.0);
    for gauge in ["running", "waiting", "refused_total"] {
        assert_eq!(
            after.value(&format!("bailiwick_hashing_{gauge}")),
            0.0,
            "{gauge}"
        );
    }
    assert!(after.value("bailiwick_revocation_lag_seconds_count") >= 1.0);
    let lookups = |cache: &str, outcome: &str| {
        let labels = format!("cache=\"{cache}\",outcome=\"{outcome}\"");
        after.value(&format!("bailiwick_cache_lookups_total{{{labels}}}"))
    };
    assert!(lookups("tokens", "hit") >= 1.0 && lookups("tokens", "miss") >= 1.0);
    let callers = ["hit", "miss", "bypass"].map(|outcome| lookups("callers", outcome));
    assert!(callers.iter().sum::<f64>() >= 6.0, "{callers:?}");
    assert_eq!(
        after.value("bailiwick_cache_evictions_total{cache=\"callers\"}"),
        0.0
    );
    let version = env!("CARGO_PKG_VERSION");
    assert!(
        after
            .text
            .contains(&format!("bailiwick_build_info{{version=\"{version}\""))
    );

    // Labels are those of the table, whatever was asked for.
    let routes = bailiwick_api::routes::routes();
    let known: Vec<_> = routes.iter().map(|row| row.path).collect();
    for route in after.labels("route") {
        assert!(route == "none" || known.contains(&route), "{route}");
    }
    for stranger in [
        "canary", "CANARY", "ada", "bob", "Acme", "Apollo", "proj_", "user_",
    ] {
        assert!(!after.text.contains(stranger), "{stranger}");
    }
}

#[test]
fn nobody_sees_them_who_was_not_meant_to() {
    let off = Service::start(&[]);
    let on = Service::start(&[ON]);

    let log = fs::read_to_string(off.folder.path().join("log")).unwrap();
    assert!(!log.contains("metrics are at"), "{log}");
    assert!(off.get("/metrics").starts_with("HTTP/1.1 404"));
    assert!(on.get("/metrics").starts_with("HTTP/1.1 404"));
    let metrics = address(&on);
    assert!(metrics.starts_with("127.0.0.1:"), "{metrics}");
    for path in ["/", "/users/me", "/health/ready"] {
        assert!(get(&metrics, path).starts_with("HTTP/1.1 404"), "{path}");
    }
}
