//! What operators of the platform see and do; and how an organization stands, for those who run it.

use crate::{
    acts::{INVITATIONS, MEMBERS, PROJECTS, ROLES, texts},
    company::{FAR, Member, SHORT, SOON},
    world::{
        Answer, Ask, Client, PASSWORD, Person, World, claims, email, eventually, has_keys, unknown,
    },
};
use bailiwick_api::{access::Access, routes::routes};
use bailiwick_domain::access::{Catalogue, Level};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

both!(
    operators_see_every_organization,
    operators_see_every_account,
    an_account_is_found_by_its_address,
    a_cursor_of_the_platform_is_good_for_its_own_list_and_operator,
    nobody_but_operators_is_let_in,
    whoever_is_an_operator_no_more_is_refused_at_once,
    no_role_holds_what_operators_hold,
    a_suspended_organization_refuses_its_tokens_at_once,
    no_owner_resumes_what_an_operator_suspended,
    whatever_is_suspended_or_resumed_has_a_reason,
    an_organization_is_told_who_suspended_it_and_why,
    a_deleted_organization_is_not_suspended,
    a_suspended_account_is_signed_out_and_refused_like_a_wrong_password,
    a_resumed_account_signs_in_again_and_its_old_tokens_stay_dead,
    what_was_done_to_an_account_is_on_record_and_in_no_organizations_trail,
    a_suspended_operator_operates_no_more,
    what_is_not_there_is_not_found,
    operators_hold_nothing_in_organizations,
    an_operator_who_is_a_member_holds_what_the_member_holds,
    no_route_makes_an_operator,
    an_overview_counts_what_there_is,
    whoever_needs_attention_is_listed_with_the_reasons,
    those_who_need_attention_are_listed_page_by_page,
    the_last_refusals_are_shown_the_newest_first,
    an_organization_is_overseen_by_whoever_holds_the_permission,
);

const TENANTS: &str = "/api/v1/platform/tenants";
const USERS: &str = "/api/v1/platform/users";
const OVERVIEW: &str = "/api/v1/admin/overview";
const ATTENTION: &str = "/api/v1/admin/attention";
const REFUSALS: &str = "/api/v1/admin/refusals";
const TRAIL: &str = "/api/v1/audit-events";
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

async fn operators_see_every_organization(world: World) {
    let operator = world.operator("root").await;
    let mut owners = Vec::new();
    for number in 0..5 {
        let (name, organization) = (format!("ada{number}"), format!("Acme {number}"));
        owners.push(world.owner(&name, &organization).await);
        for other in 0..number {
            owners[number]
                .add(&format!("ada{other}"), "member")
                .await
                .is(201);
        }
    }
    owners[1].act("/api/v1/organization/suspend").await.is(200);
    owners[2].delete("/api/v1/organization").await.is(200);

    let rows = operator.get(TENANTS).await.is(200).rows();

    let expected: Vec<_> = owners.iter().map(Person::organization).collect();
    assert_eq!(texts(&rows, "id"), expected);
    assert_eq!(
        rows[3],
        json!({
            "id": owners[3].organization(),
            "name": "Acme 3",
            "slug": "acme-3",
            "status": "active",
            "members": 4,
            "created_at": "2027-01-15T08:00:00Z",
        })
    );
    let status = texts(&rows, "status");
    assert_eq!(status[..3], ["active", "suspended", "deleted"]);
    for row in &rows {
        let path = format!("{TENANTS}/{}", row["id"].as_str().unwrap());
        assert_eq!(operator.get(&path).await.is(200).json(), *row);
    }
    pages_are_whole(&operator, TENANTS, &rows).await;
}

async fn operators_see_every_account(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "member").await;
    let eve = world.owner("eve", "Eves").await;
    eve.add("bob", "member").await.is(201);
    world.register("cleo").await;

    let rows = operator.get(USERS).await.is(200).rows();

    assert_eq!(texts(&rows, "name"), ["root", "ada", "bob", "eve", "cleo"]);
    let organizations = rows
        .iter()
        .map(|row| row["organizations"].as_u64().unwrap());
    assert_eq!(organizations.collect::<Vec<_>>(), [0, 1, 2, 1, 0]);
    let operators = rows.iter().map(|row| row["operator"].as_bool().unwrap());
    assert_eq!(
        operators.collect::<Vec<_>>(),
        [true, false, false, false, false]
    );
    // And nothing else: no password, no hash.
    assert_eq!(
        rows[2],
        json!({
            "id": rows[2]["id"],
            "email": email("bob"),
            "name": "bob",
            "status": "active",
            "email_verified": false,
            "operator": false,
            "organizations": 2,
            "created_at": "2027-01-15T08:00:00Z",
        })
    );
    for row in &rows {
        let path = format!("{USERS}/{}", row["id"].as_str().unwrap());
        assert_eq!(operator.get(&path).await.is(200).json(), *row);
    }
    pages_are_whole(&operator, USERS, &rows).await;
}

