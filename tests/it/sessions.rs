//! Sessions: how their tokens turn, end, and cannot be forged.

use crate::world::{Answer, Ask, COOKIE, Client, PASSWORD, World, claims, cookie, header, unknown};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tokio::task::JoinSet;

both!(
    a_refresh_spends_its_token_and_stays_in_the_chain,
    a_retry_within_the_grace_gets_the_same_successor,
    a_retry_does_not_make_the_grace_longer,
    a_spent_token_after_the_grace_ends_the_chain_for_good,
    a_grandparent_ends_the_chain_within_the_grace,
    a_parent_whose_child_has_moved_on_is_replayed,
    without_grace_a_retry_ends_the_chain,
    a_reuse_ends_one_chain_and_no_other,
    a_reuse_ends_what_a_thief_went_on_to_as_well,
    a_hundred_refreshes_at_once_have_one_successor,
    a_refresh_token_lapses_when_nobody_uses_it,
    a_session_lapses_however_busy_it_is,
    an_access_token_lapses,
    an_access_token_is_good_as_long_as_it_says,
    a_logout_ends_every_token_of_the_session_at_once,
    a_logout_ends_what_is_made_beside_it,
    a_logout_ends_no_other_session,
    a_logout_with_a_spent_token_is_a_logout,
    entering_twice_disturbs_nobody,
    entering_eight_times_at_once_starts_one_chain,
    a_session_outlives_a_restart,
    a_page_of_another_origin_cannot_use_the_cookie,
    a_page_of_our_own_origin_uses_the_cookie,
    a_page_of_the_public_origin_uses_the_cookie,
    a_bearer_token_makes_the_cookie_invisible,
    a_refused_refresh_leaves_the_cookie_alone,
    a_token_of_one_kind_is_none_of_the_other,
    a_token_that_was_touched_is_no_token,
    a_token_with_another_claim_is_no_token,
    a_token_that_asks_for_another_key_is_no_token,
    a_token_that_nobody_signed_is_no_token,
    a_token_signed_with_the_public_key_is_no_token,
    a_token_signed_with_a_strangers_key_is_no_token,
    a_token_of_another_deployment_is_no_token,
    a_token_that_is_too_long_is_not_looked_at,
    another_scheme_is_no_bearer,
    the_database_holds_no_token_and_no_password,
);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

async fn a_refresh_spends_its_token_and_stays_in_the_chain(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let first = claims(&owner.refresh);

    let second = refreshed(&world, &owner.refresh).await;
    let third = refreshed(&world, &second.refresh).await;

    let [second_says, third_says] = [&second, &third].map(|pair| claims(&pair.refresh));
    assert_eq!(
        place(&second_says),
        (first["cid"].clone(), generation(&first) + 1)
    );
    assert_eq!(
        place(&third_says),
        (first["cid"].clone(), generation(&first) + 2)
    );
    assert_eq!(claims(&third.access)["org_id"], owner.organization());
    assert_eq!(claims(&third.access)["sid"], claims(&owner.access)["sid"]);
    is_good(&world, &owner.access).await;
    is_good(&world, &third.access).await;
}

async fn a_retry_within_the_grace_gets_the_same_successor(world: World) {
    let ada = world.person("ada").await;
    let successor = refreshed(&world, &ada.refresh).await;
    world.advance(9 * SECOND);

    let retried = refreshed(&world, &ada.refresh).await;
    let next = refreshed(&world, &retried.refresh).await;

    assert_eq!(claims(&retried.refresh), claims(&successor.refresh));
    assert_eq!(
        generation(&claims(&next.refresh)),
        generation(&claims(&successor.refresh)) + 1
    );
    for pair in [successor, retried, next] {
        is_good(&world, &pair.access).await;
    }
}

async fn a_retry_does_not_make_the_grace_longer(world: World) {
    let ada = world.person("ada").await;
    refreshed(&world, &ada.refresh).await;
    world.advance(6 * SECOND);
    refreshed(&world, &ada.refresh).await;
    world.advance(6 * SECOND);

    let late = world.nobody().refresh(&ada.refresh).await;

    late.problem(401, "invalid_token");
}

