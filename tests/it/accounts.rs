//! Accounts: their sessions, passwords and mail, as their owners meet them.

use crate::world::{Ask, PASSWORD, Person, World, claims, email};
use serde_json::{Value, json};
use std::time::Duration;

both!(
    sessions_are_listed_with_where_they_come_from,
    one_session_is_ended_from_another_at_once,
    all_other_sessions_are_ended_at_once,
    signing_out_everywhere_ends_this_session_too,
    a_session_of_somebody_else_does_not_exist,
    a_closed_account_is_refused_at_the_next_request,
    whatever_is_suspended_is_refused_at_the_next_request,
    a_password_is_changed_and_ends_the_other_sessions,
    a_password_is_not_changed_without_the_current_one,
    a_password_is_not_changed_long_after_signing_in,
    a_weak_password_is_refused_wherever_one_is_chosen,
    the_policy_of_passwords_is_public,
    a_forgotten_password_is_reset_by_mail_once,
    a_change_of_password_makes_the_mail_worthless,
    whoever_resets_by_mail_is_known_by_the_device_from_then_on,
    a_mail_for_one_purpose_serves_no_other,
    a_newer_mail_supersedes_the_older_one,
    a_mail_lapses,
    an_address_is_verified_by_mail,
    who_has_an_account_is_told_by_mail_alone,
    whoever_squats_on_an_address_loses_it_to_its_owner,
    a_page_of_another_origin_signs_nobody_in,
    a_password_that_was_reset_meanwhile_opens_nothing,
    an_old_hash_is_made_anew_at_the_next_sign_in,
);

const NEXT: &str = "another long passphrase";
/// A hash of [`NEXT`].
const NEXT_HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IG9mIDE2IG9jdA$qEA+VOb9RBHs5b2R0rJcNzFClvSDpNoaWlvx+tMht+Q";
/// A hash of [`PASSWORD`] at another price than the service pays.
const OLD_HASH: &str = "$argon2id$v=19$m=16,t=2,p=1$YSBzYWx0IG9mIDE2IG9jdA$sY/qZZpKDRaNkMg/lUEpQAeGX/8IQcyMbuooY7P6HOk";

impl World {
    /// What signing in with this password answers.
    async fn knocks(&self, name: &str, password: &str) -> u16 {
        let body = json!({ "email": email(name), "password": password });
        self.nobody().post("/login", body).await.status
    }
}