async fn an_account_is_found_by_its_address(world: World) {
    let operator = world.operator("root").await;
    world.register("ada").await;
    world.register("adam").await;
    let found = async |query: &str| {
        let answer = operator.get(&format!("{USERS}?{query}")).await.is(200);
        assert_eq!(answer.json()["next_cursor"], Value::Null);
        texts(&answer.rows(), "name")
    };

    for spelling in ["ada@example.com", "ADA@Example.COM", "%20ada@example.com"] {
        assert_eq!(found(&format!("email={spelling}")).await, ["ada"]);
        assert_eq!(
            found(&format!("limit=1&order=desc&email={spelling}")).await,
            ["ada"]
        );
    }
    for unknown in ["nobody@example.com", "ada@example.org"] {
        assert_eq!(found(&format!("email={unknown}")).await, [""; 0]);
    }
    for bad in [
        "email=",
        "email=ada",
        "email=%00@example.com",
        "name=ada",
        "email=a@b.c&email=a@b.c",
    ] {
        let answer = operator.get(&format!("{USERS}?{bad}")).await;
        answer.problem(400, "invalid_query");
    }
}

async fn a_cursor_of_the_platform_is_good_for_its_own_list_and_operator(world: World) {
    let operator = world.operator("root").await;
    let another = world.operator("boot").await;
    for name in ["Acme", "Eves"] {
        operator.found(name).await;
        operator.found(&format!("{name} too")).await;
    }
    let cursor = async |operator: &Client, list: &str| {
        let page = operator.get(&format!("{list}limit=1")).await.is(200);
        page.json()["next_cursor"].as_str().unwrap().to_owned()
    };
    let own = cursor(&operator, "/api/v1/platform/tenants?").await;
    let descending = cursor(&operator, "/api/v1/platform/tenants?order=desc&").await;
    let of_another = cursor(&another, "/api/v1/platform/tenants?").await;
    let of_users = cursor(&operator, "/api/v1/platform/users?").await;

    for bad in [&descending, &of_another, &of_users, ""] {
        let answer = operator.get(&format!("{TENANTS}?cursor={bad}")).await;
        answer.problem(400, "invalid_cursor");
    }
    let filtered = format!("{USERS}?cursor={of_users}&email={}", email("root"));
    operator.get(&filtered).await.problem(400, "invalid_cursor");
    operator
        .get(&format!("{TENANTS}?cursor={own}"))
        .await
        .is(200);
}

async fn nobody_but_operators_is_let_in(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let plain = world.member(&owner, "cleo", "member").await;
    let outside = world.person("dora").await;
    let before = world.state().await;
    let mut met = 0;

    for route in routes()
        .iter()
        .filter(|route| is_of_the_platform(route.access))
    {
        let method = route.method.as_str();
        for id in [
            owner.organization(),
            &user_id(&plain),
            &unknown("user"),
            "x",
        ] {
            let path = route.path.replace("{id}", id);
            let nobody = world.nobody().request(method, &path).answer().await;
            nobody.problem(401, "unauthenticated");
            for person in [&owner, &admin, &plain, &outside] {
                // The refusal comes before the body, and before the thing is looked for.
                let with_reason = json!({ "reason": "because" });
                for body in [with_reason, json!({})] {
                    let request = person.request(method, &path).json(&body);
                    request.answer().await.problem(403, "forbidden");
                }
            }
        }
        met += 1;
    }
    assert!(met >= 8);
    assert_eq!(world.state().await, before);
}

async fn whoever_is_an_operator_no_more_is_refused_at_once(world: World) {
    let operator = world.operator("root").await;
    operator.get(TENANTS).await.is(200);

    world.execute("DELETE FROM operators").await;

    operator.get(TENANTS).await.problem(403, "forbidden");
    operator.get("/api/v1/me").await.is(200);
}

