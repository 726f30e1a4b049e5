//! OAuth 2.0: tokens for people and machines, given back, looked into, and found.

use crate::{
    acts::{API_KEYS, Key, MEMBERS, PROJECTS, SERVICE_ACCOUNTS},
    world::{Answer, Ask, Client, PASSWORD, Person, World, claims, cookie, email, header},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::Duration;

both!(
    a_password_is_taken_for_tokens,
    the_password_grant_can_be_switched_off,
    a_refresh_token_is_taken_for_the_next_pair,
    a_machine_is_given_tokens_for_its_key,
    a_machines_token_dies_with_its_key,
    whoever_is_no_client_is_told_so,
    what_is_no_request_is_told_so,
    a_token_that_is_given_back_is_over_with_its_chain,
    a_machine_looks_into_tokens_of_its_own_organization,
    nobody_else_looks_into_anything,
    everything_is_where_the_metadata_says,
    too_many_attempts_are_too_many_here_as_well,
);

const TOKEN: &str = "/oauth/token";
const REVOKE: &str = "/oauth/revoke";
const INTROSPECT: &str = "/oauth/introspect";
const FIRST_PARTY: &str = "bailiwick-first-party";

impl Client {
    /// A form.
    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish())
            .answer()
            .await
    }

    /// A form from a client that shows who it is in the header.
    async fn form_as(&self, id: &str, secret: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", basic(id, secret))
            .body(form.finish())
            .answer()
            .await
    }
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
}

/// In the form of RFC 6749 §5.2, and no token beside it.
#[track_caller]
fn is_refused(answer: &Answer, status: u16, error: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status, body["error"].as_str()),
        (status, Some(error)),
        "{}",
        answer.text
    );
    assert!(body["error_description"].is_string());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.is_some(), status == 401, "{challenge:?}");
    assert!(!answer.text.contains("_token\""), "{}", answer.text);
}

/// The tokens of a successful answer (RFC 6749 §5.1).
#[track_caller]
fn tokens(answer: Answer) -> Value {
    let answer = answer.is(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert!(body["expires_in"].as_u64().is_some_and(|ttl| ttl > 0));
    body
}

fn text<'a>(tokens: &'a Value, field: &str) -> &'a str {
    tokens[field].as_str().unwrap()
}

/// The password grant for somebody who has registered.
async fn signed_in(world: &World, name: &str) -> Value {
    let email = email(name);
    let fields = [
        ("grant_type", "password"),
        ("client_id", FIRST_PARTY),
        ("username", &email),
        ("password", PASSWORD),
    ];
    tokens(world.nobody().form(TOKEN, &fields).await)
}

/// An owner, the id of a service account, and a key of it.
async fn furnished(world: &World) -> (Person, String, Key) {
    let owner = world.owner("ada", "Acme").await;
    let account = owner.service_account("gateway", &["member"]).await;
    let key = owner.api_key(&account, &["project:read"]).await;
    (owner, account, key)
}

async fn machine_token(world: &World, id: &str, key: &Key) -> Value {
    let fields = [("grant_type", "client_credentials")];
    tokens(world.nobody().form_as(id, &key.text, TOKEN, &fields).await)
}

