//! Members: found, given roles, suspended, removed; and whatever happens, an organization has an owner.

use crate::{
    acts::{INVITATIONS, MEMBERS, ORGANIZATION, PROJECTS, ROLES, at_once, counted, names, texts},
    world::{Answer, Ask, Client, PASSWORD, Person, World, claims, email, unknown},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::{collections::BTreeMap, num::NonZero, time::Duration};

both!(
    members_are_found_by_status_and_role,
    members_are_found_by_a_part_of_their_name_or_address,
    a_search_takes_every_letter_as_it_is,
    all_pages_of_a_sorted_list_hold_each_member_once_and_in_order,
    a_sorted_list_goes_on_behind_a_member_who_is_gone,
    a_cursor_of_members_is_good_for_its_filter_and_its_sort,
    a_cursor_that_somebody_made_up_is_refused,
    a_list_of_members_takes_its_filters_and_nothing_else,
    a_member_gets_other_roles,
    whoever_changes_the_roles_of_a_member_has_seen_them,
    a_role_is_gone_when_its_time_is_over,
    of_two_ends_of_a_role_the_later_counts,
    a_role_ends_at_an_instant_that_lies_ahead,
    ownership_has_no_end,
    whoever_is_suspended_is_refused_at_once_and_resumed_holds_what_they_held,
    whoever_is_removed_is_refused_at_once_and_elsewhere_goes_on,
    whoever_is_added_again_starts_anew,
    whoever_leaves_is_gone_at_once,
    nobody_acts_on_whoever_holds_more,
    nobody_gives_what_they_do_not_hold,
    what_somebody_holds_on_a_project_counts_when_they_are_acted_on,
    whoever_lost_a_power_a_moment_ago_does_nothing_with_it,
    the_last_active_owner_stays,
    an_owner_whose_account_is_closed_is_not_the_one_who_stays,
    of_two_owners_one_may_go,
    of_two_owners_who_act_at_once_one_is_left,
);

const MINUTE: Duration = Duration::from_secs(60);
/// A minute after the clock of a new world.
const IN_A_MINUTE: &str = "2027-01-15T08:01:00Z";

async fn members_are_found_by_status_and_role(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let editor = owner.role("Editor", &["project:read"]).await;
    for (name, role) in [
        ("bob", "admin"),
        ("cleo", "Editor"),
        ("dan", "member"),
        ("eli", "admin"),
    ] {
        world.register(name).await;
        owner.add(name, role).await.is(201);
    }
    owner.suspend(&owner.member_id("eli").await).await.is(204);
    owner.suspend(&owner.member_id("dan").await).await.is(204);

    for (filter, expected) in [
        ("", vec!["ada", "bob", "cleo", "dan", "eli"]),
        ("status=active", vec!["ada", "bob", "cleo"]),
        ("status=suspended", vec!["dan", "eli"]),
        ("role=admin", vec!["bob", "eli"]),
        ("role=owner", vec!["ada"]),
        ("role=Editor", vec!["cleo"]),
        (&format!("role={editor}"), vec!["cleo"]),
        ("role=admin&status=active", vec!["bob"]),
        ("role=admin&search=eli", vec!["eli"]),
        ("role=Editor&status=suspended", vec![]),
    ] {
        assert_eq!(names(&list(&owner, filter).await), expected, "{filter}");
    }
}

async fn members_are_found_by_a_part_of_their_name_or_address(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for (address, name) in [
        ("first@one.example", "Grace Hopper"),
        ("second@two.example", "Ärger & Söhne"),
    ] {
        join(&world, &owner, address, name).await;
    }

    for (search, expected) in [
        ("grace", vec!["Grace Hopper"]),
        ("GRACE h", vec!["Grace Hopper"]),
        ("ONE.example", vec!["Grace Hopper"]),
        ("t@one", vec!["Grace Hopper"]),
        ("Ärger", vec!["Ärger & Söhne"]),
        ("& SöH", vec!["Ärger & Söhne"]),
        // Beyond ASCII each letter is itself alone.
        ("ärger", vec![]),
        (".example", vec!["Grace Hopper", "Ärger & Söhne"]),
        ("grace%", vec![]),
        ("nobody", vec![]),
    ] {
        assert_eq!(names(&found(&owner, search).await), expected, "{search}");
    }
}

async fn a_search_takes_every_letter_as_it_is(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for (number, name) in ["100%", "snake_case", r"back\slash", "'; --", "plain"]
        .iter()
        .enumerate()
    {
        join(&world, &owner, &format!("p{number}@one.example"), name).await;
    }

    for (search, expected) in [
        ("%", "100%"),
        ("0%", "100%"),
        ("_", "snake_case"),
        ("e_c", "snake_case"),
        (r"\", r"back\slash"),
        (r"k\s", r"back\slash"),
        ("'", "'; --"),
    ] {
        assert_eq!(names(&found(&owner, search).await), [expected], "{search}");
    }
    for search in ["%%", "__", r"\\", r"\%", "p%n", "pl_in", "\u{fffd}"] {
        assert_eq!(names(&found(&owner, search).await), [""; 0], "{search}");
    }
    let nul = found(&owner, "a\0").await;
    nul.problem(400, "invalid_query");
}

async fn all_pages_of_a_sorted_list_hold_each_member_once_and_in_order(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for (address, name) in [
        ("m@one.example", "Zoe"),
        ("z@one.example", "zoe"),
        ("a@two.example", "Zoe"),
        ("c@one.example", "Ärger"),
        ("b@one.example", "Zoe"),
        ("-x@one.example", "10"),
        ("x@one.example", "9"),
        ("0@one.example", "Zo"),
    ] {
        join(&world, &owner, address, name).await;
    }
    let rows = list(&owner, "limit=100").await.rows();
    assert_eq!(rows.len(), 9);

    for (sort, key) in [("joined", "id"), ("email", "email"), ("name", "name")] {
        let mut ascending = rows.clone();
        ascending.sort_by_key(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text(key), text("id"))
        });
        let ascending = texts(&ascending, "id");
        let mut descending = ascending.clone();
        descending.reverse();
        for limit in [1, 2, 4, 9, 100] {
            for (order, expected) in [("asc", &ascending), ("desc", &descending)] {
                let query = format!("{MEMBERS}?sort={sort}&order={order}&limit={limit}");
                assert_eq!(all_pages(&owner, &query).await, *expected, "{query}");
            }
        }
        let filtered = format!("{MEMBERS}?sort={sort}&limit=1&search=zo&role=member");
        let filtered = all_pages(&owner, &filtered).await;
        assert_eq!(filtered.len(), 5);
        assert!(
            filtered.is_sorted_by_key(|id| ascending.iter().position(|other| other == id)),
            "{sort}"
        );
    }
}

