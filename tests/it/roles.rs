//! Roles: what they hold, whom they are handed to, and that nobody gets more through them than they were given.

use crate::{
    acts::{INVITATIONS, MEMBERS, ORGANIZATION, PROJECTS, ROLES, at_once, counted, names, texts},
    world::{Answer, Ask, World, email, unknown},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, num::NonZero, time::Duration};

both!(
    a_role_holds_what_is_named_and_nothing_else,
    a_pattern_stands_for_all_on_offer_that_fits,
    a_role_holds_nothing_that_is_not_on_offer,
    a_role_holds_what_it_includes_over_however_many_others,
    no_role_includes_itself_or_owner,
    a_built_in_role_stays_as_it_is,
    a_name_is_that_of_one_role,
    of_eight_at_once_one_gets_the_name,
    a_change_leaves_what_it_does_not_name_and_a_replacement_does_not,
    whoever_changes_a_role_has_seen_it,
    an_organization_has_so_many_roles_and_no_more,
    a_role_in_use_is_not_deleted,
    a_deleted_role_is_replaced_wherever_it_was,
    a_role_is_replaced_by_another_that_can_take_its_place,
    nobody_makes_a_role_that_holds_more_than_they_do,
    nobody_touches_a_role_that_holds_more_than_they_do,
    nobody_widens_another_role_through_one_that_it_includes,
    a_change_of_a_role_bites_at_the_next_request,
    of_two_edits_at_once_that_make_a_circle_one_is_refused,
    a_role_is_deleted_or_used_and_never_both,
    a_role_on_a_project_gives_what_it_says_there_and_nothing_elsewhere,
    a_project_is_shared_shown_and_taken_back,
    a_project_is_shared_by_who_may_with_who_is_there,
    nobody_shares_more_of_a_project_than_they_hold_on_it,
    a_role_on_a_project_ends_when_its_time_is_over,
    a_role_on_a_project_ends_with_the_project,
    what_is_held_on_ones_own_is_held_on_nothing_else,
    what_is_held_on_ones_own_is_handed_on_as_that,
);

const MINUTE: Duration = Duration::from_secs(60);
/// A minute after the clock of a new world.
const IN_A_MINUTE: &str = "2027-01-15T08:01:00Z";

async fn a_role_holds_what_is_named_and_nothing_else(world: World) {
    let owner = world.owner("ada", "Acme").await;

    let created = owner
        .role_like(json!({
            "name": " Editor ",
            "permissions": ["project:update:own", "member:list", "project:read", "project:update",
                            "member:list"]
        }))
        .await
        .is(201);
    let read = owner
        .get(&format!("{ROLES}/{}", created.id()))
        .await
        .is(200);
    let listed = owner.get(ROLES).await.is(200);

    let row = created.json();
    // In the order of the catalogue, and what is held on all is held on one's own.
    let holds = json!(["member:list", "project:read", "project:update"]);
    assert_eq!(
        row,
        json!({
            "id": created.id(), "name": "Editor", "built_in": false, "includes": [],
            "permissions": holds, "effective_permissions": holds
        })
    );
    assert_eq!(read.json(), row);
    assert_eq!(read.header("etag"), created.header("etag"));
    assert_eq!(names(&listed), ["owner", "admin", "member", "Editor"]);
    assert_eq!(listed.rows()[3], row);
    let bob = world.member(&owner, "bob", "Editor").await;
    for (path, status) in [
        (MEMBERS, 200),
        (PROJECTS, 200),
        (ROLES, 403),
        (ORGANIZATION, 403),
        (INVITATIONS, 403),
        ("/api/v1/audit-events", 403),
    ] {
        bob.get(path).await.is(status);
    }
    let nothing = owner.role("Nothing", &[]).await;
    let nothing = owner.get(&format!("{ROLES}/{nothing}")).await.json();
    assert_eq!(nothing["effective_permissions"], json!([]));
}

async fn a_pattern_stands_for_all_on_offer_that_fits(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let all = owner.get("/api/v1/permissions").await.is(200).rows();
    let named = |keep: &dyn Fn(&Value) -> bool| {
        let kept = all.iter().filter(|row| row["assignable"] == true);
        let kept: Vec<_> = kept.filter(|row| keep(row)).cloned().collect();
        texts(&kept, "name")
    };
    let own = |names: Vec<String>| names.iter().map(|name| format!("{name}:own")).collect();
    let of =
        |kind: &'static str| move |row: &Value| row["name"].as_str().unwrap().starts_with(kind);
    let ownable = |row: &Value| row["own"] == true;

    let expected: [(&str, Vec<String>); 6] = [
        ("*", named(&|_| true)),
        ("member:*", named(&of("member:"))),
        ("organization:*", named(&of("organization:"))),
        ("project:*", named(&of("project:"))),
        ("*:own", own(named(&ownable))),
        (
            "project:*:own",
            own(named(&|row| ownable(row) && of("project:")(row))),
        ),
    ];

    for (pattern, expected) in expected {
        assert!(!expected.is_empty(), "{pattern}");
        let role = json!({ "name": pattern.replace(':', " "), "permissions": [pattern] });
        let created = owner.role_like(role).await.is(201).json();
        assert_eq!(created["permissions"], json!(expected), "{pattern}");
        assert_eq!(created["effective_permissions"], json!(expected));
    }
    let literal = [
        "member:list",
        "member:invite",
        "member:assign",
        "member:suspend",
        "member:remove",
    ];
    assert_eq!(named(&of("member:")), literal);
    let organization = named(&of("organization:"));
    assert_eq!(organization, ["organization:read", "organization:update"]);
}

