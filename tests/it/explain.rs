//! Explanations: why somebody may do something, or may not; and that what is explained is what happens.

use crate::{
    acts::{MEMBERS, PROJECTS, texts},
    company::{Company, FAR, Member, ON_PROJECTS, Plan, Project, SHORT, SOON},
    world::{Answer, Ask, Client, Person, World, unknown},
};
use bailiwick_api::routes::routes;
use bailiwick_domain::access::{Catalogue, Level, Permission};
use serde_json::{Value, json};
use std::collections::BTreeSet;

both!(
    everybody_may_ask_about_themselves,
    a_suspended_member_may_still_ask_about_themselves,
    an_account_that_the_platform_suspended_may_nothing,
    one_may_ask_about_oneself_in_whatever_state_the_organization_is,
    whoever_has_entered_no_organization_has_nothing_explained,
    about_others_only_they_may_ask_who_hold_the_permission,
    a_member_of_elsewhere_is_asked_about_like_one_who_never_was,
    a_project_that_one_may_not_see_is_asked_about_like_one_that_never_was,
    a_project_that_one_may_change_and_not_see_is_explained,
    what_nobody_gave_is_not_held,
    a_role_with_an_end_counts_until_then,
    what_is_held_for_ones_own_is_held_for_nothing_else,
    what_is_held_on_a_project_is_held_nowhere_else,
    whoever_has_not_shown_a_second_factor_that_is_demanded_is_told,
    the_way_leads_from_the_role_given_to_the_role_that_holds,
    every_way_is_told,
    the_nearest_roles_are_the_smallest_that_would_do,
    whoever_may_not_see_roles_or_members_is_told_of_none,
    those_named_could_really_give_it_and_nobody_else_could,
    nothing_of_another_organization_is_told,
    what_is_held_on_the_platform_is_no_question_of_an_organization,
    a_question_is_understood_strictly,
    explanations_say_what_requests_are_answered,
    in_every_state_explanations_say_what_requests_are_answered,
);

const EXPLAIN: &str = "/api/v1/access/explain";

async fn everybody_may_ask_about_themselves(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = member_with(&world, &owner, "bob", json!([])).await;
    let cleo = member_with(&world, &owner, "cleo", json!(["member"])).await;

    let by_nobody_in_particular = asked(&bob, json!({ "permission": "member:list" })).await;
    let by_name = json!({ "permission": "member:list", "member_id": bob.id });
    let by_name = asked(&bob, by_name).await;
    let allowed = asked(&cleo, json!({ "permission": "member:list" })).await;

    assert_eq!(by_nobody_in_particular, by_name);
    assert_eq!(
        by_name,
        json!({
            "permission": "member:list",
            "member_id": bob.id,
            "project_id": null,
            "decision": "deny",
            "reason": "not_held",
            "standing": { "organization": "active", "member": "active" },
            "paths": [],
            "nearest_roles": [],
            "grantors": [],
        })
    );
    assert_eq!(allowed["decision"], "permit");
    assert_eq!(allowed["reason"], Value::Null);
    assert_eq!(allowed["member_id"], cleo.id);
}

async fn an_account_that_the_platform_suspended_may_nothing(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = member_with(&world, &owner, "bob", json!(["admin"])).await;
    let close = "UPDATE users SET disabled_at = 1 WHERE name = 'bob'";
    world.execute(close).await;

    let question = json!({ "permission": "member:list", "member_id": bob.id });
    let answer = asked(&owner, question).await;

    assert_eq!(verdict(&answer), ("deny", "account_suspended"));
}

async fn a_suspended_member_may_still_ask_about_themselves(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = member_with(&world, &owner, "bob", json!(["member"])).await;

    // Suspending over HTTP ends the token that is asked with.
    world
        .execute(
            "UPDATE members SET status = 'suspended'
             WHERE user_id = (SELECT id FROM users WHERE name = 'bob')",
        )
        .await;

    bob.get(MEMBERS).await.problem(403, "forbidden");
    let answer = asked(&bob, json!({ "permission": "member:list" })).await;
    assert_eq!(verdict(&answer), ("deny", "member_suspended"));
    assert_eq!(answer["standing"]["member"], "suspended");
    assert_eq!(answer["nearest_roles"], json!([]));
    let never_held = asked(&bob, json!({ "permission": "audit:read" })).await;
    assert_eq!(verdict(&never_held), ("deny", "not_held"));
    let by_owner = json!({ "permission": "member:list", "member_id": bob.id });
    let by_owner = asked(&owner, by_owner).await;
    assert_eq!(verdict(&by_owner), ("deny", "member_suspended"));
}

