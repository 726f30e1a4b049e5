//! Tenants are apart: the token says where a request works, and nothing else does.

use crate::world::{Answer, Ask, Client, PASSWORD, Person, World, claims, cookie, email, unknown};
use bailiwick_api::{access::Access, routes::routes};
use bailiwick_server::config::Membership;
use serde_json::{Value, json};
use tokio::task::JoinSet;

both!(
    a_token_of_a_person_opens_no_tenant_route,
    a_token_of_a_tenant_opens_what_is_the_persons_own,
    two_tabs_work_in_two_organizations,
    a_request_names_no_tenant,
    a_foreign_id_is_answered_like_one_that_never_was,
    a_deleted_id_is_answered_like_one_that_never_was,
    a_login_enters_the_only_organization,
    a_login_enters_none_of_two_and_lists_them,
    with_one_membership_a_person_founds_once,
    with_one_membership_a_person_joins_once,
    with_one_membership_of_eight_at_once_one_is_founded,
    an_unknown_address_is_refused_like_a_wrong_password,
    a_closed_account_is_refused_like_a_wrong_password_and_its_tokens_end,
    a_suspended_organization_opens_nothing,
    a_suspended_membership_opens_nothing,
    a_role_that_is_taken_away_is_gone_at_once,
    a_token_says_who_and_where_and_not_what_they_may,
);

async fn a_token_of_a_person_opens_no_tenant_route(world: World) {
    let ada = world.person("ada").await;
    ada.found("Acme").await;

    let mut met = 0;
    for route in routes().iter() {
        let Access::Requires(_) = route.access else {
            continue;
        };
        let path = route.path.replace("{id}", &unknown("proj"));
        let answer = ada.request(route.method.as_str(), &path).answer().await;

        answer.problem(403, "forbidden");
        met += 1;
    }
    assert!(met > 0);
}

async fn a_token_of_a_tenant_opens_what_is_the_persons_own(world: World) {
    let owner = world.owner("ada", "Acme").await;

    for path in [
        "/users/me",
        "/users/list_orgs",
        "/api/v1/me",
        "/api/v1/me/organizations",
        "/api/v1/organizations",
    ] {
        owner.get(path).await.is(200);
    }
    let second = owner.found("Zeta").await;
    let at_second = owner.enter(&second).await;

    assert_eq!(
        at_second.get("/api/v1/organization").await.is(200).id(),
        second
    );
}

async fn two_tabs_work_in_two_organizations(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.enter(&ada.found("Acme").await).await;
    let zeta = ada.enter(&ada.found("Zeta").await).await;
    acme.project("Apollo").await;
    zeta.project("Gemini").await;

    let acme_later = renewed(&world, &acme).await;
    let zeta_later = renewed(&world, &zeta).await;
    let ada_later = renewed(&world, &ada).await;

    for tab in [&acme, &acme_later] {
        assert_eq!(names(&tab.get("/api/v1/projects").await), ["Apollo"]);
    }
    for tab in [&zeta, &zeta_later] {
        assert_eq!(names(&tab.get("/api/v1/projects").await), ["Gemini"]);
    }
    ada_later
        .get("/api/v1/projects")
        .await
        .problem(403, "forbidden");
}

/// Neither a header nor a query leads elsewhere; a body that tries is refused.
async fn a_request_names_no_tenant(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.enter(&ada.found("Acme").await).await;
    let zeta = ada.enter(&ada.found("Zeta").await).await;
    acme.project("Apollo").await;
    let there = zeta.organization();

    let mut by_header = acme.request("GET", "/api/v1/projects");
    for name in [
        "X-Tenant-Id",
        "X-Org-Id",
        "X-Organization-Id",
        "Organization",
        "X-Forwarded-Host",
    ] {
        by_header = by_header.header(name, there);
    }
    let by_header = by_header.answer().await;
    let by_query = acme.get(&format!("/api/v1/projects?org_id={there}")).await;
    let by_body = json!({ "name": "Gemini", "organization_id": there });
    let by_body = acme.post("/api/v1/projects", by_body).await;

    assert_eq!(names(&by_header.is(200)), ["Apollo"]);
    by_query.problem(400, "invalid_query");
    by_body.problem(400, "invalid_body");
    assert_eq!(names(&zeta.get("/api/v1/projects").await), [""; 0]);
}