async fn a_sorted_list_goes_on_behind_a_member_who_is_gone(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for name in ["bob", "cleo", "dan"] {
        world.register(name).await;
        owner.add(name, "member").await.is(201);
    }
    let first = list(&owner, "sort=name&limit=2").await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    world.register("bert").await;
    owner.add("bert", "member").await.is(201);
    owner.remove(&owner.member_id("bob").await).await.is(204);

    let second = list(&owner, &format!("sort=name&limit=2&cursor={cursor}")).await;

    assert_eq!(names(&first), ["ada", "bob"]);
    assert_eq!(names(&second), ["cleo", "dan"]);
}

async fn a_cursor_of_members_is_good_for_its_filter_and_its_sort(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for name in ["bob", "cleo"] {
        world.register(name).await;
        owner.add(name, "member").await.is(201);
    }
    let queries = [
        "sort=joined",
        "sort=email",
        "sort=name",
        "sort=name&order=desc",
        "status=active",
        "role=member",
        "search=e",
        "search=example",
        "search=example&sort=name",
        "search=example&sort=name&status=active",
    ];

    for of in queries {
        let page = list(&owner, &format!("{of}&limit=1")).await;
        let cursor = page.json()["next_cursor"].as_str().unwrap().to_owned();
        for with in queries {
            let answer = owner
                .get(&format!("{MEMBERS}?{with}&cursor={cursor}"))
                .await;
            if of == with {
                answer.is(200);
            } else {
                answer.problem(400, "invalid_cursor");
            }
        }
    }
}

async fn a_cursor_that_somebody_made_up_is_refused(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.register("bob").await;
    owner.add("bob", "member").await.is(201);
    let page = list(&owner, "sort=name&limit=1").await;
    let cursor = page.json()["next_cursor"].as_str().unwrap().to_owned();
    let cursor = BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap();

    for end in [&b"\0"[..], b"a\0b", b"\xff", b"\xc3"] {
        let forged = BASE64_URL_SAFE_NO_PAD.encode([&cursor, end].concat());
        let path = format!("{MEMBERS}?sort=name&cursor={forged}");
        owner.get(&path).await.problem(400, "invalid_cursor");
    }
}

