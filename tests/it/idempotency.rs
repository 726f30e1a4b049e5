//! `Idempotency-Key`: what was asked for twice is done once, and answered the same.

use crate::{
    acts::{PROJECTS, SERVICE_ACCOUNTS, at_once},
    samples::{filled, sample, things_of},
    world::{Answer, Ask, Client, PASSWORD, World, email, eventually},
};
use bailiwick_api::routes::{Route, routes};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::time::Duration;

both!(
    every_creating_row_does_the_same_request_once,
    a_key_is_good_for_one_request,
    a_key_is_its_owners_in_their_organization,
    of_the_same_request_at_once_one_is_done,
    an_answer_is_kept_for_a_day,
    a_refusal_is_not_kept,
    whoever_may_no_more_is_not_answered,
    an_answer_lasts_with_its_change_or_not_at_all,
    nothing_that_is_kept_can_be_read,
    a_key_is_one_visible_word,
    one_letter_goes_out,
);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A request with this key.
fn keyed(client: &Client, path: &str, key: &str, body: &Value) -> RequestBuilder {
    let request = client.request("POST", path).header("idempotency-key", key);
    request.json(body)
}

/// A new service account: nothing of it has to be unique.
async fn service_account(client: &Client, key: &str, name: &str) -> Answer {
    let body = json!({ "name": name, "roles": ["member"] });
    keyed(client, SERVICE_ACCOUNTS, key, &body).answer().await
}

async fn every_creating_row_does_the_same_request_once(world: World) {
    let owner = world.owner("ada", "Analytical").await;
    let friend = world.member(&owner, "bob", "member").await;
    let things = things_of(&owner).await;
    let friend = owner.member_id_of(&email(&friend.name)).await;
    let routes = routes();
    let keyed_rows: Vec<_> = routes.iter().filter(|row| row.keyed).collect();
    assert!(keyed_rows.len() > 10);

    for (number, row) in keyed_rows.into_iter().enumerate() {
        let prefix = things.keys().find(|prefix| {
            let ids = [("/api/v1/projects/", "proj"), ("/api/v1/api-keys/", "key")];
            ids.iter()
                .any(|(path, id)| row.path.starts_with(path) && id == *prefix)
        });
        let id = prefix.map_or("", |prefix| &things[prefix]);
        let path = filled(row.path, id, &friend);
        let body = body(row, number, &things["svc"], &friend);
        let key = format!("key-{number}");
        let ask = async || keyed(&owner, &path, &key, &body).answer().await;

        let first = ask().await;
        assert!(matches!(first.status, 200 | 201), "{path}: {}", first.text);
        let state = world.state().await;
        let again = ask().await;

        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{path}");
        assert_eq!(first.header("idempotency-replayed"), None);
        assert_eq!((again.status, &again.text), (first.status, &first.text));
        assert_eq!(again.header("etag"), first.header("etag"), "{path}");
        assert!(world.state().await == state, "{path} was done again");
    }
    // What answers that something was made is recognized, whoever adds it.
    let document = routes.openapi();
    for row in routes.iter() {
        let answers = &document["paths"][row.path][row.method.as_str().to_lowercase()]["responses"];
        assert!(row.keyed || answers.get("201").is_none(), "{row:?}");
    }
}

/// A body that the row takes, and that nobody has sent before.
fn body(row: &Route, number: usize, machine: &str, member: &str) -> Value {
    let name = format!("Number {number}");
    let address = email(&format!("number-{number}"));
    match row.path {
        path if path.ends_with("/register") && row.path != "/organization/register" => {
            json!({ "name": name, "email": address, "password": PASSWORD })
        }
        "/organization/add_users" | "/api/v1/members" | "/api/v1/invitations" => {
            json!({ "email": address, "role": "member" })
        }
        "/api/v1/organization/transfer" | "/api/v1/projects/{id}/members" => {
            json!({ "member_id": member })
        }
        "/api/v1/roles" => json!({ "name": name, "permissions": ["project:read"] }),
        "/api/v1/service-accounts" => json!({ "name": name, "roles": ["member"] }),
        "/api/v1/api-keys" => json!({
            "service_account_id": machine,
            "name": name,
            "permissions": ["project:read"],
            "expires_at": "2027-06-01T00:00:00Z",
        }),
        "/api/v1/api-keys/{id}/rotate" => json!({}),
        // What has a name in its sample has another one here.
        _ => {
            serde_json::from_str(&sample(row).unwrap().to_string().replace("Zeta", &name)).unwrap()
        }
    }
}

async fn a_key_is_good_for_one_request(world: World) {
    let owner = world.owner("ada", "Analytical").await;
    service_account(&owner, "k", "one").await.is(201);
    let state = world.state().await;

    let other_body = service_account(&owner, "k", "two").await;
    let other_path = keyed(&owner, PROJECTS, "k", &json!({ "name": "one" }));

    other_body.problem(400, "idempotency_key_reused");
    let other_path = other_path.answer().await;
    other_path.problem(400, "idempotency_key_reused");
    assert!(world.state().await == state);
    service_account(&owner, "k2", "two").await.is(201);
}