async fn a_role_holds_nothing_that_is_not_on_offer(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let role = owner.role("Editor", &["project:read"]).await;
    // Nor when somebody writes it into the database.
    let written = "UPDATE roles SET permissions = 'organization:own project:read tenant:list'
                   WHERE name = 'Editor'";
    world.execute(written).await;
    let read = owner.get(&format!("{ROLES}/{role}")).await.is(200).json();
    assert_eq!(read["effective_permissions"], json!(["project:read"]));
    let before = world.state().await;

    for text in [
        "organization:own",
        "organization:own:own",
        "tenant:list",
        "tenant:suspend",
        "tenant:*",
        "user:list",
        "user:*",
        "platform:*",
        "",
        ":",
        ":own",
        "own",
        "nonsense",
        "member:",
        "member:lis",
        "mem*",
        "member*",
        "*:list",
        "**",
        "*:*",
        "member:list:own",
        "member:*:own",
        "organization:*:own",
        "project:read:own:own",
        "Member:list",
        "member:list ",
        "member:list project:read",
        "member:list\0",
    ] {
        let created = owner
            .role_like(json!({ "name": "New", "permissions": ["project:read", text] }))
            .await;
        let changed = owner
            .change_role(&role, json!({ "permissions": [text] }))
            .await;
        for answer in [created, changed] {
            assert_eq!((answer.status, text), (400, text), "{}", answer.text);
            answer.problem(400, "unknown_permission");
        }
    }

    assert_eq!(world.state().await, before);
}

async fn a_role_holds_what_it_includes_over_however_many_others(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let base = owner.role("Base", &["project:read"]).await;
    owner
        .role_like(json!({
            "name": "Left", "permissions": ["project:update:own"], "includes": ["Base", base, "Base"]
        }))
        .await
        .is(201);
    owner
        .role_like(json!({
            "name": "Right", "permissions": ["member:list", "project:update"], "includes": [base]
        }))
        .await
        .is(201);

    let top = owner
        .role_like(json!({ "name": "Top", "permissions": [], "includes": ["Left", "Right"] }))
        .await
        .is(201)
        .json();

    assert_eq!(top["permissions"], json!([]));
    let mut included = texts(top["includes"].as_array().unwrap(), "name");
    included.sort();
    assert_eq!(included, ["Left", "Right"]);
    assert_eq!(
        top["effective_permissions"],
        json!(["member:list", "project:read", "project:update"])
    );
    let left = &owner.get(ROLES).await.rows()[4];
    assert_eq!(left["includes"], json!([{ "id": base, "name": "Base" }]));
    assert_eq!(
        left["effective_permissions"],
        json!(["project:read", "project:update:own"])
    );
    let apollo = owner.project("Apollo").await;
    let bob = world.member(&owner, "bob", "Top").await;
    bob.get(MEMBERS).await.is(200);
    let renamed = json!({ "name": "Gemini" });
    bob.patch(&format!("{PROJECTS}/{apollo}"), renamed)
        .await
        .is(200);
    bob.get(ROLES).await.problem(403, "forbidden");
}

async fn no_role_includes_itself_or_owner(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let a = owner.role("A", &[]).await;
    let b = owner.role_like(json!({ "name": "B", "permissions": [], "includes": ["A"] }));
    let b = b.await.is(201).id();
    let c = owner.role_like(json!({ "name": "C", "permissions": [], "includes": ["B"] }));
    let c = c.await.is(201).id();
    let before = world.state().await;

    for (role, includes) in [
        (&a, "A"),
        (&a, "B"),
        (&a, "C"),
        (&b, "C"),
        (&b, "B"),
        (&c, "owner"),
    ] {
        let change = json!({ "includes": [includes] });
        let changed = owner.change_role(role, change).await;
        let whole = json!({ "name": "X", "permissions": [], "includes": [includes] });
        let replaced = owner.put_if(&format!("{ROLES}/{role}"), "*", whole).await;
        for answer in [changed, replaced] {
            answer.problem(400, "role_cycle");
        }
    }
    let owners = json!({ "name": "D", "permissions": [], "includes": ["owner"] });
    owner.role_like(owners).await.problem(400, "role_cycle");
    for nobody in ["D", "Owner", "", &unknown("role")] {
        let role = json!({ "name": "D", "permissions": [], "includes": [nobody] });
        owner.role_like(role).await.problem(400, "unknown_role");
    }

    assert_eq!(world.state().await, before);
    let admins = json!({ "includes": ["admin", "C"] });
    let changed = owner.change_role(&a, admins.clone()).await;
    changed.problem(400, "role_cycle");
    owner
        .change_role(&c, json!({ "includes": [] }))
        .await
        .is(200);
    owner.change_role(&a, admins).await.is(200);
}

async fn a_built_in_role_stays_as_it_is(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let roles = owner.get(ROLES).await.rows();
    let before = world.state().await;

    for role in &roles {
        assert_eq!(role["built_in"], true);
        let path = format!("{ROLES}/{}", role["id"].as_str().unwrap());
        let body = || json!({ "name": "Mine", "permissions": [] });
        let refused = [
            owner.patch_if(&path, "*", json!({ "name": "Mine" })).await,
            owner.patch_if(&path, "*", json!({})).await,
            owner.put_if(&path, "*", body()).await,
            owner.delete(&path).await,
            owner.delete(&format!("{path}?reassign_to=member")).await,
        ];
        for answer in refused {
            answer.problem(400, "role_built_in");
        }
    }

    assert_eq!(roles.len(), 3);
    assert_eq!(world.state().await, before);
    let names_of = |role: &Value| role["effective_permissions"].as_array().unwrap().len();
    assert!(names_of(&roles[0]) > names_of(&roles[1]));
    assert!(names_of(&roles[1]) > names_of(&roles[2]));
}