async fn looked_into(world: &World, key: &Key, token: &str) -> Value {
    let fields = [("token", token), ("token_type_hint", "refresh_token")];
    let answer = world
        .nobody()
        .form_as(&key.id, &key.text, INTROSPECT, &fields)
        .await
        .is(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

async fn a_password_is_taken_for_tokens(world: World) {
    let owner = world.owner("ada", "Acme").await;

    let given = signed_in(&world, "ada").await;

    assert_eq!(given["organization_id"], owner.organization());
    let person = world.nobody().bearing(text(&given, "access_token"));
    person.get(PROJECTS).await.is(200);
    let said = claims(text(&given, "access_token"));
    assert_eq!(said["client_id"], FIRST_PARTY);

    // Without a client, and with an organization; no cookie goes with it.
    let email = email("ada");
    let second = owner.found("Second").await;
    let fields = [
        ("grant_type", "password"),
        ("username", email.as_str()),
        ("password", PASSWORD),
        ("organization_id", &second),
        ("unheard_of", "is ignored"),
        ("scope", ""),
    ];
    let answer = world.nobody().form(TOKEN, &fields).await;
    assert_eq!(cookie(&answer), None);
    assert_eq!(tokens(answer)["organization_id"], second.as_str());
    let nobody = world.nobody();
    tokens(nobody.form_as(FIRST_PARTY, "", TOKEN, &fields).await);

    for (name, value) in [
        ("username", "eve@example.com"),
        ("username", "no address"),
        ("password", "another horse"),
        ("organization_id", "org_01h455vb4pex5vsknk084sn02q"),
    ] {
        let wrong = fields.map(|(field, was)| (field, if field == name { value } else { was }));
        let answer = world.nobody().form(TOKEN, &wrong).await;
        is_refused(&answer, 400, "invalid_grant");
    }
}

async fn the_password_grant_can_be_switched_off(world: World) {
    world.register("ada").await;
    let world = world
        .with(|config| config.oauth.password_grant = false)
        .await;
    let email = email("ada");
    let fields = [
        ("grant_type", "password"),
        ("username", email.as_str()),
        ("password", PASSWORD),
    ];

    let answer = world.nobody().form(TOKEN, &fields).await;

    is_refused(&answer, 400, "unsupported_grant_type");
    let metadata = world
        .nobody()
        .get("/.well-known/oauth-authorization-server")
        .await;
    let grants = metadata.is(200).json()["grant_types_supported"].clone();
    assert_eq!(grants, json!(["refresh_token", "client_credentials"]));
    world.sign_in("ada").await;
}

/// The same chains as behind every other door: a spent token ends them.
async fn a_refresh_token_is_taken_for_the_next_pair(world: World) {
    world.owner("ada", "Acme").await;
    let first = signed_in(&world, "ada").await;
    let refresh = async |token: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", FIRST_PARTY),
            ("refresh_token", token),
        ];
        world.nobody().form(TOKEN, &fields).await
    };

    let second = tokens(refresh(text(&first, "refresh_token")).await);
    let third = tokens(refresh(text(&second, "refresh_token")).await);
    assert_eq!(first["organization_id"], third["organization_id"]);
    let reused = refresh(text(&first, "refresh_token")).await;
    is_refused(&reused, 400, "invalid_grant");
    let ended = refresh(text(&third, "refresh_token")).await;
    is_refused(&ended, 400, "invalid_grant");
    let person = world.nobody().bearing(text(&third, "access_token"));
    person.get(PROJECTS).await.problem(401, "invalid_token");
    is_refused(&refresh("x").await, 400, "invalid_grant");
}

async fn a_machine_is_given_tokens_for_its_key(world: World) {
    let (owner, account, key) = furnished(&world).await;

    for id in [&account, &key.id] {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", &key.text),
            ("scope", "project:read member:list"),
        ];
        let by_post = tokens(world.nobody().form(TOKEN, &fields).await);
        for given in [by_post, machine_token(&world, id, &key).await] {
            assert!(given.get("refresh_token").is_none(), "{given}");
            assert_eq!(given["scope"], "project:read");
            let token = text(&given, "access_token");
            assert_eq!(header(token)["typ"], "at+jwt");
            let said = claims(token);
            assert_eq!(said["sub"], account.as_str());
            assert_eq!(said["client_id"], account.as_str());
            assert_eq!(said["org_id"], owner.organization());
            assert_eq!(said["key_id"], key.id.as_str());
            assert!(said.get("sid").is_none() && said.get("scope").is_none());
            let machine = world.nobody().bearing(token);
            machine.get(PROJECTS).await.is(200);
            machine.get(MEMBERS).await.problem(403, "forbidden");
            machine.get("/api/v1/me").await.problem(403, "forbidden");
        }
    }
    let nothing = owner.api_key(&account, &[]).await;
    let given = machine_token(&world, &account, &nothing).await;
    assert!(given.get("scope").is_none(), "an empty scope is none");
}