async fn a_key_is_its_owners_in_their_organization(world: World) {
    let ada = world.owner("ada", "Analytical").await;
    let bob = world.member(&ada, "bob", "admin").await;
    let elsewhere = ada.found("Difference").await;
    let ada_elsewhere = ada.enter(&elsewhere).await;
    let machine = ada.service_account("robot", &["admin"]).await;
    let key = ada.api_key(&machine, &["project:create"]).await;
    let robot = world.nobody().bearing(key.text);

    let body = json!({ "name": "Apollo" });
    let first = keyed(&ada, PROJECTS, "k", &body).answer().await.is(201);
    let theirs = keyed(&ada_elsewhere, PROJECTS, "k", &body);
    let theirs = theirs.answer().await.is(201);
    let same = keyed(&ada, PROJECTS, "k", &body).answer().await.is(201);

    assert_ne!(first.id(), theirs.id());
    assert_eq!(first.id(), same.id());
    for other in [&*bob, &robot] {
        let answer = keyed(other, PROJECTS, "k", &body).answer().await;
        answer.problem(400, "project_name_taken");
    }
    // About one's own account a key is the same, whichever organization the token is for.
    let body = json!({ "name": "Third" });
    let founded = keyed(&ada, "/api/v1/organizations", "f", &body)
        .answer()
        .await;
    let again = keyed(&ada_elsewhere, "/api/v1/organizations", "f", &body);
    assert_eq!(again.answer().await.is(201).id(), founded.is(201).id());
}

async fn of_the_same_request_at_once_one_is_done(world: World) {
    let owner = world.owner("ada", "Analytical").await;
    let accounts = async || {
        world
            .column("SELECT name FROM service_accounts")
            .await
            .len()
    };
    for round in 0..10 {
        let before = accounts().await;
        let key = format!("k{round}");
        let robot = json!({ "name": "robot", "roles": ["member"] });
        let request = || keyed(&owner, SERVICE_ACCOUNTS, &key, &robot);
        let asked = at_once((0..8).map(|_| request()).collect()).await;

        let made: Vec<_> = asked.iter().filter(|one| one.status == 201).collect();
        assert!(!made.is_empty() && made.iter().all(|one| one.text == made[0].text));
        for late in asked.iter().filter(|one| one.status != 201) {
            late.clone().problem(409, "idempotency_key_in_flight");
            assert_eq!(late.header("retry-after"), Some("1"));
        }
        assert_eq!(accounts().await, before + 1);

        // Something that is unique as well.
        let project = json!({ "name": key });
        let key = format!("p{round}");
        let request = || keyed(&owner, PROJECTS, &key, &project);
        let asked = at_once((0..8).map(|_| request()).collect()).await;
        let statuses: Vec<_> = asked.iter().map(|one| one.status).collect();
        assert!(statuses.contains(&201), "{statuses:?}");
        assert!(
            statuses.iter().all(|one| [201, 409].contains(one)),
            "{statuses:?}"
        );
    }
}

async fn an_answer_is_kept_for_a_day(world: World) {
    let owner = world.owner("ada", "Analytical").await;
    let again = async || {
        let owner = world.sign_in("ada").await.enter(owner.organization()).await;
        service_account(&owner, "k", "robot").await.is(201).id()
    };
    let first = again().await;

    world.advance(DAY - Duration::from_secs(1));
    assert_eq!(again().await, first);
    world.advance(Duration::from_secs(1));
    let second = again().await;

    assert_ne!(second, first);
    assert_eq!(again().await, second);

    // When it starts, and every hour, what is kept no longer goes.
    world.advance(DAY);
    let world = world.with(|_| ()).await;
    eventually(async || world.dump("kept_answers").await.is_empty().then_some(())).await;
}

async fn a_refusal_is_not_kept(world: World) {
    let owner = world.owner("ada", "Analytical").await;
    owner.project("Apollo").await;
    let ask = async |name: Value| {
        let body = json!({ "name": name });
        keyed(&owner, PROJECTS, "k", &body).answer().await
    };

    ask(json!("")).await.problem(400, "invalid_body");
    ask(json!("Apollo"))
        .await
        .problem(400, "project_name_taken");
    ask(json!("Gemini")).await.is(201);
    ask(json!("Apollo"))
        .await
        .problem(400, "idempotency_key_reused");
}

