//! The canonical API under `/api/v1`: the same use cases as resources, and lists in pages.

use crate::world::{Answer, Ask, Client, PASSWORD, Person, World, email, has_keys, unknown};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;

both!(
    accounts_and_sessions_are_those_of_the_seed,
    organizations_are_founded_and_listed,
    an_organization_is_entered_by_its_path,
    a_login_and_a_refresh_may_name_an_organization,
    the_active_organization_is_read_and_renamed,
    members_are_added_listed_and_read,
    a_project_is_created_read_renamed_and_deleted,
    a_deleted_project_gives_its_name_free,
    a_project_takes_no_name_of_another,
    a_project_keeps_its_own_name,
    names_are_trimmed_and_bounded,
    of_eight_at_once_one_gets_the_name,
    all_pages_together_hold_each_row_once,
    a_list_without_rows_is_empty,
    a_list_names_its_next_page_in_a_header,
    a_cursor_is_good_for_its_own_list_only,
    a_list_takes_its_bounds_and_nothing_else,
    a_list_of_ones_own_takes_its_bounds_and_nothing_else,
    the_public_keys_verify_and_tell_nothing_more,
);

/// The lists of a tenant.
const LISTS: [&str; 3] = [
    "/api/v1/projects",
    "/api/v1/members",
    "/organization/list_users",
];

/// The lists of a person.
const LISTS_OF_ONES_OWN: [&str; 3] = [
    "/api/v1/organizations",
    "/api/v1/me/organizations",
    "/api/v1/me/sessions",
];

async fn accounts_and_sessions_are_those_of_the_seed(world: World) {
    let nobody = world.nobody();
    let body = json!({ "name": "ada", "email": email("ada"), "password": PASSWORD });
    let user = nobody.post("/api/v1/auth/register", body).await.is(201);

    let body = json!({ "email": email("ada"), "password": PASSWORD });
    let pair = nobody.post("/api/v1/auth/login", body).await.is(200).json();
    let refresh = json!({ "refresh_token": pair["refresh_token"] });
    let pair = nobody
        .post("/api/v1/auth/refresh", refresh)
        .await
        .is(200)
        .json();
    let ada = nobody.bearing(pair["access_token"].as_str().unwrap());
    let me = ada.get("/api/v1/me").await.is(200);
    let by_seed = ada.get("/users/me").await.is(200);
    let over = ada.request("POST", "/api/v1/auth/logout").answer().await;

    assert_eq!(me.text, by_seed.text);
    assert_eq!(me.id(), user.id());
    over.is(200);
    ada.get("/api/v1/me").await.problem(401, "invalid_token");
}

async fn organizations_are_founded_and_listed(world: World) {
    let ada = world.person("ada").await;

    let acme = ada
        .post("/api/v1/organizations", json!({ "name": "Acme" }))
        .await
        .is(201);
    let zeta = ada
        .post("/api/v1/organizations", json!({ "name": "Zeta" }))
        .await
        .is(201);

    has_keys(&acme.json(), &["id", "name", "slug", "created_at"]);
    for path in ["/api/v1/organizations", "/api/v1/me/organizations"] {
        let mine = ada.get(path).await.is(200);
        assert_eq!(mine.json()["next_cursor"], Value::Null);
        assert_eq!(ids(&mine), [acme.id(), zeta.id()]);
        has_keys(&mine.rows()[0], &["id", "name", "slug", "role"]);
    }
}

async fn an_organization_is_entered_by_its_path(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.found("Acme").await;

    let entered = ada
        .request("POST", &format!("/api/v1/organizations/{acme}/select"))
        .answer()
        .await;

    assert!(
        entered.status == 200 || entered.status == 202,
        "{}",
        entered.text
    );
    let at_work = ada.bearing(entered.json()["access_token"].as_str().unwrap());
    assert_eq!(at_work.get("/api/v1/organization").await.is(200).id(), acme);
}

async fn a_login_and_a_refresh_may_name_an_organization(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.found("Acme").await;
    let zeta = ada.found("Zeta").await;
    let nobody = world.nobody();
    let login = async |organization: &str| {
        let body =
            json!({ "email": email("ada"), "password": PASSWORD, "organization_id": organization });
        nobody.post("/api/v1/auth/login", body).await
    };
    let refresh = async |token: &Value, organization: &str| {
        let body = json!({ "refresh_token": token, "organization_id": organization });
        nobody.post("/api/v1/auth/refresh", body).await
    };

    let at_acme = login(&acme).await.is(200).json();
    let nowhere = login(&unknown("org")).await;
    let at_zeta = refresh(&at_acme["refresh_token"], &zeta)
        .await
        .is(200)
        .json();
    let elsewhere = refresh(&at_acme["refresh_token"], &unknown("org")).await;
    let at_acme_again = refresh(&at_acme["refresh_token"], &acme)
        .await
        .is(200)
        .json();

    nowhere.problem(403, "forbidden");
    elsewhere.problem(403, "forbidden");
    for (pair, organization) in [(at_acme, &acme), (at_zeta, &zeta), (at_acme_again, &acme)] {
        let person = nobody.bearing(pair["access_token"].as_str().unwrap());
        assert_eq!(
            person.get("/api/v1/organization").await.is(200).id(),
            *organization
        );
    }
}

