//! What holds of every row alike, beside what `problems` and `canonical` say: verbs, limits, cursors, other origins, compression.

use crate::{
    samples::{nowhere, sampled},
    world::{Answer, Ask, Client, Person, World, email},
};
use bailiwick_api::{access::Access, routes::routes};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use flate2::read::GzDecoder;
use reqwest::header::HeaderMap;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    num::NonZero,
};

both!(
    every_path_tells_its_verbs,
    a_head_is_a_get_without_its_body,
    every_counted_answer_tells_what_is_left,
    whoever_asks_too_much_waits,
    all_of_a_tenant_share_its_limit,
    a_byte_of_a_cursor_that_is_another_makes_it_none,
    pages_of_other_origins_may_what_was_set,
    a_long_answer_comes_compressed_to_whoever_wants_it,
);

async fn every_path_tells_its_verbs(world: World) {
    let mut verbs: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let routes = routes();
    for route in routes.iter() {
        let verbs = verbs.entry(route.path).or_default();
        verbs.insert(route.method.to_string());
        verbs.insert("OPTIONS".to_owned());
        if route.method == "GET" {
            verbs.insert("HEAD".to_owned());
        }
    }
    for route in routes.iter() {
        let path = nowhere(route);
        let nobody = world.nobody();
        let told = nobody.request("OPTIONS", &path).answer().await.is(204);
        let refused = nobody.request("TRACE", &path).answer().await;

        for answer in [told, refused.problem(405, "method_not_allowed")] {
            let allow = answer.header("allow").unwrap().split(", ");
            let allow: BTreeSet<_> = allow.map(str::to_owned).collect();
            assert_eq!(allow, verbs[route.path], "{path}");
        }
    }
    world
        .nobody()
        .request("OPTIONS", "/nowhere")
        .answer()
        .await
        .is(404);
}

async fn a_head_is_a_get_without_its_body(world: World) {
    let owner = world.operating_owner("ada", "Acme").await;
    for route in routes().iter().filter(|route| route.method == "GET") {
        let path = nowhere(route);
        let ask = async |verb: &str| owner.request(verb, &path).answer_by_name().await;
        let (get, head) = (ask("GET").await, ask("HEAD").await);

        let bare = |headers: &HeaderMap| {
            let mut headers = headers.clone();
            headers.remove("date");
            headers
        };
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(bare(&head.headers), bare(&get.headers), "{path}");
        assert_eq!(head.text, "", "{path}");
    }
}

/// The parts of a `RateLimit` header: of each limit its name and this parameter.
fn limits(answer: &Answer, header: &str, parameter: &str) -> Vec<(String, u32)> {
    let header = answer.header(header).unwrap_or_default();
    let limits = header.split(", ").filter(|limit| !limit.is_empty());
    let limits = limits.map(|limit| {
        let mut parts = limit.split(';');
        let name = parts.next().unwrap().trim_matches('"').to_owned();
        let prefix = format!("{parameter}=");
        let value = parts.find_map(|part| part.strip_prefix(&prefix));
        (name, value.unwrap().parse().unwrap())
    });
    limits.collect()
}

async fn limited(world: World, principal: u32, tenant: u32) -> World {
    world
        .with(|config| {
            config.limits.enabled = true;
            config.limits.burst = NonZero::new(10_000).unwrap();
            config.limits.principal_burst = NonZero::new(principal).unwrap();
            config.limits.principal_per_second = NonZero::<u32>::MIN;
            config.limits.tenant_burst = NonZero::new(tenant).unwrap();
            config.limits.tenant_per_second = NonZero::<u32>::MIN;
        })
        .await
}

