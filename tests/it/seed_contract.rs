//! The thirteen endpoints of the first seed, word for word.

use crate::world::{
    Answer, Ask, COOKIE, PASSWORD, Person, World, claims, cookie, email, has_keys, unknown,
};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

both!(
    the_process_says_that_it_lives,
    the_service_says_that_it_is_ready,
    a_service_without_its_schema_is_not_ready,
    a_person_registers,
    an_address_registers_once,
    registration_tells_of_every_field_that_is_wrong,
    a_person_signs_in_by_form,
    a_person_signs_in_by_json,
    the_oauth_form_may_say_more_and_may_not_say_other,
    a_wrong_password_is_refused_in_the_words_of_the_seed,
    a_refresh_takes_the_cookie,
    a_refresh_takes_a_body,
    a_refresh_without_a_token_is_refused,
    a_session_ends_by_cookie,
    a_session_ends_by_body,
    a_session_ends_by_bearer,
    a_session_ends_once_and_may_be_ended_again,
    a_person_reads_who_they_are,
    a_person_lists_their_organizations,
    a_person_founds_an_organization,
    a_slug_is_taken_once,
    a_slug_is_lower_case_and_never_empty,
    a_person_enters_an_organization,
    a_foreign_organization_is_refused_like_an_unknown_one,
    somebody_with_an_account_is_a_member_at_once,
    somebody_without_an_account_gets_the_same_answer,
    nobody_is_added_twice,
    an_admin_adds_admins_and_makes_no_owner,
    a_member_adds_nobody,
    the_members_are_listed_in_pages,
    a_project_is_created,
    a_project_has_its_name_for_itself,
    a_member_sees_and_creates_nothing,
    tenant_routes_take_no_token_of_a_person,
    no_answer_holds_a_secret,
);

async fn the_process_says_that_it_lives(world: World) {
    let nobody = world.nobody();

    let answer = nobody.get("/health").await.is(200);

    assert_eq!(answer.text, r#"{"status":"ok"}"#);
}

async fn the_service_says_that_it_is_ready(world: World) {
    let nobody = world.nobody();

    let answer = nobody.get("/health/ready").await.is(200);

    assert_eq!(answer.text, r#"{"status":"ready"}"#);
}

async fn a_service_without_its_schema_is_not_ready(world: World) {
    let newest = "SELECT version FROM seaql_migrations ORDER BY version DESC LIMIT 1";
    let newest = world.column(newest).await.remove(0);
    world
        .execute(&format!(
            "DELETE FROM seaql_migrations WHERE version = '{newest}'"
        ))
        .await;

    let ready = world.nobody().get("/health/ready").await;
    let lives = world.nobody().get("/health").await;

    assert!(ready.header("retry-after").is_some());
    ready.problem(503, "unavailable");
    lives.is(200);
}

async fn a_person_registers(world: World) {
    let body =
        json!({ "name": " Ada Lovelace ", "email": "Ada@Example.COM", "password": PASSWORD });

    let answer = world.nobody().post("/users/register", body).await.is(201);

    let user = answer.json();
    has_keys(&user, &["id", "email", "name", "created_at"]);
    assert!(user["id"].as_str().unwrap().starts_with("user_"));
    assert_eq!(user["name"], "Ada Lovelace");
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["created_at"], "2027-01-15T08:00:00Z");
}

async fn an_address_registers_once(world: World) {
    world.register("ada").await;
    let body = json!({ "name": "Other", "email": "ADA@example.com", "password": PASSWORD });

    let answer = world.nobody().post("/users/register", body).await;

    let answer = answer.problem(400, "email_taken");
    assert_eq!(answer.json()["detail"], "Email already registered");
}

async fn registration_tells_of_every_field_that_is_wrong(world: World) {
    let body = json!({ "name": " ", "email": "nowhere", "password": "short" });

    let answer = world.nobody().post("/users/register", body).await;

    let problem = answer.problem(400, "invalid_body").json();
    let mut pointers: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["#/email", "#/name", "#/password"]);
}

async fn a_person_signs_in_by_form(world: World) {
    world.register("ada").await;
    let form = [("username", "ada@example.com"), ("password", PASSWORD)];

    let answer = login_form(&world, &form).answer().await.is(200);

    is_pair(&answer);
}