async fn a_list_of_members_takes_its_filters_and_nothing_else(world: World) {
    let owner = world.owner("ada", "Acme").await;

    for query in [
        "status=",
        "status=Active",
        "status=deleted",
        "sort=",
        "sort=id",
        "sort=NAME",
        "status=active&status=active",
        "name=ada",
        "email=ada",
        "search[]=a",
        "search=%00",
        "role=%00",
    ] {
        let answer = owner.get(&format!("{MEMBERS}?{query}")).await;
        assert_eq!((answer.status, query), (400, query), "{}", answer.text);
        answer.problem(400, "invalid_query");
    }
    for role in ["", "Admin", "nobody", &unknown("role")] {
        let answer = owner.get(&format!("{MEMBERS}?role={role}")).await;
        answer.problem(400, "unknown_role");
    }
    assert_eq!(names(&list(&owner, "search=").await), ["ada"]);
}

async fn a_member_gets_other_roles(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let editor = owner.role("Editor", &["project:*", "member:list"]).await;
    let id = owner.member_id("bob").await;
    let project = owner.project("Apollo").await;
    let path = format!("{MEMBERS}/{id}/roles");

    let by_name = owner.assign(&id, json!(["Editor"])).await.is(200);
    let read = owner.get(&path).await.is(200);
    let projects = bob.get(PROJECTS).await;
    let roles = bob.get("/api/v1/roles").await;
    let both = owner.assign(&id, json!([editor, "admin", "admin", "Editor"]));
    let both = both.await.is(200).json();
    owner
        .share_with(&project, &id, json!([editor]))
        .await
        .is(201);
    let beside = owner.assign(&id, json!(["member", "admin"])).await;
    let read_beside = owner.get(&path).await.is(200);
    let unshared = format!("{PROJECTS}/{project}/members/{id}");
    owner.delete(&unshared).await.is(204);
    let none = owner.assign(&id, json!([])).await.is(200).json();

    assert_eq!(by_name.json(), read.json());
    assert_eq!(beside.is(200).json(), read_beside.json());
    assert_eq!(read_beside.json()["roles"], json!(["admin", "member"]));
    let places = read_beside.json()["assignments"][2]["project_id"].clone();
    assert_eq!(places, project);
    assert_eq!(by_name.json()["roles"], json!(["Editor"]));
    let assignment = json!({
        "role_id": editor, "role": "Editor", "project_id": null, "expires_at": null, "expired": false
    });
    assert_eq!(by_name.json()["assignments"], json!([assignment]));
    assert_eq!(projects.is(200).rows().len(), 1);
    roles.problem(403, "forbidden");
    let both = texts(both["assignments"].as_array().unwrap(), "role");
    assert_eq!(both, ["admin", "Editor"]);
    assert_eq!(none, json!({ "roles": [], "assignments": [] }));
    for path in [PROJECTS, MEMBERS, ORGANIZATION] {
        bob.get(path).await.problem(403, "forbidden");
    }
    for roles in [
        json!(["nobody"]),
        json!([unknown("role")]),
        json!(["Owner"]),
        json!(["Editor", "editor"]),
    ] {
        let answer = owner.assign(&id, roles).await;
        answer.problem(400, "unknown_role");
    }
    assert_eq!(owner.get(&path).await.json(), none);
}

async fn whoever_changes_the_roles_of_a_member_has_seen_them(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let id = owner.member_id("bob").await;
    let project = owner.project("Apollo").await;
    let path = format!("{MEMBERS}/{id}/roles");
    let body = || json!({ "roles": ["admin"] });
    let tag = async || {
        let of_roles = owner.get(&path).await.is(200);
        let of_member = owner.get(&format!("{MEMBERS}/{id}")).await.is(200);
        let tag = of_roles.header("etag").unwrap().to_owned();
        assert_eq!(of_member.header("etag"), Some(tag.as_str()));
        tag
    };

    let mut tags = vec![tag().await];
    owner.suspend(&id).await.is(204);
    tags.push(tag().await);
    owner.resume(&id).await.is(204);
    tags.push(tag().await);
    owner
        .share_with(&project, &id, json!(["member"]))
        .await
        .is(201);
    let current = tag().await;
    let unseen = owner.request("PUT", &path).json(&body()).answer().await;
    let before = world.state().await;

    unseen.problem(428, "precondition_required");
    tags.push(format!("W/{current}"));
    for stale in &tags {
        let answer = owner.put_if(&path, stale, body()).await;
        answer.problem(412, "precondition_failed");
    }
    let again = bob.again(&world).await;
    for tag in [&tags[0], &current] {
        let by_member = again.put_if(&path, tag, body()).await;
        by_member.problem(403, "forbidden");
    }
    assert_eq!(world.state().await["member_roles"], before["member_roles"]);
    let list = format!("{}, {current}", tags[0]);
    let changed = owner.put_if(&path, &list, body()).await.is(200);
    assert_eq!(changed.header("etag"), Some(tag().await.as_str()));
    owner.put_if(&path, "*", body()).await.is(200);
}