async fn a_name_is_that_of_one_role(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    let editor = owner.role("Editor", &[]).await;
    let writer = owner.role("Writer", &[]).await;
    let before = world.state().await;

    let like_an_id = unknown("role");
    for name in [
        "Editor",
        " Editor\n",
        "owner",
        "Owner",
        "ADMIN",
        " Member ",
        &like_an_id,
        &like_an_id.to_uppercase(),
        &editor,
    ] {
        let created = owner
            .role_like(json!({ "name": name, "permissions": [] }))
            .await;
        let renamed = owner.change_role(&writer, json!({ "name": name })).await;
        for answer in [created, renamed] {
            assert_eq!((answer.status, name), (400, name), "{}", answer.text);
            answer.problem(400, "role_name_taken");
        }
    }

    assert_eq!(world.state().await, before);
    owner
        .change_role(&editor, json!({ "name": "Editor" }))
        .await
        .is(200);
    for name in [
        "editor",
        "Owners",
        "role_",
        "user_01h455vb4pex5vsknk084sn02q",
    ] {
        owner.role(name, &[]).await;
    }
    eve.role("Editor", &[]).await;
}

async fn of_eight_at_once_one_gets_the_name(world: World) {
    let owner = world.owner("ada", "Acme").await;

    let requests = (0..8).map(|_| {
        let request = owner.request("POST", ROLES);
        request.json(&json!({ "name": "Editor", "permissions": [] }))
    });
    let answers = at_once(requests.collect()).await;

    assert_eq!(
        counted(&answers),
        expected(&[("201", 1), ("400 role_name_taken", 7)])
    );
}

async fn a_change_leaves_what_it_does_not_name_and_a_replacement_does_not(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("Base", &["member:list"]).await;
    let role = owner.role_like(json!({
        "name": "Editor", "permissions": ["project:read"], "includes": ["Base"]
    }));
    let role = role.await.is(201).id();
    world.member(&owner, "bob", "Editor").await;

    let renamed = owner.change_role(&role, json!({ "name": "Writer" })).await;
    let renamed = renamed.is(200).json();
    let member = owner.member("bob").await;
    let more = json!({ "permissions": ["project:*"] });
    let more = owner.change_role(&role, more).await.is(200).json();
    let whole = json!({ "name": "Reader", "permissions": ["project:read"] });
    let whole = owner.put_if(&format!("{ROLES}/{role}"), "*", whole).await;
    let whole = whole.is(200).json();

    assert_eq!(
        (&renamed["name"], &renamed["effective_permissions"]),
        (&json!("Writer"), &json!(["member:list", "project:read"]))
    );
    assert_eq!(member["roles"], json!(["Writer"]));
    assert_eq!(
        (&more["name"], more["includes"][0]["name"].as_str()),
        (&json!("Writer"), Some("Base"))
    );
    assert_eq!(
        (&whole["includes"], &whole["effective_permissions"]),
        (&json!([]), &json!(["project:read"]))
    );
    let path = format!("{ROLES}/{}", unknown("role"));
    for answer in [
        owner.get(&path).await,
        owner.patch_if(&path, "*", json!({ "name": "X" })).await,
        owner.delete(&path).await,
    ] {
        answer.problem(404, "not_found");
    }
}

async fn whoever_changes_a_role_has_seen_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let member = world.member(&owner, "bob", "member").await;
    let id = owner.role("Editor", &[]).await;
    let path = format!("{ROLES}/{id}");
    let first = tag(&owner.get(&path).await);
    let second = owner
        .patch_if(&path, &first, json!({ "name": "Two" }))
        .await;
    let second = tag(&second.is(200));
    let whole = || json!({ "name": "Mine", "permissions": [] });
    let before = world.state().await;

    let unseen = owner.patch(&path, json!({ "name": "Mine" })).await;
    unseen.problem(428, "precondition_required");
    let weak = format!("W/{second}");
    for stale in [first.as_str(), "\"v99\"", &weak, "x", ""] {
        let deleted = owner.request("DELETE", &path).header("if-match", stale);
        let refused = [
            owner
                .patch_if(&path, stale, json!({ "name": "Mine" }))
                .await,
            owner.put_if(&path, stale, whole()).await,
            deleted.answer().await,
        ];
        for answer in refused {
            answer.problem(412, "precondition_failed");
        }
    }
    for answer in [
        member.patch(&path, json!({ "name": "Mine" })).await,
        member
            .patch_if(&path, &first, json!({ "name": "Mine" }))
            .await,
        member.put_if(&path, &first, whole()).await,
        member.delete(&path).await,
    ] {
        answer.problem(403, "forbidden");
    }
    assert_eq!(world.state().await, before);
    let list = format!("{first} , {second}");
    let third = owner.put_if(&path, &list, whole()).await.is(200);
    assert_eq!(tag(&third), tag(&owner.get(&path).await));
    assert_ne!(tag(&third), second);
    owner.delete(&path).await.is(204);
}

async fn an_organization_has_so_many_roles_and_no_more(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let mut last = String::new();
    for number in 0..200 {
        last = owner.role(&format!("Role {number}"), &[]).await;
    }

    let one_more = owner
        .role_like(json!({ "name": "One more", "permissions": [] }))
        .await;

    one_more.problem(400, "too_many_roles");
    let page = owner.get(&format!("{ROLES}?limit=100")).await.is(200);
    assert_eq!(page.rows().len(), 100);
    assert_ne!(page.json()["next_cursor"], Value::Null);
    owner.delete(&format!("{ROLES}/{last}")).await.is(204);
    owner.role("One more", &[]).await;
}