async fn a_person_signs_in_by_json(world: World) {
    world.register("ada").await;
    let body = json!({ "email": "ADA@example.com", "password": PASSWORD });

    let answer = world.nobody().post("/login", body).await.is(200);

    is_pair(&answer);
}

async fn the_oauth_form_may_say_more_and_may_not_say_other(world: World) {
    world.register("ada").await;
    let form = |extra: (&'static str, &'static str)| {
        [
            ("grant_type", "password"),
            ("username", "ada@example.com"),
            ("password", PASSWORD),
            ("scope", ""),
            ("client_id", "web"),
            extra,
        ]
    };

    let with_more = login_form(&world, &form(("client_secret", "")))
        .answer()
        .await;
    let with_unknown = login_form(&world, &form(("remember", "yes")))
        .answer()
        .await;
    let twice = login_form(&world, &form(("username", "eve@example.com")))
        .answer()
        .await;
    let other = [
        ("grant_type", "implicit"),
        ("username", "ada@example.com"),
        ("password", PASSWORD),
    ];
    let other = login_form(&world, &other).answer().await;

    is_pair(&with_more.is(200));
    with_unknown.problem(400, "invalid_body");
    twice.problem(400, "invalid_body");
    other.problem(400, "invalid_body");
}

async fn a_wrong_password_is_refused_in_the_words_of_the_seed(world: World) {
    world.register("ada").await;
    let body = json!({ "email": email("ada"), "password": "not the password" });

    let answer = world.nobody().post("/login", body).await;

    assert!(answer.header("www-authenticate").is_some());
    assert_eq!(cookie(&answer), None);
    let answer = answer.problem(401, "invalid_credentials");
    assert_eq!(answer.json()["detail"], "Invalid credentials");
}

async fn a_refresh_takes_the_cookie(world: World) {
    let ada = world.person("ada").await;

    let answer = by_cookie(&world, "/refresh_token", &ada)
        .answer()
        .await
        .is(200);

    is_pair(&answer);
    assert_ne!(answer.json()["refresh_token"], ada.refresh);
}

async fn a_refresh_takes_a_body(world: World) {
    let ada = world.person("ada").await;

    let answer = world.nobody().refresh(&ada.refresh).await.is(200);

    is_pair(&answer);
    assert_ne!(answer.json()["refresh_token"], ada.refresh);
}

async fn a_refresh_without_a_token_is_refused(world: World) {
    let nobody = world.nobody();

    let without_body = nobody.request("POST", "/refresh_token").answer().await;
    let with_empty_object = nobody.post("/refresh_token", json!({})).await;

    without_body.problem(401, "unauthenticated");
    with_empty_object.problem(401, "unauthenticated");
}

async fn a_session_ends_by_cookie(world: World) {
    let ada = world.person("ada").await;

    let answer = by_cookie(&world, "/logout", &ada).answer().await.is(200);

    is_over(&ada).await;
    let (value, attributes) = cookie(&answer).unwrap();
    assert_eq!(value, "");
    assert!(attributes.contains(&"max-age=0".to_owned()));
}

async fn a_session_ends_by_body(world: World) {
    let ada = world.person("ada").await;
    let body = json!({ "refresh_token": ada.refresh });

    world.nobody().post("/logout", body).await.is(200);

    is_over(&ada).await;
}

async fn a_session_ends_by_bearer(world: World) {
    let ada = world.person("ada").await;

    ada.request("POST", "/logout").answer().await.is(200);

    is_over(&ada).await;
}

async fn a_session_ends_once_and_may_be_ended_again(world: World) {
    let ada = world.person("ada").await;
    let nobody = world.nobody();

    let without_credential = nobody.request("POST", "/logout").answer().await;
    let mut again = Vec::new();
    for _ in 0..2 {
        again.push(ada.request("POST", "/logout").answer().await);
        again.push(
            nobody
                .post("/logout", json!({ "refresh_token": ada.refresh }))
                .await,
        );
        again.push(by_cookie(&world, "/logout", &ada).answer().await);
    }

    without_credential.problem(401, "unauthenticated");
    for answer in again {
        answer.is(200);
    }
}

