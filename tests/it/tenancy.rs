//! Tenants are apart: the token says where a request works, and nothing else does.

use crate::{
    samples::{custom_role, filled, nowhere, prefix_of, sampled, things_of},
    world::{Answer, Ask, Client, PASSWORD, Person, World, claims, cookie, email, unknown},
};
use bailiwick_api::{
    access::Access,
    routes::{Route, routes},
};
use bailiwick_domain::{
    access::{Catalogue, Level},
    role::BuiltIn,
};
use bailiwick_server::config::Membership;
use serde_json::{Value, json};
use tokio::task::JoinSet;

both!(
    a_token_of_a_person_opens_no_tenant_route,
    an_operator_opens_no_tenant_route,
    an_owner_opens_no_route_of_the_platform,
    a_token_of_a_tenant_opens_what_is_the_persons_own,
    two_tabs_work_in_two_organizations,
    a_request_names_no_tenant,
    a_foreign_id_is_answered_like_one_that_never_was,
    a_foreign_member_of_a_project_is_answered_like_one_that_never_was,
    a_foreign_id_in_a_request_is_answered_like_one_that_never_was,
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
        match route.access {
            Access::Public | Access::SignedIn => continue,
            Access::Member | Access::Requires(_) | Access::RequiresOn(_) => {}
        }
        let answer = sampled(&ada, route, &nowhere(route)).answer().await;

        answer.problem(403, "forbidden");
        met += 1;
    }
    assert!(met > 0);
}

/// Running the platform is no membership: neither without an organization nor as a plain member of one.
async fn an_operator_opens_no_tenant_route(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let operator = world.operator("olga").await;
    owner.add("olga", "member").await.is(201);
    let inside = operator.enter(owner.organization()).await;
    let before = world.state().await;

    let mut met = 0;
    for route in routes().iter().filter(|route| !is_of_platform(route)) {
        let Some(permission) = route.access.permission() else {
            continue;
        };
        let path = nowhere(route);
        let outside = sampled(&operator, route, &path).answer().await;
        outside.problem(403, "forbidden");
        if BuiltIn::Member.grants().extent(permission).is_none() {
            let inside = sampled(&inside, route, &path).answer().await;
            inside.problem(403, "forbidden");
        }
        met += 1;
    }
    assert!(met > 0);
    assert_eq!(world.state().await, before);
}

async fn an_owner_opens_no_route_of_the_platform(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let before = world.state().await;

    let mut met = 0;
    for route in routes().iter().filter(|route| is_of_platform(route)) {
        let answer = sampled(&owner, route, &nowhere(route)).answer().await;

        answer.problem(403, "forbidden");
        met += 1;
    }
    assert!(met > 0);
    assert_eq!(world.state().await, before);
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
    let things = things_of(&owner).await;
    let before = world.state().await;

    let mut met = 0;
    for route in routes().iter().filter(|route| route.path.contains("{id}")) {
        let prefix = prefix_of(route);
        let foreign = &things[prefix];
        let is_door = route.path == "/api/v1/organizations/{id}/select";
        let status = if is_door || is_of_platform(route) {
            403
        } else {
            404
        };
        let of_foreign = by_id(&stranger, route, foreign, &unknown("member")).await;
        let of_unknown = by_id(&stranger, route, &unknown(prefix), &unknown("member")).await;

        assert_eq!(of_foreign.bytes(), of_unknown.bytes(), "{route:?}");
        assert_eq!(of_foreign.status, status, "{route:?}");
        met += 1;
    }
    assert!(met > 0);
    assert_eq!(world.state().await, before);
}

async fn a_foreign_member_of_a_project_is_answered_like_one_that_never_was(world: World) {
    let stranger = world.owner("eve", "Eves").await;
    let own_project = stranger.project("Gemini").await;
    let own_member = stranger.member_id_of(&email("eve")).await;
    let owner = world.owner("ada", "Acme").await;
    let project = owner.project("Apollo").await;
    let member = owner.member_id_of(&email("ada")).await;
    let nothing = (unknown("proj"), unknown("member"));
    let before = world.state().await;

    let mut met = 0;
    for route in routes()
        .iter()
        .filter(|route| route.path.contains("{member_id}"))
    {
        let pairs = [
            (&own_project, &member),
            (&own_project, &nothing.1),
            (&project, &member),
            (&project, &own_member),
            (&nothing.0, &own_member),
        ];
        let of_nothing = by_id(&stranger, route, &nothing.0, &nothing.1).await;
        for (project, member) in pairs {
            let answer = by_id(&stranger, route, project, member).await;

            assert_eq!(answer.bytes(), of_nothing.bytes(), "{route:?}");
        }
        of_nothing.problem(404, "not_found");
        met += 1;
    }
    assert!(met > 0);
    assert_eq!(world.state().await, before);
}