async fn whoever_may_no_more_is_not_answered(world: World) {
    let owner = world.owner("ada", "Analytical").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let body = json!({ "name": "Apollo" });
    let create = async |client: &Client| keyed(client, PROJECTS, "k", &body).answer().await;
    let project = create(&admin).await.is(201).id();
    let member = owner.member_id_of(&email("bob")).await;
    let share = format!("/api/v1/projects/{project}/members");
    let shared = json!({ "member_id": member });
    keyed(&admin, &share, "s", &shared).answer().await.is(201);

    let roles = format!("/api/v1/members/{member}/roles");
    owner
        .put_if(&roles, "*", json!({ "roles": ["member"] }))
        .await
        .is(200);

    create(&admin).await.problem(403, "forbidden");
    keyed(&admin, &share, "s", &shared)
        .answer()
        .await
        .problem(403, "forbidden");
    world
        .nobody()
        .request("POST", "/api/v1/projects")
        .header("idempotency-key", "k")
        .json(&body)
        .answer()
        .await
        .is(401);
}

async fn an_answer_lasts_with_its_change_or_not_at_all(world: World) {
    let owner = world.owner("ada", "Analytical").await;
    world.attempt(if world.is_on_sqlite() {
        "CREATE TRIGGER full BEFORE INSERT ON kept_answers BEGIN SELECT RAISE(ABORT, 'no'); END"
    } else {
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER full_ BEFORE INSERT ON kept_answers FOR EACH ROW EXECUTE FUNCTION no()"
    }).await.unwrap();
    let state = world.state().await;

    let body = json!({ "name": "Apollo" });
    let cut_off = keyed(&owner, PROJECTS, "k", &body).answer().await;

    cut_off.problem(500, "internal");
    assert!(world.state().await == state, "half of it was done");
    world
        .attempt(if world.is_on_sqlite() {
            "DROP TRIGGER full"
        } else {
            "DROP TRIGGER full_ ON kept_answers"
        })
        .await
        .unwrap();
    keyed(&owner, PROJECTS, "k", &body).answer().await.is(201);
}

async fn nothing_that_is_kept_can_be_read(world: World) {
    let owner = world.owner("ada", "Analytical").await;
    let machine = owner.service_account("robot", &["member"]).await;
    let body = json!({
        "service_account_id": machine,
        "name": "canary-name",
        "permissions": ["project:read"],
        "expires_at": "2027-06-01T00:00:00Z",
    });
    let made = keyed(&owner, "/api/v1/api-keys", "canary-key", &body)
        .answer()
        .await
        .is(201);
    let secret = made.json()["key"].as_str().unwrap().to_owned();

    let kept = world.dump("kept_answers").await.join("\n").to_lowercase();

    assert!(!kept.is_empty());
    for canary in [secret.as_str(), "canary-name", "canary-key", &machine] {
        let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(
            !kept.contains(&canary.to_lowercase()) && !kept.contains(&hex),
            "{canary}"
        );
    }
    // An answer opens in its own place alone.
    service_account(&owner, "k", "other").await.is(201);
    world
        .execute("UPDATE kept_answers SET answer = (SELECT answer FROM kept_answers ORDER BY answer LIMIT 1)")
        .await;
    let answers = [
        service_account(&owner, "k", "other").await,
        keyed(&owner, "/api/v1/api-keys", "canary-key", &body)
            .answer()
            .await,
    ];
    let mut codes = answers.map(|answer| answer.code());
    codes.sort();
    assert_eq!(codes, ["", "corrupt"]);
}

async fn a_key_is_one_visible_word(world: World) {
    let owner = world.owner("ada", "Analytical").await;
    for bad in ["", "two words", "é", &"x".repeat(256)] {
        let answer = service_account(&owner, bad, "robot").await;
        answer.problem(400, "invalid_idempotency_key");
    }
    let body = json!({ "name": "robot", "roles": ["member"] });
    let twice = keyed(&owner, SERVICE_ACCOUNTS, "a", &body).header("idempotency-key", "b");
    twice.answer().await.problem(400, "invalid_idempotency_key");
    service_account(&owner, &"x".repeat(255), "robot")
        .await
        .is(201);
}

/// Also where nobody learns from the answer who has an account.
async fn one_letter_goes_out(world: World) {
    let world = world
        .with(|config| config.registration.verify_email = true)
        .await;
    let body = json!({ "name": "Eve", "email": email("eve"), "password": PASSWORD });
    let ask = async || {
        keyed(&world.nobody(), "/users/register", "k", &body)
            .answer()
            .await
            .is(202)
    };
    let first = ask().await;
    world.mailed_token("eve", "verify-email").await;
    world.forget_mails();

    let again = ask().await;

    assert_eq!(
        (again.text.as_str(), again.header("idempotency-replayed")),
        (first.text.as_str(), Some("true"))
    );
    // Letters go out in order: had there been another one to Eve, it would be there before this one.
    let other = json!({ "name": "Zoe", "email": email("zoe"), "password": PASSWORD });
    world.nobody().post("/users/register", other).await.is(202);
    world.mailed_token("zoe", "verify-email").await;
    assert_eq!(world.letters(), 1);
}