async fn a_role_is_gone_when_its_time_is_over(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let id = owner.member_id("bob").await;
    let for_a_minute = json!({ "role": "admin", "expires_at": IN_A_MINUTE });

    let given = owner
        .assign(&id, json!([for_a_minute, "member"]))
        .await
        .is(200);
    bob.get("/api/v1/audit-events").await.is(200);
    let during = owner.member("bob").await;
    world.advance(MINUTE - Duration::from_micros(1));
    bob.get("/api/v1/audit-events").await.is(200);
    world.advance(Duration::from_micros(1));
    let over = bob.get("/api/v1/audit-events").await;
    let after = owner.member("bob").await;

    let ends = |row: &Value| {
        let all = row["assignments"].as_array().unwrap();
        let one = all.iter().find(|one| one["role"] == "admin").unwrap();
        (one["expires_at"].clone(), one["expired"].clone())
    };
    assert_eq!(ends(&given.json()), (json!(IN_A_MINUTE), json!(false)));
    assert_eq!(ends(&during), (json!(IN_A_MINUTE), json!(false)));
    assert_eq!(during["role"], "admin");
    over.problem(403, "forbidden");
    assert_eq!(ends(&after), (json!(IN_A_MINUTE), json!(true)));
    assert_eq!(
        (&after["role"], &after["roles"]),
        (&json!("member"), &json!(["member"]))
    );
    let me = bob.get("/api/v1/me").await.is(200).json();
    assert_eq!(me["roles"], json!(["member"]));
    let mine = bob.get("/api/v1/organizations").await.rows().remove(0);
    assert_eq!(mine["roles"], json!(["member"]));
    bob.get(MEMBERS).await.is(200);
}

async fn of_two_ends_of_a_role_the_later_counts(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "member").await;
    let id = owner.member_id("bob").await;
    let until = |at: &str| json!({ "role": "admin", "expires_at": at });

    let later = json!([
        until(IN_A_MINUTE),
        until("2027-01-15T08:03:00Z"),
        until("2027-01-15T08:02:00Z")
    ]);
    let later = owner.assign(&id, later).await.is(200).json();
    let never = owner
        .assign(&id, json!([until(IN_A_MINUTE), "admin"]))
        .await;
    let never = never.is(200).json();

    assert_eq!(
        texts(later["assignments"].as_array().unwrap(), "expires_at"),
        ["2027-01-15T08:03:00Z"]
    );
    assert_eq!(never["assignments"][0]["expires_at"], Value::Null);
}

async fn a_role_ends_at_an_instant_that_lies_ahead(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "member").await;
    let id = owner.member_id("bob").await;
    let before = world.state().await;

    for past in [
        "2027-01-15T08:00:00Z",
        "2027-01-15T07:59:59Z",
        "1970-01-01T00:00:00Z",
    ] {
        let roles = json!([{ "role": "admin", "expires_at": past }]);
        owner.assign(&id, roles).await.problem(400, "invalid_roles");
    }
    for bad in [
        "",
        "tomorrow",
        "2028-01-15",
        "2028-01-15T08:00:00",
        "2028-02-30T00:00:00Z",
        "2028-01-15T25:00:00Z",
        "1900000000",
    ] {
        let roles = json!([{ "role": "admin", "expires_at": bad }]);
        owner.assign(&id, roles).await.problem(400, "invalid_body");
    }
    assert_eq!(world.state().await, before);
    for (written, kept) in [
        ("2027-01-15T09:01:00+01:00", IN_A_MINUTE),
        ("2027-01-15T08:01:00.000000999Z", IN_A_MINUTE),
        ("2027-01-15T08:00:00.000001Z", "2027-01-15T08:00:00.000001Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ] {
        let roles = json!([{ "role": "admin", "expires_at": written }]);
        let given = owner.assign(&id, roles).await.is(200).json();
        assert_eq!(given["assignments"][0]["expires_at"], kept);
    }
    let none = json!([{ "role": "admin", "expires_at": null }]);
    let given = owner.assign(&id, none).await.is(200).json();
    assert_eq!(given["assignments"][0]["expires_at"], Value::Null);
}

