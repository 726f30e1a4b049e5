//! The canonical API under `/api/v1`: the same use cases as resources, and lists in pages.

use crate::{
    samples::custom_role,
    world::{Answer, Ask, Client, PASSWORD, Person, World, email, has_keys, unknown},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
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
    a_cursor_with_another_key_is_none,
    a_list_takes_its_bounds_and_nothing_else,
    a_list_of_ones_own_takes_its_bounds_and_nothing_else,
    a_list_takes_its_own_filters_and_nothing_else,
    a_change_says_which_version_it_changes,
    nobody_is_added_with_a_role_that_there_is_not,
    the_public_keys_verify_and_tell_nothing_more,
);

/// The lists of a tenant, and those of the platform.
const LISTS: [&str; 9] = [
    "/api/v1/projects",
    "/api/v1/members",
    "/organization/list_users",
    "/api/v1/roles",
    "/api/v1/invitations",
    "/api/v1/audit-events",
    "/api/v1/admin/attention",
    "/api/v1/platform/tenants",
    "/api/v1/platform/users",
];

/// The lists of a person.
const LISTS_OF_ONES_OWN: [&str; 4] = [
    "/api/v1/organizations",
    "/api/v1/me/organizations",
    "/api/v1/me/invitations",
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
    let invited = json!({ "email": email("dan"), "roles": ["member"] });
    let role = json!({ "name": "reader", "permissions": ["project:read"] });
    let requests = [
        ("/users/register", account),
        ("/organization/register", json!({ "name": "Zeta" })),
        ("/organization/add_users", known),
        ("/organization/add_users", unknown),
        ("/projects/create_project", json!({ "name": "Apollo" })),
        ("/api/v1/invitations", invited),
        ("/api/v1/roles", role),
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
    let owner = world.operating_owner("ada", "Acme").await;
    let shared = owner.project("Apollo").await;
    let shared = format!("/api/v1/projects/{shared}/members");
    for number in 0..7 {
        owner.found(&format!("Acme {number}")).await;
        owner.project(&format!("Apollo {number}")).await;
        let role = json!({ "name": format!("role {number}"), "permissions": [] });
        owner.post("/api/v1/roles", role).await.is(201);
        let body = json!({ "email": email(&format!("i{number}")) });
        owner.post("/api/v1/invitations", body).await.is(201);
        let address = email(&format!("m{number}"));
        let body = json!({ "name": "x", "email": address, "password": PASSWORD });
        owner.post("/users/register", body).await.is(201);
        owner.add(&format!("m{number}"), "member").await.is(201);
        let member = owner.member_id_of(&address).await;
        let body = json!({ "member_id": member });
        owner.post(&shared, body).await.is(201);
        let suspend = format!("/api/v1/members/{member}/suspend");
        owner.post(&suspend, json!({})).await.is(204);
    }
    // Of the same name many have the same, and the ids decide.
    let sorted = [
        "/api/v1/members?sort=email",
        "/api/v1/members?sort=name",
        &shared,
    ];

    for list in [LISTS.as_slice(), &sorted].concat() {
        let whole = ids(&owner.get(list).await.is(200));
        let mut backwards = whole.clone();
        backwards.reverse();
        assert!(whole.len() >= 7, "{list}: {whole:?}");
        assert!(whole.is_sorted(), "{list}: {whole:?}");
        let list = format!("{list}{}", if list.contains('?') { '&' } else { '?' });
        for limit in [1, 3, 7, 8, 100] {
            let ascending = all_pages(&owner, &format!("{list}limit={limit}")).await;
            let same = all_pages(&owner, &format!("{list}order=asc&limit={limit}")).await;
            let descending = all_pages(&owner, &format!("{list}limit={limit}&order=desc")).await;

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

/// The key of the last row stands in the cursor, and whoever changes it gets no other page and no error of a database.
async fn a_cursor_with_another_key_is_none(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for name in ["bob", "cleo"] {
        world.member(&owner, name, "member").await;
    }
    let by_id = "/api/v1/members?limit=1";
    let by_key = "/api/v1/members?limit=1&sort=email";
    let cursor = async |list: &str| {
        let page = owner.get(list).await.is(200).json();
        let cursor = page["next_cursor"].as_str().unwrap();
        BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap()
    };
    let with_id = cursor(by_id).await;
    let with_key = cursor(by_key).await;
    let without_key = &with_key[..with_key.len() - email("ada").len()];

    let strange = [
        (by_id, [&with_id, b"ada".as_slice()].concat()),
        (by_id, [&with_id, b"\0".as_slice()].concat()),
        (by_id, with_key.clone()),
        (by_key, with_id),
        (by_key, without_key.to_vec()),
        (by_key, [&with_key, b"\0".as_slice()].concat()),
        (by_key, [without_key, b"\0"].concat()),
        (by_key, [without_key, b"\xff"].concat()),
    ];

    for (list, cursor) in strange {
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(cursor);
        let page = owner.get(&format!("{list}&cursor={cursor}")).await;
        page.problem(400, "invalid_cursor");
    }
    let cursor = BASE64_URL_SAFE_NO_PAD.encode(with_key);
    let page = owner.get(&format!("{by_key}&cursor={cursor}")).await;
    assert_eq!(page.is(200).rows()[0]["email"], email("bob"));
}

async fn a_list_takes_its_bounds_and_nothing_else(world: World) {
    let owner = world.operating_owner("ada", "Acme").await;
    let project = owner.project("Apollo").await;
    let of_project = format!("/api/v1/projects/{project}/members");

    let broken = broken_bounds(&owner, &[LISTS.as_slice(), &[&of_project]].concat()).await;

    assert_eq!(broken, [""; 0]);
}

async fn a_list_of_ones_own_takes_its_bounds_and_nothing_else(world: World) {
    let ada = world.person("ada").await;
    ada.found("Acme").await;

    let broken = broken_bounds(&ada, &LISTS_OF_ONES_OWN).await;

    assert_eq!(broken, [""; 0]);
}

async fn a_list_takes_its_own_filters_and_nothing_else(world: World) {
    let owner = world.operating_owner("ada", "Acme").await;
    let too_long = format!("search={}", "x".repeat(301));
    let action_too_long = format!("action={}", "x".repeat(301));
    #[rustfmt::skip]
    let lists: [(&str, &[&str], &[&str]); 7] = [
        ("/api/v1/members",
            &["status=", "status=gone", "status=ACTIVE", "status=active&status=active", "sort=", "sort=age", "role=", "role=king", "role=%00",
              "search=%00", "search=a%0Ab", &too_long, "email=x", "outcome=denied"],
            &["status=active", "status=suspended", "sort=joined", "sort=email&order=desc", "sort=name", "role=owner", "search=", "search=%25",
              "search=_", "search=%5C", "search='", "search=%F0%9F%9A%80", "search=%FF", "status=active&role=admin&search=a&sort=name&limit=1"]),
        ("/api/v1/invitations",
            &["status=", "status=open", "status=pending&status=expired", "role=owner", "search=x"],
            &["status=pending", "status=accepted", "status=declined", "status=revoked", "status=expired"]),
        ("/api/v1/audit-events",
            &["actor=", "actor=x", "actor=ada", "outcome=", "outcome=maybe", "since=", "since=yesterday", "since=2027-01-15", "until=0",
              "until=9999-12-31T23:59:59-01:00", "since=0000-01-01T00:00:00%2B01:00", "action=%00", "target=%00", &action_too_long, "status=active"],
            &["action=", "action=member:invite", "target=x", "outcome=denied", "since=2027-01-15T08:00:00Z", "until=9999-12-31T23:59:59Z",
              "since=0000-01-01T00:00:00Z", "since=2027-01-15T08:00:00.123456789%2B05:30"]),
        ("/api/v1/platform/users",
            &["email=", "email=nowhere", "email=%00@example.com", "status=active", "search=x"],
            &["email=ada@example.com", "email=nobody@example.com", "email=ADA@EXAMPLE.COM"]),
        ("/api/v1/roles",           &["search=x", "status=active", "name=owner"], &[]),
        ("/api/v1/projects",        &["search=x", "status=active", "sort=name"],  &[]),
        ("/api/v1/admin/attention", &["status=suspended", "sort=name"],           &[]),
    ];

    let mut broken = Vec::new();
    for (list, bad, good) in lists {
        broken.extend(broken_queries(&owner, list, bad, good).await);
    }

    assert_eq!(broken, [""; 0]);
}

/// 428 without, 412 when it is another one, and 403 before both.
async fn a_change_says_which_version_it_changes(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let member = world.member(&owner, "bob", "member").await;
    let role = format!("/api/v1/roles/{}", custom_role(&owner).await);
    let roles = owner.member_id_of(&email("bob")).await;
    let roles = format!("/api/v1/members/{roles}/roles");
    let whole = json!({ "name": "writer", "permissions": [] });
    let changes = [
        ("PATCH", "/api/v1/organization", json!({ "name": "Zeta" })),
        ("PATCH", role.as_str(), json!({ "name": "writer" })),
        ("PUT", role.as_str(), whole),
        ("PUT", roles.as_str(), json!({ "roles": ["member"] })),
    ];

    for (method, path, body) in changes {
        let change = async |person: &Person, tag: Option<&str>| {
            let request = person.request(method, path).json(&body);
            let request = match tag {
                Some(tag) => request.header("if-match", tag),
                None => request,
            };
            request.answer().await
        };
        let tag = owner
            .get(path)
            .await
            .is(200)
            .header("etag")
            .unwrap()
            .to_owned();
        let before = world.state().await;
        let weak = format!("W/{tag}");
        let bare = tag.replace('"', "");
        for other in ["", "\"\"", "\"v0\"", "\"x\"", "x", "**", &weak, &bare] {
            let stale = change(&owner, Some(other)).await;
            stale.problem(412, "precondition_failed");
        }
        change(&owner, None)
            .await
            .problem(428, "precondition_required");
        for tag in [None, Some("\"v0\""), Some("*"), Some(tag.as_str())] {
            change(&member, tag).await.problem(403, "forbidden");
        }
        assert_eq!(world.state().await, before, "{method} {path}");

        let among_others = format!("\"v0\", {tag}");
        let changed = change(&owner, Some(&among_others)).await.is(200);
        let next = changed.header("etag").unwrap().to_owned();
        assert_ne!(next, tag, "{method} {path}");
        let read = owner.get(path).await.is(200);
        assert_eq!(read.header("etag"), Some(next.as_str()));
        change(&owner, Some(&tag))
            .await
            .problem(412, "precondition_failed");
        change(&owner, Some(&next)).await.is(200);
    }
}

async fn nobody_is_added_with_a_role_that_there_is_not(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.register("known").await;
    let before = world.state().await;

    let known = owner.add("known", "king").await;
    let unknown = owner.add("unknown", "king").await;
    let body = json!({ "email": email("unknown"), "roles": ["member", "king"] });
    let invited = owner.post("/api/v1/invitations", body).await;

    for answer in [known, unknown, invited] {
        answer.problem(400, "unknown_role");
    }
    assert_eq!(world.state().await, before);
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

/// Renames the active organization, having seen it.
async fn rename(person: &Person, name: &str) -> Answer {
    let path = "/api/v1/organization";
    let seen = person.get(path).await.is(200);
    let tag = seen.header("etag").unwrap();
    person.patch_if(path, tag, json!({ "name": name })).await
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
    let ids = rows.iter().map(|row| {
        // A row about a member says so.
        let ids = [&row["id"], &row["member_id"], &row["member"]["id"]];
        let id = ids.iter().find_map(|id| id.as_str());
        id.unwrap().to_owned()
    });
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
    let mut broken = Vec::new();
    for list in lists {
        broken.extend(broken_queries(client, list, &bad, &good).await);
    }
    broken
}

/// Those of the bad queries that the list takes, and of the good ones that it refuses.
async fn broken_queries(client: &Client, list: &str, bad: &[&str], good: &[&str]) -> Vec<String> {
    let queries = bad.iter().map(|query| (query, 400));
    let queries = queries.chain(good.iter().map(|query| (query, 200)));
    let mut broken = Vec::new();
    for (query, expected) in queries {
        let status = client.get(&format!("{list}?{query}")).await.status;
        if status != expected {
            broken.push(format!("{list}?{query}: {status} instead of {expected}"));
        }
    }
    broken
}