async fn a_machines_token_dies_with_its_key(world: World) {
    let (owner, account, key) = furnished(&world).await;
    let token = machine_token(&world, &account, &key).await;
    let machine = world.nobody().bearing(text(&token, "access_token"));
    let path = format!("{SERVICE_ACCOUNTS}/{account}");
    machine.get(PROJECTS).await.is(200);

    for status in ["suspended", "active"] {
        owner
            .patch(&path, json!({ "status": status }))
            .await
            .is(200);
        let expected = if status == "active" { 200 } else { 401 };
        machine.get(PROJECTS).await.is(expected);
    }
    // Whatever the account comes to hold, at the next request.
    owner.patch(&path, json!({ "roles": [] })).await.is(200);
    machine.get(PROJECTS).await.problem(403, "forbidden");
    owner
        .patch(&path, json!({ "roles": ["member"] }))
        .await
        .is(200);
    owner.act("/api/v1/organization/suspend").await.is(200);
    machine.get(PROJECTS).await.problem(403, "forbidden");
    let fields = [("grant_type", "client_credentials")];
    let nobody = world.nobody();
    let answer = nobody.form_as(&account, &key.text, TOKEN, &fields).await;
    is_refused(&answer, 401, "invalid_client");
    owner.act("/api/v1/organization/resume").await.is(200);
    machine.get(PROJECTS).await.is(200);
    owner
        .delete(&format!("{API_KEYS}/{}", key.id))
        .await
        .is(204);
    machine.get(PROJECTS).await.problem(401, "invalid_token");

    // No token is good for longer than its key.
    let body = json!({
        "service_account_id": account, "name": "brief", "permissions": [],
        "expires_at": "2027-01-15T08:00:30Z",
    });
    let brief = Key::shown(&owner.post(API_KEYS, body).await.is(201));
    let token = machine_token(&world, &account, &brief).await;
    assert_eq!(token["expires_in"], 30);
}

async fn whoever_is_no_client_is_told_so(world: World) {
    let (owner, account, key) = furnished(&world).await;
    let other = owner.service_account("other", &[]).await;
    let others = owner.api_key(&other, &[]).await;
    let nobody = world.nobody();
    let grant = ("grant_type", "client_credentials");

    for (id, secret) in [
        (account.as_str(), others.text.as_str()),
        (&others.id, &key.text),
        ("svc_01h455vb4pex5vsknk084sn02q", &key.text),
        (&account, "bw_x"),
        (&account, ""),
        (FIRST_PARTY, &key.text),
        ("", &key.text),
    ] {
        let answer = nobody.form_as(id, secret, TOKEN, &[grant]).await;
        is_refused(&answer, 401, "invalid_client");
        let fields = [grant, ("client_id", id), ("client_secret", secret)];
        let answer = nobody.form(TOKEN, &fields).await;
        is_refused(&answer, 401, "invalid_client");
    }
    is_refused(&nobody.form(TOKEN, &[grant]).await, 401, "invalid_client");
    let public = [grant, ("client_id", FIRST_PARTY)];
    let public = nobody.form(TOKEN, &public).await;
    is_refused(&public, 400, "unauthorized_client");
    for grant in ["password", "refresh_token"] {
        let fields = [("grant_type", grant), ("refresh_token", "x")];
        let answer = nobody.form_as(&account, &key.text, TOKEN, &fields).await;
        is_refused(&answer, 400, "unauthorized_client");
    }
    let two = [
        grant,
        ("client_id", account.as_str()),
        ("client_secret", &key.text),
    ];
    let answer = nobody.form_as(&account, &key.text, TOKEN, &two).await;
    is_refused(&answer, 400, "invalid_request");
    let two = [grant, ("client_id", other.as_str())];
    let answer = nobody.form_as(&account, &key.text, TOKEN, &two).await;
    is_refused(&answer, 400, "invalid_request");
}