async fn ownership_has_no_end(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "member").await;
    let project = owner.project("Apollo").await;
    let before = world.state().await;

    let ending = json!([{ "role": "owner", "expires_at": "2028-01-15T08:00:00Z" }]);
    for name in ["ada", "bob"] {
        let id = owner.member_id(name).await;
        let whole = owner.assign(&id, ending.clone()).await;
        let on_project = owner.share_with(&project, &id, json!(["owner"])).await;
        for answer in [whole, on_project] {
            answer.problem(400, "invalid_roles");
        }
    }

    assert_eq!(world.state().await, before);
}

async fn whoever_is_suspended_is_refused_at_once_and_resumed_holds_what_they_held(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "admin").await;
    let session = bob.enter(&bob.found("Zeta").await).await;
    let id = owner.member_id("bob").await;
    let path = format!("{MEMBERS}/{id}");
    let before = owner.get(&path).await.json();

    owner.suspend(&id).await.is(204);
    let row = owner.get(&path).await.json();

    assert_eq!(row["status"], "suspended");
    assert_eq!(row["roles"], json!(["admin"]));
    is_out(&world, &bob, &session).await;
    owner.suspend(&id).await.is(204);
    owner.resume(&id).await.is(204);
    owner.resume(&id).await.is(204);
    assert_eq!(owner.get(&path).await.json(), before);
    // What was ended stays ended; the door is open again.
    bob.get(MEMBERS).await.problem(401, "invalid_token");
    bob.refresh(&bob.refresh)
        .await
        .problem(401, "invalid_token");
    let back = session.enter(owner.organization()).await;
    back.get("/api/v1/audit-events").await.is(200);
}

async fn whoever_is_removed_is_refused_at_once_and_elsewhere_goes_on(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "admin").await;
    let session = bob.enter(&bob.found("Zeta").await).await;
    let id = owner.member_id("bob").await;

    owner.remove(&id).await.is(204);

    is_out(&world, &bob, &session).await;
    let path = format!("{MEMBERS}/{id}");
    owner.get(&path).await.problem(404, "not_found");
    let gone = [
        owner.remove(&id).await,
        owner.suspend(&id).await,
        owner.resume(&id).await,
        owner.assign(&id, json!(["member"])).await,
    ];
    for answer in gone {
        answer.problem(404, "not_found");
    }
    let mine = texts(&session.get("/api/v1/organizations").await.rows(), "name");
    assert_eq!(mine, ["Zeta"]);
}

async fn whoever_is_added_again_starts_anew(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "admin").await;
    let project = owner.project("Apollo").await;
    let id = owner.member_id("bob").await;
    owner
        .share_with(&project, &id, json!(["admin"]))
        .await
        .is(201);
    let shared = format!("{PROJECTS}/{project}/members");
    assert_eq!(owner.get(&shared).await.rows().len(), 1);

    owner.remove(&id).await.is(204);
    let nobody = owner.get(&shared).await.rows();
    owner.add("bob", "member").await.is(201);
    let again = owner.member("bob").await;

    assert_eq!(nobody, [Value::Null; 0]);
    assert_ne!(again["id"], id);
    assert_eq!(again["assignments"].as_array().unwrap().len(), 1);
    assert_eq!(again["roles"], json!(["member"]));
    bob.get(MEMBERS).await.problem(401, "invalid_token");
    let bob = bob.again(&world).await;
    let name = json!({ "name": "Mine" });
    let renamed = bob.patch(&format!("{PROJECTS}/{project}"), name).await;
    renamed.problem(403, "forbidden");
}

async fn whoever_leaves_is_gone_at_once(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let session = bob.enter(&bob.found("Zeta").await).await;

    bob.leave().await.is(204);

    is_out(&world, &bob, &session).await;
    assert_eq!(names(&list(&owner, "").await), ["ada"]);
    let user = world.person("cleo").await;
    user.leave().await.problem(403, "forbidden");
}

async fn nobody_acts_on_whoever_holds_more(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let plain = ["organization:read", "member:*", "role:list", "project:read"];
    owner.role("Clerk", &plain).await;
    let clerk = world.member(&owner, "cleo", "Clerk").await;
    world.member(&owner, "dan", "member").await;
    let id = async |name: &str| owner.member_id(name).await;
    let before = world.state().await;

    for (person, above) in [(&admin, "ada"), (&clerk, "ada"), (&clerk, "bob")] {
        let above = id(above).await;
        let refused = [
            person.suspend(&above).await,
            person.remove(&above).await,
            person.assign(&above, json!(["member"])).await,
            person.assign(&above, json!([])).await,
        ];
        for answer in refused {
            answer.problem(403, "forbidden");
        }
    }

    assert_eq!(world.state().await["members"], before["members"]);
    assert_eq!(world.state().await["member_roles"], before["member_roles"]);
    let bob = id("bob").await;
    owner.suspend(&bob).await.is(204);
    clerk.resume(&bob).await.problem(403, "forbidden");
    let dan = id("dan").await;
    clerk.suspend(&dan).await.is(204);
    clerk.resume(&dan).await.is(204);
    clerk.assign(&dan, json!(["Clerk"])).await.is(200);
    clerk.remove(&dan).await.is(204);
}