async fn one_may_ask_about_oneself_in_whatever_state_the_organization_is(world: World) {
    let operator = world.operator("root").await;
    let owner = world.owner("ada", "Acme").await;
    let bob = member_with(&world, &owner, "bob", json!(["member"])).await;
    let here = owner.organization();
    let because = json!({ "reason": "unpaid" });
    let turn = async |turn: &str| {
        let path = format!("/api/v1/platform/tenants/{here}/{turn}");
        operator.post(&path, because.clone()).await.is(204);
    };
    let told = async |reason: &str, left_to_owners: bool| {
        let listing = json!({ "permission": "member:list" });
        let owning = json!({ "permission": "organization:own" });
        for person in [&*owner, &bob] {
            let answer = asked(person, listing.clone()).await;
            assert_eq!(verdict(&answer), ("deny", reason));
        }
        let answer = asked(&owner, owning.clone()).await;
        let expected = if left_to_owners {
            ("permit", "")
        } else {
            ("deny", reason)
        };
        assert_eq!(verdict(&answer), expected);
        let answer = asked(&bob, owning).await;
        assert_eq!(verdict(&answer), ("deny", "not_held"));
        answer["standing"]["organization"]
            .as_str()
            .unwrap()
            .to_owned()
    };

    owner.act("/api/v1/organization/suspend").await.is(200);
    let suspended = told("organization_suspended", true).await;
    owner.act("/api/v1/organization/resume").await.is(200);
    turn("suspend").await;
    let locked = told("organization_locked", false).await;
    turn("resume").await;
    owner.delete("/api/v1/organization").await.is(200);
    let deleted = told("organization_deleted", true).await;

    assert_eq!(
        [suspended, locked, deleted],
        ["suspended", "locked", "deleted"]
    );
    let of_another = json!({ "permission": "member:list", "member_id": bob.id });
    let of_another = ask(&owner, of_another).await;
    of_another.problem(403, "forbidden");
}

async fn whoever_has_entered_no_organization_has_nothing_explained(world: World) {
    let ada = world.person("ada").await;
    let acme = ada.enter(&ada.found("Acme").await).await;

    let outside = ask(&ada, json!({ "permission": "member:list" })).await;

    outside.problem(403, "forbidden");
    ask(&acme, json!({ "permission": "member:list" }))
        .await
        .is(200);
}

async fn about_others_only_they_may_ask_who_hold_the_permission(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = member_with(&world, &owner, "bob", json!(["member"])).await;
    owner.role("explainer", &["access:explain"]).await;
    let cleo = member_with(&world, &owner, "cleo", json!(["explainer"])).await;
    let of_bob = json!({ "permission": "member:list", "member_id": bob.id });
    let of_cleo = json!({ "permission": "member:list", "member_id": cleo.id });
    let of_nobody = json!({ "permission": "member:list", "member_id": unknown("member") });

    let by_bob = ask_by_name(&bob, of_cleo).await;
    let by_bob_of_nobody = ask_by_name(&bob, of_nobody).await;
    let by_cleo = asked(&cleo, of_bob).await;

    assert_eq!(by_bob.bytes(), by_bob_of_nobody.bytes());
    by_bob.problem(403, "forbidden");
    assert_eq!(verdict(&by_cleo), ("permit", ""));
    assert_eq!(by_cleo["member_id"], bob.id);
}

async fn a_member_of_elsewhere_is_asked_about_like_one_who_never_was(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    let foreign = eve.member_id("eve").await;
    let gone = member_with(&world, &owner, "bob", json!(["member"]))
        .await
        .id;
    owner.remove(&gone).await.is(204);
    let about = async |member: &str| {
        let question = json!({ "permission": "member:list", "member_id": member });
        ask_by_name(&owner, question).await
    };

    let never_was = about(&unknown("member")).await;

    assert_eq!(about(&foreign).await.bytes(), never_was.bytes());
    assert_eq!(about(&gone).await.bytes(), never_was.bytes());
    never_was.problem(404, "not_found");
}

async fn a_project_that_one_may_change_and_not_see_is_explained(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let apollo = owner.project("Apollo").await;
    for permission in ["project:update", "project:delete", "project:share"] {
        let name = permission.replace(':', " ");
        owner.role(&name, &[permission]).await;
        let bob = member_with(&world, &owner, &name.replace(' ', "-"), json!([name])).await;

        for (asked_for, verdict_of) in [
            (permission, ("permit", "")),
            ("project:read", ("deny", "not_held")),
        ] {
            let question = json!({ "permission": asked_for, "project_id": apollo });
            let answer = asked(&bob, question).await;
            assert_eq!(verdict(&answer), verdict_of, "{permission}");
        }
    }
}

async fn a_project_that_one_may_not_see_is_asked_about_like_one_that_never_was(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    let foreign = eve.project("Gemini").await;
    let unseen = owner.project("Apollo").await;
    let gone = owner.project("Mercury").await;
    let path = format!("{PROJECTS}/{gone}");
    owner.delete(&path).await.is(204);
    let seen = owner.project("Vostok").await;
    let bob = member_with(&world, &owner, "bob", json!([])).await;
    let cleo = member_with(&world, &owner, "cleo", json!([])).await;
    owner
        .share_with(&seen, &cleo.id, json!(["member"]))
        .await
        .is(201);
    let about = async |person: &Client, project: &str| {
        let question = json!({ "permission": "project:read", "project_id": project });
        ask_by_name(person, question).await
    };

    let never_was = about(&owner, &unknown("proj")).await;

    for project in [&foreign, &gone] {
        assert_eq!(about(&owner, project).await.bytes(), never_was.bytes());
    }
    for project in [&foreign, &gone, &unseen, &unknown("proj")] {
        assert_eq!(about(&bob, project).await.bytes(), never_was.bytes());
        assert_eq!(about(&cleo, project).await.bytes(), never_was.bytes());
    }
    never_was.problem(404, "not_found");
    about(&owner, &unseen).await.is(200);
    about(&cleo, &seen).await.is(200);
}