async fn a_spent_token_after_the_grace_ends_the_chain_for_good(world: World) {
    let ada = world.person("ada").await;
    let successor = refreshed(&world, &ada.refresh).await;
    world.advance(10 * SECOND);

    let reused = world.nobody().refresh(&ada.refresh).await;
    let again = world.nobody().refresh(&ada.refresh).await;

    reused.problem(401, "invalid_token");
    again.problem(401, "invalid_token");
    is_dead(&world, &successor).await;
    let world = world.with(|_| ()).await;
    is_dead(&world, &successor).await;
    let chain = claims(&ada.refresh)["cid"].as_str().unwrap().to_owned();
    assert_eq!(reuses(&world).await, [chain]);
}

async fn a_grandparent_ends_the_chain_within_the_grace(world: World) {
    let ada = world.person("ada").await;
    let child = refreshed(&world, &ada.refresh).await;
    let grandchild = refreshed(&world, &child.refresh).await;

    let reused = world.nobody().refresh(&ada.refresh).await;

    reused.problem(401, "invalid_token");
    is_dead(&world, &child).await;
    is_dead(&world, &grandchild).await;
    assert_eq!(reuses(&world).await.len(), 1);
}

async fn a_parent_whose_child_has_moved_on_is_replayed(world: World) {
    let ada = world.person("ada").await;
    let child = refreshed(&world, &ada.refresh).await;
    let grandchild = refreshed(&world, &child.refresh).await;

    let retried = refreshed(&world, &child.refresh).await;

    assert_eq!(claims(&retried.refresh), claims(&grandchild.refresh));
    assert_eq!(reuses(&world).await, [""; 0]);
}

async fn without_grace_a_retry_ends_the_chain(world: World) {
    let world = world.with(|config| config.sessions.refresh_grace = 0).await;
    let ada = world.person("ada").await;
    let successor = refreshed(&world, &ada.refresh).await;

    let retried = world.nobody().refresh(&ada.refresh).await;

    retried.problem(401, "invalid_token");
    is_dead(&world, &successor).await;
    assert_eq!(reuses(&world).await.len(), 1);
}

async fn a_reuse_ends_what_a_thief_went_on_to_as_well(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.enter(&ada.found("Acme").await).await;
    let (zeta, beta) = (ada.found("Zeta").await, ada.found("Beta").await);
    let stolen = json!({ "refresh_token": acme.refresh, "organization_id": zeta });
    let thief = Pair::of(&world.nobody().post("/refresh_token", stolen).await.is(200));
    let onward = json!({ "refresh_token": thief.refresh, "organization_id": beta });
    let onward = Pair::of(&world.nobody().post("/refresh_token", onward).await.is(200));
    is_good(&world, &onward.access).await;
    world.advance(10 * SECOND);

    world.nobody().refresh(&acme.refresh).await.is(401);

    for pair in [&thief, &onward] {
        is_refused(&world, &pair.access).await;
        world.nobody().refresh(&pair.refresh).await.is(401);
    }
    is_good(&world, &ada.access).await;
}

async fn a_reuse_ends_one_chain_and_no_other(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.enter(&ada.found("Acme").await).await;
    let zeta = ada.enter(&ada.found("Zeta").await).await;
    refreshed(&world, &acme.refresh).await;
    world.advance(10 * SECOND);

    world.nobody().refresh(&acme.refresh).await.is(401);

    is_refused(&world, &acme.access).await;
    for person in [&ada, &zeta] {
        is_good(&world, &person.access).await;
        refreshed(&world, &person.refresh).await;
    }
    let back = ada.enter(acme.organization()).await;
    assert_ne!(claims(&back.refresh)["cid"], claims(&acme.refresh)["cid"]);
    is_good(&world, &back.access).await;
}

async fn a_hundred_refreshes_at_once_have_one_successor(world: World) {
    let ada = world.person("ada").await;

    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let nobody = world.nobody();
        let token = ada.refresh.clone();
        requests.spawn(async move { nobody.refresh(&token).await });
    }
    let answers = requests.join_all().await;

    let successors: BTreeSet<_> = answers
        .into_iter()
        .map(|answer| claims(&Pair::of(&answer.is(200)).refresh).to_string())
        .collect();
    assert_eq!(successors.len(), 1, "{successors:?}");
    let generations = "SELECT CAST(generation AS TEXT) FROM refresh_chains";
    assert_eq!(world.column(generations).await, ["1"]);
    assert_eq!(reuses(&world).await, [""; 0]);
}

