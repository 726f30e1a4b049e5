//! A database that goes away and comes back.

use crate::{
    api::{Api, Person},
    drill::{Figures, Site, longest, panics, until},
};
use bailiwick_testkit::network::{PostgresWire, Wire};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::sleep};

/// How soon readiness says that the database is gone, and that it is back.
const GONE: Duration = Duration::from_secs(2);
const BACK: Duration = Duration::from_secs(3);
/// How long whoever asks in the middle of it waits for an answer.
const ANSWERED: Duration = Duration::from_secs(15);

/// How long a refresh may be retried in the short form, so that an outage is longer.
const GRACE: Duration = Duration::from_secs(1);

/// How many people go on with their work.
const PEOPLE: usize = 16;

/// Connections are reset, and new ones refused.
pub(crate) async fn cut(site: Site) -> Figures {
    outage(site, Wire::Cut).await
}

/// Connections stand, and nothing is heard.
pub(crate) async fn silent(site: Site) -> Figures {
    outage(site, Wire::Silent).await
}

async fn outage(mut site: Site, kind: Wire) -> Figures {
    let outages = site.scale.pick(1, 3);
    let database = site.database.as_ref().unwrap();
    let wire = PostgresWire::to(database.service_url()).await.unwrap();
    let grace = site
        .scale
        .pick(GRACE, Duration::from_secs(10))
        .as_secs()
        .to_string();
    let service = site.service(&[
        ("BAILIWICK__DATABASE__URL", wire.url()),
        ("BAILIWICK__SESSIONS__REFRESH_GRACE", &grace),
    ]);
    let api = Api::at(&service.address);
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let name = format!("p{number}");
        people.push(api.owner(&name, &name).await);
    }

    let mut figures = Figures::new(site.scale);
    let (mut gone, mut back, mut wrong, mut answers, mut slowest) = (
        Some(Duration::ZERO),
        Some(Duration::ZERO),
        Vec::new(),
        0,
        Duration::ZERO,
    );
    for number in 0..outages {
        let over = Arc::new(AtomicBool::new(false));
        let mut at_work = JoinSet::new();
        for person in people.drain(..) {
            at_work.spawn(work(api.clone(), person, number, Arc::clone(&over)));
        }
        sleep(Duration::from_millis(site.chance.u64(300..600))).await;
        wire.set(kind);
        gone = longest(gone, until(GONE * 5, async || !api.is_ready().await).await);
        // Longer than a refresh token that was spent may be retried, and than any statement is waited for.
        sleep(site.scale.pick(GRACE, Duration::from_secs(15)) * 2).await;
        wire.set(Wire::Whole);
        back = longest(back, until(BACK * 5, async || api.is_ready().await).await);
        sleep(Duration::from_millis(500)).await;
        over.store(true, Ordering::Relaxed);
        while let Some(done) = at_work.join_next().await {
            let (person, count, took, problems) = done.unwrap();
            people.push(person);
            answers += count;
            slowest = slowest.max(took);
            wrong.extend(problems);
        }
    }
    let mut lost = Vec::new();
    for person in &people {
        let me = api.get("/users/me", &person.access).await.unwrap();
        let turned = api.refresh(&person.refresh).await.unwrap();
        if (me.status, turned.status) != (200, 200) {
            lost.push(format!(
                "{}: {} and {}",
                person.name,
                me.told(),
                turned.told()
            ));
        }
    }
    figures.within("readiness is 503 after", gone, GONE);
    figures.within("readiness is 200 again after", back, BACK);
    figures.none("answers but 2xx and 503 with Retry-After", answers, &wrong);
    figures.within("the slowest answer", Some(slowest), ANSWERED);
    figures.none("people logged out", people.len(), &lost);
    figures.holds("panics", panics(&service), "0", panics(&service) == 0);
    figures
}

/// Reads, writes and refreshes, as ever.
async fn work(
    api: Api,
    mut person: Person,
    outage: usize,
    over: Arc<AtomicBool>,
) -> (Person, usize, Duration, Vec<String>) {
    let (mut count, mut slowest, mut wrong) = (0, Duration::ZERO, Vec::new());
    while !over.load(Ordering::Relaxed) {
        count += 1;
        let began = Instant::now();
        let asked = match count % 4 {
            0 => {
                // The outcome of one that was cut off is unknown, and its name may be taken: each is new.
                let name = format!("{outage} {count}");
                api.post("/api/v1/projects", &person.access, json!({ "name": name }))
                    .await
            }
            1 => api.get("/users/me", &person.access).await,
            2 => api.get("/api/v1/members", &person.access).await,
            _ => api.refresh(&person.refresh).await,
        };
        slowest = slowest.max(began.elapsed());
        match asked {
            Ok(answer) if answer.is_done_or_later() => {
                if answer.status == 200 && answer.body.get("refresh_token").is_some() {
                    person.refresh = answer.text("refresh_token");
                }
                if answer.status == 503 {
                    sleep(Duration::from_millis(20)).await;
                }
            }
            Ok(answer) => wrong.push(answer.told()),
            Err(error) => wrong.push(format!("{error:?}")),
        }
    }
    (person, count, slowest, wrong)
}

/// All connections are busy: whoever comes is told so, and nobody hangs.
pub(crate) async fn exhausted(site: Site) -> Figures {
    let database = site.database.as_ref().unwrap();
    let service = site.service(&[("BAILIWICK__DATABASE__CONNECTIONS", "2")]);
    let api = Api::at(&service.address);
    let owner = api.owner("ada", "Acme").await;
    let mut outside = PgConnection::connect(database.url()).await.unwrap();
    // Whoever writes in the organization waits for this lock, with a connection in hand.
    let mut held = outside.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM tenants FOR UPDATE")
        .execute(&mut *held)
        .await
        .unwrap();

    let crowd = site.scale.pick(50, 500);
    let mut at_once = JoinSet::new();
    for number in 0..crowd {
        let (api, token) = (api.clone(), owner.access.clone());
        at_once.spawn(async move {
            if number % 2 == 0 {
                let body = json!({ "name": format!("Acme {number}") });
                api.ask("PATCH", "/api/v1/organization", Some(&token), Some(body))
                    .await
            } else {
                api.get("/api/v1/members", &token).await
            }
        });
    }
    let (mut wrong, mut shed, mut slowest) = (Vec::new(), 0, Duration::ZERO);
    while let Some(answer) = at_once.join_next().await {
        match answer.unwrap() {
            Ok(answer) => {
                slowest = slowest.max(answer.took);
                shed += usize::from(answer.status == 503);
                if !answer.is_done_or_later() {
                    wrong.push(answer.told());
                }
            }
            Err(error) => wrong.push(format!("{error:?}")),
        }
    }
    held.rollback().await.unwrap();
    let healed = until(BACK * 5, async || {
        let answer = api.get("/api/v1/members", &owner.access).await;
        answer.is_ok_and(|answer| answer.status == 200)
    });
    let healed = healed.await;

    let mut figures = Figures::new(site.scale);
    figures.none("answers but 2xx and 503 with Retry-After", crowd, &wrong);
    figures.at_least("requests shed", shed, 1);
    figures.within("the slowest answer", Some(slowest), ANSWERED);
    figures.within("served again after", healed, BACK);
    figures
}