async fn no_role_holds_what_operators_hold(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let everything = owner.role("everything", &["*"]).await;
    let bob = world.member(&owner, "bob", "everything").await;
    let before = world.state().await;

    for permission in [
        "tenant:list",
        "tenant:suspend",
        "user:list",
        "user:suspend",
        "user:*",
        "tenant:*",
    ] {
        let role = json!({ "name": permission, "permissions": [permission] });
        let answer = owner.role_like(role).await;
        answer.problem(400, "unknown_permission");
        let more = json!({ "permissions": ["*", permission] });
        let answer = owner.change_role(&everything, more).await;
        answer.problem(400, "unknown_permission");
    }

    assert_eq!(world.state().await, before);
    for person in [&owner, &bob] {
        person.get(TENANTS).await.problem(403, "forbidden");
        person.get(USERS).await.problem(403, "forbidden");
    }
}

async fn a_suspended_organization_refuses_its_tokens_at_once(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let plain = world.member(&owner, "cleo", "member").await;
    let elsewhere = world.owner("eve", "Eves").await;
    plain.get(PROJECTS).await.is(200);

    turn(&operator, TENANTS, owner.organization(), "suspend")
        .await
        .is(204);

    for person in [&owner, &admin, &plain] {
        for route in routes()
            .iter()
            .filter(|route| is_of_organizations(route.access))
        {
            let path = route.path.replace("{id}", &unknown("proj"));
            let answer = person.request(route.method.as_str(), &path).answer().await;
            answer.problem(403, "forbidden");
        }
        let again = json!({ "org_id": owner.organization() });
        let again = person.post("/organization/select", again).await;
        again.problem(403, "forbidden");
        person
            .refresh(&person.refresh)
            .await
            .problem(401, "invalid_token");
        person.get("/api/v1/me").await.is(200);
        let signed_in = world.sign_in(&person.name).await;
        assert_eq!(claims(&signed_in.access).get("org_id"), None);
    }
    elsewhere.get(PROJECTS).await.is(200);

    turn(&operator, TENANTS, owner.organization(), "resume")
        .await
        .is(204);

    for person in [&owner, &admin, &plain] {
        person.get(PROJECTS).await.is(200);
    }
}

async fn no_owner_resumes_what_an_operator_suspended(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let path = format!("{TENANTS}/{}", owner.organization());
    // What the owner did before does not open a way around.
    owner.act("/api/v1/organization/suspend").await.is(200);
    turn(&operator, TENANTS, owner.organization(), "suspend")
        .await
        .is(204);
    let before = operator.get(&path).await.is(200).json();

    for act in ["suspend", "resume", "restore"] {
        let answer = owner.act(&format!("/api/v1/organization/{act}")).await;
        answer.problem(403, "forbidden");
    }
    owner
        .delete("/api/v1/organization")
        .await
        .problem(403, "forbidden");
    turn(&owner, TENANTS, owner.organization(), "resume")
        .await
        .problem(403, "forbidden");

    assert_eq!(before["status"], "locked");
    assert_eq!(operator.get(&path).await.is(200).json(), before);
}

async fn whatever_is_suspended_or_resumed_has_a_reason(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let user = user_id(&owner);
    let before = world.state().await;
    let long = "x".repeat(201);
    let bodies = [
        json!({}),
        json!({ "reason": null }),
        json!({ "reason": "" }),
        json!({ "reason": " \t" }),
        json!({ "reason": "a\nb" }),
        json!({ "reason": long }),
        json!({ "reason": 1 }),
        json!({ "reason": "unpaid", "more": 1 }),
        json!("unpaid"),
    ];

    for (list, id) in [(TENANTS, owner.organization()), (USERS, &user)] {
        for act in ["suspend", "resume"] {
            let path = format!("{list}/{id}/{act}");
            for body in &bodies {
                let answer = operator.post(&path, body.clone()).await;
                assert_eq!(answer.status, 400, "{path} {body}: {}", answer.text);
            }
            operator.act(&path).await.is(415);
        }
    }

    assert_eq!(world.state().await, before);
}