async fn a_refresh_token_lapses_when_nobody_uses_it(world: World) {
    let ada = world.person("ada").await;
    world.advance(7 * DAY - SECOND);
    let last_moment = refreshed(&world, &ada.refresh).await;
    world.advance(7 * DAY);

    let too_late = world.nobody().refresh(&last_moment.refresh).await;

    too_late.problem(401, "invalid_token");
    assert_eq!(reuses(&world).await, [""; 0]);
}

async fn a_session_lapses_however_busy_it_is(world: World) {
    let ada = world.person("ada").await;
    let mut pair = refreshed(&world, &ada.refresh).await;
    for _ in 0..4 {
        world.advance(6 * DAY);
        pair = refreshed(&world, &pair.refresh).await;
    }
    world.advance(6 * DAY - 100 * SECOND);

    let last = world.nobody().refresh(&pair.refresh).await.is(200);

    assert_eq!(last.json()["expires_in"], 100);
    let last = Pair::of(&last);
    is_good(&world, &last.access).await;
    world.advance(100 * SECOND);
    is_dead(&world, &last).await;
}

async fn an_access_token_lapses(world: World) {
    let ada = world.person("ada").await;
    world.advance(299 * SECOND);
    is_good(&world, &ada.access).await;
    world.advance(SECOND);

    let lapsed = ada.get("/users/me").await;

    assert!(
        lapsed
            .header("www-authenticate")
            .unwrap()
            .contains("invalid_token")
    );
    lapsed.problem(401, "invalid_token");
    let renewed = refreshed(&world, &ada.refresh).await;
    is_good(&world, &renewed.access).await;
}

/// Also where a second has begun: tokens know no parts of one.
async fn an_access_token_is_good_as_long_as_it_says(world: World) {
    world.register("ada").await;
    world.advance(Duration::from_millis(900));
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });

    let answer = world.nobody().post("/login", body).await.is(200);
    let says = Duration::from_secs(answer.json()["expires_in"].as_u64().unwrap());
    world.advance(says - Duration::from_millis(1));

    is_good(&world, &Pair::of(&answer).access).await;
}

async fn a_logout_ends_every_token_of_the_session_at_once(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.enter(&ada.found("Acme").await).await;
    let acme_later = refreshed(&world, &acme.refresh).await;
    let zeta = ada.enter(&ada.found("Zeta").await).await;

    zeta.request("POST", "/logout").answer().await.is(200);

    for person in [&ada, &acme, &zeta] {
        is_refused(&world, &person.access).await;
        world
            .nobody()
            .refresh(&person.refresh)
            .await
            .problem(401, "invalid_token");
    }
    is_dead(&world, &acme_later).await;
    assert_eq!(reuses(&world).await, [""; 0]);
}

async fn a_logout_ends_what_is_made_beside_it(world: World) {
    let ada = world.person("ada").await;
    let organizations = [ada.found("Acme").await, ada.found("Zeta").await];

    let mut requests = JoinSet::new();
    for number in 0..24 {
        let request = match number {
            12 => ada.request("POST", "/logout"),
            _ if number % 2 == 0 => {
                let token = json!({ "refresh_token": ada.refresh });
                world
                    .nobody()
                    .request("POST", "/refresh_token")
                    .json(&token)
            }
            _ => {
                let organization = json!({ "org_id": organizations[number % 4 / 2] });
                ada.request("POST", "/organization/select")
                    .json(&organization)
            }
        };
        requests.spawn(request.answer());
    }
    let answers = requests.join_all().await;

    let with_tokens = answers
        .iter()
        .filter(|answer| answer.text.contains("access_token"));
    for pair in with_tokens.map(Pair::of) {
        is_dead(&world, &pair).await;
    }
    assert_eq!(
        answers.iter().filter(|answer| answer.status >= 500).count(),
        0
    );
}

async fn a_logout_ends_no_other_session(world: World) {
    let at_home = world.person("ada").await;
    let at_work = world.sign_in("ada").await;
    let eve = world.person("eve").await;

    at_home.request("POST", "/logout").answer().await.is(200);

    is_refused(&world, &at_home.access).await;
    for person in [at_work, eve] {
        is_good(&world, &person.access).await;
        refreshed(&world, &person.refresh).await;
    }
}