async fn what_is_no_request_is_told_so(world: World) {
    let nobody = world.nobody();
    for (fields, error) in [
        (&[][..], "invalid_request"),
        (&[("grant_type", "")], "invalid_request"),
        (&[("grant_type", "password")], "invalid_request"),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (
            &[("grant_type", "authorization_code")],
            "unsupported_grant_type",
        ),
        (
            &[("grant_type", "password"), ("grant_type", "password")],
            "invalid_request",
        ),
    ] {
        is_refused(&nobody.form(TOKEN, fields).await, 400, error);
    }
    let answer = nobody
        .post(TOKEN, json!({ "grant_type": "password" }))
        .await;
    is_refused(&answer, 400, "invalid_request");
    is_refused(&nobody.form(REVOKE, &[]).await, 400, "invalid_request");
    let many = "x".repeat(20_000);
    let large = nobody.form(TOKEN, &[("grant_type", &many)]).await;
    large.problem(413, "body_too_large");
    let answer = nobody.get(TOKEN).await;
    answer.problem(405, "method_not_allowed");
}

async fn a_token_that_is_given_back_is_over_with_its_chain(world: World) {
    let (_, account, key) = furnished(&world).await;
    let nobody = world.nobody();
    for kind in ["refresh_token", "access_token"] {
        let given = signed_in(&world, "ada").await;
        let person = world.nobody().bearing(text(&given, "access_token"));
        person.get(PROJECTS).await.is(200);
        let before = world.audit_events().await.len();

        for _ in 0..2 {
            let fields = [
                ("token", text(&given, kind)),
                ("token_type_hint", kind),
                ("client_id", FIRST_PARTY),
            ];
            nobody.form(REVOKE, &fields).await.is(200);
        }

        person.get(PROJECTS).await.problem(401, "invalid_token");
        let refreshed = person.refresh(text(&given, "refresh_token")).await;
        refreshed.problem(401, "invalid_token");
        let events = world.audit_events().await;
        assert_eq!(events.len(), before + 1, "one record of it");
        assert_eq!(events[before].action, "session:revoke_tokens");
    }
    nobody.form(REVOKE, &[("token", "x")]).await.is(200);
    nobody.form(REVOKE, &[("token", "bw_x")]).await.is(200);

    let token = machine_token(&world, &account, &key).await;
    for token in [text(&token, "access_token"), &key.text] {
        let answer = nobody.form(REVOKE, &[("token", token)]).await;
        is_refused(&answer, 400, "unsupported_token_type");
    }
    // What people were given is not a machine's to give back.
    let given = signed_in(&world, "ada").await;
    let fields = [("token", text(&given, "refresh_token"))];
    let answer = nobody.form_as(&account, &key.text, REVOKE, &fields).await;
    is_refused(&answer, 400, "unsupported_token_type");
    let person = world.nobody().bearing(text(&given, "access_token"));
    person.get(PROJECTS).await.is(200);
    let answer = nobody.form_as(&account, "bw_x", REVOKE, &fields).await;
    is_refused(&answer, 401, "invalid_client");
}

async fn a_machine_looks_into_tokens_of_its_own_organization(world: World) {
    let (owner, account, key) = furnished(&world).await;
    let inactive = json!({ "active": false });
    let given = signed_in(&world, "ada").await;
    let machine = machine_token(&world, &account, &key).await;
    let ada = claims(&owner.access)["sub"].clone();

    for (token, kind, subject) in [
        (
            text(&given, "access_token"),
            "access_token",
            ada.as_str().unwrap(),
        ),
        (
            text(&given, "refresh_token"),
            "refresh_token",
            ada.as_str().unwrap(),
        ),
        (text(&machine, "access_token"), "access_token", &account),
        (&key.text, "api_key", &account),
    ] {
        let found = looked_into(&world, &key, token).await;
        assert_eq!(found["active"], true, "{kind}: {found}");
        assert_eq!(found["token_type"], kind);
        assert_eq!(found["sub"], subject);
        assert_eq!(found["org_id"], owner.organization());
        assert!(found["exp"].as_i64() > found["iat"].as_i64());
        assert!(found.get("scope").is_none(), "it says who, not what");
    }
    // Looking spends nothing.
    owner.refresh(text(&given, "refresh_token")).await.is(200);
    let spent = text(&given, "refresh_token");
    assert_eq!(looked_into(&world, &key, spent).await, inactive);

    let eve = world.owner("eve", "Eves").await;
    let account = eve.service_account("gateway", &["member"]).await;
    let others = eve.api_key(&account, &[]).await;
    let theirs = signed_in(&world, "eve").await;
    let their_machine = machine_token(&world, &account, &others).await;
    let nowhere = world.person("rita").await;
    for token in [
        text(&theirs, "access_token"),
        text(&theirs, "refresh_token"),
        text(&their_machine, "access_token"),
        &others.text,
        &nowhere.access,
        &nowhere.refresh,
        "x",
        "bw_x",
    ] {
        assert_eq!(looked_into(&world, &key, token).await, inactive);
    }

    let bob = world.member(&owner, "bob", "member").await;
    assert_eq!(looked_into(&world, &key, &bob.access).await["active"], true);
    let id = owner.member_id("bob").await;
    owner.suspend(&id).await.is(204);
    for token in [&bob.access, &bob.refresh] {
        assert_eq!(looked_into(&world, &key, token).await, inactive);
    }
    world.advance(Duration::from_secs(301));
    assert_eq!(looked_into(&world, &key, &owner.access).await, inactive);
}