async fn what_nobody_gave_is_not_held(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let apollo = owner.project("Apollo").await;
    let bob = member_with(&world, &owner, "bob", json!(["member"])).await;

    let whole = asked(&bob, json!({ "permission": "project:delete" })).await;
    let on_one = json!({ "permission": "project:delete", "project_id": apollo });
    let on_one = asked(&bob, on_one).await;

    for answer in [&whole, &on_one] {
        assert_eq!(verdict(answer), ("deny", "not_held"));
        assert_eq!(answer["paths"], json!([]));
    }
    assert_eq!(
        (&whole["project_id"], &on_one["project_id"]),
        (&Value::Null, &json!(apollo))
    );
}

async fn a_role_with_an_end_counts_until_then(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let until = json!([{ "role": "admin", "expires_at": SOON }]);
    let bob = member_with(&world, &owner, "bob", until).await;
    let question = json!({ "permission": "audit:read", "member_id": bob.id });

    let before = asked(&owner, question.clone()).await;
    world.advance(SHORT);
    let after = asked(&owner, question).await;

    assert_eq!(verdict(&before), ("permit", ""));
    assert_eq!(verdict(&after), ("deny", "role_expired"));
    for (answer, live) in [(before, true), (after, false)] {
        let path = only_path(&answer);
        assert_eq!(
            (&path["live"], &path["expires_at"]),
            (&json!(live), &json!(SOON))
        );
        assert_eq!(path["roles"], json!(["admin"]));
    }
}

async fn what_is_held_for_ones_own_is_held_for_nothing_else(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner
        .role(
            "maker",
            &["project:create", "project:read", "project:update:own"],
        )
        .await;
    let bob = member_with(&world, &owner, "bob", json!(["maker"])).await;
    let theirs = owner.project("Apollo").await;
    let mine = bob.project("Gemini").await;
    let about = async |project: Value| {
        let question = json!({ "permission": "project:update", "project_id": project });
        asked(&bob, question).await
    };

    let on_mine = about(json!(mine)).await;
    let on_theirs = about(json!(theirs)).await;
    let on_all = about(Value::Null).await;

    assert_eq!(verdict(&on_mine), ("permit", ""));
    for answer in [&on_theirs, &on_all] {
        assert_eq!(verdict(answer), ("deny", "held_for_own_only"));
    }
    for answer in [&on_mine, &on_theirs, &on_all] {
        assert_eq!(only_path(answer)["extent"], "own");
    }
}

async fn what_is_held_on_a_project_is_held_nowhere_else(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner
        .role("lead", &["project:update", "member:invite"])
        .await;
    let bob = member_with(&world, &owner, "bob", json!(["member"])).await;
    let apollo = owner.project("Apollo").await;
    let gemini = owner.project("Gemini").await;
    let given = owner
        .share_with(&apollo, &bob.id, json!(["lead"]))
        .await
        .is(201);
    let about = async |permission: &str, project: Option<&str>| {
        let question = json!({ "permission": permission, "project_id": project });
        asked(&bob, question).await
    };

    let there = about("project:update", Some(&apollo)).await;
    let elsewhere = about("project:update", Some(&gemini)).await;
    let in_all = about("project:update", None).await;
    // What is about the whole organization means nothing on a project.
    let more = about("member:invite", Some(&apollo)).await;

    assert_eq!(verdict(&there), ("permit", ""));
    for answer in [&elsewhere, &in_all] {
        assert_eq!(verdict(answer), ("deny", "held_on_another_project"));
    }
    for answer in [&there, &elsewhere, &in_all] {
        assert_eq!(
            *only_path(answer),
            json!({
                "role_id": given.json()["roles"][0]["role_id"],
                "roles": ["lead"],
                "scope": "project",
                "project_id": apollo,
                "extent": "all",
                "expires_at": null,
                "live": true,
            })
        );
    }
    assert_eq!(verdict(&more), ("deny", "not_held"));
}

async fn whoever_has_not_shown_a_second_factor_that_is_demanded_is_told(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = member_with(&world, &owner, "bob", json!(["member"])).await;
    let question = json!({ "permission": "member:list" });

    world
        .execute("UPDATE tenants SET second_factor_required = 1")
        .await;
    let missing = asked(&bob, question.clone()).await;
    let never_held = asked(&bob, json!({ "permission": "audit:read" })).await;
    world
        .execute("UPDATE sessions SET second_factor_at = 1")
        .await;
    let shown = asked(&bob, question).await;

    assert_eq!(verdict(&missing), ("deny", "second_factor_missing"));
    assert_eq!(verdict(&never_held), ("deny", "not_held"));
    assert_eq!(verdict(&shown), ("permit", ""));
}