async fn a_logout_with_a_spent_token_is_a_logout(world: World) {
    let ada = world.person("ada").await;
    let successor = refreshed(&world, &ada.refresh).await;
    world.advance(60 * SECOND);

    let body = json!({ "refresh_token": ada.refresh });
    world.nobody().post("/logout", body).await.is(200);

    is_dead(&world, &successor).await;
}

async fn entering_twice_disturbs_nobody(world: World) {
    let ada = world.person("ada").await;
    let organization = ada.found("Acme").await;
    let zeta = ada.enter(&ada.found("Zeta").await).await;

    let first = ada.enter(&organization).await;
    let second = ada.enter(&organization).await;

    for person in [&ada, &zeta, &first, &second] {
        is_good(&world, &person.access).await;
        refreshed(&world, &person.refresh).await;
    }
    let third = ada.enter(&organization).await;
    refreshed(&world, &third.refresh).await;
    assert_eq!(reuses(&world).await, [""; 0]);
}

async fn entering_eight_times_at_once_starts_one_chain(world: World) {
    let ada = world.person("ada").await;
    let organization = ada.found("Acme").await;

    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let (ada, organization) = (ada.clone(), organization.clone());
        requests.spawn(async move { ada.enter(&organization).await });
    }
    let entered = requests.join_all().await;

    let chains: BTreeSet<_> = entered
        .iter()
        .map(|person| claims(&person.refresh)["cid"].to_string())
        .collect();
    assert_eq!(chains.len(), 1);
    for person in entered {
        is_good(&world, &person.access).await;
    }
}

async fn a_session_outlives_a_restart(world: World) {
    let owner = world.owner("ada", "Acme").await;

    let world = world.with(|_| ()).await;

    is_good(&world, &owner.access).await;
    let pair = refreshed(&world, &owner.refresh).await;
    let there = world.nobody().bearing(&pair.access);
    assert_eq!(
        there.get("/api/v1/organization").await.is(200).id(),
        owner.organization()
    );
}

async fn a_page_of_another_origin_cannot_use_the_cookie(world: World) {
    let ada = world.person("ada").await;
    let before = world.state().await;
    let own = world.origin();
    let origins = [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        String::new(),
        format!("{own}.evil.example"),
        format!("{own}0"),
        format!("{own}/"),
        own.replace("http:", "https:"),
        own.replace("127.0.0.1", "user@127.0.0.1"),
    ];

    for origin in origins {
        for path in [
            "/refresh_token",
            "/logout",
            "/api/v1/auth/refresh",
            "/api/v1/auth/logout",
        ] {
            let request = with_cookie(&world.nobody(), path, &ada.refresh);
            let answer = request.header("origin", &origin).answer().await;

            answer.problem(403, "forbidden");
        }
    }
    assert_eq!(world.state().await, before);
}

async fn a_page_of_our_own_origin_uses_the_cookie(world: World) {
    let ada = world.person("ada").await;

    let request = with_cookie(&world.nobody(), "/refresh_token", &ada.refresh);
    let answer = request.header("origin", world.origin()).answer().await;

    answer.is(200);
}

async fn a_page_of_the_public_origin_uses_the_cookie(world: World) {
    let public = Some("https://app.example.com/bailiwick".to_owned());
    let world = world.with(|config| config.http.public_url = public).await;
    let ada = world.person("ada").await;
    let from = |origin: &str, token: &str| {
        let request = with_cookie(&world.nobody(), "/refresh_token", token);
        request.header("origin", origin)
    };

    let other_host = from("https://example.com", &ada.refresh).answer().await;
    let other_port = from("https://app.example.com:8443", &ada.refresh)
        .answer()
        .await;
    let public = from("https://app.example.com", &ada.refresh).answer().await;

    other_host.problem(403, "forbidden");
    other_port.problem(403, "forbidden");
    public.is(200);
}