async fn nobody_gives_what_they_do_not_hold(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let plain = ["organization:read", "member:*", "role:list", "project:read"];
    owner.role("Clerk", &plain).await;
    owner.role("Writer", &["project:update:own"]).await;
    let clerk = world.member(&owner, "cleo", "Clerk").await;
    world.register("dan").await;
    let before = world.state().await;

    let refused = [
        admin
            .assign(&owner.member_id("bob").await, json!(["owner"]))
            .await,
        admin.add("dan", "owner").await,
        clerk
            .assign(&owner.member_id("cleo").await, json!(["admin"]))
            .await,
        clerk
            .assign(&owner.member_id("cleo").await, json!(["Clerk", "Writer"]))
            .await,
        clerk.add("dan", "admin").await,
        clerk.add("dan", "Writer").await,
        clerk.add("nobody-yet", "Writer").await,
    ];

    for answer in refused {
        answer.problem(403, "forbidden");
    }
    assert_eq!(world.state().await["members"], before["members"]);
    assert_eq!(world.state().await["member_roles"], before["member_roles"]);
    assert_eq!(world.dump("invitations").await, [""; 0]);
    clerk.add("dan", "Clerk").await.is(201);
    admin.add("nobody-yet", "admin").await.is(201);
}

async fn what_somebody_holds_on_a_project_counts_when_they_are_acted_on(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let plain = ["organization:read", "member:*", "role:list", "project:read"];
    owner.role("Clerk", &plain).await;
    owner
        .role("Writer", &["project:update", "audit:read"])
        .await;
    let clerk = world.member(&owner, "bob", "Clerk").await;
    world.member(&owner, "cleo", "member").await;
    let project = owner.project("Apollo").await;
    let cleo = owner.member_id("cleo").await;

    owner
        .share_with(&project, &cleo, json!(["Writer"]))
        .await
        .is(201);
    let shared = [
        clerk.suspend(&cleo).await,
        clerk.remove(&cleo).await,
        clerk.assign(&cleo, json!(["member"])).await,
    ];
    let path = format!("{PROJECTS}/{project}/members/{cleo}");
    owner.delete(&path).await.is(204);

    for answer in shared {
        answer.problem(403, "forbidden");
    }
    clerk.remove(&cleo).await.is(204);
}

async fn whoever_lost_a_power_a_moment_ago_does_nothing_with_it(world: World) {
    let world = world
        .with(|config| config.database.connections = NonZero::new(20))
        .await;
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "owner").await;
    world.member(&owner, "cleo", "member").await;
    world.register("dan").await;
    let cleo = owner.member_id("cleo").await;
    let role = owner.role("Editor", &["project:read"]).await;
    let project = owner.project("Apollo").await;
    let invited = owner.invite("eli", &["member"]).await.is(201).id();
    let sent = |method: &str, path: &str, body: Value| {
        let request = bob.request(method, path).header("if-match", "*");
        request.json(&body)
    };
    let member = format!("{MEMBERS}/{cleo}");
    let role = format!("{ROLES}/{role}");
    #[rustfmt::skip]
    let requests = vec![
        sent("PUT",    &format!("{member}/roles"), json!({ "roles": ["owner"] })),
        sent("POST",   MEMBERS,                    json!({ "email": email("dan"), "role": "owner" })),
        sent("POST",   MEMBERS,                    json!({ "email": email("fay"), "role": "owner" })),
        sent("POST",   INVITATIONS,                json!({ "email": email("gil"), "role": "owner" })),
        sent("POST",   ROLES,                      json!({ "name": "New", "permissions": ["*"] })),
        sent("PATCH",  &role,                      json!({ "permissions": ["*"] })),
        sent("PATCH",  ORGANIZATION,               json!({ "settings": { "default_role": "admin" } })),
        sent("POST",   &format!("{PROJECTS}/{project}/members"), json!({ "member_id": cleo, "roles": ["admin"] })),
        sent("POST",   &format!("{ORGANIZATION}/transfer"),      json!({ "member_id": cleo })),
        bob.request("DELETE", &role),
        bob.request("DELETE", &member),
        bob.request("DELETE", ORGANIZATION),
        bob.request("POST",   &format!("{member}/suspend")),
        bob.request("POST",   &format!("{ORGANIZATION}/suspend")),
        bob.request("POST",   &format!("{INVITATIONS}/{invited}/resend")),
    ];
    // Nobody else changes the organization until this is over, and then the other owner is one no more.
    let demote = "UPDATE tenants SET name = name;
                  UPDATE member_roles SET role_id = (SELECT id FROM roles WHERE builtin = 'member')
                  WHERE member_id = (SELECT m.id FROM members m JOIN users u ON u.id = m.user_id
                                     WHERE u.name = 'bob')";
    world.hold(demote).await;

    let count = requests.len();
    let answers = tokio::spawn(at_once(requests));
    // They were let in before these.
    for _ in 0..3 {
        bob.get(ROLES).await.is(200);
    }
    world.let_go().await;
    let answers = answers.await.unwrap();

    let forbidden = [("403 forbidden".to_owned(), count)];
    assert_eq!(counted(&answers), forbidden.into(), "{answers:?}");
    assert_eq!(owner.member("bob").await["roles"], json!(["member"]));
    assert_eq!(owner.member("cleo").await["roles"], json!(["member"]));
    assert_eq!(owner.get(MEMBERS).await.rows().len(), 3);
    assert_eq!(owner.get(ROLES).await.rows().len(), 4);
    assert_eq!(owner.get(INVITATIONS).await.rows().len(), 1);
}