async fn the_way_leads_from_the_role_given_to_the_role_that_holds(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("inner", &["project:update"]).await;
    // The longer way is named first.
    for (name, includes) in [
        ("a long way", json!(["inner"])),
        ("a longer way", json!(["a long way"])),
        ("way", json!(["inner"])),
        ("outer", json!(["a longer way", "way"])),
    ] {
        let role = json!({ "name": name, "permissions": ["role:list"], "includes": includes });
        owner.role_like(role).await.is(201);
    }
    let bob = member_with(&world, &owner, "bob", json!(["outer"])).await;
    let given = owner.member("bob").await["assignments"][0]["role_id"].clone();

    let answer = asked(&bob, json!({ "permission": "project:update" })).await;

    assert_eq!(
        *only_path(&answer),
        json!({
            "role_id": given,
            "roles": ["outer", "way", "inner"],
            "scope": "organization",
            "project_id": null,
            "extent": "all",
            "expires_at": null,
            "live": true,
        })
    );
}

async fn every_way_is_told(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("updater", &["project:update"]).await;
    owner.role("own updater", &["project:update:own"]).await;
    let apollo = owner.project("Apollo").await;
    let roles = json!(["updater", "own updater", "member", { "role": "admin", "expires_at": FAR }]);
    let bob = member_with(&world, &owner, "bob", roles).await;
    let here = json!(["updater", { "role": "admin", "expires_at": SOON }]);
    owner.share_with(&apollo, &bob.id, here).await.is(201);
    let question = json!({ "permission": "project:update", "project_id": apollo });

    let ways = async || {
        let answer = asked(&bob, question.clone()).await;
        let paths = answer["paths"].as_array().unwrap();
        let ways = paths.iter().map(|path| {
            let texts = [&path["roles"][0], &path["scope"]].map(|text| text.as_str().unwrap());
            texts.join(" in ")
        });
        ways.collect::<BTreeSet<_>>()
    };

    let whole = ["admin in organization", "updater in organization"];
    let before = ways().await;
    world.advance(SHORT);
    let after = ways().await;

    // Bob did not create it: what he holds for his own leads nowhere near.
    let and = |more: &[&str]| {
        let all = whole.iter().chain(more);
        all.map(|way| (*way).to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(before, and(&["admin in project", "updater in project"]));
    assert_eq!(after, and(&["updater in project"]));
}

async fn the_nearest_roles_are_the_smallest_that_would_do(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner
        .role(
            "four",
            &["project:update", "role:list", "member:list", "audit:read"],
        )
        .await;
    owner.role("two", &["project:update", "role:list"]).await;
    owner.role("own", &["project:update:own"]).await;
    owner.role("beside it", &["project:read"]).await;
    let three = json!({ "name": "three", "permissions": ["audit:read"], "includes": ["two"] });
    owner.role_like(three).await.is(201);
    let roles = json!(["member", "beside it"]);
    let bob = member_with(&world, &owner, "bob", roles).await;
    let maker = json!({ "name": "maker", "permissions": ["project:create"] });
    owner.role_like(maker).await.is(201);
    owner
        .assign(&bob.id, json!(["member", "maker"]))
        .await
        .is(200);
    let theirs = owner.project("Apollo").await;
    let mine = bob.project("Gemini").await;
    let nearest = async |project: Option<&str>| {
        let question = json!({ "permission": "project:update", "project_id": project });
        let answer = asked(&bob, question).await;
        texts(answer["nearest_roles"].as_array().unwrap(), "name")
    };

    let in_all = nearest(None).await;
    let on_theirs = nearest(Some(&theirs)).await;
    let on_mine = nearest(Some(&mine)).await;

    assert_eq!(in_all, ["two", "three", "four", "admin", "owner"]);
    assert_eq!(on_theirs, in_all);
    // No more than five: the largest gives way.
    assert_eq!(on_mine, ["own", "two", "three", "four", "admin"]);
    let held = asked(&bob, json!({ "permission": "project:read" })).await;
    assert_eq!(
        (&held["nearest_roles"], &held["grantors"]),
        (&json!([]), &json!([]))
    );
}

async fn whoever_may_not_see_roles_or_members_is_told_of_none(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("sees roles", &["role:list"]).await;
    owner.role("sees members", &["member:list"]).await;
    let roles = json!(["sees roles", "sees members"]);
    let both = member_with(&world, &owner, "both", roles).await;
    let only_roles = member_with(&world, &owner, "roles", json!(["sees roles"])).await;
    let only_members = member_with(&world, &owner, "members", json!(["sees members"])).await;
    let told = async |person: &Client| {
        let answer = asked(person, json!({ "permission": "audit:read" })).await;
        let count = |key: &str| answer[key].as_array().unwrap().len();
        (count("nearest_roles"), count("grantors"))
    };

    let counts = [
        told(&both).await,
        told(&only_roles).await,
        told(&only_members).await,
    ];

    // `admin` and `owner`, which ada could give.
    assert_eq!(counts, [(2, 1), (2, 0), (0, 0)]);
}

/// Everybody tries to give what would be needed, and those who can are those who are named.
async fn those_named_could_really_give_it_and_nobody_else_could(world: World) {
    let cast = Cast::of(&world).await;
    let Cast {
        owner,
        apollo,
        gemini,
        ..
    } = &cast;
    let questions = [
        ("project:update", None),
        ("project:update", Some(apollo)),
        ("project:update", Some(gemini)),
        ("project:delete", Some(apollo)),
        ("role:create", None),
        ("role:create", Some(apollo)),
        ("audit:read", None),
    ];

    let mut named = 0;
    for subject in [&cast.plain, &cast.keeper] {
        for (permission, project) in questions {
            let question = json!({
                "permission": permission,
                "member_id": subject.member.id,
                "project_id": project,
            });
            let answer = asked(owner, question).await;
            let could =
                cast.who_could_give(subject, permission, project.map(String::as_str), &answer);
            let could = could.await;

            let grantors = texts(answer["grantors"].as_array().unwrap(), "name");
            let grantors: BTreeSet<_> = grantors.into_iter().collect();
            assert_eq!(
                grantors, could,
                "{permission} {project:?} {}",
                subject.member.name
            );
            named += grantors.len();
        }
    }
    assert!(named > 20, "{named}");
}

async fn nothing_of_another_organization_is_told(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("canary-eve", "Canary Eves").await;
    eve.role("canary-role", &["audit:read"]).await;
    let canary = eve
        .role("canary-giver", &["member:assign", "audit:read"])
        .await;
    let apollo = owner.project("Apollo").await;
    let gemini = eve.project("canary-gemini").await;
    // Bob belongs to both, and runs the other one.
    let bob = member_with(&world, &owner, "bob", json!(["member"])).await;
    eve.add("bob", "admin").await.is(201);
    let bob_there = eve.member_id("bob").await;
    eve.assign(&bob_there, json!(["admin", "canary-giver"]))
        .await
        .is(200);
    eve.share_with(&gemini, &bob_there, json!(["canary-role"]))
        .await
        .is(201);
    let ids = [eve.member_id("canary-eve").await, bob_there, canary, gemini];

    for permission in Permission::ALL {
        for project in [None, Some(&apollo)] {
            for (person, member) in [(&*owner, Some(&bob.id)), (&*bob, None)] {
                let question = json!({
                    "permission": permission.name(),
                    "member_id": member,
                    "project_id": project,
                });
                let answer = ask(person, question).await;
                assert!(
                    !answer.text.to_lowercase().contains("canary"),
                    "{}",
                    answer.text
                );
                for id in &ids {
                    assert!(!answer.text.contains(id), "{}", answer.text);
                }
            }
        }
    }
    let here = asked(&bob, json!({ "permission": "audit:read" })).await;
    assert_eq!(verdict(&here), ("deny", "not_held"));
}

async fn what_is_held_on_the_platform_is_no_question_of_an_organization(world: World) {
    let operator = world.operator("root").await;
    let acme = operator.enter(&operator.found("Acme").await).await;

    for permission in Permission::ALL {
        let platform = permission.reach().level == Level::Platform;
        let answer = ask(&acme, json!({ "permission": permission.name() })).await;

        if platform {
            answer.problem(400, "not_in_organizations");
        } else {
            assert_eq!(answer.is(200).json()["decision"], "permit");
        }
    }
}

async fn a_question_is_understood_strictly(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let listing = "member:list";
    let questions = [
        json!({}),
        json!({ "permission": "" }),
        json!({ "permission": "member:fly" }),
        json!({ "permission": "member:*" }),
        json!({ "permission": "project:read:own" }),
        json!({ "permission": "MEMBER:LIST" }),
        json!({ "permission": null }),
        json!({ "permission": [listing] }),
        json!({ "permission": listing, "member_id": "x" }),
        json!({ "permission": listing, "member_id": unknown("proj") }),
        json!({ "permission": listing, "project_id": unknown("member") }),
        json!({ "permission": listing, "organization_id": owner.organization() }),
        json!({ "permission": listing, "user_id": unknown("user") }),
    ];

    for question in questions {
        let text = question.to_string();
        let answer = ask(&owner, question).await;
        assert_eq!(answer.status, 400, "{text}: {}", answer.text);
    }
}

/// What is asked of each permission that is held in the whole organization. Nothing comes of it, but that it is
/// refused or is not.
#[rustfmt::skip]
const PROBES: [(&str, &str, &str); 26] = [
    ("organization:read",   "GET",    "/api/v1/organization"),
    ("organization:update", "PATCH",  "/api/v1/organization"),
    ("organization:own",    "DELETE", "/api/v1/organization/transfer"),
    ("member:list",         "GET",    "/api/v1/members"),
    ("member:invite",       "POST",   "/api/v1/members"),
    ("member:assign",       "PUT",    "/api/v1/members/member_01h455vb4pex5vsknk084sn02q/roles"),
    ("member:suspend",      "POST",   "/api/v1/members/member_01h455vb4pex5vsknk084sn02q/suspend"),
    ("member:remove",       "DELETE", "/api/v1/members/member_01h455vb4pex5vsknk084sn02q"),
    ("invitation:list",     "GET",    "/api/v1/invitations"),
    ("invitation:revoke",   "DELETE", "/api/v1/invitations/inv_01h455vb4pex5vsknk084sn02q"),
    ("role:list",           "GET",    "/api/v1/roles"),
    ("role:create",         "POST",   "/api/v1/roles"),
    ("role:update",         "PATCH",  "/api/v1/roles/role_01h455vb4pex5vsknk084sn02q"),
    ("role:delete",         "DELETE", "/api/v1/roles/role_01h455vb4pex5vsknk084sn02q"),
    ("service_account:list",   "GET",    "/api/v1/service-accounts"),
    ("service_account:create", "POST",   "/api/v1/service-accounts"),
    ("service_account:update", "PATCH",  "/api/v1/service-accounts/svc_01h455vb4pex5vsknk084sn02q"),
    ("service_account:delete", "DELETE", "/api/v1/service-accounts/svc_01h455vb4pex5vsknk084sn02q"),
    ("api_key:list",        "GET",    "/api/v1/api-keys"),
    ("api_key:create",      "POST",   "/api/v1/api-keys"),
    ("api_key:rotate",      "POST",   "/api/v1/api-keys/key_01h455vb4pex5vsknk084sn02q/rotate"),
    ("api_key:revoke",      "DELETE", "/api/v1/api-keys/key_01h455vb4pex5vsknk084sn02q"),
    ("project:create",      "POST",   "/api/v1/projects"),
    ("audit:read",          "GET",    "/api/v1/audit-events"),
    ("access:explain",      "POST",   EXPLAIN),
    ("admin:overview",      "GET",    "/api/v1/admin/overview"),
];

/// What is asked of each permission that is held on projects, and what it is answered when it is not refused. To share
/// is asked with a role that there is not, which comes to light last.
#[rustfmt::skip]
const PROBES_OF_PROJECTS: [(&str, &str, &str, u16); 4] = [
    ("project:read",        "GET",    "",         200),
    ("project:update",      "PATCH",  "",         200),
    ("project:share",       "POST",   "/members", 400),
    ("project:delete",      "DELETE", "",         204),
];

async fn explanations_say_what_requests_are_answered(world: World) {
    every_permission_is_probed();
    let all = all_on_offer();
    let plan = Plan {
        members: 10,
        projects: 5,
        roles: 12,
        permissions: &all.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    let mut company = Company::by_chance(&world, 3, &plan).await;
    company.short_roles_end(&world);
    let owner = &company.owner;

    let mut met = [0; 2];
    for member in &company.members {
        for (permission, ..) in PROBES {
            let allowed = is_permitted(member, permission).await;
            let question = json!({ "permission": permission, "member_id": member.id });
            for asker in [&**owner, member] {
                let answer = asked(asker, question.clone()).await;
                assert_eq!(says_so(&answer), allowed, "{} {answer:#}", member.name);
            }
            assert_eq!(member.may(permission, None), allowed, "{permission}");
            met[usize::from(allowed)] += 1;
        }
        for project in &company.projects {
            for (permission, ..) in PROBES_OF_PROJECTS {
                let allowed = is_permitted_on(&world, &company, member, permission, project).await;
                let question = json!({
                    "permission": permission,
                    "member_id": member.id,
                    "project_id": project.id,
                });
                let by_owner = asked(owner, question.clone()).await;
                let by_themselves = ask(member, question).await;

                assert_eq!(says_so(&by_owner), allowed, "{} {by_owner:#}", member.name);
                if ON_PROJECTS
                    .iter()
                    .any(|held| member.may(held, Some(project)))
                {
                    let answer = by_themselves.is(200).json();
                    assert_eq!(says_so(&answer), allowed, "{} {answer:#}", member.name);
                } else {
                    by_themselves.problem(404, "not_found");
                }
                assert_eq!(
                    member.may(permission, Some(project)),
                    allowed,
                    "{permission}"
                );
                met[usize::from(allowed)] += 1;
            }
        }
    }
    assert!(met.iter().all(|met| *met > 60), "{met:?}");
}

async fn in_every_state_explanations_say_what_requests_are_answered(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let mut cast = vec![
        member_with(&world, &owner, "bob", json!(["admin"])).await,
        member_with(&world, &owner, "cleo", json!(["member"])).await,
        member_with(&world, &owner, "dora", json!([])).await,
    ];
    cast.push(Member::of(&owner, owner.clone()).await);
    let tenants = "UPDATE tenants SET status = 'active', suspended_by = NULL, deleted_at = NULL,
                   second_factor_required = 0";
    let members = "UPDATE members SET status = 'active'";
    #[rustfmt::skip]
    let states = [
        tenants,
        "UPDATE tenants SET status = 'suspended', suspended_by = 'organization'",
        "UPDATE tenants SET status = 'suspended', suspended_by = 'platform'",
        "UPDATE tenants SET deleted_at = 1",
        "UPDATE tenants SET second_factor_required = 1",
        "UPDATE members SET status = 'suspended'",
    ];

    let mut permitted = Vec::new();
    for state in states {
        world.execute(tenants).await;
        world.execute(members).await;
        world.execute(state).await;
        let mut count = 0;
        for member in &cast {
            for (permission, ..) in PROBES {
                let allowed = is_permitted(member, permission).await;
                let answer = asked(member, json!({ "permission": permission })).await;
                assert_eq!(says_so(&answer), allowed, "{state} {answer:#}");
                count += usize::from(allowed);
            }
        }
        permitted.push(count);
    }
    // Everything of the owner and the admin, but one of the admin's, and three of the member's; owners may undo what
    // they did.
    assert_eq!(permitted, [26 + 25 + 3, 1, 0, 1, 0, 0]);
}

/// Somebody whose roles are known.
struct Subject {
    member: Member,
    roles: Value,
    /// Their roles on the project `apollo`.
    on_apollo: Value,
}

/// Many ways to be able to give something, and to be nearly able.
struct Cast {
    owner: Person,
    apollo: String,
    gemini: String,
    /// Holds what every member holds.
    plain: Subject,
    /// Holds on one project what not everybody holds who may share it.
    keeper: Subject,
    others: Vec<Person>,
}

impl Cast {
    async fn of(world: &World) -> Self {
        let owner = world.owner("ada", "Acme").await;
        owner.role("updater", &["project:update"]).await;
        owner.role("keeper", &["project:delete"]).await;
        owner.role("assigner", &["member:assign"]).await;
        let leading = ["project:share", "project:read", "project:update"];
        owner.role("lead", &leading).await;
        let own = ["project:create", "project:share:own", "project:update:own"];
        owner.role("maker", &own).await;
        let person = async |name: &str, roles: Value| {
            let member = member_with(world, &owner, name, roles).await;
            (member.person(), member.id)
        };
        let (admin, _) = person("admin", json!(["admin"])).await;
        // Whoever assigns gives what they hold, to whoever holds no more.
        let (assigner, _) = person("assigner", json!(["member", "assigner", "updater"])).await;
        let (weak, _) = person("weak-assigner", json!(["assigner"])).await;
        let (maker, _) = person("maker", json!(["member", "maker"])).await;
        let apollo = owner.project("Apollo").await;
        let gemini = maker.project("Gemini").await;
        let (lead, id) = person("lead", json!(["member"])).await;
        owner
            .share_with(&apollo, &id, json!(["lead"]))
            .await
            .is(201);
        let (elsewhere, id) = person("lead-elsewhere", json!(["member"])).await;
        owner
            .share_with(&gemini, &id, json!(["lead"]))
            .await
            .is(201);
        let until = json!(["member", { "role": "admin", "expires_at": SOON }]);
        let (expired, _) = person("expired", until).await;
        let (suspended, id) = person("suspended", json!(["admin"])).await;
        owner.suspend(&id).await.is(204);
        let (closed, _) = person("closed", json!(["admin"])).await;
        world
            .execute("UPDATE users SET disabled_at = 1 WHERE name = 'closed'")
            .await;
        let (nobody, _) = person("plain", json!(["member"])).await;

        let roles = json!(["member"]);
        let plain = Subject {
            member: member_with(world, &owner, "sam", roles.clone()).await,
            roles: roles.clone(),
            on_apollo: json!([]),
        };
        let keeper = Subject {
            member: member_with(world, &owner, "kim", roles.clone()).await,
            roles,
            on_apollo: json!(["keeper"]),
        };
        let id = &keeper.member.id;
        owner
            .share_with(&apollo, id, json!(["keeper"]))
            .await
            .is(201);
        world.advance(SHORT);
        let others = vec![
            owner.clone(),
            admin,
            assigner,
            weak,
            maker,
            lead,
            elsewhere,
            expired,
            suspended,
            closed,
            nobody,
        ];
        Self {
            owner,
            apollo,
            gemini,
            plain,
            keeper,
            others,
        }
    }

    /// Who can give one of the roles that the answer names to the subject, so that it is permitted.
    async fn who_could_give(
        &self,
        subject: &Subject,
        permission: &str,
        project: Option<&str>,
        answer: &Value,
    ) -> BTreeSet<String> {
        let mut able = BTreeSet::new();
        for giver in &self.others {
            for role in answer["nearest_roles"].as_array().unwrap() {
                let whole = self.gives(giver, subject, &role["id"]).await;
                let on_it = match project {
                    Some(project) => self.gives_on(giver, subject, &role["id"], project).await,
                    None => false,
                };
                if whole || on_it {
                    let permitted = self.is_permitted(subject, permission, project).await;
                    self.take_back(subject, project).await;
                    if permitted {
                        able.insert(giver.name.clone());
                        break;
                    }
                }
            }
        }
        able
    }

    async fn gives(&self, giver: &Client, subject: &Subject, role: &Value) -> bool {
        let roles = and(&subject.roles, role);
        let path = format!("{MEMBERS}/{}/roles", subject.member.id);
        let given = giver.put_if(&path, "*", json!({ "roles": roles }));
        given.await.status == 200
    }

    async fn gives_on(
        &self,
        giver: &Client,
        subject: &Subject,
        role: &Value,
        project: &str,
    ) -> bool {
        let roles = and(self.roles_on(subject, project), role);
        let path = format!("{PROJECTS}/{project}/members");
        let body = json!({ "member_id": subject.member.id, "roles": roles });
        giver.post(&path, body).await.status == 201
    }

    /// The subject has again what they had.
    async fn take_back(&self, subject: &Subject, project: Option<&str>) {
        let id = &subject.member.id;
        let back = self.owner.assign(id, subject.roles.clone());
        back.await.is(200);
        let Some(project) = project else { return };
        let path = format!("{PROJECTS}/{project}/members/{id}");
        self.owner.delete(&path).await.is(204);
        let here = self.roles_on(subject, project);
        if *here != json!([]) {
            let back = self.owner.share_with(project, id, here.clone());
            back.await.is(201);
        }
    }

    fn roles_on<'a>(&'a self, subject: &'a Subject, project: &str) -> &'a Value {
        const NONE: &Value = &Value::Array(Vec::new());
        if project == self.apollo {
            &subject.on_apollo
        } else {
            NONE
        }
    }

    async fn is_permitted(
        &self,
        subject: &Subject,
        permission: &str,
        project: Option<&str>,
    ) -> bool {
        let question = json!({
            "permission": permission,
            "member_id": subject.member.id,
            "project_id": project,
        });
        says_so(&asked(&self.owner, question).await)
    }
}

/// These roles and one more.
fn and(roles: &Value, more: &Value) -> Value {
    let mut all = roles.as_array().unwrap().clone();
    all.push(more.clone());
    all.into()
}

async fn ask(person: &Client, question: Value) -> Answer {
    person.post(EXPLAIN, question).await
}

async fn ask_by_name(person: &Client, question: Value) -> Answer {
    let request = person.request("POST", EXPLAIN).json(&question);
    request.answer_by_name().await
}

/// What is explained.
async fn asked(person: &Client, question: Value) -> Value {
    ask(person, question).await.is(200).json()
}

/// The decision, and the reason if there is one.
fn verdict(answer: &Value) -> (&str, &str) {
    let text = |key: &str| answer[key].as_str().unwrap_or_default();
    (text("decision"), text("reason"))
}

/// Does the explanation say that it is permitted? It tells the ways, or the reason, as the case may be.
fn says_so(answer: &Value) -> bool {
    let permitted = answer["decision"] == "permit";
    assert_eq!(answer["reason"].is_null(), permitted, "{answer:#}");
    if permitted {
        assert_ne!(answer["paths"], json!([]), "{answer:#}");
        assert_eq!(answer["nearest_roles"], json!([]), "{answer:#}");
    }
    permitted
}

fn only_path(answer: &Value) -> &Value {
    let paths = answer["paths"].as_array().unwrap();
    assert_eq!(paths.len(), 1, "{answer:#}");
    &paths[0]
}

/// Somebody new in the organization, with these roles.
async fn member_with(world: &World, owner: &Person, name: &str, roles: Value) -> Member {
    let person = world.member(owner, name, "member").await;
    let member = Member::of(owner, person).await;
    owner.assign(&member.id, roles).await.is(200);
    member
}

/// Is the request that the permission is probed with not refused?
async fn is_permitted(member: &Client, permission: &str) -> bool {
    let probe = PROBES.iter().find(|probe| probe.0 == permission);
    let (_, method, path) = probe.unwrap();
    let request = member.request(method, path);
    let request = match *method {
        "GET" => request,
        _ => request.json(&json!({ "permission": "role:list", "member_id": unknown("member") })),
    };
    let answer = request.answer().await;
    assert_ne!(answer.status, 401, "{}", answer.text);
    answer.status != 403
}

/// The same on a project, which is as it was afterwards.
async fn is_permitted_on(
    world: &World,
    company: &Company,
    member: &Client,
    permission: &str,
    project: &Project,
) -> bool {
    let probe = PROBES_OF_PROJECTS
        .iter()
        .find(|probe| probe.0 == permission);
    let (_, method, path, done) = *probe.unwrap();
    let request = member.request(method, &format!("{PROJECTS}/{}{path}", project.id));
    let request = match method {
        "PATCH" => request.json(&json!({ "name": project.name })),
        "POST" => {
            request.json(&json!({ "member_id": company.owner.id, "roles": ["no such role"] }))
        }
        _ => request,
    };
    let status = request.answer().await.status;
    if status == 204 {
        company.projects_are_back(world).await;
    }
    assert!([done, 403, 404].contains(&status), "{permission}: {status}");
    status == done
}

/// The tables of probes hold what the route table guards with, and what the catalogue has.
fn every_permission_is_probed() {
    let of_projects = PROBES_OF_PROJECTS.iter().map(|probe| probe.0);
    let probed: BTreeSet<_> = PROBES
        .iter()
        .map(|probe| probe.0)
        .chain(of_projects)
        .collect();
    let here = |permission: &Permission| permission.reach().level != Level::Platform;
    let routes = routes();
    let guards = routes.iter().filter_map(|route| route.access.permission());
    let guards = guards.filter(here).map(Catalogue::name);
    // The one that is asked for in the middle of a request.
    let guards: BTreeSet<_> = guards.chain(["access:explain"]).collect();
    let all: BTreeSet<_> = Permission::ALL
        .iter()
        .copied()
        .filter(here)
        .map(Catalogue::name)
        .collect();
    assert_eq!(probed, guards);
    assert_eq!(probed, all);
}

/// All that a role of an organization's own can hold.
fn all_on_offer() -> Vec<String> {
    let all = Permission::ALL.iter().copied();
    let on_offer = all.filter(|one| one.reach().level != Level::Platform && !one.is_reserved());
    on_offer
        .flat_map(|one| {
            let own = one.is_ownable().then(|| format!("{}:own", one.name()));
            [Some(one.name().to_owned()), own]
        })
        .flatten()
        .collect()
}
