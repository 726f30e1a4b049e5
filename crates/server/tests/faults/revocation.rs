//! Access that is taken away, from callers whom every replica remembers.

use crate::{
    api::{Api, Person, email},
    drill::{Figures, Site, panics, until},
    process::Service,
};
use rustix::process::Signal;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// How many ask all the while.
const AT_ONCE: usize = 4;
/// How many requests follow each answer.
const AFTERWARDS: usize = 100;
/// How soon a revocation is answered while a replica is frozen: the others outlive its lease.
const FROZEN: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(10);

/// What is taken from somebody who is signed in.
#[derive(Debug, Clone, Copy)]
enum Taken {
    Session,
    Membership,
    Role,
}

/// Whoever has been answered that access is taken away finds it taken away, whichever replica they ask.
pub(crate) async fn revocations(site: Site) -> Figures {
    let rounds = site.scale.pick(12, 100);
    let mut services = site.services(&[]);
    let one = Api::at(&services[0].address);
    let other = Api::at(&services.last().unwrap().address);
    let owner = one.owner("ada", "Acme").await;

    let (mut succeeded, mut took) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let taken = [Taken::Session, Taken::Membership, Taken::Role][round % 3];
        let victim = victim(&one, &owner, &format!("v{round}")).await;
        let over = Arc::new(AtomicBool::new(false));
        let mut hammering = hammer(&other, &victim, &over);
        // It is remembered there by now.
        warm(&other, &victim).await;
        took.push(take(&one, &owner, &victim, taken).await);
        for _ in 0..AFTERWARDS {
            let answer = other.get("/api/v1/audit-events", &victim.access).await;
            let answer = answer.unwrap();
            if answer.status < 300 {
                succeeded.push(format!("{taken:?} in round {round}: {}", answer.told()));
            }
        }
        over.store(true, Ordering::Relaxed);
        while hammering.join_next().await.is_some() {}
    }

    let mut figures = Figures::new(site.scale);
    figures.none(
        "requests that succeeded after the answer to a revocation",
        rounds * AFTERWARDS,
        &succeeded,
    );
    figures.note("replicas", services.len());
    note_times(&mut figures, "a revocation is answered after", &mut took);
    if let [_, second] = services.as_mut_slice() {
        frozen(&mut figures, &one, &owner, second).await;
        second.kill();
        let mut alone = Vec::new();
        for round in 0..rounds.min(20) {
            let victim = victim(&one, &owner, &format!("a{round}")).await;
            warm(&one, &victim).await;
            let took = take(&one, &owner, &victim, Taken::Session).await;
            // Its lease, until that is over.
            if round > 0 {
                alone.push(took);
            }
        }
        note_times(&mut figures, "the same by the only replica", &mut alone);
    }
    let panicked: usize = services.iter().map(panics).sum();
    figures.holds("panics", panicked, "0", panicked == 0);
    figures
}

/// A replica that is frozen neither hears of the revocation nor keeps it waiting for long, and does not believe what it
/// remembers when it wakes up.
async fn frozen(figures: &mut Figures, one: &Api, owner: &Person, second: &Service) {
    let other = Api::at(&second.address);
    let mut awake = Vec::new();
    let mut took = Vec::new();
    for (round, taken) in [Taken::Session, Taken::Role].into_iter().enumerate() {
        let victim = victim(one, owner, &format!("f{round}")).await;
        warm(&other, &victim).await;
        second.signal(Signal::STOP);
        took.push(take(one, owner, &victim, taken).await);
        second.signal(Signal::CONT);
        let answer = other.get("/api/v1/audit-events", &victim.access).await;
        let answer = answer.unwrap();
        if answer.status < 300 {
            awake.push(format!("{taken:?}: {}", answer.told()));
        }
    }
    figures.none("requests that succeed when it wakes up", took.len(), &awake);
    let slowest = took.iter().max().copied();
    figures.within(
        "the same while the other replica is frozen",
        slowest,
        FROZEN,
    );
}

fn note_times(figures: &mut Figures, what: &str, took: &mut [Duration]) {
    took.sort();
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    figures.note(
        &format!("{what} (median, slowest)"),
        format!("{median:.1?}, {slowest:.1?}"),
    );
}

/// A member who may read what was recorded, signed in.
async fn victim(api: &Api, owner: &Person, name: &str) -> Person {
    api.register(name).await.unwrap().is(201);
    let body = json!({ "email": email(name), "role": "admin" });
    let added = api.post("/organization/add_users", &owner.access, body);
    added.await.unwrap().is(201);
    api.sign_in(name).await
}

/// Asks until it is answered, twice: the second answer need not come from the database.
async fn warm(api: &Api, victim: &Person) {
    let works = until(PATIENCE, async || {
        let answer = api.get("/api/v1/audit-events", &victim.access).await;
        answer.is_ok_and(|answer| answer.status == 200)
    });
    works.await.expect("the victim has access");
    let again = api.get("/api/v1/audit-events", &victim.access).await;
    again.unwrap().is(200);
}

fn hammer(api: &Api, victim: &Person, over: &Arc<AtomicBool>) -> JoinSet<()> {
    let mut hammering = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (api, token, over) = (api.clone(), victim.access.clone(), Arc::clone(over));
        hammering.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let _ = api.get("/users/me", &token).await;
            }
        });
    }
    hammering
}

/// Takes it, and says how long the answer took.
async fn take(api: &Api, owner: &Person, victim: &Person, taken: Taken) -> Duration {
    let member = api.member(owner, &victim.name).await.unwrap();
    let member = member.expect("the victim is a member");
    let began = Instant::now();
    let answer = match taken {
        Taken::Session => api.ask("POST", "/logout", Some(&victim.access), None).await,
        Taken::Membership => {
            let path = format!("/api/v1/members/{member}");
            api.ask("DELETE", &path, Some(&owner.access), None).await
        }
        Taken::Role => {
            let path = format!("/api/v1/members/{member}/roles");
            let body = json!({ "roles": ["member"] });
            api.ask("PUT", &path, Some(&owner.access), Some(body)).await
        }
    };
    let answer = answer.unwrap();
    assert!(answer.status < 300, "{taken:?}: {}", answer.told());
    began.elapsed()
}