async fn every_counted_answer_tells_what_is_left(world: World) {
    let world = limited(world, 5_000, 9_000).await;
    let owner = world.owner("ada", "Acme").await;
    for route in routes().iter() {
        // It ends what the others need.
        if route.path.contains("sessions") && route.method == "DELETE" {
            continue;
        }
        let answer = sampled(&owner, route, &nowhere(route)).answer().await;
        let expected: &[_] = match route.access {
            Access::Public if route.method == "GET" => &[],
            Access::Public => &[("address", 10_000)],
            _ => &[("principal", 5_000), ("tenant", 9_000)],
        };
        let said = limits(&answer, "ratelimit-policy", "q");
        let said: Vec<_> = said.iter().map(|(name, q)| (name.as_str(), *q)).collect();
        assert_eq!(said, expected, "{route:?}: {}", answer.text);
        let left = limits(&answer, "ratelimit", "r");
        assert!(
            left.iter()
                .zip(expected)
                .all(|((name, r), (known, q))| name == known && r < q)
        );
    }
    let stranger = world.nobody().get("/users/me").await;
    assert_eq!(stranger.header("ratelimit"), None);
}

async fn whoever_asks_too_much_waits(world: World) {
    let world = limited(world, 20, 1_000).await;
    let ada = world.person("ada").await;
    let bob = world.person("bob").await;

    let mut left = 20;
    let refused = loop {
        let answer = ada.get("/users/me").await;
        if answer.status == 429 {
            break answer;
        }
        left -= 1;
        // A whole one may have come back meanwhile.
        let said = limits(&answer, "ratelimit", "r")[0].1;
        assert!(said >= left && said < 20, "{said} left");
        left = said;
    };

    assert_eq!(left, 0);
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(
        limits(&refused, "ratelimit", "r"),
        [("principal".to_owned(), 0)]
    );
    refused.problem(429, "too_many_requests");
    // Another session is the same person, and another person is none of theirs.
    world.sign_in("ada").await.get("/users/me").await.is(429);
    bob.get("/users/me").await.is(200);
}

async fn all_of_a_tenant_share_its_limit(world: World) {
    let ada = world.owner("ada", "Acme").await;
    let bob = world.member(&ada, "bob", "member").await;
    let eve = world.owner("eve", "Eves").await;
    let world = limited(world, 1_000, 20).await;
    let again = async |person: &Person| {
        world
            .sign_in(&person.name)
            .await
            .enter(person.organization())
            .await
    };
    let (ada, bob, eve) = (again(&ada).await, again(&bob).await, again(&eve).await);

    let mut asked = 0;
    while ada.get("/users/me").await.status == 200 {
        asked += 1;
        assert!(asked <= 25, "nobody refused");
    }

    bob.get("/users/me").await.problem(429, "too_many_requests");
    eve.get("/users/me").await.is(200);
    // In no organization they go on.
    world.sign_in("ada").await;
}

async fn a_byte_of_a_cursor_that_is_another_makes_it_none(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "member").await;
    for list in [
        "/api/v1/members?limit=1",
        "/api/v1/members?limit=1&sort=name",
    ] {
        let cursor = owner.get(list).await.is(200).json()["next_cursor"]
            .as_str()
            .unwrap()
            .to_owned();
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        let ask = async |bytes: &[u8]| {
            let cursor = BASE64_URL_SAFE_NO_PAD.encode(bytes);
            owner.get(&format!("{list}&cursor={cursor}")).await
        };
        ask(&bytes).await.is(200);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            ask(&other).await.problem(400, "invalid_cursor");
        }
        // It is whoever's who works there, and of no use elsewhere.
        assert!(!cursor.contains(owner.organization()));
    }
}

const APP: &str = "https://app.example.com";