/// Ids are in bodies and queries too.
async fn a_foreign_id_in_a_request_is_answered_like_one_that_never_was(world: World) {
    let stranger = world.owner("eve", "Eves").await;
    world.register("bob").await;
    let own = things_of(&stranger).await;
    let roles = format!("/api/v1/members/{}/roles", own["member"]);
    let project = format!("/api/v1/projects/{}/members", own["proj"]);
    let role = format!("/api/v1/roles/{}", own["role"]);
    let owner = world.owner("ada", "Acme").await;
    let foreign = things_of(&owner).await;
    let before = world.state().await;

    #[rustfmt::skip]
    let requests = [
        ("POST",   "/organization/select",               "org",    json!({ "org_id": "ID" })),
        ("POST",   "/organization/add_users",            "role",   json!({ "email": email("bob"), "role": "ID" })),
        ("POST",   "/api/v1/members",                    "role",   json!({ "email": email("bob"), "roles": ["member", "ID"] })),
        ("GET",    "/api/v1/members?role=ID",            "role",   Value::Null),
        ("PUT",    &roles,                               "role",   json!({ "roles": ["ID"] })),
        ("PUT",    &roles,                               "role",   json!({ "roles": [{ "role": "ID" }] })),
        ("POST",   "/api/v1/invitations",                "role",   json!({ "email": email("cleo"), "roles": ["ID"] })),
        ("POST",   "/api/v1/invitations/accept",         "inv",    json!({ "invitation_id": "ID" })),
        ("POST",   "/api/v1/invitations/decline",        "inv",    json!({ "invitation_id": "ID" })),
        ("PATCH",  "/api/v1/organization",               "role",   json!({ "settings": { "default_role": "ID" } })),
        ("POST",   "/api/v1/organization/transfer",      "member", json!({ "member_id": "ID" })),
        ("POST",   "/api/v1/roles",                      "role",   json!({ "name": "x", "permissions": [], "includes": ["ID"] })),
        ("PATCH",  &role,                                "role",   json!({ "includes": ["ID"] })),
        ("PUT",    &role,                                "role",   json!({ "name": "x", "permissions": [], "includes": ["ID"] })),
        ("DELETE", &format!("{role}?reassign_to=ID"),    "role",   Value::Null),
        ("POST",   &project,                             "member", json!({ "member_id": "ID" })),
        ("POST",   &project,                             "role",   json!({ "member_id": own["member"], "roles": ["ID"] })),
        ("POST",   "/api/v1/access/explain",             "member", json!({ "permission": "project:read", "member_id": "ID" })),
        ("POST",   "/api/v1/access/explain",             "proj",   json!({ "permission": "project:read", "project_id": "ID" })),
        ("GET",    "/api/v1/audit-events?actor=ID",      "user",   Value::Null),
        ("GET",    "/api/v1/audit-events?target=ID",     "proj",   Value::Null),
        ("GET",    "/api/v1/audit-events/export?actor=ID", "user", Value::Null),
    ];

    for (method, path, prefix, body) in requests {
        let with = async |id: &str| {
            let request = stranger.request(method, &path.replace("ID", id));
            let request = request.header("if-match", "*");
            let request = match &body {
                Value::Null => request,
                body => request
                    .header("content-type", "application/json")
                    .body(body.to_string().replace("ID", id)),
            };
            request.answer_by_name().await
        };
        let of_foreign = with(&foreign[prefix]).await;
        let of_unknown = with(&unknown(prefix)).await;

        assert_eq!(of_foreign.bytes(), of_unknown.bytes(), "{method} {path}");
        assert!(of_foreign.status < 500, "{method} {path}");
    }
    assert_eq!(world.state().await, before);
}

async fn a_deleted_id_is_answered_like_one_that_never_was(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let project = owner.project("Apollo").await;
    let role = custom_role(&owner).await;
    world.member(&owner, "bob", "member").await;
    let member = owner.member_id_of(&email("bob")).await;
    for path in [
        format!("/api/v1/projects/{project}"),
        format!("/api/v1/roles/{role}"),
        format!("/api/v1/members/{member}"),
    ] {
        owner.delete(&path).await.is(204);
    }

    let mut met = 0;
    for route in routes().iter().filter(|route| route.path.contains("{id}")) {
        let deleted = match prefix_of(route) {
            "proj" => &project,
            "role" => &role,
            "member" => &member,
            _ => continue,
        };
        let of_deleted = by_id(&owner, route, deleted, &unknown("member")).await;
        let of_unknown = nowhere(route);
        let of_unknown = sampled(&owner, route, &of_unknown).answer_by_name().await;

        assert_eq!(of_deleted.bytes(), of_unknown.bytes(), "{route:?}");
        of_deleted.problem(404, "not_found");
        met += 1;
    }
    assert!(met > 0);
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

/// Meets a route with these ids, by a name that the next one can share.
async fn by_id(person: &Person, route: &Route, id: &str, member: &str) -> Answer {
    let path = filled(route.path, id, member);
    sampled(person, route, &path).answer_by_name().await
}

fn is_of_platform(route: &Route) -> bool {
    let permission = route.access.permission();
    permission.is_some_and(|permission| permission.reach().level == Level::Platform)
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
