//! Ten times as many logins as can be hashed.

use crate::{
    api::{Answer, Api},
    drill::{Figures, Site, panics},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

/// How often somebody with a token asks for something.
const PACE: Duration = Duration::from_millis(5);
/// How many times as many logins as can be hashed.
const FLOOD: f64 = 10.0;
/// How soon whoever cannot be served hears of it.
const REFUSED: Duration = Duration::from_millis(50);

/// Whoever is signed in does not feel it; whoever cannot be served hears so at once; and as many as ever are served.
pub(crate) async fn flood(site: Site) -> Figures {
    let time = Duration::from_secs(site.scale.pick(2, 10));
    let service = site.service(&[]);
    let api = Api::at(&service.address);
    let owner = api.owner("ada", "Acme").await;

    let capacity = capacity(&api, time).await;
    let token = Arc::new(owner.access.clone());
    let ask =
        |api: Api, token: Arc<String>| async move { api.get("/api/v1/members", &token).await };
    let quiet = paced(PACE, time, || ask(api.clone(), Arc::clone(&token))).await;
    let between = Duration::from_secs_f64(1.0 / (capacity * FLOOD));
    let (busy, logins) = tokio::join!(
        paced(PACE, time, || ask(api.clone(), Arc::clone(&token))),
        paced(between, time, || {
            let api = api.clone();
            async move { api.login("ada").await }
        }),
    );

    let mut figures = Figures::new(site.scale);
    figures.note("hashing capacity", format!("{capacity:.0} logins a second"));
    let sent = usize_of(0.9 * capacity * FLOOD * time.as_secs_f64());
    figures.at_least("logins in the flood", logins.all, sent);
    let (mut wrong, mut good, mut refused) = (logins.failed, 0_u32, Vec::new());
    for (answer, at) in &logins.answers {
        match answer.status {
            200 if *at <= time => good += 1,
            200 => {}
            503 if answer.retry_after => refused.push(answer.took),
            _ => wrong.push(answer.told()),
        }
    }
    figures.none(
        "logins neither served nor told to come back",
        logins.all,
        &wrong,
    );
    let goodput = f64::from(good) / time.as_secs_f64() / capacity;
    figures.ratio(
        "logins served, of capacity",
        goodput,
        "≥ 0.80",
        goodput >= 0.8,
    );
    refused.sort();
    figures.at_least("logins refused", refused.len(), 1);
    figures.within("refused after (p99)", percentile(&refused, 99), REFUSED);
    figures.note(
        "refused after (median, slowest)",
        format!("{:.0?}, {:.0?}", percentile(&refused, 50), refused.last()),
    );

    let mut failed = [quiet.failed.clone(), busy.failed.clone()].concat();
    let slow = |load: &Load| {
        let mut took: Vec<_> = load.answers.iter().map(|(answer, _)| answer.took).collect();
        took.sort();
        percentile(&took, 99).unwrap()
    };
    for (answer, _) in quiet.answers.iter().chain(&busy.answers) {
        if answer.status != 200 {
            failed.push(answer.told());
        }
    }
    figures.none(
        "requests with a token that failed",
        quiet.all + busy.all,
        &failed,
    );
    let (calm, flooded) = (slow(&quiet), slow(&busy));
    let ratio = flooded.as_secs_f64() / calm.as_secs_f64();
    figures.note(
        "p99 with a token, calm and flooded",
        format!("{calm:.1?}, {flooded:.1?}"),
    );
    figures.ratio("p99 flooded, of p99 calm", ratio, "≤ 3", ratio <= 3.0);
    figures.holds("panics", panics(&service), "0", panics(&service) == 0);
    figures
}

fn usize_of(number: f64) -> usize {
    format!("{number:.0}").parse().unwrap()
}

/// How many logins a second are served to as many as keep all hashing threads busy.
async fn capacity(api: &Api, time: Duration) -> f64 {
    let served = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let (api, served) = (api.clone(), Arc::clone(&served));
        clients.spawn(async move {
            while began.elapsed() < time {
                if api.login("ada").await.unwrap().status == 200 {
                    served.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    clients.join_all().await;
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let served = served.load(Ordering::Relaxed) as f64;
    served / began.elapsed().as_secs_f64()
}

/// What came of a load.
struct Load {
    all: usize,
    /// Each answer, and when it was there.
    answers: Vec<(Answer, Duration)>,
    failed: Vec<String>,
}

/// Asks at a pace that does not wait for answers, as a crowd does.
async fn paced<F>(pace: Duration, time: Duration, ask: impl Fn() -> F) -> Load
where
    F: Future<Output = reqwest::Result<Answer>> + Send + 'static,
{
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let began = Instant::now();
    let mut asked = JoinSet::new();
    while began.elapsed() < time {
        ticks.tick().await;
        let asking = ask();
        asked.spawn(async move { (asking.await, began.elapsed()) });
    }
    let mut load = Load {
        all: asked.len(),
        answers: Vec::new(),
        failed: Vec::new(),
    };
    for (answer, at) in asked.join_all().await {
        match answer {
            Ok(answer) => load.answers.push((answer, at)),
            Err(error) => load.failed.push(format!("{error:?}")),
        }
    }
    load
}

/// Of times in order.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().checked_sub(1)?))
        .copied()
}