async fn an_organization_is_told_who_suspended_it_and_why(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let elsewhere = world.owner("eve", "Eves").await;
    let path = |act: &str| format!("{TENANTS}/{}/{act}", owner.organization());
    let last = async |owner: &Client| owner.get(&format!("{TRAIL}?order=desc&limit=2")).await;
    let before = last(&elsewhere).await.is(200).rows();

    let why = json!({ "reason": "  The bill of März was not paid  " });
    operator.post(&path("suspend"), why).await.is(204);
    world.advance(Duration::from_secs(1));
    let why = json!({ "reason": "Paid" });
    operator.post(&path("resume"), why).await.is(204);

    let rows = last(&owner).await.is(200).rows();
    let told = rows.iter().map(|row| {
        has_keys(row, &["id", "at"]);
        ["actor", "action", "target", "outcome", "reason"].map(|key| row[key].as_str().unwrap())
    });
    let (root, here) = (user_id(&operator), owner.organization());
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            [&root, "tenant:resume", here, "permitted", "Paid"],
            [
                &root,
                "tenant:suspend",
                here,
                "permitted",
                "The bill of März was not paid"
            ],
        ]
    );
    assert_eq!(last(&elsewhere).await.is(200).rows(), before);
    let reasons = "SELECT reason FROM audit_events WHERE reason IS NOT NULL";
    assert_eq!(world.column(reasons).await.len(), 2);
}

async fn a_deleted_organization_is_not_suspended(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    owner.delete("/api/v1/organization").await.is(200);
    let before = world.state().await;

    let suspended = turn(&operator, TENANTS, owner.organization(), "suspend").await;
    let resumed = turn(&operator, TENANTS, owner.organization(), "resume").await;

    suspended.problem(400, "wrong_state");
    resumed.problem(400, "wrong_state");
    assert_eq!(world.state().await, before);
}

async fn a_suspended_account_is_signed_out_and_refused_like_a_wrong_password(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let alone = world.sign_in("ada").await;
    let other = world.member(&owner, "bob", "member").await;
    let wrong = attempt(&world, "ada", "not the password").await;

    turn(&operator, USERS, &user_id(&owner), "suspend")
        .await
        .is(204);

    for session in [&owner, &alone] {
        session
            .get("/api/v1/me")
            .await
            .problem(401, "invalid_token");
        session.get(PROJECTS).await.problem(401, "invalid_token");
        session
            .refresh(&session.refresh)
            .await
            .problem(401, "invalid_token");
    }
    let right = attempt(&world, "ada", PASSWORD).await;
    assert_eq!(right.bytes(), wrong.bytes());
    wrong.problem(401, "invalid_credentials");
    other.get(PROJECTS).await.is(200);
    let row = format!("{USERS}/{}", user_id(&owner));
    assert_eq!(
        operator.get(&row).await.is(200).json()["status"],
        "suspended"
    );
}

async fn a_resumed_account_signs_in_again_and_its_old_tokens_stay_dead(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let user = user_id(&owner);
    turn(&operator, USERS, &user, "suspend").await.is(204);

    turn(&operator, USERS, &user, "resume").await.is(204);

    owner.get("/api/v1/me").await.problem(401, "invalid_token");
    owner
        .refresh(&owner.refresh)
        .await
        .problem(401, "invalid_token");
    let again = world.sign_in("ada").await;
    assert_eq!(again.organization(), owner.organization());
    again.get(TRAIL).await.is(200);
    let row = format!("{USERS}/{user}");
    assert_eq!(operator.get(&row).await.is(200).json()["status"], "active");
}

async fn what_was_done_to_an_account_is_on_record_and_in_no_organizations_trail(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let before = owner.get(TRAIL).await.is(200).rows();

    turn(&operator, USERS, &user_id(&bob), "suspend")
        .await
        .is(204);
    turn(&operator, USERS, &user_id(&bob), "resume")
        .await
        .is(204);

    let records = "SELECT u.name || ' ' || e.action || ' ' || e.target || ' ' || e.reason
                   FROM audit_events e JOIN users u ON u.id = e.actor_id
                   WHERE e.reason IS NOT NULL AND e.tenant_id IS NULL ORDER BY e.id";
    let bob = user_id(&bob);
    assert_eq!(
        world.column(records).await,
        [
            format!("root user:suspend {bob} because"),
            format!("root user:resume {bob} because"),
        ]
    );
    assert_eq!(owner.get(TRAIL).await.is(200).rows(), before);
}