async fn the_active_organization_is_read_and_renamed(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let member = world.member(&owner, "cleo", "member").await;
    world.advance(Duration::from_secs(60));

    let by_member = rename(&member, "Mine").await;
    let by_admin = rename(&admin, "  Acme & Sons ").await;

    by_member.problem(403, "forbidden");
    let renamed = by_admin.is(200).json();
    assert_eq!(
        renamed,
        owner.get("/api/v1/organization").await.is(200).json()
    );
    assert_eq!(renamed["id"], owner.organization());
    assert_eq!(
        (&renamed["name"], &renamed["slug"]),
        (&json!("Acme & Sons"), &json!("acme"))
    );
    assert_ne!(renamed["updated_at"], renamed["created_at"]);
}

async fn members_are_added_listed_and_read(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.register("bob").await;

    let body = json!({ "email": email("bob"), "role": "admin" });
    owner.post("/api/v1/members", body).await.is(201);
    let rows = owner.get("/api/v1/members").await.is(200).rows();
    let path = format!("/api/v1/members/{}", rows[1]["id"].as_str().unwrap());
    let bob = owner.get(&path).await.is(200).json();

    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1], bob);
    has_keys(&bob, &["id", "user_id", "email", "name", "roles"]);
    assert_eq!(
        (&bob["name"], &bob["roles"]),
        (&json!("bob"), &json!(["admin"]))
    );
    let by_seed = owner.get("/organization/list_users").await.is(200);
    assert_eq!(by_seed.rows(), rows);
}

async fn a_project_is_created_read_renamed_and_deleted(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let created = owner
        .post("/api/v1/projects", json!({ "name": "Apollo" }))
        .await
        .is(201);
    let path = format!("/api/v1/projects/{}", created.id());
    world.advance(Duration::from_secs(60));

    let read = owner.get(&path).await.is(200);
    let renamed = owner
        .patch(&path, json!({ "name": "Gemini" }))
        .await
        .is(200)
        .json();
    let listed = owner.get("/api/v1/projects").await.is(200);
    let deleted = owner.delete(&path).await.is(204);

    assert_eq!(read.json(), created.json());
    assert_eq!(renamed["name"], "Gemini");
    assert_eq!(renamed["created_at"], created.json()["created_at"]);
    assert_eq!(listed.rows(), [renamed]);
    assert_eq!(deleted.text, "");
    let answers = [
        owner.get(&path).await,
        owner.patch(&path, json!({ "name": "Mercury" })).await,
        owner.delete(&path).await,
    ];
    for answer in answers {
        answer.problem(404, "not_found");
    }
    assert_eq!(owner.get("/api/v1/projects").await.rows(), [Value::Null; 0]);
}

async fn a_deleted_project_gives_its_name_free(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let first = owner.project("Apollo").await;
    let taken = owner
        .post("/api/v1/projects", json!({ "name": "Apollo" }))
        .await;

    owner
        .delete(&format!("/api/v1/projects/{first}"))
        .await
        .is(204);
    let second = owner.project("Apollo").await;
    owner
        .delete(&format!("/api/v1/projects/{second}"))
        .await
        .is(204);
    let third = owner.project("Gemini").await;
    let renamed = owner
        .patch(
            &format!("/api/v1/projects/{third}"),
            json!({ "name": "Apollo" }),
        )
        .await;

    taken.problem(400, "project_name_taken");
    assert_ne!(first, second);
    renamed.is(200);
}

async fn a_project_takes_no_name_of_another(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.project("Apollo").await;
    let gemini = owner.project("Gemini").await;
    let before = world.state().await;

    let renamed = owner
        .patch(
            &format!("/api/v1/projects/{gemini}"),
            json!({ "name": "Apollo" }),
        )
        .await;

    renamed.problem(400, "project_name_taken");
    assert_eq!(world.state().await, before);
}

async fn a_project_keeps_its_own_name(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let apollo = owner.project("Apollo").await;

    let same = owner
        .patch(
            &format!("/api/v1/projects/{apollo}"),
            json!({ "name": " Apollo " }),
        )
        .await;

    assert_eq!(same.is(200).json()["name"], "Apollo");
}