async fn a_person_reads_who_they_are(world: World) {
    let ada = world.person("ada").await;
    let organization = ada.found("Acme").await;
    let at_work = ada.enter(&organization).await;

    let alone = ada.get("/users/me").await.is(200).json();
    let working = at_work.get("/users/me").await.is(200).json();

    has_keys(&alone, &["id", "name", "email", "org_id", "role", "roles"]);
    assert_eq!(alone["id"], claims(&ada.access)["sub"]);
    assert_eq!(
        (&alone["name"], &alone["email"]),
        (&json!("ada"), &json!("ada@example.com"))
    );
    assert_eq!(
        (&alone["org_id"], &alone["role"], &alone["roles"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
    assert_eq!(working["id"], alone["id"]);
    assert_eq!(working["org_id"], organization);
    assert_eq!(
        (&working["role"], &working["roles"]),
        (&json!("owner"), &json!(["owner"]))
    );
}

async fn a_person_lists_their_organizations(world: World) {
    let ada = world.person("ada").await;
    let bob = world.owner("bob", "Bobs").await;
    bob.add("ada", "member").await.is(201);
    let acme = ada.found("Acme").await;

    let mine = ada.get("/users/list_orgs").await.is(200).json();
    let at_work = ada
        .enter(&acme)
        .await
        .get("/users/list_orgs")
        .await
        .is(200)
        .json();
    let none = world
        .person("eve")
        .await
        .get("/users/list_orgs")
        .await
        .is(200)
        .json();

    assert_eq!(mine["email"], "ada@example.com");
    assert_eq!(mine["org_ids"], json!([bob.organization(), acme]));
    let organizations = mine["organizations"].as_array().unwrap();
    for organization in organizations {
        has_keys(organization, &["id", "name", "slug", "role"]);
    }
    assert_eq!(organizations[0]["id"], bob.organization());
    assert_eq!(
        (&organizations[0]["slug"], &organizations[0]["role"]),
        (&json!("bobs"), &json!("member"))
    );
    assert_eq!(
        (&organizations[1]["name"], &organizations[1]["role"]),
        (&json!("Acme"), &json!("owner"))
    );
    assert_eq!(at_work, mine);
    assert_eq!(
        (&none["org_ids"], &none["organizations"]),
        (&json!([]), &json!([]))
    );
}

async fn a_person_founds_an_organization(world: World) {
    let ada = world.person("ada").await;

    let body = json!({ "name": " Acme Inc. " });
    let answer = ada.post("/organization/register", body).await.is(201);

    let organization = answer.json();
    has_keys(&organization, &["id", "name", "slug", "created_at"]);
    assert!(organization["id"].as_str().unwrap().starts_with("org_"));
    assert_eq!(organization["name"], "Acme Inc.");
    assert_eq!(organization["slug"], "acme-inc");
    let me = ada.enter(&answer.id()).await.get("/users/me").await.json();
    assert_eq!(me["role"], "owner");
}

async fn a_slug_is_taken_once(world: World) {
    let ada = world.person("ada").await;
    let eve = world.person("eve").await;
    ada.found("Acme Inc").await;

    let by_another = eve
        .post("/organization/register", json!({ "name": "ACME, inc!" }))
        .await;
    let by_the_same = ada
        .post("/organization/register", json!({ "name": "acme-inc" }))
        .await;

    by_another.problem(400, "slug_taken");
    by_the_same.problem(400, "slug_taken");
}

async fn a_slug_is_lower_case_and_never_empty(world: World) {
    let ada = world.person("ada").await;
    #[rustfmt::skip]
    let slugs = [
        ("Big  Corp",        "big-corp"),
        ("--A.B_C--",        "a-b-c"),
        ("42",               "42"),
        ("Ünïcode Straße",   "n-code-stra-e"),
    ];

    let mut found = Vec::new();
    for (name, _) in slugs {
        let answer = ada
            .post("/organization/register", json!({ "name": name }))
            .await
            .is(201);
        found.push((name, answer.json()["slug"].as_str().unwrap().to_owned()));
    }
    let nameless = ada
        .post("/organization/register", json!({ "name": "日本" }))
        .await
        .is(201)
        .json();
    let other = ada
        .post("/organization/register", json!({ "name": "中国" }))
        .await
        .is(201)
        .json();

    let expected = slugs.map(|(name, slug)| (name, slug.to_owned()));
    assert_eq!(found, expected);
    assert!(!nameless["slug"].as_str().unwrap().is_empty());
    assert_ne!(nameless["slug"], other["slug"]);
}

async fn a_person_enters_an_organization(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.found("Acme").await;

    let answer = ada
        .post("/organization/select", json!({ "org_id": acme }))
        .await
        .is(202);

    is_pair(&answer);
    let access = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&access)["org_id"], acme);
    assert_eq!(
        ada.bearing(access).get("/users/me").await.json()["org_id"],
        acme
    );
}

async fn a_foreign_organization_is_refused_like_an_unknown_one(world: World) {
    let foreign = world.owner("bob", "Bobs").await.organization().to_owned();
    let eve = world.owner("eve", "Eves").await;
    let select = async |organization: &str| {
        let request = eve.request("POST", "/organization/select");
        request
            .json(&json!({ "org_id": organization }))
            .answer_by_name()
            .await
    };

    let of_foreign = select(&foreign).await;
    let of_unknown = select(&unknown("org")).await;

    assert_eq!(of_foreign.bytes(), of_unknown.bytes());
    of_foreign.problem(403, "forbidden");
}

async fn somebody_with_an_account_is_a_member_at_once(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.register("bob").await;

    let answer = owner.add("bob", "admin").await.is(201);

    has_keys(&answer.json(), &["email", "role"]);
    let members = owner.get("/organization/list_users").await.rows();
    assert_eq!(
        (&members[1]["email"], &members[1]["roles"]),
        (&json!("bob@example.com"), &json!(["admin"]))
    );
    let bob = world.sign_in("bob").await;
    assert_eq!(bob.organization(), owner.organization());
}

async fn somebody_without_an_account_gets_the_same_answer(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.register("known").await;

    let known = owner.add("known", "member").await.is(201).json();
    let unknown = owner.add("unknown", "member").await.is(201).json();

    let keys = |answer: &Value| {
        answer
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&known), keys(&unknown));
    assert_eq!(
        known.to_string().replace("known", "unknown"),
        unknown.to_string()
    );
    assert_eq!(owner.get("/organization/list_users").await.rows().len(), 2);
    assert_eq!(world.dump("invitations").await.len(), 1);
}