async fn ids(person: &Person) -> Vec<String> {
    let list = person.get("/api/v1/me/sessions").await.is(200);
    list.rows()
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn sessions_are_listed_with_where_they_come_from(world: World) {
    let first = world.person("ada").await;
    world.advance(Duration::from_secs(60));
    let body = json!({ "email": email("ada"), "password": PASSWORD });
    let phone = world
        .nobody()
        .request("POST", "/login")
        .header("user-agent", "Phone/1.0");
    phone.json(&body).answer().await.is(200);
    world.advance(Duration::from_secs(60));
    first.refresh(&first.refresh).await.is(200);

    let rows = first.get("/api/v1/me/sessions").await.is(200).rows();

    let of = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["current"], &rows[1]["current"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        of(&rows[0], "id"),
        claims(&first.access)["sid"].as_str().unwrap()
    );
    assert_eq!(of(&rows[1], "user_agent"), "Phone/1.0");
    assert_eq!(of(&rows[1], "address"), "127.0.0.1");
    assert_eq!(of(&rows[1], "created_at"), of(&rows[1], "last_seen_at"));
    assert!(of(&rows[0], "created_at") < of(&rows[0], "last_seen_at"));
}

async fn one_session_is_ended_from_another_at_once(world: World) {
    let here = world.person("ada").await;
    let there = world.sign_in("ada").await;

    let ended = claims(&there.access)["sid"].as_str().unwrap().to_owned();
    here.delete(&format!("/api/v1/me/sessions/{ended}"))
        .await
        .is(204);

    there.get("/users/me").await.is(401);
    there.refresh(&there.refresh).await.is(401);
    here.delete(&format!("/api/v1/me/sessions/{ended}"))
        .await
        .problem(404, "not_found");
    assert_eq!(ids(&here).await.len(), 1);
}

async fn all_other_sessions_are_ended_at_once(world: World) {
    let here = world.person("ada").await;
    let others = [world.sign_in("ada").await, world.sign_in("ada").await];
    let stranger = world.person("bob").await;

    let answer = here
        .post("/api/v1/me/sessions/revoke-others", json!({}))
        .await
        .is(200);

    assert_eq!(answer.json(), json!({ "ended": 2 }));
    for other in &others {
        other.get("/users/me").await.is(401);
        other.refresh(&other.refresh).await.is(401);
    }
    here.get("/users/me").await.is(200);
    stranger.get("/users/me").await.is(200);
}

async fn signing_out_everywhere_ends_this_session_too(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let elsewhere = world.sign_in("ada").await;

    let answer = owner.delete("/api/v1/me/sessions").await.is(200);

    assert!(
        answer
            .header("set-cookie")
            .is_some_and(|cookie| cookie.contains("Max-Age=0"))
    );
    for person in [&owner, &elsewhere] {
        person.get("/users/me").await.is(401);
        person.refresh(&person.refresh).await.is(401);
    }
}

async fn a_session_of_somebody_else_does_not_exist(world: World) {
    let ada = world.person("ada").await;
    let bob = world.person("bob").await;
    let his = claims(&bob.access)["sid"].as_str().unwrap().to_owned();

    let foreign = ada.request("DELETE", &format!("/api/v1/me/sessions/{his}"));
    let foreign = foreign.answer_by_name().await.problem(404, "not_found");
    let random = ada.request(
        "DELETE",
        "/api/v1/me/sessions/ses_01h455vb4pex5vsknk084sn02q",
    );
    let random = random.answer_by_name().await;

    assert_eq!(foreign.bytes(), random.bytes());
    bob.get("/users/me").await.is(200);
}

async fn a_closed_account_is_refused_at_the_next_request(world: World) {
    let ada = world.person("ada").await;
    let bob = world.person("bob").await;
    ada.get("/users/me").await.is(200);

    world
        .execute("UPDATE users SET disabled_at = 1 WHERE name = 'ada'")
        .await;

    ada.get("/users/me").await.is(401);
    ada.refresh(&ada.refresh).await.is(401);
    assert_eq!(
        (
            world.knocks("ada", PASSWORD).await,
            world.knocks("bob", PASSWORD).await
        ),
        (401, 200)
    );
    bob.get("/users/me").await.is(200);
}

async fn whatever_is_suspended_is_refused_at_the_next_request(world: World) {
    for table in ["tenants", "members"] {
        let owner = world.owner(table, table).await;
        owner.get("/api/v1/members").await.is(200);

        world
            .execute(&format!("UPDATE {table} SET status = 'suspended'"))
            .await;

        owner.get("/api/v1/members").await.problem(403, "forbidden");
        owner.refresh(&owner.refresh).await.is(401);
        let again = json!({ "org_id": owner.organization() });
        owner
            .post("/organization/select", again)
            .await
            .problem(403, "forbidden");
        world
            .execute(&format!("UPDATE {table} SET status = 'active'"))
            .await;
        owner.get("/api/v1/members").await.is(200);
    }
}

async fn changes(person: &Person, current: &str, new: &str) -> crate::world::Answer {
    let body = json!({ "current_password": current, "new_password": new });
    person
        .request("PUT", "/api/v1/me/password")
        .json(&body)
        .answer()
        .await
}

async fn a_password_is_changed_and_ends_the_other_sessions(world: World) {
    let here = world.person("ada").await;
    let there = world.sign_in("ada").await;

    changes(&here, PASSWORD, NEXT).await.is(204);

    here.get("/users/me").await.is(200);
    there.get("/users/me").await.is(401);
    there.refresh(&there.refresh).await.is(401);
    assert_eq!(
        (
            world.knocks("ada", PASSWORD).await,
            world.knocks("ada", NEXT).await
        ),
        (401, 200)
    );
}

async fn a_password_is_not_changed_without_the_current_one(world: World) {
    let ada = world.person("ada").await;
    let before = world.state().await;

    changes(&ada, NEXT, NEXT)
        .await
        .problem(400, "wrong_password");

    assert_eq!(world.state().await, before);
}

async fn a_password_is_not_changed_long_after_signing_in(world: World) {
    let ada = world.person("ada").await;
    world.advance(Duration::from_secs(10 * 60));
    let later = ada.refresh(&ada.refresh).await.is(200);
    world.advance(Duration::from_secs(5 * 60));
    let later = ada
        .refresh(later.json()["refresh_token"].as_str().unwrap())
        .await
        .is(200);
    let access = later.json()["access_token"].as_str().unwrap().to_owned();

    let body = json!({ "current_password": PASSWORD, "new_password": NEXT });
    let late = world
        .nobody()
        .bearing(access)
        .request("PUT", "/api/v1/me/password");
    let late = late
        .json(&body)
        .answer()
        .await
        .problem(401, "sign_in_again");

    let challenge = late.header("www-authenticate").unwrap();
    assert!(
        challenge.contains(r#"error="insufficient_user_authentication""#),
        "{challenge}"
    );
    assert!(challenge.contains(r#"max_age="900""#), "{challenge}");
    changes(&world.sign_in("ada").await, PASSWORD, NEXT)
        .await
        .is(204);
}

async fn a_weak_password_is_refused_wherever_one_is_chosen(world: World) {
    let ada = world.person("ada").await;

    for weak in [
        "short",
        "password1234",
        "aaaaaaaaaaaaaaa",
        "12345678901234",
        "bailiwick-2026",
    ] {
        let register = json!({ "name": "Bob", "email": email("bob"), "password": weak });
        let register = world.nobody().post("/users/register", register).await;
        let register = register.problem(400, "invalid_body");
        assert_eq!(
            register.json()["errors"][0]["pointer"],
            "#/password",
            "{weak}"
        );
        let change = changes(&ada, PASSWORD, weak)
            .await
            .problem(400, "invalid_body");
        assert_eq!(
            change.json()["errors"][0]["pointer"],
            "#/new_password",
            "{weak}"
        );
    }

    let personal =
        json!({ "name": "Boniface", "email": email("bob"), "password": "boniface-1815" });
    world
        .nobody()
        .post("/users/register", personal)
        .await
        .problem(400, "invalid_body");
}

async fn the_policy_of_passwords_is_public(world: World) {
    let policy = world
        .nobody()
        .get("/api/v1/auth/password/policy")
        .await
        .is(200);

    assert_eq!(policy.json()["min_length"], 12);
    assert_eq!(policy.json()["max_bytes"], 1024);
}

async fn a_forgotten_password_is_reset_by_mail_once(world: World) {
    let ada = world.person("ada").await;

    world
        .nobody()
        .post(
            "/api/v1/auth/password/forgot",
            json!({ "email": email("ada") }),
        )
        .await
        .is(202);
    let token = world.mailed_token("ada", "reset-password").await;
    let body = json!({ "token": token, "password": NEXT });
    world
        .nobody()
        .post("/api/v1/auth/password/reset", body.clone())
        .await
        .is(204);

    ada.get("/users/me").await.is(401);
    ada.refresh(&ada.refresh).await.is(401);
    assert_eq!(
        (
            world.knocks("ada", PASSWORD).await,
            world.knocks("ada", NEXT).await
        ),
        (401, 200)
    );
    let again = world
        .nobody()
        .post("/api/v1/auth/password/reset", body)
        .await;
    again.problem(400, "not_redeemable");
}

async fn a_change_of_password_makes_the_mail_worthless(world: World) {
    let ada = world.person("ada").await;
    let forgot = json!({ "email": email("ada") });
    world
        .nobody()
        .post("/api/v1/auth/password/forgot", forgot)
        .await
        .is(202);
    let token = world.mailed_token("ada", "reset-password").await;

    changes(&ada, PASSWORD, NEXT).await.is(204);

    let body = json!({ "token": token, "password": "whoever reads old mail" });
    let late = world
        .nobody()
        .post("/api/v1/auth/password/reset", body)
        .await;
    late.problem(400, "not_redeemable");
}

async fn whoever_resets_by_mail_is_known_by_the_device_from_then_on(world: World) {
    let world = world.with(|config| config.limits.enabled = true).await;
    world.register("ada").await;
    for _ in 0..10 {
        world.knocks("ada", "a wrong guess of a stranger").await;
    }
    assert_eq!(world.knocks("ada", PASSWORD).await, 429);

    let forgot = json!({ "email": email("ada") });
    world
        .nobody()
        .post("/api/v1/auth/password/forgot", forgot)
        .await
        .is(202);
    let token = world.mailed_token("ada", "reset-password").await;
    let body = json!({ "token": token, "password": NEXT });
    let reset = world
        .nobody()
        .post("/api/v1/auth/password/reset", body)
        .await
        .is(204);
    let device = reset
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();

    let body = json!({ "email": email("ada"), "password": NEXT });
    world
        .nobody()
        .post("/login", body.clone())
        .await
        .problem(429, "too_many_requests");
    let login = world
        .nobody()
        .request("POST", "/login")
        .header("cookie", device);
    login.json(&body).answer().await.is(200);
}

async fn a_mail_for_one_purpose_serves_no_other(world: World) {
    world.register("ada").await;
    let token = world.mailed_token("ada", "verify-email").await;
    let before = world.state().await;

    let reset = json!({ "token": token, "password": NEXT });
    let reset = world
        .nobody()
        .post("/api/v1/auth/password/reset", reset)
        .await;

    reset.problem(400, "not_redeemable");
    assert_eq!(world.state().await, before);
}

async fn a_newer_mail_supersedes_the_older_one(world: World) {
    world.register("ada").await;
    let older = world.mailed_token("ada", "verify-email").await;
    world.forget_mails();

    let body = json!({ "email": email("ada") });
    world
        .nobody()
        .post("/api/v1/auth/email/resend", body)
        .await
        .is(202);
    let newer = world.mailed_token("ada", "verify-email").await;

    let verify = |token: String| {
        let nobody = world.nobody();
        async move {
            nobody
                .post("/api/v1/auth/email/verify", json!({ "token": token }))
                .await
        }
    };
    verify(older).await.problem(400, "not_redeemable");
    verify(newer).await.is(204);
}

async fn a_mail_lapses(world: World) {
    world.register("ada").await;
    let token = world.mailed_token("ada", "verify-email").await;

    world.advance(Duration::from_secs(24 * 60 * 60));

    let body = json!({ "token": token });
    world
        .nobody()
        .post("/api/v1/auth/email/verify", body)
        .await
        .problem(400, "not_redeemable");
}

async fn an_address_is_verified_by_mail(world: World) {
    let world = world
        .with(|config| config.registration.verify_email = true)
        .await;
    let body = json!({ "name": "ada", "email": email("ada"), "password": PASSWORD });
    world.nobody().post("/users/register", body).await.is(202);
    assert_eq!(
        world.knocks("ada", PASSWORD).await,
        401,
        "not before it is verified"
    );

    let token = world.mailed_token("ada", "verify-email").await;
    let body = json!({ "token": token });
    world
        .nobody()
        .post("/api/v1/auth/email/verify", body)
        .await
        .is(204);

    assert_eq!(world.knocks("ada", PASSWORD).await, 200);
}

async fn who_has_an_account_is_told_by_mail_alone(world: World) {
    world.register("ada").await;
    let token = world.mailed_token("ada", "verify-email").await;
    let body = json!({ "token": token });
    world
        .nobody()
        .post("/api/v1/auth/email/verify", body)
        .await
        .is(204);
    let world = world
        .with(|config| config.registration.verify_email = true)
        .await;
    let ask = async |path: &str, name: &str| {
        let body = json!({ "name": name, "email": email(name), "password": NEXT });
        let body = if path.ends_with("register") {
            body
        } else {
            json!({ "email": email(name) })
        };
        world
            .nobody()
            .request("POST", path)
            .json(&body)
            .answer_by_name()
            .await
            .is(202)
            .bytes()
    };

    for path in [
        "/users/register",
        "/api/v1/auth/register",
        "/api/v1/auth/password/forgot",
        "/api/v1/auth/email/resend",
    ] {
        assert_eq!(ask(path, "ada").await, ask(path, "nobody").await, "{path}");
    }

    assert_eq!(
        world.knocks("ada", PASSWORD).await,
        200,
        "registering again changes nothing"
    );
}

async fn whoever_squats_on_an_address_loses_it_to_its_owner(world: World) {
    let world = world
        .with(|config| config.registration.verify_email = true)
        .await;
    let squatter =
        json!({ "name": "Mallory", "email": email("ada"), "password": "i was here first" });
    world
        .nobody()
        .post("/users/register", squatter)
        .await
        .is(202);
    world.mailed_token("ada", "verify-email").await;

    let owner = json!({ "name": "ada", "email": email("ada"), "password": PASSWORD });
    world.nobody().post("/users/register", owner).await.is(202);
    let token = world.mailed_token("ada", "reset-password").await;
    let body = json!({ "token": token, "password": NEXT });
    world
        .nobody()
        .post("/api/v1/auth/password/reset", body)
        .await
        .is(204);

    let knocks = async |password: &str| world.knocks("ada", password).await;
    assert_eq!(
        (knocks("i was here first").await, knocks(PASSWORD).await),
        (401, 401)
    );
    assert_eq!(knocks(NEXT).await, 200);
}

async fn a_page_of_another_origin_signs_nobody_in(world: World) {
    world.register("ada").await;
    let form = [
        ("username", email("ada")),
        ("password", PASSWORD.to_owned()),
    ];
    let login = async |origin: String| {
        let request = world
            .nobody()
            .request("POST", "/login")
            .header("origin", origin);
        request
            .form(&form)
            .answer()
            .await
            .is(200)
            .headers
            .contains_key("set-cookie")
    };

    assert!(!login("https://evil.example".to_owned()).await);
    assert!(!login("null".to_owned()).await);
    assert!(login(world.origin()).await);
}

async fn a_password_that_was_reset_meanwhile_opens_nothing(world: World) {
    let ada = world.person("ada").await;
    world.register("bob").await;
    let new = format!("UPDATE users SET password_hash = '{NEXT_HASH}' WHERE name = 'ada'");

    world.hold(&new).await;
    let login = json!({ "email": email("ada"), "password": PASSWORD });
    let change = json!({ "current_password": PASSWORD, "new_password": "chosen by a thief" });
    let nobody = world.nobody();
    let login = tokio::spawn(async move { nobody.post("/login", login).await });
    let change = ada.request("PUT", "/api/v1/me/password").json(&change);
    let change = tokio::spawn(change.answer());
    // There is one thread that hashes, and whoever comes first is hashed first: when these are through, so are those.
    for _ in 0..5 {
        assert_eq!(world.knocks("bob", NEXT).await, 401);
    }
    world.let_go().await;

    login.await.unwrap().problem(401, "invalid_credentials");
    change.await.unwrap().problem(400, "wrong_password");
    assert_eq!(world.knocks("ada", NEXT).await, 200);
}

async fn an_old_hash_is_made_anew_at_the_next_sign_in(world: World) {
    world.register("ada").await;
    let hash = async || {
        world
            .column("SELECT password_hash FROM users")
            .await
            .remove(0)
    };
    let current = hash().await;
    let cost = current.split('$').nth(3).unwrap().to_owned();
    world
        .execute(&format!("UPDATE users SET password_hash = '{OLD_HASH}'"))
        .await;

    assert_eq!(world.knocks("ada", PASSWORD).await, 200);

    let anew = hash().await;
    assert_ne!(anew, OLD_HASH);
    assert_eq!(anew.split('$').nth(3).unwrap(), cost);
    assert_eq!(world.knocks("ada", PASSWORD).await, 200);
}