async fn a_bearer_token_makes_the_cookie_invisible(world: World) {
    let ada = world.person("ada").await;
    let eve = world.person("eve").await;
    let before = world.state().await;

    let refreshed = with_cookie(&ada, "/refresh_token", &ada.refresh)
        .answer()
        .await;
    let with_nonsense = with_cookie(&world.nobody().bearing("x"), "/logout", &ada.refresh);
    let with_nonsense = with_nonsense.answer().await;
    let unchanged = world.state().await;
    let ended = with_cookie(&eve, "/logout", &ada.refresh).answer().await;

    refreshed.is(401);
    with_nonsense.is(401);
    assert_eq!(unchanged, before);
    ended.is(200);
    is_refused(&world, &eve.access).await;
    is_good(&world, &ada.access).await;
}

async fn a_refused_refresh_leaves_the_cookie_alone(world: World) {
    let ada = world.person("ada").await;
    refreshed(&world, &ada.refresh).await;
    world.advance(10 * SECOND);

    let reused = with_cookie(&world.nobody(), "/refresh_token", &ada.refresh)
        .answer()
        .await;
    let nonsense = with_cookie(&world.nobody(), "/refresh_token", "x")
        .answer()
        .await;

    assert_eq!((cookie(&reused), cookie(&nonsense)), (None, None));
    reused.problem(401, "invalid_token");
    nonsense.problem(401, "invalid_token");
}

async fn a_token_of_one_kind_is_none_of_the_other(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let nobody = world.nobody();
    let before = world.state().await;

    let answers = [
        nobody.bearing(&owner.refresh).get("/users/me").await,
        nobody.bearing(&owner.refresh).get("/api/v1/projects").await,
        nobody
            .bearing(&owner.refresh)
            .request("POST", "/logout")
            .answer()
            .await,
        nobody.refresh(&owner.access).await,
        nobody
            .post("/logout", json!({ "refresh_token": owner.access }))
            .await,
        with_cookie(&nobody, "/refresh_token", &owner.access)
            .answer()
            .await,
        with_cookie(&nobody, "/logout", &owner.access)
            .answer()
            .await,
    ];

    for answer in answers {
        answer.problem(401, "invalid_token");
    }
    assert_eq!(world.state().await, before);
}

async fn a_token_that_was_touched_is_no_token(world: World) {
    let ada = world.person("ada").await;
    let eve = world.person("eve").await;
    let before = world.state().await;

    for (token, other) in [(&ada.access, &eve.access), (&ada.refresh, &eve.refresh)] {
        let parts: Vec<_> = token.split('.').collect();
        let [head, body, signature] = parts[..] else {
            panic!("{token}")
        };
        let others: Vec<_> = other.split('.').collect();
        let mut touched = vec![
            format!("{head}.{body}."),
            format!("{head}.{body}"),
            format!("{head}..{signature}"),
            format!(".{body}.{signature}"),
            format!("{head}.{body}.{}", others[2]),
            format!("{head}.{}.{signature}", others[1]),
            format!("{token}.{signature}"),
            format!("{token}="),
            format!("{token}A"),
            token[..token.len() - 4].to_owned(),
            token.to_uppercase(),
            ".".to_owned(),
            "..".to_owned(),
            "a.b.c".to_owned(),
            "%00".to_owned(),
        ];
        for place in (0..token.len()).step_by(7).chain([token.len() - 1]) {
            touched.push(with_another_letter(token, place));
        }
        for token in touched {
            is_no_token(&world, &token).await;
        }
    }
    assert_eq!(world.state().await, before);
}

async fn a_token_with_another_claim_is_no_token(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    let far = json!(4_000_000_000_u64);
    let touches = [
        (&owner.access, "exp", far.clone()),
        (&owner.access, "sub", claims(&eve.access)["sub"].clone()),
        (&owner.access, "org_id", json!(eve.organization())),
        (&owner.access, "org_id", json!(unknown("org"))),
        (&owner.access, "org_id", Value::Null),
        (&owner.refresh, "exp", far),
        (&owner.refresh, "gen", json!(1)),
        (&owner.refresh, "cid", claims(&eve.refresh)["cid"].clone()),
        (&owner.refresh, "sub", claims(&eve.refresh)["sub"].clone()),
    ];

    for (token, claim, value) in touches {
        let mut body = claims(token);
        body[claim] = value;
        let parts: Vec<_> = token.split('.').collect();

        is_no_token(
            &world,
            &format!("{}.{}.{}", parts[0], encoded(&body), parts[2]),
        )
        .await;
    }
}

