//! How often the database is asked for a request, seen on the wire to it.

use crate::{
    documents::{docs, keep},
    samples::{filled, prefix_of, sample, things_of},
    world::{Answer, Ask, Person, World, email, unknown},
};
use bailiwick_api::routes::{Route, routes};
use bailiwick_testkit::network::PostgresWire;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    num::NonZero,
};

const PAGE: &str = "# Round trips

How often PostgreSQL is asked for a request: what is sent at once, waited for, is one round trip, however many statements it
holds (ADR 17). The table is measured on the wire, row by row, by `tests/it/round_trips.rs`, which compares it, with `just docs`
to write it anew. Whoever asks is remembered already; where a change has touched somebody, the other replicas are
asked as well.

| verb | path | answer | round trips | statements |
|---|---|---|---|---|
";

/// These answer before they ask, so that nobody can tell from the time whether an address is known.
const ANSWERED_BEFORE: [&str; 2] = ["/api/v1/auth/password/forgot", "/api/v1/auth/email/resend"];

/// A connection's statements, by what they were prepared as.
#[derive(Default)]
struct Prepared(HashMap<String, String>);

#[tokio::test]
async fn the_table_of_round_trips_is_as_the_requests_are() {
    let Some(world) = World::postgres().await else {
        return;
    };
    let wire = PostgresWire::to(&world.service_url()).await.unwrap();
    let url = wire.url().to_owned();
    let world = world
        .with(|config| {
            config.database.url = url;
            config.database.connections = NonZero::new(1);
        })
        .await;

    let mut page = PAGE.to_owned();
    let mut prepared = Prepared::default();
    for (number, route) in routes().iter().enumerate() {
        if ANSWERED_BEFORE.contains(&route.path) {
            continue;
        }
        let owner = world
            .operating_owner(&format!("p{number}"), &format!("Org {number}"))
            .await;
        let things = things_of(&owner).await;
        owner.get("/users/me").await.is(200);
        prepared.flights(&wire.queries());
        let answer = ask(&owner, route, &things).await;
        let flights = prepared.flights(&wire.queries());
        let statements: usize = flights.iter().map(Vec::len).sum();
        let _ = writeln!(
            page,
            "| {} | `{}` | {} | {} | {statements} |",
            route.method,
            route.path,
            answer.status,
            flights.len(),
        );
    }

    keep(&docs().join("round-trips.md"), &page);
}

impl Prepared {
    /// What was asked at once, each time, leaving out what keeps keys and leases.
    fn flights(&mut self, queries: &[String]) -> Vec<Vec<String>> {
        let mut flights = Vec::new();
        for query in queries {
            if let Some(prepare) = query.strip_prefix("PREPARE ") {
                let (name, sql) = prepare.split_once(' ').unwrap();
                self.0.insert(name.to_owned(), sql.to_owned());
                continue;
            }
            let statements = query.split(';').map(str::trim);
            let asked: Vec<_> = statements.filter_map(|sql| self.asked(sql)).collect();
            let keys = asked.iter().any(|sql| sql.contains("signing_keys"));
            let leases = asked.is_empty() || query.starts_with("UPDATE replicas");
            let commits = query.contains("COMMIT");
            if !keys && (commits || !leases) {
                flights.push(asked);
            }
        }
        flights
    }

    /// The statement, if it is neither the beginning nor the end of a transaction, nor about leases.
    fn asked(&self, sql: &str) -> Option<String> {
        let words = [
            "BEGIN",
            "SET LOCAL",
            "COMMIT",
            "ROLLBACK",
            "LISTEN",
            "SELECT current_setting",
        ];
        if sql.is_empty() || words.iter().any(|word| sql.starts_with(word)) {
            return None;
        }
        let Some(execute) = sql.strip_prefix("EXECUTE ") else {
            let heard = sql.starts_with("SELECT pg_notify('bailiwick_facts', '!");
            return (!heard).then(|| sql.to_owned());
        };
        let name = execute.split('(').next().unwrap().trim();
        Some(self.0[name].clone())
    }
}

/// The route's sample, about things that there are.
async fn ask(owner: &Person, route: &Route, things: &BTreeMap<&'static str, String>) -> Answer {
    let path = match route.path.contains("{id}") {
        true => filled(route.path, &things[prefix_of(route)], &things["member"]),
        false => route.path.to_owned(),
    };
    let request = owner.request(route.method.as_str(), &path);
    let request = request.header("if-match", "*");
    let real = |body: Value| {
        let mut body = body.to_string();
        for prefix in ["member", "proj", "org"] {
            body = body.replace(&unknown(prefix), &things[prefix]);
        }
        let refresh = format!(r#""refresh_token":"{}""#, owner.refresh);
        body = body.replace(r#""refresh_token":"x""#, &refresh);
        body = body.replace(&email("ada"), &email(&owner.name));
        body = body.replace("eve@", &format!("eve-of-{}@", owner.name));
        serde_json::from_str::<Value>(&body).unwrap()
    };
    match sample(route).map(real) {
        Some(body) => request.json(&body).answer().await,
        None => request.answer().await,
    }
}