async fn the_last_active_owner_stays(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "owner").await;
    world.member(&owner, "cleo", "admin").await;
    let ada = owner.member_id("ada").await;
    let bob = owner.member_id("bob").await;
    owner.suspend(&bob).await.is(204);
    let before = world.state().await;

    let refused = [
        owner.remove(&ada).await,
        owner.suspend(&ada).await,
        owner.assign(&ada, json!(["admin"])).await,
        owner.assign(&ada, json!([])).await,
        owner.leave().await,
    ];

    for answer in refused {
        answer.problem(400, "last_owner");
    }
    assert_eq!(world.state().await, before);
    owner.get(MEMBERS).await.is(200);
    owner.assign(&ada, json!(["owner", "admin"])).await.is(200);
    // Whoever is suspended is not the one who stays.
    owner.remove(&bob).await.is(204);
}

async fn an_owner_whose_account_is_closed_is_not_the_one_who_stays(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "owner").await;
    let close = "UPDATE users SET disabled_at = 1 WHERE name = 'bob'";
    world.execute(close).await;

    let refused = owner.leave().await;

    refused.problem(400, "last_owner");
    let bob = owner.member_id("bob").await;
    owner.remove(&bob).await.is(204);
}

async fn of_two_owners_one_may_go(world: World) {
    for act in Act::ALL {
        let name = format!("{act:?}").to_lowercase();
        let owner = world.owner(&format!("ada-{name}"), &name).await;
        let bob = format!("bob-{name}");
        let partner = world.member(&owner, &bob, "owner").await;
        let ada = owner.member_id(&owner.name).await;

        let by_partner = match act {
            Act::Leave => owner.leave().await,
            Act::Remove => partner.remove(&ada).await,
            Act::Suspend => partner.suspend(&ada).await,
            Act::Demote => partner.assign(&ada, json!(["member"])).await,
        };

        assert!(by_partner.status < 300, "{act:?}: {}", by_partner.text);
        assert_eq!(ownerless(&world).await, [""; 0]);
        partner.leave().await.problem(400, "last_owner");
    }
}

/// What an owner does to the other one, or to themselves.
#[derive(Debug, Clone, Copy)]
enum Act {
    Remove,
    Demote,
    Suspend,
    Leave,
}

impl Act {
    const ALL: [Self; 4] = [Self::Remove, Self::Demote, Self::Suspend, Self::Leave];

    fn request(self, by: &Person, other: &str) -> RequestBuilder {
        let member = format!("{MEMBERS}/{other}");
        match self {
            Self::Remove => by.request("DELETE", &member),
            Self::Demote => by
                .request("PUT", &format!("{member}/roles"))
                .header("if-match", "*")
                .json(&json!({ "roles": ["member"] })),
            Self::Suspend => by.request("POST", &format!("{member}/suspend")),
            Self::Leave => by.request("POST", "/api/v1/organization/leave"),
        }
    }
}