async fn pages_of_other_origins_may_what_was_set(world: World) {
    let silent = asked_by(&world, APP, "/users/me").await;
    assert_eq!(silent.is(204).header("access-control-allow-origin"), None);

    let world = world
        .with(|config| config.http.cors_origins = vec![APP.to_owned()])
        .await;
    for route in routes().iter() {
        let path = nowhere(route);
        let preflight = asked_by(&world, APP, &path).await.is(200);
        let said = |name| preflight.header(name).unwrap_or_default().to_lowercase();
        assert_eq!(said("access-control-allow-origin"), APP, "{path}");
        assert_eq!(said("access-control-allow-credentials"), "true");
        assert!(said("access-control-allow-methods").contains("patch"));
        assert!(said("access-control-allow-headers").contains("idempotency-key"));
        assert!(said("vary").contains("origin"));
        assert!(preflight.header("x-request-id").is_some());
        let other = asked_by(&world, "https://evil.example.com", &path).await;
        let other = other.problem(403, "forbidden");
        assert_eq!(other.header("access-control-allow-origin"), None, "{path}");
    }
    let from = async |origin: &str| {
        let request = world
            .nobody()
            .request("GET", "/users/me")
            .header("origin", origin);
        request.answer().await.problem(401, "unauthenticated")
    };
    let answer = from(APP).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert!(
        answer
            .header("access-control-expose-headers")
            .unwrap()
            .contains("ratelimit")
    );
    let evil = from("https://app.example.com.evil.example").await;
    assert_eq!(evil.header("access-control-allow-origin"), None);

    // The page of the app may also sign in with the cookie, and no other page may.
    let login = async |origin: &str| {
        let body = json!({ "email": email("ada"), "password": crate::world::PASSWORD });
        let request = world
            .nobody()
            .request("POST", "/login")
            .header("origin", origin);
        request.json(&body).answer().await.is(200)
    };
    world.register("ada").await;
    assert!(crate::world::cookie(&login(APP).await).is_some());
    assert!(crate::world::cookie(&login("https://evil.example.com").await).is_none());
}

/// What a browser asks before it sends what a page wants it to.
async fn asked_by(world: &World, origin: &str, path: &str) -> Answer {
    let request = world.nobody().request("OPTIONS", path);
    let request = request
        .header("origin", origin)
        .header("access-control-request-method", "PATCH")
        .header(
            "access-control-request-headers",
            "authorization,idempotency-key",
        );
    request.answer().await
}

async fn a_long_answer_comes_compressed_to_whoever_wants_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for number in 0..20 {
        owner.project(&format!("Project {number}")).await;
    }
    let accepting = async |client: &Client, path: &str, encodings: &str| {
        let request = client
            .request("GET", path)
            .header("accept-encoding", encodings);
        let response = request.send().await.unwrap();
        let encoding = response.headers().get("content-encoding").cloned();
        let encoding = encoding.map(|encoding| encoding.to_str().unwrap().to_owned());
        let vary = response.headers().get("vary").cloned();
        let long = response
            .content_length()
            .is_none_or(|length| length > 1_023);
        let tagged = response.headers().contains_key("etag");
        assert_eq!(vary.is_some(), long && !tagged, "{path}");
        (encoding, response.bytes().await.unwrap())
    };
    for path in [
        "/openapi.json",
        "/api/v1/projects",
        "/docs/swagger-ui-bundle.js",
    ] {
        let (plain, text) = accepting(&owner, path, "identity").await;
        let (gzip, packed) = accepting(&owner, path, "br, gzip;q=0.8").await;
        let mut unpacked = Vec::new();
        GzDecoder::new(&packed[..])
            .read_to_end(&mut unpacked)
            .unwrap();

        assert_eq!((plain, gzip.as_deref()), (None, Some("gzip")), "{path}");
        assert!(unpacked == text && packed.len() * 2 < text.len(), "{path}");
        for unwanted in [
            "",
            "br",
            "gzip;q=0",
            "identity, gzip;q=0.1",
            "nonsense\"",
            "identity;q=0",
        ] {
            assert_eq!(
                accepting(&owner, path, unwanted).await.0,
                None,
                "{path}: {unwanted}"
            );
        }
    }
    // What is short stays as it is, and so does what has a tag or tells a secret.
    for path in ["/health", "/api/v1/organization"] {
        assert_eq!(accepting(&owner, path, "gzip").await.0, None, "{path}");
    }
    let body = json!({ "email": email("ada"), "password": crate::world::PASSWORD });
    let login = world
        .nobody()
        .request("POST", "/login")
        .header("accept-encoding", "gzip");
    let login = login.json(&body).answer().await.is(200);
    assert!(login.text.len() > 1_024 && login.header("content-encoding").is_none());
}