async fn a_role_in_use_is_not_deleted(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "member").await;
    let bob = owner.member_id("bob").await;
    let project = owner.project("Apollo").await;
    let role = owner.role("Editor", &["project:read"]).await;
    let path = format!("{ROLES}/{role}");
    let refused = async || {
        let before = world.dump("roles").await;
        owner.delete(&path).await.problem(400, "role_in_use");
        assert_eq!(world.dump("roles").await, before);
    };

    owner.assign(&bob, json!(["Editor"])).await.is(200);
    refused().await;
    // Whoever had it for a time may have it back.
    let for_a_minute = json!([{ "role": "Editor", "expires_at": IN_A_MINUTE }]);
    owner.assign(&bob, for_a_minute).await.is(200);
    world.advance(MINUTE);
    refused().await;
    owner.assign(&bob, json!([])).await.is(200);
    owner
        .share_with(&project, &bob, json!(["Editor"]))
        .await
        .is(201);
    refused().await;
    owner
        .delete(&format!("{PROJECTS}/{project}/members/{bob}"))
        .await
        .is(204);
    let invitation = owner.invite("cleo", &["Editor"]).await.is(201).id();
    refused().await;
    owner
        .delete(&format!("{INVITATIONS}/{invitation}"))
        .await
        .is(204);
    owner
        .settle(json!({ "default_role": "Editor" }))
        .await
        .is(200);
    refused().await;
    owner.settle(json!({ "default_role": null })).await.is(200);
    let including = json!({ "name": "Top", "permissions": [], "includes": ["Editor"] });
    let top = owner.role_like(including).await.is(201).id();
    refused().await;
    owner
        .change_role(&top, json!({ "includes": [] }))
        .await
        .is(200);

    owner.delete(&path).await.is(204);
    assert_eq!(
        names(&owner.get(ROLES).await),
        ["owner", "admin", "member", "Top"]
    );
}

async fn a_deleted_role_is_replaced_wherever_it_was(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    world.member(&owner, "cleo", "member").await;
    let project = owner.project("Apollo").await;
    let old = owner.role("Old", &["project:read", "audit:read"]).await;
    let new = owner.role("New", &["project:read", "member:list"]).await;
    let (b, c) = (owner.member_id("bob").await, owner.member_id("cleo").await);
    let until = |role: &str, at: &str| json!({ "role": role, "expires_at": at });
    let (sooner, later) = (IN_A_MINUTE, "2027-01-15T08:02:00Z");
    owner.assign(&b, json!(["Old"])).await.is(200);
    let both = json!([until("Old", later), until("New", sooner)]);
    owner.assign(&c, both).await.is(200);
    owner
        .share_with(&project, &b, json!([until("Old", sooner), "New"]))
        .await
        .is(201);
    let once = owner.invite("dan", &["Old"]).await.is(201).id();
    let twice = owner.invite("eli", &["New", "Old"]).await.is(201).id();
    owner.settle(json!({ "default_role": "Old" })).await.is(200);
    let including = json!({ "name": "Top", "permissions": [], "includes": ["Old", "New"] });
    owner.role_like(including).await.is(201);
    let other = json!({ "name": "Side", "permissions": [], "includes": ["Old"] });
    owner.role_like(other).await.is(201);
    let seen = tag(&owner.get(&format!("{MEMBERS}/{b}/roles")).await);

    let deleted = owner
        .delete(&format!("{ROLES}/{old}?reassign_to=New"))
        .await;

    deleted.is(204);
    let of = async |member: &str| {
        let row = owner.get(&format!("{MEMBERS}/{member}")).await.json();
        let rows = row["assignments"].as_array().unwrap().clone();
        let kept = rows.iter().map(|one| {
            assert_eq!(
                (&one["role"], &one["role_id"]),
                (&json!("New"), &json!(new))
            );
            (one["project_id"].clone(), one["expires_at"].clone())
        });
        kept.collect::<Vec<_>>()
    };
    assert_eq!(
        of(&b).await,
        [(Value::Null, Value::Null), (json!(project), Value::Null)]
    );
    assert_eq!(of(&c).await, [(Value::Null, json!(later))]);
    for id in [&once, &twice] {
        let row = owner.get(&format!("{INVITATIONS}/{id}")).await.json();
        assert_eq!(row["roles"], json!(["New"]));
    }
    let settings = owner.get(ORGANIZATION).await.json();
    assert_eq!(settings["settings"]["default_role"], "New");
    let including = &owner.get(ROLES).await.rows()[4..];
    for row in including {
        assert_eq!(row["includes"], json!([{ "id": new, "name": "New" }]));
    }
    assert_eq!(texts(including, "name"), ["Top", "Side"]);
    let roles = json!({ "roles": ["New"] });
    let stale = owner
        .put_if(&format!("{MEMBERS}/{b}/roles"), &seen, roles)
        .await;
    stale.problem(412, "precondition_failed");
    bob.get(MEMBERS).await.is(200);
    bob.get("/api/v1/audit-events")
        .await
        .problem(403, "forbidden");
}

async fn a_role_is_replaced_by_another_that_can_take_its_place(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let old = owner.role("Old", &[]).await;
    let top = owner.role_like(json!({ "name": "Top", "permissions": [], "includes": ["Old"] }));
    let top = top.await.is(201).id();
    let path = format!("{ROLES}/{old}");
    let before = world.state().await;

    for (replacement, code) in [
        ("Old", "role_in_use"),
        (old.as_str(), "role_in_use"),
        ("owner", "role_cycle"),
        ("Top", "role_cycle"),
        (top.as_str(), "role_cycle"),
        ("Nobody", "unknown_role"),
        ("", "unknown_role"),
        (&unknown("role"), "unknown_role"),
    ] {
        let answer = owner
            .delete(&format!("{path}?reassign_to={replacement}"))
            .await;
        answer.problem(400, code);
    }
    for query in ["reassign_to=member&reassign_to=admin", "reassign=member"] {
        let answer = owner.delete(&format!("{path}?{query}")).await;
        answer.problem(400, "invalid_query");
    }

    assert_eq!(world.state().await, before);
    owner
        .delete(&format!("{path}?reassign_to=member"))
        .await
        .is(204);
}