async fn a_foreign_id_is_answered_like_one_that_never_was(world: World) {
    let stranger = world.owner("eve", "Eves").await;
    let owner = world.owner("ada", "Acme").await;
    let project = owner.project("Apollo").await;
    let member = owner.get("/api/v1/members").await.rows().remove(0);
    let member = member["id"].as_str().unwrap().to_owned();
    let session = claims(&owner.access)["sid"].as_str().unwrap().to_owned();
    let before = world.state().await;

    let mut met = 0;
    for route in routes().iter().filter(|route| route.path.contains("{id}")) {
        let (foreign, prefix, status) = if route.path.contains("/projects/") {
            (project.as_str(), "proj", 404)
        } else if route.path.contains("/members/") {
            (member.as_str(), "member", 404)
        } else if route.path.contains("/sessions/") {
            (session.as_str(), "ses", 404)
        } else if route.path.contains("/organizations/") {
            (owner.organization(), "org", 403)
        } else {
            panic!("{route:?} has ids that this test does not know");
        };
        let of_foreign = by_id(&stranger, route.method.as_str(), route.path, foreign).await;
        let of_unknown = by_id(
            &stranger,
            route.method.as_str(),
            route.path,
            &unknown(prefix),
        )
        .await;

        assert_eq!(of_foreign.bytes(), of_unknown.bytes(), "{route:?}");
        assert_eq!(of_foreign.status, status, "{route:?}");
        met += 1;
    }
    assert!(met > 0);
    assert_eq!(world.state().await, before);
}

async fn a_deleted_id_is_answered_like_one_that_never_was(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let project = owner.project("Apollo").await;
    owner
        .delete(&format!("/api/v1/projects/{project}"))
        .await
        .is(204);

    for method in ["GET", "PATCH", "DELETE"] {
        let of_deleted = by_id(&owner, method, "/api/v1/projects/{id}", &project).await;
        let of_unknown = by_id(&owner, method, "/api/v1/projects/{id}", &unknown("proj")).await;

        assert_eq!(of_deleted.bytes(), of_unknown.bytes());
        of_deleted.problem(404, "not_found");
    }
}

async fn a_login_enters_the_only_organization(world: World) {
    let ada = world.person("ada").await;
    let before = sign_in(&world, "ada").await.json();
    let acme = ada.found("Acme").await;

    let after = sign_in(&world, "ada").await.json();

    assert_eq!(org_id(&before), Value::Null);
    assert_eq!(org_id(&after), acme);
    assert_eq!(after["organizations"][0]["id"], acme);
}