async fn a_token_that_asks_for_another_key_is_no_token(world: World) {
    let ada = world.person("ada").await;
    let parts: Vec<_> = ada.access.split('.').collect();
    let refresh_key = header(&ada.refresh)["kid"].clone();
    let touches = [
        ("kid", refresh_key),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", Value::Null),
        ("typ", json!("JWT")),
        ("typ", json!("rt+jwt")),
        ("alg", json!("ES384")),
        ("alg", json!("RS256")),
        ("crit", json!(["exp"])),
        ("jku", json!("http://127.0.0.1:1/jwks.json")),
    ];

    for (field, value) in touches {
        let mut head = header(&ada.access);
        head[field] = value;

        is_no_token(
            &world,
            &format!("{}.{}.{}", encoded(&head), parts[1], parts[2]),
        )
        .await;
    }
}

async fn a_token_that_nobody_signed_is_no_token(world: World) {
    let owner = world.owner("ada", "Acme").await;

    for token in [&owner.access, &owner.refresh] {
        for algorithm in ["none", "None", "NONE", "nOnE", ""] {
            let mut head = header(token);
            head["alg"] = json!(algorithm);
            let unsigned = format!("{}.{}", encoded(&head), encoded(&claims(token)));

            is_no_token(&world, &format!("{unsigned}.")).await;
            is_no_token(&world, &unsigned).await;
            is_no_token(&world, &format!("{unsigned}.{}", encoded(&json!("x")))).await;
        }
    }
}

async fn a_token_signed_with_the_public_key_is_no_token(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let keys = world.column("SELECT public_jwk FROM signing_keys").await;
    assert!(!keys.is_empty());

    for key in keys {
        for secret in spellings(&key) {
            for token in [&owner.access, &owner.refresh] {
                let forged = signed(
                    token,
                    Algorithm::HS256,
                    &EncodingKey::from_secret(&secret),
                    &Value::Null,
                );

                is_no_token(&world, &forged).await;
            }
        }
    }
}

async fn a_token_signed_with_a_strangers_key_is_no_token(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
    let public = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();

    for token in [&owner.access, &owner.refresh] {
        let plain = signed(token, Algorithm::ES256, &key, &Value::Null);
        let with_its_key = signed(
            token,
            Algorithm::ES256,
            &key,
            &serde_json::to_value(&public).unwrap(),
        );

        is_no_token(&world, &plain).await;
        is_no_token(&world, &with_its_key).await;
    }
}

async fn a_token_of_another_deployment_is_no_token(world: World) {
    let elsewhere = World::sqlite().await;
    let there = elsewhere.owner("ada", "Acme").await;
    world.owner("ada", "Acme").await;

    is_no_token(&world, &there.access).await;
    is_no_token(&world, &there.refresh).await;
}

async fn a_token_that_is_too_long_is_not_looked_at(world: World) {
    let ada = world.person("ada").await;

    for length in [5_000, 12_000] {
        let token = format!("{}{}", ada.access, "A".repeat(length));
        is_no_token(&world, &token).await;
        is_no_token(&world, &"A".repeat(length)).await;
    }
    let longer = world
        .nobody()
        .bearing("A".repeat(60_000))
        .get("/users/me")
        .await;
    let far_longer = world.nobody().refresh(&"A".repeat(60_000)).await;

    longer.problem(401, "invalid_token");
    far_longer.problem(413, "body_too_large");
}

async fn another_scheme_is_no_bearer(world: World) {
    let ada = world.person("ada").await;
    let nobody = world.nobody();
    let with = async |authorization: &str| {
        let request = nobody.request("GET", "/users/me");
        request
            .header("authorization", authorization)
            .answer()
            .await
    };

    let lower_case = with(&format!("bearer {}", ada.access)).await;
    let strange = [
        ada.access.clone(),
        format!("Basic {}", ada.access),
        format!("Token {}", ada.access),
        format!("Bearer{}", ada.access),
        format!("Bearer,{}", ada.access),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
    ];

    lower_case.is(200);
    for authorization in strange {
        let answer = with(&authorization).await.is(401);
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Bearer")
        );
    }
}