async fn a_suspended_operator_operates_no_more(world: World) {
    let operator = world.operator("root").await;
    let another = world.operator("boot").await;

    turn(&operator, USERS, &user_id(&another), "suspend")
        .await
        .is(204);

    another.get(TENANTS).await.problem(401, "invalid_token");
    let back = turn(&another, USERS, &user_id(&another), "resume").await;
    back.problem(401, "invalid_token");
    operator.get(TENANTS).await.is(200);
}

async fn what_is_not_there_is_not_found(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let before = world.state().await;

    for (list, prefix, another) in [
        (TENANTS, "org", user_id(&owner)),
        (USERS, "user", owner.organization().to_owned()),
    ] {
        let nowhere = unknown(prefix);
        operator
            .get(&format!("{list}/{nowhere}"))
            .await
            .problem(404, "not_found");
        for act in ["suspend", "resume"] {
            turn(&operator, list, &nowhere, act)
                .await
                .problem(404, "not_found");
        }
        for bad in [another.as_str(), "x", "%00"] {
            operator
                .get(&format!("{list}/{bad}"))
                .await
                .problem(400, "invalid_id");
            turn(&operator, list, bad, "suspend")
                .await
                .problem(400, "invalid_id");
        }
    }
    assert_eq!(world.state().await, before);
}

async fn operators_hold_nothing_in_organizations(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let project = owner.project("Apollo").await;
    let before = world.state().await;
    let mut met = 0;

    for route in routes()
        .iter()
        .filter(|route| is_of_organizations(route.access))
    {
        let path = route.path.replace("{id}", &project);
        let answer = operator
            .request(route.method.as_str(), &path)
            .answer()
            .await;
        answer.problem(403, "forbidden");
        met += 1;
    }
    // There is no token for it, either.
    let entering = json!({ "org_id": owner.organization() });
    let entering = operator.post("/organization/select", entering).await;
    entering.problem(403, "forbidden");

    assert!(met > 30);
    assert_eq!(world.state().await, before);
}

async fn an_operator_who_is_a_member_holds_what_the_member_holds(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    owner.add("root", "member").await.is(201);

    let inside = operator.enter(owner.organization()).await;

    inside.get(PROJECTS).await.is(200);
    inside.get(TENANTS).await.is(200);
    for path in [TRAIL, OVERVIEW, INVITATIONS] {
        inside.get(path).await.problem(403, "forbidden");
    }
    inside
        .act("/api/v1/organization/suspend")
        .await
        .problem(403, "forbidden");
    // What an operator does to where they work bites them like everybody.
    turn(&inside, TENANTS, owner.organization(), "suspend")
        .await
        .is(204);
    inside.get(PROJECTS).await.problem(403, "forbidden");
    turn(&inside, TENANTS, owner.organization(), "resume")
        .await
        .is(204);
    inside.get(PROJECTS).await.is(200);
}

/// Whoever calls it, with whatever body.
async fn no_route_makes_an_operator(world: World) {
    world.operator("root").await;
    world.register("bob").await;
    let before = world.dump("operators").await;
    let bodies = [
        json!({}),
        json!({ "reason": "because" }),
        json!({ "name": "bob", "email": email("bob"), "password": PASSWORD, "operator": true }),
        json!({ "email": email("bob"), "role": "operator" }),
        json!({ "email": email("bob"), "role": "owner" }),
        json!({ "roles": ["operator"] }),
        json!({ "name": "operator", "permissions": ["tenant:suspend"], "operator": true }),
    ];

    let mut done = BTreeSet::new();
    for (number, route) in routes().iter().enumerate() {
        // Some routes end sessions, or the organization: nobody is asked twice.
        let (name, organization) = (format!("ada{number}"), format!("Acme {number}"));
        let owner = world.owner(&name, &organization).await;
        let operator = world.sign_in("root").await;
        owner.add("bob", "member").await.is(201);
        let id = match route.path {
            path if path.contains("/users/") => bob_of(&operator).await,
            path if path.contains("/tenants/") => owner.organization().to_owned(),
            path if path.contains("/members/") => owner.member_id("bob").await,
            _ => unknown("proj"),
        };
        let path = route.path.replace("{id}", &id);
        for person in [&owner, &operator] {
            for body in &bodies {
                let request = person.request(route.method.as_str(), &path);
                let request = request.header("if-match", "*").json(body);
                if request.answer().await.status < 300 {
                    done.insert(number);
                }
                if route.method.is_safe() {
                    break;
                }
            }
        }
        assert_eq!(world.dump("operators").await, before, "{route:?}");
    }
    // Many did something, or this says little.
    assert!(done.len() > 40, "{done:?}");
}