async fn nobody_makes_a_role_that_holds_more_than_they_do(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let holds = ["member:*", "role:*", "project:read", "project:update:own"];
    let clerks = owner.role("Clerk", &holds).await;
    owner.role("Writer", &["project:update"]).await;
    let clerk = world.member(&owner, "bob", "Clerk").await;
    let draft = |permissions: &[&str], includes: &[&str]| json!({ "name": "New", "permissions": permissions, "includes": includes });
    let before = world.state().await;

    let refused = [
        clerk.role_like(draft(&["audit:read"], &[])).await,
        clerk.role_like(draft(&["project:update"], &[])).await,
        clerk.role_like(draft(&["project:delete:own"], &[])).await,
        clerk.role_like(draft(&["project:*"], &[])).await,
        clerk.role_like(draft(&["*"], &[])).await,
        clerk.role_like(draft(&[], &["admin"])).await,
        clerk.role_like(draft(&[], &["member"])).await,
        clerk.role_like(draft(&["project:read"], &["Writer"])).await,
        clerk
            .change_role(&clerks, json!({ "permissions": ["*"] }))
            .await,
        clerk
            .change_role(&clerks, json!({ "includes": ["Writer"] }))
            .await,
    ];

    for answer in refused {
        answer.problem(403, "forbidden");
    }
    assert_eq!(world.state().await["roles"], before["roles"]);
    let own = draft(&["project:update:own", "member:remove"], &["Clerk"]);
    clerk.role_like(own).await.is(201);
    let admin = world.member(&owner, "cleo", "admin").await;
    admin.role("Everything", &["*"]).await;
}

async fn nobody_touches_a_role_that_holds_more_than_they_do(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("Clerk", &["member:*", "role:*"]).await;
    let writer = owner.role("Writer", &["project:update"]).await;
    let over =
        owner.role_like(json!({ "name": "Over", "permissions": [], "includes": ["Writer"] }));
    let over = over.await.is(201).id();
    let own = owner.role("Own", &["member:list"]).await;
    let clerk = world.member(&owner, "bob", "Clerk").await;
    let before = world.state().await;

    let mut refused = vec![
        clerk
            .delete(&format!("{ROLES}/{own}?reassign_to=Writer"))
            .await,
        clerk
            .delete(&format!("{ROLES}/{own}?reassign_to=admin"))
            .await,
    ];
    for role in [&writer, &over] {
        let path = format!("{ROLES}/{role}");
        refused.extend([
            clerk.change_role(role, json!({ "permissions": [] })).await,
            clerk.change_role(role, json!({ "includes": [] })).await,
            clerk.change_role(role, json!({ "name": "Mine" })).await,
            clerk
                .put_if(&path, "*", json!({ "name": "Mine", "permissions": [] }))
                .await,
            clerk.delete(&path).await,
            clerk.delete(&format!("{path}?reassign_to=Own")).await,
        ]);
    }

    for answer in refused {
        answer.problem(403, "forbidden");
    }
    assert_eq!(world.state().await["roles"], before["roles"]);
    assert_eq!(
        world.state().await["role_includes"],
        before["role_includes"]
    );
    clerk
        .change_role(&own, json!({ "permissions": ["member:remove"] }))
        .await
        .is(200);
    clerk.delete(&format!("{ROLES}/{own}")).await.is(204);
}

async fn nobody_widens_another_role_through_one_that_it_includes(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("Clerk", &["member:list", "role:*"]).await;
    let base = owner.role("Base", &["member:list"]).await;
    let top = owner.role_like(json!({
        "name": "Top", "permissions": ["project:read"], "includes": ["Base"]
    }));
    let top = top.await.is(201).id();
    let clerk = world.member(&owner, "bob", "Clerk").await;
    let holder = world.member(&owner, "cleo", "Top").await;

    let more = json!({ "permissions": ["member:list", "audit:read"] });
    clerk
        .change_role(&base, more.clone())
        .await
        .problem(403, "forbidden");
    let refused = holder.get("/api/v1/audit-events").await;
    let within = json!({ "permissions": ["member:list", "role:list"] });
    clerk.change_role(&base, within).await.is(200);

    refused.problem(403, "forbidden");
    holder.get(ROLES).await.is(200);
    // Whoever holds it may: it reaches those who have the role over the other one.
    owner.change_role(&base, more).await.is(200);
    holder.get("/api/v1/audit-events").await.is(200);
    let top = owner.get(&format!("{ROLES}/{top}")).await.json();
    assert_eq!(
        top["effective_permissions"],
        json!(["member:list", "project:read", "audit:read"])
    );
}

async fn a_change_of_a_role_bites_at_the_next_request(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let base = owner.role("Base", &["member:list"]).await;
    let role = owner.role_like(json!({
        "name": "Editor", "permissions": ["role:list"], "includes": ["Base"]
    }));
    let role = role.await.is(201).id();
    let bob = world.member(&owner, "bob", "Editor").await;
    let may = async || {
        let mut may = Vec::new();
        for path in [MEMBERS, ROLES, PROJECTS] {
            may.push(bob.get(path).await.status == 200);
        }
        may
    };

    let mut seen = vec![may().await];
    let change = json!({ "permissions": ["project:read"] });
    owner.change_role(&role, change).await.is(200);
    seen.push(may().await);
    let change = json!({ "permissions": [] });
    owner.change_role(&base, change).await.is(200);
    seen.push(may().await);
    let change = json!({ "includes": ["member"] });
    owner.change_role(&role, change).await.is(200);
    seen.push(may().await);
    let other = owner.role("Other", &["role:list"]).await;
    owner
        .delete(&format!("{ROLES}/{role}?reassign_to={other}"))
        .await
        .is(204);
    seen.push(may().await);

    assert_eq!(
        seen,
        [
            [true, true, false],
            [true, false, true],
            [false, false, true],
            [true, true, true],
            [false, true, false]
        ]
    );
}