async fn a_login_enters_none_of_two_and_lists_them(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.found("Acme").await;
    let zeta = ada.found("Zeta").await;

    let answer = sign_in(&world, "ada").await.json();

    assert_eq!(org_id(&answer), Value::Null);
    let listed: Vec<_> = answer["organizations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|organization| organization["id"].as_str().unwrap())
        .collect();
    assert_eq!(listed, [acme, zeta]);
}

async fn with_one_membership_a_person_founds_once(world: World) {
    let world = with_one_membership(world).await;
    let ada = world.person("ada").await;
    ada.found("Acme").await;
    let before = world.state().await;

    let second = ada
        .post("/organization/register", json!({ "name": "Zeta" }))
        .await;

    second.is(400);
    assert_eq!(world.state().await, before);
}

async fn with_one_membership_a_person_joins_once(world: World) {
    let world = with_one_membership(world).await;
    let ada = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    world.register("bob").await;
    ada.add("bob", "member").await.is(201);
    let before = world.state().await;

    let member = eve.add("bob", "member").await;
    let owner = eve.add("ada", "member").await;

    member.is(400);
    owner.is(400);
    assert_eq!(world.state().await, before);
    assert_eq!(
        world.sign_in("bob").await.organization(),
        ada.organization()
    );
}

async fn with_one_membership_of_eight_at_once_one_is_founded(world: World) {
    let world = with_one_membership(world).await;
    let ada = world.person("ada").await;

    let mut requests = JoinSet::new();
    for number in 0..8 {
        let body = json!({ "name": format!("Acme {number}") });
        requests.spawn(
            ada.request("POST", "/organization/register")
                .json(&body)
                .answer(),
        );
    }
    let mut statuses: Vec<_> = requests
        .join_all()
        .await
        .into_iter()
        .map(|answer| answer.status)
        .collect();
    statuses.sort_unstable();

    assert_eq!(statuses, [201, 400, 400, 400, 400, 400, 400, 400]);
    assert_eq!(world.dump("tenants").await.len(), 1);
}

async fn an_unknown_address_is_refused_like_a_wrong_password(world: World) {
    world.register("ada").await;
    let too_long = "x".repeat(2_000);
    let not_theirs = "x".repeat(1_024);

    let wrong = attempt(&world, "ada@example.com", "not the password").await;
    let refused = [
        attempt(&world, "nobody@example.com", "not the password").await,
        attempt(&world, "nobody@example.com", PASSWORD).await,
        attempt(&world, "no address", PASSWORD).await,
        attempt(&world, "\0", PASSWORD).await,
        attempt(&world, "", "").await,
        attempt(&world, "ada@example.com", "").await,
        attempt(&world, "ada@example.com", &format!("{PASSWORD} ")).await,
        attempt(&world, "ada@example.com", &PASSWORD.to_uppercase()).await,
        attempt(&world, "ada@example.com", &not_theirs).await,
        attempt(&world, "ada@example.com", &too_long).await,
        attempt(&world, "nobody@example.com", &too_long).await,
    ];

    for answer in refused {
        assert_eq!(answer.bytes(), wrong.bytes());
    }
    wrong.problem(401, "invalid_credentials");
}

async fn a_closed_account_is_refused_like_a_wrong_password_and_its_tokens_end(world: World) {
    let ada = world.owner("ada", "Acme").await;
    let wrong = attempt(&world, "ada@example.com", "not the password").await;

    world.execute("UPDATE users SET disabled_at = 1").await;

    let right = attempt(&world, "ada@example.com", PASSWORD).await;
    assert_eq!(right.bytes(), wrong.bytes());
    ada.get("/users/me").await.problem(401, "invalid_token");
    ada.get("/api/v1/projects")
        .await
        .problem(401, "invalid_token");
    ada.refresh(&ada.refresh)
        .await
        .problem(401, "invalid_token");
}

async fn a_suspended_organization_opens_nothing(world: World) {
    let alone = world.person("ada").await;
    let owner = alone.enter(&alone.found("Acme").await).await;

    world
        .execute("UPDATE tenants SET status = 'suspended'")
        .await;

    opens_nothing(&world, &alone, &owner).await;
}

async fn a_suspended_membership_opens_nothing(world: World) {
    let alone = world.person("ada").await;
    let owner = alone.enter(&alone.found("Acme").await).await;

    world
        .execute("UPDATE members SET status = 'suspended'")
        .await;

    opens_nothing(&world, &alone, &owner).await;
}

async fn a_role_that_is_taken_away_is_gone_at_once(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.project("Apollo").await;

    world.execute("DELETE FROM member_roles").await;

    for path in [
        "/api/v1/projects",
        "/api/v1/members",
        "/api/v1/organization",
    ] {
        owner.get(path).await.problem(403, "forbidden");
    }
    let me = owner.get("/users/me").await.is(200).json();
    assert_eq!((&me["role"], &me["roles"]), (&Value::Null, &json!([])));
}

async fn a_token_says_who_and_where_and_not_what_they_may(world: World) {
    let alone = world.person("ada").await;
    let owner = alone.enter(&alone.found("Acme").await).await;

    let [of_person, of_tenant] = [&alone, &owner].map(|person| claims(&person.access));

    for claims in [&of_person, &of_tenant] {
        crate::world::has_keys(
            claims,
            &["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "sid"],
        );
        for fact in ["role", "roles", "scope", "permissions", "email", "name"] {
            assert_eq!(claims.get(fact), None, "{fact}");
        }
    }
    assert_eq!(of_person.get("org_id"), None);
    assert_eq!(of_tenant["org_id"], owner.organization());
    assert_eq!(
        of_tenant["exp"].as_i64().unwrap() - of_tenant["iat"].as_i64().unwrap(),
        300
    );
    assert_eq!(crate::world::header(&owner.access)["typ"], "at+jwt");
}

/// The same person with a new pair for the same place.
async fn renewed(world: &World, person: &Person) -> Client {
    let pair = world.nobody().refresh(&person.refresh).await.is(200).json();
    world
        .nobody()
        .bearing(pair["access_token"].as_str().unwrap())
}

fn names(list: &Answer) -> Vec<String> {
    let rows = list.rows();
    let names = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_owned());
    names.collect()
}

/// Meets a route with this id, by a name that the next one can share.
async fn by_id(person: &Person, method: &str, path: &str, id: &str) -> Answer {
    let request = person.request(method, &path.replace("{id}", id));
    let request = match method {
        "PATCH" | "PUT" => request.json(&json!({ "name": "Mine" })),
        _ => request,
    };
    request.answer_by_name().await
}

async fn with_one_membership(world: World) -> World {
    world
        .with(|config| config.tenancy.membership = Membership::One)
        .await
}

async fn sign_in(world: &World, name: &str) -> Answer {
    attempt(world, &email(name), PASSWORD).await.is(200)
}

async fn attempt(world: &World, email: &str, password: &str) -> Answer {
    let request = world.nobody().request("POST", "/login");
    let body = json!({ "email": email, "password": password });
    request.json(&body).answer_by_name().await
}

fn org_id(answer: &Value) -> Value {
    claims(answer["access_token"].as_str().unwrap())["org_id"].clone()
}

/// The person is signed in, and has the organization that they were in no more.
async fn opens_nothing(world: &World, alone: &Person, inside: &Person) {
    let body = json!({ "org_id": inside.organization() });
    for path in [
        "/api/v1/projects",
        "/api/v1/members",
        "/api/v1/organization",
    ] {
        inside.get(path).await.problem(403, "forbidden");
    }
    alone
        .post("/organization/select", body)
        .await
        .problem(403, "forbidden");
    let refreshed = inside.refresh(&inside.refresh).await.is(401);
    assert_eq!(cookie(&refreshed), None);
    assert_eq!(
        org_id(&sign_in(world, &inside.name).await.json()),
        Value::Null
    );
    alone.get("/users/me").await.is(200);
}