async fn an_overview_counts_what_there_is(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let another = world.owner("eve", "Eves").await;
    let empty = owner.get(OVERVIEW).await.is(200).json();
    for (owner, noise) in [(&owner, "a"), (&another, "e")] {
        // More of everything there than here, so that nothing is counted by accident.
        let times = if noise == "a" { 1 } else { 2 };
        for number in 0..times {
            let name = |what: &str| format!("{noise}{what}{number}");
            for (what, role) in [("owner", "owner"), ("lost", "owner"), ("admin", "admin")] {
                world.register(&name(what)).await;
                owner.add(&name(what), role).await.is(201);
            }
            for what in ["plain", "gone", "suspended"] {
                world.register(&name(what)).await;
                owner.add(&name(what), "member").await.is(201);
            }
            owner
                .remove(&owner.member_id(&name("gone")).await)
                .await
                .is(204);
            for what in ["lost", "suspended"] {
                owner
                    .suspend(&owner.member_id(&name(what)).await)
                    .await
                    .is(204);
            }
            for what in ["waiting", "waiting-too", "revoked"] {
                let invited = owner.invite(&name(what), &["member"]).await.is(201);
                if what == "revoked" {
                    owner
                        .delete(&format!("{INVITATIONS}/{}", invited.id()))
                        .await
                        .is(204);
                }
            }
            for what in ["p", "q", "r", "deleted"] {
                let project = owner.project(&name(what)).await;
                if what == "deleted" {
                    owner.delete(&format!("{PROJECTS}/{project}")).await.is(204);
                }
            }
            let deleted = owner.role(&name("role"), &["role:list"]).await;
            owner.role(&name("another role"), &[]).await;
            owner.role(&name("third role"), &[]).await;
            let gone = owner.delete(&format!("{ROLES}/{deleted}")).await;
            gone.is(204);
        }
    }

    let full = owner.get(OVERVIEW).await.is(200).json();

    let overview = |active, suspended, owners, invitations, projects, roles| {
        json!({
            "members": { "active": active, "suspended": suspended, "owners": owners },
            "pending_invitations": invitations,
            "projects": projects,
            "custom_roles": roles,
        })
    };
    assert_eq!(empty, overview(1, 0, 1, 0, 0, 0));
    assert_eq!(full, overview(4, 2, 2, 2, 3, 2));
    for owner in [&owner, &another] {
        let said = owner.get(OVERVIEW).await.is(200).json();
        assert_eq!(said, counted(&world, &owner.name).await);
    }
    world.advance(WEEK + SHORT);
    let later = world.sign_in("ada").await.get(OVERVIEW).await;
    assert_eq!(later.is(200).json(), overview(4, 2, 2, 0, 3, 2));
}

