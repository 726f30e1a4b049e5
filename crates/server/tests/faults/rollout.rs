//! New versions while everybody goes on working.

use crate::{
    api::{Api, Person},
    drill::{Figures, Scale, Site, panics, until},
    process::{command, run, served_by},
};
use bailiwick_testkit::{network::Balancer, postgres};
use serde_json::json;
use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::sleep};

const PATIENCE: Duration = Duration::from_secs(30);

/// How long after `bailiwick keys rotate` the new key signs: it is public for that long before.
const ROTATED: Duration = Duration::from_secs(90);

/// One replica after the other is stopped and started behind a balancer, and the keys are rotated: nobody notices.
pub(crate) async fn restarts(site: Site) -> Figures {
    let (restarts, people) = site.scale.pick((2, 4), (10, 8));
    let balancer = Balancer::start().await.unwrap();
    let mut replicas = site.services(&[]);
    let addresses: Vec<_> = replicas
        .iter()
        .map(|replica| replica.address.clone())
        .collect();
    balancer.set(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let all_ready = || until(PATIENCE, async || balancer.ready() == addresses.len());
    all_ready().await.expect("both replicas are ready");

    let api = Api::at(balancer.address());
    let over = Arc::new(AtomicBool::new(false));
    let mut at_work = JoinSet::new();
    for number in 0..people {
        let name = format!("p{number}");
        let person = api.owner(&name, &name).await;
        at_work.spawn(work(api.clone(), person, Arc::clone(&over)));
    }
    let key = signed_by(&api).await;
    let began = Instant::now();
    site.operate(&["keys", "rotate"]);

    let mut unclean = Vec::new();
    for number in 0..restarts {
        let replica = &mut replicas[number % addresses.len()];
        replica.terminate();
        let ended = replica.ended(PATIENCE);
        if !ended.is_some_and(|status| status.success()) {
            unclean.push(format!("replica {number}"));
        }
        replica.restart();
        // The next one goes when this one has come back, and not before.
        let back = until(PATIENCE, async || {
            Api::at(&replica.address).is_ready().await
        })
        .await;
        back.expect("it comes back");
        sleep(Duration::from_millis(500)).await;
        all_ready().await.expect("both replicas are ready");
    }
    let rotated = match site.scale {
        Scale::Full => until(ROTATED, async || signed_by(&api).await != key).await,
        Scale::Short => None,
    };
    let took = began.elapsed();
    over.store(true, Ordering::Relaxed);
    let (mut requests, mut failed) = (0, Vec::new());
    for (count, problems) in at_work.join_all().await {
        requests += count;
        failed.extend(problems);
    }

    let mut figures = Figures::new(site.scale);
    figures.note("restarts", restarts);
    figures.none("requests failed", requests, &failed);
    figures.none("replicas that did not stop in order", restarts, &unclean);
    if site.scale == Scale::Full {
        figures.within("a new key signs after", rotated.map(|_| took), ROTATED);
    }
    let panicked: usize = replicas.iter().map(panics).sum();
    figures.holds("panics", panicked, "0", panicked == 0);
    figures
}

/// The key that signs.
async fn signed_by(api: &Api) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let token = api.sign_in("p0").await.access;
    let header = BASE64_URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn work(api: Api, mut person: Person, over: Arc<AtomicBool>) -> (usize, Vec<String>) {
    let (mut count, mut failed) = (0, Vec::new());
    while !over.load(Ordering::Relaxed) {
        count += 1;
        let asked = match count % 4 {
            0 => {
                let body = json!({ "name": format!("p{count}") });
                api.post("/api/v1/projects", &person.access, body).await
            }
            1 => api.get("/users/me", &person.access).await,
            2 => api.get("/api/v1/members", &person.access).await,
            _ => api.refresh(&person.refresh).await,
        };
        match asked {
            Ok(answer) if answer.status < 300 => {
                if answer.body.get("refresh_token").is_some() {
                    person.refresh = answer.text("refresh_token");
                    person.access = answer.text("access_token");
                }
            }
            Ok(answer) => failed.push(answer.told()),
            Err(error) => failed.push(format!("{error:?}")),
        }
        sleep(Duration::from_millis(5)).await;
    }
    (count, failed)
}

/// Five replicas of a new version come up at once, each with `migrate up` before it.
pub(crate) async fn migrations(site: Site) -> Figures {
    const AT_ONCE: usize = 5;
    let rounds = site.scale.pick(2, 20);
    let mut failed = Vec::new();
    for round in 0..rounds {
        let folder = TempDir::new().unwrap();
        let empty = match site.database {
            Some(_) => postgres::database().await,
            None => None,
        };
        let settings = empty.as_ref().map(served_by);
        let settings = settings.as_ref().map_or(&[][..], |settings| &settings[..]);
        let migrations: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                command(folder.path(), settings)
                    .args(["migrate", "up"])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for migration in migrations {
            let output = migration.wait_with_output().unwrap();
            if !output.status.success() {
                let complaint = String::from_utf8_lossy(&output.stderr);
                failed.push(format!("round {round}: {complaint}"));
            }
        }
        let (well, status) = run(folder.path(), settings, &["migrate", "status"]);
        if !well || status.contains("pending") {
            failed.push(format!("round {round}: {status}"));
        }
    }
    let mut figures = Figures::new(site.scale);
    figures.none("migrations failed", rounds * AT_ONCE, &failed);
    figures
}