async fn nobody_is_added_twice(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.register("known").await;
    owner.add("known", "member").await.is(201);
    owner.add("unknown", "member").await.is(201);
    let before = world.state().await;

    let known = owner.add("known", "admin").await;
    let oneself = owner.add("ada", "member").await;
    let unknown = owner.add("unknown", "admin").await;

    known.problem(400, "already_member");
    oneself.problem(400, "already_member");
    unknown.is(400);
    assert_eq!(world.state().await, before);
}

async fn an_admin_adds_admins_and_makes_no_owner(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    world.register("known").await;
    let make_owner = async |name: &str| {
        let body = json!({ "email": email(name), "role": "owner" });
        let request = admin.request("POST", "/organization/add_users");
        request.json(&body).answer_by_name().await
    };

    let known = make_owner("known").await;
    let unknown = make_owner("unknown").await;
    let another_admin = admin.add("known", "admin").await;
    world.register("heir").await;
    let by_owner = owner.add("heir", "owner").await;

    assert_eq!(known.bytes(), unknown.bytes());
    known.problem(403, "forbidden");
    another_admin.is(201);
    by_owner.is(201);
}

async fn a_member_adds_nobody(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let member = world.member(&owner, "bob", "member").await;
    world.register("known").await;

    let known = member.add("known", "member").await;
    let unknown = member.add("unknown", "member").await;

    known.problem(403, "forbidden");
    unknown.problem(403, "forbidden");
}

async fn the_members_are_listed_in_pages(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for name in ["bob", "cleo", "dan", "eve"] {
        world.register(name).await;
        owner.add(name, "member").await.is(201);
    }

    let first = owner.get("/organization/list_users?limit=2").await.is(200);
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = owner
        .get(&format!("/organization/list_users?limit=2&cursor={cursor}"))
        .await
        .is(200);
    let whole = owner.get("/organization/list_users").await.is(200);

    assert_eq!((first.rows().len(), second.rows().len()), (2, 2));
    assert_eq!(whole.json()["next_cursor"], Value::Null);
    assert_eq!(whole.rows()[..4], [first.rows(), second.rows()].concat());
    for row in whole.rows() {
        has_keys(&row, &["id", "user_id", "email", "name", "roles"]);
        assert!(row["id"].as_str().unwrap().starts_with("member_"));
    }
}