async fn whoever_needs_attention_is_listed_with_the_reasons(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let elsewhere = world.owner("eve", "Eves").await;
    let apollo = owner.project("Apollo").await;
    owner.role("lister", &["role:list"]).await;
    // From when the roles have ended that are given for a short time.
    let in_a_week = "2027-01-22T08:01:00Z";
    let after_a_week = "2027-01-22T08:01:00.000001Z";
    let until = |time: &str| json!({ "role": "lister", "expires_at": time });
    #[rustfmt::skip]
    let cast = [
        ("in-order",          json!(["member"]),              json!([])),
        ("for-long",          json!([until(FAR)]),            json!([])),
        ("a-moment-later",    json!([until(after_a_week)]),   json!([])),
        ("only-on-a-project", json!([]),                      json!(["member"])),
        ("suspended",         json!(["member"]),              json!([])),
        ("no-role",           json!([]),                      json!([])),
        ("expired",           json!(["member", until(SOON)]), json!([])),
        ("expired-to-none",   json!([until(SOON)]),           json!([])),
        ("expiring",          json!([until(in_a_week)]),      json!([])),
        ("expiring-there",    json!(["member"]),              json!([until(in_a_week)])),
        ("expired-there",     json!(["member"]),              json!([until(SOON)])),
        ("all-of-it",         json!([until(in_a_week)]),      json!([until(SOON)])),
    ];
    for (name, roles, here) in cast {
        let person = world.member(&owner, name, "member").await;
        let member = Member::of(&owner, person).await;
        owner.assign(&member.id, roles).await.is(200);
        if here != json!([]) {
            owner.share_with(&apollo, &member.id, here).await.is(201);
        }
        if ["suspended", "all-of-it"].contains(&name) {
            owner.suspend(&member.id).await.is(204);
        }
    }
    world.register("canary").await;
    elsewhere.add("canary", "member").await.is(201);
    let canary = elsewhere.member_id("canary").await;
    elsewhere.suspend(&canary).await.is(204);

    let before = concerns(&owner).await;
    world.advance(SHORT);
    let now = concerns(&owner).await;
    world.advance(Duration::from_micros(1));
    let later = concerns(&owner).await;

    #[rustfmt::skip]
    let expected = [
        ("suspended",         "suspended"),
        ("no-role",           "no_role"),
        ("expired",           "role_expiring"),
        ("expired-to-none",   "role_expiring"),
        ("expired-there",     "role_expiring"),
        ("all-of-it",         "suspended role_expiring"),
    ];
    assert_eq!(before, of(&expected));
    #[rustfmt::skip]
    let mut expected = vec![
        ("suspended",         "suspended"),
        ("no-role",           "no_role"),
        ("expired",           "role_expired"),
        ("expired-to-none",   "no_role role_expired"),
        ("expiring",          "role_expiring"),
        ("expiring-there",    "role_expiring"),
        ("expired-there",     "role_expired"),
        ("all-of-it",         "suspended role_expired role_expiring"),
    ];
    assert_eq!(now, of(&expected));
    expected.insert(0, ("a-moment-later", "role_expiring"));
    assert_eq!(later, of(&expected));
}

async fn those_who_need_attention_are_listed_page_by_page(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for number in 0..5 {
        let name = format!("m{number}");
        let person = world.member(&owner, &name, "member").await;
        let member = Member::of(&owner, person).await;
        if number != 2 {
            owner.assign(&member.id, json!([])).await.is(200);
        }
    }

    let whole = owner.get(ATTENTION).await.is(200).rows();

    let members: Vec<_> = whole.iter().map(|row| row["member"].clone()).collect();
    assert_eq!(texts(&members, "name"), ["m0", "m1", "m3", "m4"]);
    for member in &members {
        let path = format!("{MEMBERS}/{}", member["id"].as_str().unwrap());
        assert_eq!(owner.get(&path).await.is(200).json(), *member);
    }
    pages_are_whole(&owner, ATTENTION, &whole).await;
    for bad in ["limit=0", "status=suspended", "cursor=x", "order=up"] {
        owner.get(&format!("{ATTENTION}?{bad}")).await.is(400);
    }
}

async fn the_last_refusals_are_shown_the_newest_first(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let elsewhere = world.owner("eve", "Eves").await;
    let bob = world.member(&owner, "bob", "member").await;
    let empty = owner.get(REFUSALS).await.is(200);
    assert_eq!(empty.json(), json!({ "data": [], "next_cursor": null }));
    for number in 0..55 {
        bob.delete(&format!("{MEMBERS}/member_{number}"))
            .await
            .is(403);
    }

    let rows = eventually(async || {
        let rows = owner.get(REFUSALS).await.is(200).rows();
        let newest = rows.first()?;
        (newest["target"] == "member_54").then_some(rows)
    })
    .await;

    let newest: Vec<_> = (5..55)
        .rev()
        .map(|number| format!("member_{number}"))
        .collect();
    assert_eq!(texts(&rows, "target"), newest);
    let latest = format!("{TRAIL}?outcome=denied&order=desc&limit=50");
    assert_eq!(owner.get(&latest).await.is(200).rows(), rows);
    assert_eq!(
        elsewhere.get(REFUSALS).await.is(200).rows(),
        [Value::Null; 0]
    );
}