async fn nobody_else_looks_into_anything(world: World) {
    let (owner, account, key) = furnished(&world).await;
    let token = [("token", owner.access.as_str())];
    let nobody = world.nobody();

    is_refused(
        &nobody.form(INTROSPECT, &token).await,
        401,
        "invalid_client",
    );
    is_refused(&owner.form(INTROSPECT, &token).await, 401, "invalid_client");
    let public = [token[0], ("client_id", FIRST_PARTY)];
    let answer = nobody.form(INTROSPECT, &public).await;
    is_refused(&answer, 401, "invalid_client");
    let answer = nobody.form_as(&account, "bw_x", INTROSPECT, &token).await;
    is_refused(&answer, 401, "invalid_client");

    // A key, or a token that was made with it, is a bearer token as well.
    let made = machine_token(&world, &account, &key).await;
    for bearer in [&key.text, text(&made, "access_token")] {
        let machine = world.nobody().bearing(bearer);
        let answer = machine.form(INTROSPECT, &token).await.is(200);
        assert_eq!(answer.json()["active"], true);
    }
    let answer = nobody.form_as(&account, &key.text, INTROSPECT, &[]).await;
    is_refused(&answer, 400, "invalid_request");
    owner.act("/api/v1/organization/suspend").await.is(200);
    let machine = world.nobody().bearing(&key.text);
    let answer = machine.form(INTROSPECT, &token).await;
    is_refused(&answer, 401, "invalid_client");
}

async fn everything_is_where_the_metadata_says(world: World) {
    let url = "https://id.example.com/bailiwick/";
    let world = world
        .with(|config| config.http.public_url = Some(url.to_owned()))
        .await;

    let metadata = world
        .nobody()
        .get("/.well-known/oauth-authorization-server")
        .await
        .is(200)
        .json();

    assert_eq!(metadata["issuer"], url);
    for (name, path) in [
        ("token_endpoint", TOKEN),
        ("revocation_endpoint", REVOKE),
        ("introspection_endpoint", INTROSPECT),
        ("jwks_uri", "/.well-known/jwks.json"),
    ] {
        let there = format!("https://id.example.com/bailiwick{path}");
        assert_eq!(metadata[name], there);
    }
    assert_eq!(metadata["response_types_supported"], json!([]));
    // Tokens say the same issuer (RFC 8414 §2, RFC 9068 §2.2).
    let ada = world.person("ada").await;
    assert_eq!(claims(&ada.access)["iss"], url);
}

/// One count behind all doors: nobody guesses on here.
async fn too_many_attempts_are_too_many_here_as_well(world: World) {
    world.register("ada").await;
    let world = world
        .with(|config| {
            config.limits.enabled = true;
            config.limits.burst = std::num::NonZero::new(1_000).unwrap();
        })
        .await;
    let email = email("ada");
    let fields = [
        ("grant_type", "password"),
        ("username", email.as_str()),
        ("password", "another horse"),
    ];
    for _ in 0..10 {
        is_refused(
            &world.nobody().form(TOKEN, &fields).await,
            400,
            "invalid_grant",
        );
    }
    let answer = world.nobody().form(TOKEN, &fields).await;
    let answer = answer.problem(429, "too_many_requests");
    assert!(answer.header("retry-after").is_some());
}