async fn names_are_trimmed_and_bounded(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let longest = "🚀".repeat(200);
    let good = [
        ("\u{3000} Apollo\n", "Apollo"),
        ("a", "a"),
        (longest.as_str(), longest.as_str()),
        ("'; DROP TABLE projects; --", "'; DROP TABLE projects; --"),
        ("👩‍🚀 Ωμέγα", "👩‍🚀 Ωμέγα"),
    ];
    let too_long = "x".repeat(201);
    let bad = [
        "",
        " \t\n ",
        "\0",
        "a\0b",
        "a\nb",
        "a\u{7f}b",
        "a\u{9b}b",
        "\u{1b}[31m",
        &too_long,
    ];

    let create = async |name: &str| {
        owner
            .post("/api/v1/projects", json!({ "name": name }))
            .await
    };

    for (typed, kept) in good {
        assert_eq!(create(typed).await.is(201).json()["name"], kept);
    }
    for name in bad {
        let problem = create(name).await.problem(400, "invalid_body").json();
        assert_eq!(problem["errors"][0]["pointer"], "#/name", "{name:?}");
    }
}

async fn of_eight_at_once_one_gets_the_name(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.register("bob").await;
    let account = json!({ "name": "eve", "email": email("eve"), "password": PASSWORD });
    let known = json!({ "email": email("bob"), "role": "member" });
    let unknown = json!({ "email": email("cleo"), "role": "member" });
    let requests = [
        ("/users/register", account),
        ("/organization/register", json!({ "name": "Zeta" })),
        ("/organization/add_users", known),
        ("/organization/add_users", unknown),
        ("/projects/create_project", json!({ "name": "Apollo" })),
    ];

    for (path, body) in requests {
        let before = world.audit_events().await.len();
        let mut statuses = eight_at_once(&owner, path, &body).await;
        statuses.sort_unstable();

        assert_eq!(statuses, [201, 400, 400, 400, 400, 400, 400, 400], "{path}");
        assert_eq!(world.audit_events().await.len(), before + 1, "{path}");
    }
}

async fn all_pages_together_hold_each_row_once(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for number in 0..7 {
        owner.project(&format!("Apollo {number}")).await;
        let body =
            json!({ "name": "x", "email": email(&format!("m{number}")), "password": PASSWORD });
        owner.post("/users/register", body).await.is(201);
        owner.add(&format!("m{number}"), "member").await.is(201);
    }

    for list in LISTS {
        let whole = ids(&owner.get(list).await.is(200));
        let mut backwards = whole.clone();
        backwards.reverse();
        assert!(whole.len() >= 7);
        assert!(whole.is_sorted(), "{whole:?}");
        for limit in [1, 3, 7, 8, 100] {
            let ascending = all_pages(&owner, &format!("{list}?limit={limit}")).await;
            let same = all_pages(&owner, &format!("{list}?order=asc&limit={limit}")).await;
            let descending = all_pages(&owner, &format!("{list}?limit={limit}&order=desc")).await;

            assert_eq!(ascending, whole, "{list} by {limit}");
            assert_eq!(same, whole, "{list} by {limit}");
            assert_eq!(descending, backwards, "{list} by {limit}");
        }
    }
}

async fn a_list_without_rows_is_empty(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.person("eve").await;

    let projects = owner.get("/api/v1/projects").await.is(200);
    let organizations = eve.get("/api/v1/organizations").await.is(200);

    for list in [projects, organizations] {
        assert_eq!(list.json(), json!({ "data": [], "next_cursor": null }));
        assert_eq!(list.header("link"), None);
    }
}

async fn a_list_names_its_next_page_in_a_header(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for name in ["a", "b", "c"] {
        owner.project(name).await;
    }

    let first = owner
        .get("/api/v1/projects?order=desc&limit=2")
        .await
        .is(200);
    let next = next_page(&first).expect("a next page");
    let second = owner.get(&next).await.is(200);

    assert!(next.contains(first.json()["next_cursor"].as_str().unwrap()));
    let names: Vec<_> = [first.rows(), second.rows()]
        .concat()
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(names, ["c", "b", "a"]);
    assert_eq!(
        (second.header("link"), &second.json()["next_cursor"]),
        (None, &Value::Null)
    );
}