async fn of_two_edits_at_once_that_make_a_circle_one_is_refused(world: World) {
    let world = two_workers(world).await;
    let owner = world.owner("ada", "Acme").await;

    for round in 0..20 {
        let (a, b) = (format!("A{round}"), format!("B{round}"));
        let ids = [owner.role(&a, &[]).await, owner.role(&b, &[]).await];
        let edits = ids.iter().zip([&b, &a]).map(|(id, other)| {
            let request = owner.request("PATCH", &format!("{ROLES}/{id}"));
            let request = request.header("if-match", "*");
            request.json(&json!({ "includes": [other] }))
        });

        let answers = at_once(edits.collect()).await;

        assert_eq!(
            counted(&answers),
            expected(&[("200", 1), ("400 role_cycle", 1)]),
            "{round}"
        );
    }
    let edges = "SELECT COUNT(*) || '' FROM role_includes";
    assert_eq!(world.column(edges).await, ["20"]);
}

async fn a_role_is_deleted_or_used_and_never_both(world: World) {
    let world = two_workers(world).await;
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "member").await;
    let bob = owner.member_id("bob").await;
    let project = owner.project("Apollo").await;
    let top = owner.role("Top", &[]).await;

    let mut all = Vec::new();
    for round in 0..25 {
        let name = format!("Role {round}");
        let role = owner.role(&name, &[]).await;
        let deletion = owner.request("DELETE", &format!("{ROLES}/{role}"));
        let sent = |method: &str, path: &str, body: Value| {
            let request = owner.request(method, path).header("if-match", "*");
            request.json(&body)
        };
        let usage = match round % 5 {
            0 => {
                let path = format!("{MEMBERS}/{bob}/roles");
                sent("PUT", &path, json!({ "roles": [name] }))
            }
            1 => {
                let path = format!("{PROJECTS}/{project}/members");
                let body = json!({ "member_id": bob, "roles": [name] });
                sent("POST", &path, body)
            }
            2 => {
                let address = email(&format!("p{round}"));
                let body = json!({ "email": address, "roles": [name] });
                sent("POST", INVITATIONS, body)
            }
            3 => {
                let body = json!({ "settings": { "default_role": name } });
                sent("PATCH", ORGANIZATION, body)
            }
            _ => {
                let path = format!("{ROLES}/{top}");
                sent("PATCH", &path, json!({ "includes": [name] }))
            }
        };

        let answers = at_once(vec![deletion, usage]).await;

        let (deleted, used) = (&answers[0], &answers[1]);
        match deleted.status {
            204 => assert_eq!((used.status, used.code().as_str()), (400, "unknown_role")),
            _ => {
                assert_eq!(deleted.code(), "role_in_use", "{}", deleted.text);
                assert!(used.status < 300, "{}", used.text);
            }
        }
        all.extend(answers);
    }
    assert_eq!(counted(&all).values().sum::<usize>(), 50);
    // What refers to a role refers to one that is there.
    let lost =
        "SELECT COUNT(*) || '' FROM tenants t WHERE default_role_id IS NOT NULL AND NOT EXISTS
                (SELECT 1 FROM roles r WHERE r.tenant_id = t.id AND r.id = t.default_role_id)";
    assert_eq!(world.column(lost).await, ["0"]);
}

async fn a_role_on_a_project_gives_what_it_says_there_and_nothing_elsewhere(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let id = owner.member_id("bob").await;
    owner.assign(&id, json!([])).await.is(200);
    owner
        .role(
            "Writer",
            &[
                "project:read",
                "project:update",
                "project:create",
                "member:*",
                "audit:read",
            ],
        )
        .await;
    let there = owner.project("Apollo").await;
    let elsewhere = owner.project("Gemini").await;

    owner
        .share_with(&there, &id, json!(["Writer"]))
        .await
        .is(201);

    let status = async |method: &str, path: String| {
        let request = bob.request(method, &path);
        let request = match method {
            "PATCH" => request.json(&json!({ "name": "Mine" })),
            "POST" => request.json(&json!({ "member_id": id })),
            _ => request,
        };
        request.answer().await.status
    };
    let on = |project: &str| format!("{PROJECTS}/{project}");
    let members = |project: &str| format!("{PROJECTS}/{project}/members");
    #[rustfmt::skip]
    let expected = [
        ("GET",    on(&there),           200),
        ("PATCH",  on(&there),           200),
        ("GET",    members(&there),      200),
        ("POST",   members(&there),      403),
        ("DELETE", format!("{}/{id}", members(&there)), 403),
        ("DELETE", on(&there),           403),
        ("GET",    on(&elsewhere),       404),
        ("PATCH",  on(&elsewhere),       404),
        ("GET",    members(&elsewhere),  404),
        ("POST",   members(&elsewhere),  403),
        ("DELETE", on(&elsewhere),       403),
        ("GET",    MEMBERS.to_owned(),   403),
        ("GET",    ROLES.to_owned(),     403),
        ("GET",    ORGANIZATION.to_owned(), 403),
        ("GET",    "/api/v1/audit-events".to_owned(), 403),
        ("DELETE", format!("{MEMBERS}/{id}"), 403),
    ];
    for (method, path, expected) in expected {
        assert_eq!(
            status(method, path.clone()).await,
            expected,
            "{method} {path}"
        );
    }
    let list = bob.get(PROJECTS).await.is(200);
    assert_eq!(texts(&list.rows(), "id"), std::slice::from_ref(&there));
    let created = bob.post(PROJECTS, json!({ "name": "New" })).await;
    created.problem(403, "forbidden");
    let me = bob.get("/api/v1/me").await.json();
    assert_eq!(me["roles"], json!([]));
    owner
        .delete(&format!("{PROJECTS}/{there}/members/{id}"))
        .await
        .is(204);
    bob.get(&on(&there)).await.problem(403, "forbidden");
    bob.get(PROJECTS).await.problem(403, "forbidden");
}