async fn the_database_holds_no_token_and_no_password(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.enter(&ada.found("Acme").await).await;
    let later = refreshed(&world, &acme.refresh).await;

    let state = format!("{:?}", world.state().await);

    for token in [
        &ada.access,
        &ada.refresh,
        &acme.refresh,
        &later.access,
        &later.refresh,
    ] {
        let signature = token.rsplit('.').next().unwrap();
        assert!(!state.contains(signature));
    }
    let mac = claims(&later.refresh)["mac"].as_str().unwrap().to_owned();
    assert!(!state.contains(&mac));
    assert!(!state.contains(PASSWORD));
}

struct Pair {
    access: String,
    refresh: String,
}

impl Pair {
    fn of(answer: &Answer) -> Self {
        let pair = answer.json();
        let token = |key: &str| pair[key].as_str().unwrap().to_owned();
        Self {
            access: token("access_token"),
            refresh: token("refresh_token"),
        }
    }
}

async fn refreshed(world: &World, token: &str) -> Pair {
    Pair::of(&world.nobody().refresh(token).await.is(200))
}

async fn is_good(world: &World, access: &str) {
    world
        .nobody()
        .bearing(access)
        .get("/users/me")
        .await
        .is(200);
}

async fn is_refused(world: &World, access: &str) {
    let answer = world.nobody().bearing(access).get("/users/me").await;
    answer.problem(401, "invalid_token");
}

async fn is_dead(world: &World, pair: &Pair) {
    is_refused(world, &pair.access).await;
    let answer = world.nobody().refresh(&pair.refresh).await;
    answer.problem(401, "invalid_token");
}

/// Whatever it is, nothing takes it.
async fn is_no_token(world: &World, token: &str) {
    let nobody = world.nobody();
    let answers = [
        nobody.bearing(token).get("/users/me").await,
        nobody.bearing(token).get("/api/v1/projects").await,
        nobody.refresh(token).await,
        nobody
            .post("/logout", json!({ "refresh_token": token }))
            .await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 401, "{} for `{token}`", answer.text);
    }
}

/// The chains that were ended because a spent token came back.
async fn reuses(world: &World) -> Vec<String> {
    let events = world.audit_events().await;
    events
        .into_iter()
        .filter(|event| event.action == "session:reuse_detected")
        .map(|event| event.target)
        .collect()
}

fn place(claims: &Value) -> (Value, u64) {
    (claims["cid"].clone(), generation(claims))
}

fn generation(claims: &Value) -> u64 {
    claims["gen"].as_u64().unwrap()
}

fn with_cookie(client: &Client, path: &str, token: &str) -> RequestBuilder {
    client
        .request("POST", path)
        .header("cookie", format!("{COOKIE}={token}"))
}

fn encoded(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}

fn with_another_letter(token: &str, place: usize) -> String {
    let mut bytes = token.as_bytes().to_vec();
    bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

/// What the token says, signed by somebody else; with the key to check it in its header, if one is given.
fn signed(token: &str, algorithm: Algorithm, key: &EncodingKey, jwk: &Value) -> String {
    let mut head = Header::new(algorithm);
    head.typ = header(token)["typ"].as_str().map(str::to_owned);
    head.kid = header(token)["kid"].as_str().map(str::to_owned);
    head.jwk = serde_json::from_value(jwk.clone()).unwrap();
    encode(&head, &claims(token), key).unwrap()
}

/// All that somebody may take for the bytes of a public key.
fn spellings(jwk: &str) -> Vec<Vec<u8>> {
    /// The head of a `SubjectPublicKeyInfo` of a point on P-256 (RFC 5480 §2).
    const SPKI: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let key: Value = serde_json::from_str(jwk).unwrap();
    let [x, y] = ["x", "y"].map(|axis| {
        BASE64_URL_SAFE_NO_PAD
            .decode(key[axis].as_str().unwrap())
            .unwrap()
    });
    let axes = [x, y].concat();
    let point = [vec![4], axes.clone()].concat();
    let der = [SPKI.to_vec(), point.clone()].concat();
    let text = BASE64_STANDARD.encode(&der);
    let (first, second) = text.split_at(64);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n");
    vec![
        jwk.as_bytes().to_vec(),
        axes,
        point,
        der,
        pem.trim_end().as_bytes().to_vec(),
        pem.into_bytes(),
    ]
}