async fn of_two_owners_who_act_at_once_one_is_left(world: World) {
    const ROUNDS: usize = 100;
    let world = world
        .with(|config| config.http.workers = NonZero::new(2))
        .await;
    let ada = world.person("ada").await;
    let bob = world.person("bob").await;

    let mut all = Vec::new();
    let mut met = 0;
    for round in 0..ROUNDS {
        let acts = (Act::ALL[round % 4], Act::ALL[round / 4 % 4]);
        let ada = ada.enter(&ada.found(&format!("Acme {round}")).await).await;
        ada.add("bob", "owner").await.is(201);
        let bob = bob.enter(ada.organization()).await;
        let ids = texts(&list(&ada, "").await.rows(), "id");

        let requests = vec![acts.0.request(&ada, &ids[1]), acts.1.request(&bob, &ids[0])];
        let answers = at_once(requests).await;

        assert_eq!(ownerless(&world).await, [""; 0], "{acts:?}: {answers:?}");
        assert!(
            answers.iter().any(|answer| answer.status < 300),
            "{acts:?}: {answers:?}"
        );
        // Whoever was removed or suspended before they came would have been told that their token is dead.
        let ends = |act| matches!(act, Act::Remove | Act::Suspend);
        if ends(acts.0) && ends(acts.1) {
            met += answers.iter().filter(|one| one.status == 403).count();
        }
        all.extend(answers);
    }
    let counted: BTreeMap<_, _> = counted(&all);
    let known = [
        "200",
        "204",
        "400 last_owner",
        "401 invalid_token",
        "403 forbidden",
        "404 not_found",
    ];
    assert!(
        counted
            .keys()
            .all(|answer| known.contains(&answer.as_str())),
        "{counted:?}"
    );
    assert!(met > 0, "no two of them met: {counted:?}");
    assert_eq!(counted.values().sum::<usize>(), 2 * ROUNDS);
}

/// The organizations without an active owner.
async fn ownerless(world: &World) -> Vec<String> {
    let sql = "SELECT name FROM tenants WHERE NOT EXISTS (
                   SELECT 1 FROM members m
                   JOIN member_roles h ON h.tenant_id = m.tenant_id AND h.member_id = m.id
                   JOIN roles r ON r.tenant_id = h.tenant_id AND r.id = h.role_id
                   WHERE m.tenant_id = tenants.id AND m.status = 'active'
                   AND r.builtin = 'owner' AND h.expires_at IS NULL
               )";
    world.column(sql).await
}

/// Somebody new with a name of their own, who is a member at once.
async fn join(world: &World, owner: &Person, address: &str, name: &str) {
    let body = json!({ "name": name, "email": address, "password": PASSWORD });
    world.nobody().post("/users/register", body).await.is(201);
    let body = json!({ "email": address, "role": "member" });
    owner.post(MEMBERS, body).await.is(201);
}

async fn list(person: &Client, query: &str) -> Answer {
    person.get(&format!("{MEMBERS}?{query}")).await.is(200)
}

async fn found(person: &Client, search: &str) -> Answer {
    let escaped = search.bytes().map(|byte| format!("%{byte:02X}"));
    let escaped: String = escaped.collect();
    person.get(&format!("{MEMBERS}?search={escaped}")).await
}

/// The ids on all pages from this one on.
async fn all_pages(client: &Client, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = client.get(&path).await.is(200);
        found.extend(texts(&page.rows(), "id"));
        next = page.header("link").map(|link| {
            let (path, _) = link.split_once(">; ").unwrap();
            path.strip_prefix('<').unwrap().to_owned()
        });
    }
    found
}

/// Their tokens for the organization are dead, they come in by no door, and their session elsewhere goes on.
async fn is_out(world: &World, there: &Person, elsewhere: &Person) {
    for path in [MEMBERS, PROJECTS, ORGANIZATION, "/api/v1/me"] {
        there.get(path).await.problem(401, "invalid_token");
    }
    there
        .refresh(&there.refresh)
        .await
        .problem(401, "invalid_token");
    let select = json!({ "org_id": there.organization() });
    let selected = elsewhere.post("/organization/select", select).await;
    selected.problem(403, "forbidden");
    let session = |person: &Person| claims(&person.access)["sid"].clone();
    assert_eq!(session(there), session(elsewhere));
    elsewhere.get(MEMBERS).await.is(200);
    elsewhere.refresh(&elsewhere.refresh).await.is(200);
    let body = json!({
        "email": email(&there.name), "password": PASSWORD, "organization_id": there.organization()
    });
    let signed_in = world.nobody().post("/api/v1/auth/login", body).await;
    signed_in.problem(403, "forbidden");
}