async fn a_project_is_shared_shown_and_taken_back(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for name in ["bob", "cleo"] {
        world.member(&owner, name, "member").await;
    }
    let writer = owner.role("Writer", &["project:update"]).await;
    let (bob, cleo) = (owner.member_id("bob").await, owner.member_id("cleo").await);
    let project = owner.project("Apollo").await;
    let other = owner.project("Gemini").await;
    let path = format!("{PROJECTS}/{project}/members");
    let shown = async || {
        let rows = owner.get(&path).await.is(200).rows();
        let shown = rows.iter().map(|row| {
            let roles = texts(row["roles"].as_array().unwrap(), "role");
            (row["name"].as_str().unwrap().to_owned(), roles)
        });
        shown.collect::<Vec<_>>()
    };
    let row = |name: &str, roles: &[&str]| {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        (name.to_owned(), roles)
    };

    let empty = shown().await;
    let plain = owner.post(&path, json!({ "member_id": bob })).await;
    let plain = plain.is(201).json();
    owner
        .share_with(&other, &bob, json!(["admin"]))
        .await
        .is(201);
    let roles = json!([writer, "member", "Writer"]);
    owner.share_with(&project, &cleo, roles).await.is(201);
    let both = shown().await;
    let first = owner.get(&format!("{path}?limit=1")).await.is(200);
    let again = owner.share_with(&project, &bob, json!(["Writer"])).await;
    again.is(201);
    let replaced = shown().await;
    owner.delete(&format!("{path}/{cleo}")).await.is(204);
    owner.delete(&format!("{path}/{cleo}")).await.is(204);
    let one = shown().await;

    assert_eq!(empty, []);
    let member = &owner.get(ROLES).await.rows()[2]["id"];
    assert_eq!(
        plain,
        json!({ "project_id": project, "member_id": bob, "roles": [{
            "role_id": member, "role": "member", "project_id": project, "expires_at": null,
            "expired": false
        }] })
    );
    assert_eq!(
        both,
        [row("bob", &["member"]), row("cleo", &["member", "Writer"])]
    );
    assert_eq!(first.rows().len(), 1);
    assert_ne!(first.json()["next_cursor"], Value::Null);
    assert_eq!(
        replaced,
        [row("bob", &["Writer"]), row("cleo", &["member", "Writer"])]
    );
    assert_eq!(one, [row("bob", &["Writer"])]);
}

async fn a_project_is_shared_by_who_may_with_who_is_there(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    let member = world.member(&owner, "bob", "member").await;
    let bob = owner.member_id("bob").await;
    let project = owner.project("Apollo").await;
    let foreign = eve.project("Gemini").await;
    let before = world.state().await;

    member
        .share_with(&project, &bob, json!(["member"]))
        .await
        .problem(403, "forbidden");
    for (project, member) in [
        (&project, &unknown("member")),
        (&project, &eve.member_id("eve").await),
        (&unknown("proj"), &bob),
        (&foreign, &bob),
    ] {
        let shared = owner.share_with(project, member, json!(["member"])).await;
        let path = format!("{PROJECTS}/{project}/members/{member}");
        for answer in [shared, owner.delete(&path).await] {
            answer.problem(404, "not_found");
        }
    }
    for (roles, code) in [
        (json!([]), "invalid_body"),
        (json!([""]), "invalid_body"),
        (json!([1]), "invalid_body"),
        (json!(["nobody"]), "unknown_role"),
        (json!(["member", unknown("role")]), "unknown_role"),
    ] {
        let shared = owner.share_with(&project, &bob, roles).await;
        shared.problem(400, code);
    }

    assert_eq!(
        world.state().await["project_roles"],
        before["project_roles"]
    );
}

async fn nobody_shares_more_of_a_project_than_they_hold_on_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    world.member(&owner, "cleo", "member").await;
    let (b, c) = (owner.member_id("bob").await, owner.member_id("cleo").await);
    owner.role("Host", &["project:read", "project:share"]).await;
    owner.role("Writer", &["project:update"]).await;
    owner
        .role("Reader", &["project:read", "member:remove"])
        .await;
    let there = owner.project("Apollo").await;
    let elsewhere = owner.project("Gemini").await;
    owner.share_with(&there, &b, json!(["Host"])).await.is(201);

    let host = bob.share_with(&there, &c, json!(["Host"])).await;
    let writer = bob.share_with(&there, &c, json!(["Writer"])).await;
    let oneself = bob.share_with(&there, &b, json!(["Host", "Writer"])).await;
    let not_there = bob.share_with(&elsewhere, &c, json!(["Reader"])).await;
    // On a project, what it holds of the organization means nothing.
    let reader = bob.share_with(&there, &c, json!(["Reader"])).await;
    owner
        .share_with(&there, &c, json!(["Writer"]))
        .await
        .is(201);
    let taken = bob.delete(&format!("{PROJECTS}/{there}/members/{c}")).await;
    let replaced = bob.share_with(&there, &c, json!(["Reader"])).await;

    host.is(201);
    reader.is(201);
    for answer in [writer, oneself, not_there, taken, replaced] {
        answer.problem(403, "forbidden");
    }
    let shown = owner.get(&format!("{PROJECTS}/{there}/members")).await;
    assert_eq!(shown.rows()[1]["roles"][0]["role"], "Writer");
}

