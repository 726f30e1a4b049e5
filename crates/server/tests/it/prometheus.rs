//! The dashboard and the alerts, before a real Prometheus that watches a real service.

use crate::process::{Service, field};
use serde_json::Value;
use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(90);

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

/// Whether it is installed; where it has to be and is not, that is a failure.
fn is_installed() -> bool {
    let found = Command::new("prometheus").arg("--version").output().is_ok();
    let required = env::var_os("BAILIWICK_TEST_PROMETHEUS").is_some_and(|how| how == "required");
    assert!(found || !required, "there is no `prometheus`");
    if !found {
        eprintln!("skipped: there is no `prometheus`; Debian's package of that name has it");
    }
    found
}

/// A Prometheus with our configuration, which looks every second; stopped when it is dropped.
struct Prometheus {
    child: Child,
    address: String,
    _folder: TempDir,
}

impl Prometheus {
    fn watching(metrics: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let from = deploy().join("prometheus");
        let config = fs::read_to_string(from.join("prometheus.yml")).unwrap();
        let (ours, often) = ("127.0.0.1:9464", "_interval: 15s");
        assert!(config.contains(ours) && config.contains(often), "{config}");
        let config = config
            .replace(ours, metrics)
            .replace(often, "_interval: 1s");
        fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        fs::copy(from.join("alerts.yml"), folder.path().join("alerts.yml")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let child = Command::new("prometheus")
            .current_dir(folder.path())
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            address,
            _folder: folder,
        }
    }

    /// What it answers to a question; nothing, while it is starting.
    async fn ask(&self, path: &str, form: &[(&str, &str)]) -> Option<Value> {
        let url = format!("http://{}/api/v1/{path}", self.address);
        let client = reqwest::Client::new();
        let request = match form {
            [] => client.get(url),
            form => client.post(url).form(form),
        };
        let answer: Value = request.send().await.ok()?.json().await.ok()?;
        assert_eq!(
            answer.get("status"),
            Some(&"success".into()),
            "{form:?}: {answer}"
        );
        answer.get("data").cloned()
    }

    /// Asks until the answer is as it should be.
    async fn until<T>(
        &self,
        path: &str,
        form: &[(&str, &str)],
        good: impl Fn(&Value) -> Option<T>,
    ) -> T {
        let began = Instant::now();
        loop {
            let answer = self.ask(path, form).await;
            if let Some(found) = answer.as_ref().and_then(&good) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "{path} {form:?}: {answer:?}");
            sleep(Duration::from_millis(200)).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a question has an answer that is a number.
fn is_told(data: &Value) -> Option<()> {
    let samples = data.get("result")?.as_array()?;
    let numbers = samples
        .iter()
        .filter_map(|sample| sample.pointer("/value/1")?.as_str());
    numbers
        .into_iter()
        .any(|number| number != "NaN")
        .then_some(())
}

/// Every question of the dashboard, as Grafana asks it.
fn questions() -> Vec<String> {
    let dashboard = fs::read_to_string(deploy().join("grafana/bailiwick.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard.get("panels").and_then(Value::as_array).unwrap();
    let targets = panels.iter().flat_map(|panel| {
        let targets = panel.get("targets").and_then(Value::as_array);
        targets.unwrap_or_else(|| panic!("{panel}"))
    });
    let asked = targets.map(|target| target.get("expr").and_then(Value::as_str).unwrap());
    asked
        .map(|asked| {
            asked
                .replace("$instance", ".*")
                .replace("$__rate_interval", "5m")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_shows_something_and_a_stolen_token_raises_an_alarm() {
    if !is_installed() {
        return;
    }
    let service = Service::start(&[("BAILIWICK__METRICS__BIND", "127.0.0.1:0")]);
    let log = fs::read_to_string(service.folder.path().join("log")).unwrap();
    let metrics = log.split("metrics are at http://").nth(1).unwrap();
    let prometheus = Prometheus::watching(metrics.split('/').next().unwrap());
    // Two looks at least before anything happens: what was there at the first look is no increase.
    let looks = [("query", "count_over_time(up{job=\"bailiwick\"}[1m]) > 1")];
    prometheus.until("query", &looks, is_told).await;

    something_happens(&service);
    // What comes for the first time is no increase either: once more, when it was seen.
    let seen = [(
        "query",
        "sum(bailiwick_http_request_duration_seconds_count) > 15",
    )];
    prometheus.until("query", &seen, is_told).await;
    service.sign_in("ada");

    for question in questions() {
        prometheus
            .until("query", &[("query", &question)], is_told)
            .await;
    }
    prometheus
        .until("alerts", &[], |data| {
            let alerts = data.get("alerts")?.as_array()?;
            let mut names = alerts.iter().filter_map(|alert| {
                let firing = alert.get("state")? == "firing";
                firing
                    .then(|| alert.pointer("/labels/alertname")?.as_str())
                    .flatten()
            });
            names
                .find(|name| *name == "BailiwickRefreshTokenReused")
                .map(|_| ())
        })
        .await;
    let rules = prometheus.ask("rules", &[]).await.unwrap();
    let rules = rules
        .pointer("/groups/0/rules")
        .and_then(Value::as_array)
        .unwrap();
    assert!(rules.len() > 5, "{rules:?}");
    for rule in rules {
        assert_eq!(rule.get("health"), Some(&"ok".into()), "{rule}");
    }
}

/// Something of each kind.
fn something_happens(service: &Service) {
    let (ada, first) = service.person("ada");
    let body = format!(r#"{{"refresh_token":"{first}"}}"#);
    let turn = |body: &str| service.ask("POST", "/refresh_token", None, body);
    let (_, second) = turn(&body);
    let second = format!(
        r#"{{"refresh_token":"{}"}}"#,
        field(&second, "refresh_token")
    );
    assert_eq!((turn(&second).0, turn(&body).0), (200, 401));
    assert_eq!(service.ask("GET", "/users/me", Some(&ada), "").0, 401);

    let (ada, _) = service.sign_in("ada");
    let ada = service.found(&ada, "Acme");
    service.person("bob");
    let invite = r#"{"email":"bob@example.com","role":"member"}"#;
    assert_eq!(
        service
            .ask("POST", "/organization/add_users", Some(&ada), invite)
            .0,
        201
    );
    let (bob, _) = service.sign_in("bob");
    for _ in 0..3 {
        assert_eq!(
            service.ask("GET", "/api/v1/audit-events", Some(&bob), "").0,
            403
        );
        assert_eq!(
            service.ask("GET", "/api/v1/audit-events", Some(&ada), "").0,
            200
        );
    }
}