async fn a_cursor_is_good_for_its_own_list_only(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let elsewhere = world.owner("eve", "Eves").await;
    for person in [&owner, &elsewhere] {
        world.register(&format!("friend-of-{}", person.name)).await;
        person
            .add(&format!("friend-of-{}", person.name), "member")
            .await
            .is(201);
        person.project("a").await;
        person.project("b").await;
    }
    let cursor = async |person: &Person, list: &str| {
        let page = person.get(&format!("{list}?limit=1")).await.is(200);
        page.json()["next_cursor"].as_str().unwrap().to_owned()
    };
    let own = cursor(&owner, "/api/v1/projects").await;
    let of_members = cursor(&owner, "/api/v1/members").await;
    let foreign = cursor(&elsewhere, "/api/v1/projects").await;

    let tampered: String = own.chars().rev().collect();
    let with_more = format!("{own}AAAA");
    let strange = [
        &of_members,
        &foreign,
        &tampered,
        &with_more,
        "",
        "x",
        "%00",
        "null",
        &own[..own.len() - 2],
    ];

    for cursor in strange {
        let path = format!("/api/v1/projects?cursor={cursor}");
        owner.get(&path).await.problem(400, "invalid_cursor");
    }
    let other_way = format!("/api/v1/projects?order=desc&cursor={own}");
    owner.get(&other_way).await.problem(400, "invalid_cursor");
    owner
        .get(&format!("/api/v1/projects?cursor={own}"))
        .await
        .is(200);
}

async fn a_list_takes_its_bounds_and_nothing_else(world: World) {
    let owner = world.owner("ada", "Acme").await;

    let broken = broken_bounds(&owner, &LISTS).await;

    assert_eq!(broken, [""; 0]);
}

async fn a_list_of_ones_own_takes_its_bounds_and_nothing_else(world: World) {
    let ada = world.person("ada").await;
    ada.found("Acme").await;

    let broken = broken_bounds(&ada, &LISTS_OF_ONES_OWN).await;

    assert_eq!(broken, [""; 0]);
}

async fn the_public_keys_verify_and_tell_nothing_more(world: World) {
    let ada = world.person("ada").await;

    let answer = world.nobody().get("/.well-known/jwks.json").await.is(200);

    let keys = answer.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0]["kid"], crate::world::header(&ada.access)["kid"]);
    assert_eq!(keys[0].get("d"), None);
    assert_ne!(keys[0]["kid"], crate::world::header(&ada.refresh)["kid"]);
}

/// Renames the active organization, having seen it, should that be asked for.
async fn rename(person: &Person, name: &str) -> Answer {
    let seen = person.get("/api/v1/organization").await.is(200);
    let request = person.request("PATCH", "/api/v1/organization");
    let request = match seen.header("etag") {
        Some(tag) => request.header("if-match", tag),
        None => request,
    };
    request.json(&json!({ "name": name })).answer().await
}

async fn eight_at_once(person: &Person, path: &str, body: &Value) -> Vec<u16> {
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        requests.spawn(person.request("POST", path).json(body).answer());
    }
    let answers = requests.join_all().await;
    answers.into_iter().map(|answer| answer.status).collect()
}

fn ids(list: &Answer) -> Vec<String> {
    let rows = list.rows();
    let ids = rows
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned());
    ids.collect()
}

/// The ids on all pages from this one on.
async fn all_pages(client: &Client, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = client.get(&path).await.is(200);
        found.extend(ids(&page));
        next = next_page(&page);
    }
    found
}

/// Where `Link` says that the list goes on (RFC 8288 §3).
fn next_page(page: &Answer) -> Option<String> {
    let (path, relation) = page.header("link")?.split_once(">; ").unwrap();
    assert_eq!(relation, r#"rel="next""#);
    Some(path.strip_prefix('<').unwrap().to_owned())
}

/// The queries that a list should refuse or take, and does not.
async fn broken_bounds(client: &Client, lists: &[&str]) -> Vec<String> {
    #[rustfmt::skip]
    let bad = [
        "limit=0", "limit=101", "limit=-1", "limit=256", "limit=1.5", "limit=", "limit=ten", "limit=99999999999999999999",
        "order=", "order=ASC", "order=up",
        "cursor=", "cursor=nonsense",
        "offset=1", "x", "limit=1&x=", "organization_id=1",
        "limit=1&limit=1", "order=asc&order=asc", "limit[]=1",
    ];
    #[rustfmt::skip]
    let good = ["", "limit=1", "limit=100", "order=asc", "order=desc", "order=desc&limit=5"];
    let queries = bad.map(|query| (query, 400)).into_iter();
    let queries: Vec<_> = queries.chain(good.map(|query| (query, 200))).collect();
    let mut broken = Vec::new();
    for list in lists {
        for (query, expected) in &queries {
            let status = client.get(&format!("{list}?{query}")).await.status;
            if status != *expected {
                broken.push(format!("{list}?{query}: {status} instead of {expected}"));
            }
        }
    }
    broken
}