async fn a_role_on_a_project_ends_when_its_time_is_over(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let id = owner.member_id("bob").await;
    let project = owner.project("Apollo").await;
    let path = format!("{PROJECTS}/{project}");
    let members = format!("{path}/members");
    let until = |at: &str| json!([{ "role": "admin", "expires_at": at }]);

    let given = owner.share_with(&project, &id, until(IN_A_MINUTE)).await;
    let rename = json!({ "name": "Mine" });
    let during = bob.patch(&path, rename.clone()).await;
    world.advance(MINUTE);
    let after = bob.patch(&path, rename).await;
    let past = owner.share_with(&project, &id, until(IN_A_MINUTE)).await;
    let shown = owner.get(&members).await.rows().remove(0);

    assert_eq!(given.is(201).json()["roles"][0]["expires_at"], IN_A_MINUTE);
    during.is(200);
    after.problem(403, "forbidden");
    past.problem(400, "invalid_roles");
    assert_eq!(
        (
            &shown["roles"][0]["expires_at"],
            &shown["roles"][0]["expired"]
        ),
        (&json!(IN_A_MINUTE), &json!(true))
    );
}

/// Nobody could take it back any more, and it would go on to count against whoever acts on the member.
async fn a_role_on_a_project_ends_with_the_project(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let plain = ["organization:read", "member:*", "role:list", "project:read"];
    owner.role("Clerk", &plain).await;
    let clerk = world.member(&owner, "bob", "Clerk").await;
    world.member(&owner, "cleo", "member").await;
    let writer = owner.role("Writer", &["project:update"]).await;
    let cleo = owner.member_id("cleo").await;
    let project = owner.project("Apollo").await;
    let other = owner.project("Gemini").await;
    for project in [&project, &other] {
        owner
            .share_with(project, &cleo, json!(["Writer"]))
            .await
            .is(201);
    }
    let seen = tag(&owner.get(&format!("{MEMBERS}/{cleo}")).await);

    owner.delete(&format!("{PROJECTS}/{project}")).await.is(204);

    let row = owner.get(&format!("{MEMBERS}/{cleo}")).await;
    let assignments = row.json()["assignments"].as_array().unwrap().clone();
    let projects: Vec<_> = assignments.iter().map(|one| &one["project_id"]).collect();
    assert_eq!(projects, [&Value::Null, &json!(other)]);
    assert_ne!(tag(&row), seen);
    owner.delete(&format!("{PROJECTS}/{other}")).await.is(204);
    owner.delete(&format!("{ROLES}/{writer}")).await.is(204);
    clerk.remove(&cleo).await.is(204);
}

async fn what_is_held_on_ones_own_is_held_on_nothing_else(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner
        .role("Author", &["project:create", "project:*:own"])
        .await;
    let bob = world.member(&owner, "bob", "Author").await;
    let reader = owner.role("Reader", &["project:read"]).await;
    let others = owner.project("Apollo").await;
    let own = bob.project("Gemini").await;
    let on = |project: &str| format!("{PROJECTS}/{project}");
    let rename = |name: &str| json!({ "name": name });

    let hidden = [
        bob.get(&on(&others)).await,
        bob.patch(&on(&others), rename("Mine")).await,
        bob.delete(&on(&others)).await,
        bob.get(&format!("{}/members", on(&others))).await,
    ];
    let listed = bob.get(PROJECTS).await.is(200);
    bob.get(&on(&own)).await.is(200);
    bob.patch(&on(&own), rename("Gemini 2")).await.is(200);
    let member = owner.member_id("bob").await;
    let both = json!(["Author", reader]);
    owner.assign(&member, both).await.is(200);
    let seen = bob.get(&on(&others)).await;
    let shown = [
        bob.patch(&on(&others), rename("Mine")).await,
        bob.delete(&on(&others)).await,
    ];

    for answer in hidden {
        answer.problem(404, "not_found");
    }
    assert_eq!(names(&listed), ["Gemini"]);
    seen.is(200);
    for answer in shown {
        answer.problem(403, "forbidden");
    }
    assert_eq!(bob.get(PROJECTS).await.rows().len(), 2);
    bob.patch(&on(&own), rename("Gemini 3")).await.is(200);
    bob.delete(&on(&own)).await.is(204);
    // On somebody else's project such a role changes nothing.
    owner
        .share_with(&others, &member, json!(["Author"]))
        .await
        .is(201);
    let renamed = bob.patch(&on(&others), rename("Mine")).await;
    renamed.problem(403, "forbidden");
}

async fn what_is_held_on_ones_own_is_handed_on_as_that(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner
        .role("Author", &["project:create", "project:*:own"])
        .await;
    owner.role("Editor", &["project:update:own"]).await;
    owner.role("Writer", &["project:update"]).await;
    let bob = world.member(&owner, "bob", "Author").await;
    let cleo = world.member(&owner, "cleo", "member").await;
    let id = owner.member_id("cleo").await;
    let own = bob.project("Gemini").await;
    let path = format!("{PROJECTS}/{own}");

    let whole = bob.share_with(&own, &id, json!(["Writer"])).await;
    let plain = bob.share_with(&own, &id, json!(["member"])).await;
    let as_that = bob.share_with(&own, &id, json!(["Editor"])).await;
    let renamed = cleo.patch(&path, json!({ "name": "Mine" })).await;

    whole.problem(403, "forbidden");
    // `member` sees every project, not only their own.
    plain.problem(403, "forbidden");
    as_that.is(201);
    renamed.problem(403, "forbidden");
}

async fn two_workers(world: World) -> World {
    world
        .with(|config| config.http.workers = NonZero::new(2))
        .await
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

fn expected(answers: &[(&str, usize)]) -> BTreeMap<String, usize> {
    let answers = answers.iter();
    answers
        .map(|(answer, count)| ((*answer).to_owned(), *count))
        .collect()
}