async fn an_organization_is_overseen_by_whoever_holds_the_permission(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("overseer", &["admin:overview"]).await;
    let admin = world.member(&owner, "bob", "admin").await;
    let overseer = world.member(&owner, "cleo", "overseer").await;
    let plain = world.member(&owner, "dora", "member").await;
    let outside = world.person("eve").await;

    for path in [OVERVIEW, ATTENTION, REFUSALS] {
        for person in [&owner, &admin, &overseer] {
            person.get(path).await.is(200);
        }
        for person in [&plain, &outside] {
            person.get(path).await.problem(403, "forbidden");
        }
        world
            .nobody()
            .get(path)
            .await
            .problem(401, "unauthenticated");
    }
}

fn user_id(person: &Person) -> String {
    claims(&person.access)["sub"].as_str().unwrap().to_owned()
}

async fn bob_of(operator: &Client) -> String {
    let found = operator
        .get(&format!("{USERS}?email={}", email("bob")))
        .await;
    let rows = found.is(200).rows();
    rows[0]["id"].as_str().unwrap().to_owned()
}

/// Suspends or resumes, as the case may be.
async fn turn(operator: &Client, list: &str, id: &str, act: &str) -> Answer {
    let why = json!({ "reason": "because" });
    operator.post(&format!("{list}/{id}/{act}"), why).await
}

async fn attempt(world: &World, name: &str, password: &str) -> Answer {
    let request = world.nobody().request("POST", "/login");
    let body = json!({ "email": email(name), "password": password });
    request.json(&body).answer_by_name().await
}

fn is_of_the_platform(access: Access) -> bool {
    let level = access
        .permission()
        .map(|permission| permission.reach().level);
    level == Some(Level::Platform)
}

/// Is it a route to what organizations own?
fn is_of_organizations(access: Access) -> bool {
    match access {
        Access::Public | Access::SignedIn => false,
        Access::Member => true,
        Access::Requires(_) | Access::RequiresOn(_) => !is_of_the_platform(access),
    }
}

/// In whatever pages and order, the rows are those of the whole list.
async fn pages_are_whole(client: &Client, list: &str, whole: &[Value]) {
    let mut backwards = whole.to_vec();
    backwards.reverse();
    for limit in [1, 2, whole.len(), 100] {
        for (order, expected) in [("asc", whole), ("desc", &backwards)] {
            let query = format!("{list}?limit={limit}&order={order}");
            let mut found = Vec::new();
            let mut next = Some(query.clone());
            while let Some(path) = next {
                let page = client.get(&path).await.is(200);
                assert!(page.rows().len() <= limit);
                found.extend(page.rows());
                let cursor = page.json()["next_cursor"].as_str().map(str::to_owned);
                next = cursor.map(|cursor| format!("{query}&cursor={cursor}"));
            }
            assert_eq!(found, expected, "{query}");
        }
    }
}

/// What the database counts in the organization of this founder.
async fn counted(world: &World, founder: &str) -> Value {
    let of = format!(
        "x.tenant_id IN (SELECT t.id FROM tenants t JOIN users u ON u.id = t.created_by
                         WHERE u.name = '{founder}')"
    );
    let count = async |rows: &str| {
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {rows} AND {of}");
        world.column(&sql).await[0].parse::<u64>().unwrap()
    };
    json!({
        "members": {
            "active": count("members x WHERE status = 'active'").await,
            "suspended": count("members x WHERE status = 'suspended'").await,
            "owners": count(
                "members x JOIN member_roles h ON h.member_id = x.id JOIN roles r ON r.id = h.role_id
                 WHERE x.status = 'active' AND r.builtin = 'owner'"
            )
            .await,
        },
        "pending_invitations": count("invitations x WHERE status = 'pending'").await,
        "projects": count("projects x WHERE deleted_at IS NULL").await,
        "custom_roles": count("roles x WHERE builtin IS NULL").await,
    })
}

/// Who needs attention, and why.
async fn concerns(owner: &Client) -> Vec<(String, String)> {
    let rows = owner.get(ATTENTION).await.is(200).rows();
    let concerns = rows.iter().map(|row| {
        let name = row["member"]["name"].as_str().unwrap();
        let why = row["concerns"].as_array().unwrap().iter();
        let why: Vec<_> = why.map(|why| why.as_str().unwrap()).collect();
        (name.to_owned(), why.join(" "))
    });
    concerns.collect()
}

fn of(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let expected = expected.iter();
    let owned = expected.map(|(name, why)| ((*name).to_owned(), (*why).to_owned()));
    owned.collect()
}