async fn a_project_is_created(world: World) {
    let owner = world.owner("ada", "Acme").await;

    let answer = owner
        .post("/projects/create_project", json!({ "name": " Apollo " }))
        .await
        .is(201);

    let project = answer.json();
    has_keys(
        &project,
        &["id", "name", "organization_id", "created_by", "created_at"],
    );
    assert!(project["id"].as_str().unwrap().starts_with("proj_"));
    assert_eq!(project["name"], "Apollo");
    assert_eq!(project["organization_id"], owner.organization());
    assert_eq!(project["created_by"], claims(&owner.access)["sub"]);
}

async fn a_project_has_its_name_for_itself(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let elsewhere = world.owner("eve", "Eves").await;
    owner.project("Apollo").await;

    let again = owner
        .post("/projects/create_project", json!({ "name": "Apollo " }))
        .await;
    let next_door = elsewhere
        .post("/projects/create_project", json!({ "name": "Apollo" }))
        .await;

    again.problem(400, "project_name_taken");
    next_door.is(201);
}

async fn a_member_sees_and_creates_nothing(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let member = world.member(&owner, "bob", "member").await;
    owner.project("Apollo").await;

    let users = member.get("/organization/list_users").await;
    let projects = member.get("/api/v1/projects").await;
    let created = member
        .post("/projects/create_project", json!({ "name": "Gemini" }))
        .await;

    assert_eq!(users.is(200).rows().len(), 2);
    assert_eq!(projects.is(200).rows().len(), 1);
    created.problem(403, "forbidden");
}

async fn tenant_routes_take_no_token_of_a_person(world: World) {
    let ada = world.person("ada").await;
    ada.found("Acme").await;

    let add = ada.add("bob", "member").await;
    let list = ada.get("/organization/list_users").await;
    let create = ada
        .post("/projects/create_project", json!({ "name": "Apollo" }))
        .await;

    for answer in [add, list, create] {
        answer.problem(403, "forbidden");
    }
}

async fn no_answer_holds_a_secret(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let body = json!({ "name": "bob", "email": email("bob"), "password": PASSWORD });

    let answers = [
        world.nobody().post("/users/register", body.clone()).await,
        world.nobody().post("/users/register", body).await,
        owner.get("/users/me").await,
        owner.get("/users/list_orgs").await,
        owner.get("/organization/list_users").await,
        world
            .nobody()
            .post(
                "/login",
                json!({ "email": email("bob"), "password": PASSWORD }),
            )
            .await,
        world
            .nobody()
            .post(
                "/login",
                json!({ "email": PASSWORD, "password": PASSWORD, "x": PASSWORD }),
            )
            .await,
    ];

    for answer in answers {
        for secret in [PASSWORD, "argon2", "hash", "salt", "secret"] {
            assert!(
                !answer.text.contains(secret),
                "`{secret}` in {}",
                answer.text
            );
        }
    }
}

fn login_form(world: &World, form: &[(&str, &str)]) -> RequestBuilder {
    world.nobody().request("POST", "/login").form(form)
}

/// A request of a browser, which knows the token from the cookie alone.
fn by_cookie(world: &World, path: &str, person: &Person) -> RequestBuilder {
    let cookie = format!("{COOKIE}={}", person.refresh);
    world
        .nobody()
        .request("POST", path)
        .header("cookie", cookie)
}

/// A token pair, in the body and in the cookie, kept by nobody on the way.
#[track_caller]
fn is_pair(answer: &Answer) {
    let pair = answer.json();
    has_keys(
        &pair,
        &["access_token", "refresh_token", "token_type", "expires_in"],
    );
    assert_eq!(pair["token_type"], "bearer");
    assert_eq!(pair["expires_in"], 300);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let (token, attributes) = cookie(answer).unwrap();
    assert_eq!(pair["refresh_token"], token);
    let week = "max-age=604800";
    assert_eq!(
        attributes,
        ["httponly", week, "path=/", "samesite=strict", "secure"]
    );
}

/// Neither token of the session opens anything.
async fn is_over(person: &Person) {
    person.get("/users/me").await.problem(401, "invalid_token");
    person
        .refresh(&person.refresh)
        .await
        .problem(401, "invalid_token");
}
