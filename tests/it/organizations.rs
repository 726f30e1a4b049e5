//! An organization as a whole: what it is called, what it has decided, who owns it, and how it ends.

use crate::{
    acts::{INVITATIONS, MEMBERS, ORGANIZATION, PROJECTS, ROLES, at_once, counted, texts},
    world::{Answer, Client, PASSWORD, Person, World, claims, email, unknown},
};
use serde_json::{Value, json};
use std::{num::NonZero, time::Duration};

both!(
    an_organization_is_read_by_its_members_and_changed_by_who_may,
    a_slug_stays_with_the_organization_that_had_it_once,
    a_slug_that_another_has_cannot_be_taken,
    a_slug_is_lower_case_letters_and_digits_in_groups,
    of_eight_at_once_who_want_a_slug_one_gets_it,
    whoever_changes_an_organization_has_seen_it,
    whoever_may_not_change_an_organization_is_refused_before_any_condition,
    of_eight_at_once_who_have_seen_the_same_one_changes_it,
    newcomers_get_the_default_role,
    nobody_makes_default_what_holds_more_than_they_do,
    only_addresses_of_listed_domains_may_join,
    a_domain_is_one_in_any_spelling,
    there_are_so_many_domains_and_no_more,
    a_second_factor_is_demanded_by_who_has_shown_one,
    where_a_second_factor_is_demanded_nothing_is_permitted_without_one,
    a_suspended_organization_permits_nothing_but_to_resume_it,
    an_owner_enters_a_suspended_organization_and_resumes_it,
    a_deleted_organization_is_gone_for_all_but_its_owners,
    a_deleted_organization_can_be_restored_for_thirty_days,
    what_is_suspended_or_deleted_is_turned_back_the_way_that_it_came,
    no_owner_undoes_what_an_operator_did,
    only_owners_turn_an_organization_or_offer_it,
    whoever_deletes_or_offers_an_organization_has_proved_a_while_ago_who_they_are,
    ownership_is_handed_over_by_an_offer_that_is_accepted,
    an_offer_is_declined_withdrawn_or_lapses,
    ownership_is_offered_to_an_active_member_who_has_none,
    an_offer_is_void_when_whoever_it_was_made_to_owns_already,
    an_owner_who_signs_in_enters_a_suspended_organization,
    an_offer_is_for_whoever_it_was_made_to,
    a_new_offer_takes_the_place_of_the_one_before,
    an_offer_is_void_when_whoever_made_it_owns_no_more,
    of_eight_at_once_an_offer_is_accepted_once,
);

const TRANSFER: &str = "/api/v1/organization/transfer";
const ACCEPT: &str = "/api/v1/organization/transfer/accept";
const DECLINE: &str = "/api/v1/organization/transfer/decline";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn an_organization_is_read_by_its_members_and_changed_by_who_may(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let member = world.member(&owner, "cleo", "member").await;

    let by_member = member.reorganize(json!({ "name": "Mine" })).await;
    let changed = admin
        .reorganize(json!({ "name": "Acme & Sons", "slug": "sons" }))
        .await
        .is(200);
    let read = member.get(ORGANIZATION).await.is(200);

    by_member.problem(403, "forbidden");
    let row = read.json();
    assert_eq!(row, changed.json());
    assert_eq!(read.header("etag"), changed.header("etag"));
    assert_eq!(
        (&row["name"], &row["slug"], &row["status"]),
        (&json!("Acme & Sons"), &json!("sons"), &json!("active"))
    );
    let none =
        json!({ "default_role": null, "allowed_domains": [], "second_factor_required": false });
    assert_eq!(row["settings"], none);
    let mine = member.get("/api/v1/organizations").await.rows().remove(0);
    assert_eq!(
        (&mine["name"], &mine["slug"]),
        (&json!("Acme & Sons"), &json!("sons"))
    );
}

async fn a_slug_stays_with_the_organization_that_had_it_once(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    owner
        .reorganize(json!({ "slug": "apex", "name": "Apex" }))
        .await
        .is(200);

    let founded = found(&eve, "ACME").await;
    let moved = eve.reorganize(json!({ "slug": "acme" })).await;
    let back = owner.reorganize(json!({ "slug": "acme" })).await;
    let founded_after = found(&eve, "Apex").await;
    let moved_after = eve.reorganize(json!({ "slug": "apex" })).await;

    for refused in [founded, moved, founded_after, moved_after] {
        refused.problem(400, "slug_taken");
    }
    assert_eq!(back.is(200).json()["slug"], "acme");
    let eves = eve.get(ORGANIZATION).await.json();
    assert_eq!(eves["slug"], "eves");
}

async fn a_slug_that_another_has_cannot_be_taken(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.owner("eve", "Eves").await;
    let before = world.state().await;

    let taken = owner
        .reorganize(json!({ "name": "New", "slug": "eves" }))
        .await;

    taken.problem(400, "slug_taken");
    assert_eq!(world.state().await, before);
}

async fn a_slug_is_lower_case_letters_and_digits_in_groups(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let longest = "a".repeat(200);
    let too_long = "a".repeat(201);
    let bad = [
        "", " ", "A", "a b", "-a", "a-", "a--b", "a_b", "ä", "a\0b", "a/b", &too_long,
    ];

    for slug in bad {
        let answer = owner.reorganize(json!({ "slug": slug })).await;
        let problem = answer.problem(400, "invalid_body").json();
        assert_eq!(problem["errors"][0]["pointer"], "#/slug", "{slug:?}");
    }
    for slug in ["a", "0", "a-1-b", &longest] {
        let changed = owner.reorganize(json!({ "slug": slug })).await.is(200);
        assert_eq!(changed.json()["slug"], slug);
    }
}

async fn of_eight_at_once_who_want_a_slug_one_gets_it(world: World) {
    let mut owners = Vec::new();
    for number in 0..8 {
        let name = format!("p{number}");
        owners.push(world.owner(&name, &name).await);
    }

    let requests = owners.iter().map(|owner| {
        let request = owner.request("PATCH", ORGANIZATION);
        let request = request.header("if-match", "*");
        request.json(&json!({ "slug": "best" }))
    });
    let answers = at_once(requests.collect()).await;

    let expected = [("200", 1), ("400 slug_taken", 7)];
    assert_eq!(counted(&answers), expected.map(owned).into());
    let best = "SELECT COUNT(*) || '' FROM tenants WHERE slug = 'best'";
    assert_eq!(world.column(best).await, ["1"]);
}

async fn whoever_changes_an_organization_has_seen_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let first = tag(&owner.get(ORGANIZATION).await);
    let second = owner
        .patch_if(ORGANIZATION, &first, json!({ "name": "Two" }))
        .await
        .is(200);
    let second = tag(&second);
    let before = world.state().await;

    let unseen = owner.patch(ORGANIZATION, json!({ "name": "Mine" })).await;
    let weak = format!("W/{second}");
    let bare = second.replace('"', "");
    let stale = [
        first.as_str(),
        "\"v99\"",
        &weak,
        &bare,
        "x",
        "",
        "\"v\"",
        "\"*\"",
        &format!("{first}, {weak}"),
    ];

    unseen.problem(428, "precondition_required");
    for tag in stale {
        let answer = owner
            .patch_if(ORGANIZATION, tag, json!({ "name": "Mine" }))
            .await;
        assert_eq!((answer.status, tag), (412, tag), "{}", answer.text);
        answer.problem(412, "precondition_failed");
    }
    assert_ne!(first, second);
    assert_eq!(world.state().await, before);
    assert_eq!(tag(&owner.get(ORGANIZATION).await), second);
    let list = format!("{first}, \"other\",{second}");
    let by_list = owner
        .patch_if(ORGANIZATION, &list, json!({ "name": "Three" }))
        .await
        .is(200);
    let by_any = owner
        .patch_if(ORGANIZATION, "*", json!({ "name": "Four" }))
        .await
        .is(200);
    assert_ne!(tag(&by_list), tag(&by_any));
}

async fn whoever_may_not_change_an_organization_is_refused_before_any_condition(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let member = world.member(&owner, "bob", "member").await;

    let refused = [
        member.patch(ORGANIZATION, json!({ "name": "Mine" })).await,
        member
            .patch_if(ORGANIZATION, "\"v99\"", json!({ "name": "Mine" }))
            .await,
        member.patch(ORGANIZATION, json!({ "nonsense": 1 })).await,
    ];

    for answer in refused {
        answer.problem(403, "forbidden");
    }
}

async fn of_eight_at_once_who_have_seen_the_same_one_changes_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let seen = tag(&owner.get(ORGANIZATION).await);

    let requests = (0..8).map(|number| {
        let request = owner.request("PATCH", ORGANIZATION);
        let request = request.header("if-match", &seen);
        request.json(&json!({ "name": format!("Name {number}") }))
    });
    let answers = at_once(requests.collect()).await;

    let expected = [("200", 1), ("412 precondition_failed", 7)];
    assert_eq!(counted(&answers), expected.map(owned).into());
}

async fn newcomers_get_the_default_role(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let guest = owner.role("Guest", &["project:read"]).await;
    for name in ["added", "before", "after"] {
        world.register(name).await;
    }
    add(&owner, "before").await.is(201);

    let set = owner.settle(json!({ "default_role": "Guest" })).await;
    add(&owner, "added").await.is(201);
    let invited = invite(&owner, "invited").await.is(201).json();
    let again = owner.settle(json!({ "default_role": guest })).await;
    let unset = owner.settle(json!({ "default_role": null })).await;
    add(&owner, "after").await.is(201);

    assert_eq!(set.is(200).json()["settings"]["default_role"], "Guest");
    assert_eq!(again.is(200).json()["settings"]["default_role"], "Guest");
    assert_eq!(
        unset.is(200).json()["settings"]["default_role"],
        Value::Null
    );
    assert_eq!(invited["roles"], json!(["Guest"]));
    let roles = async |name: &str| owner.member(name).await["roles"].clone();
    assert_eq!(roles("before").await, json!(["member"]));
    assert_eq!(roles("added").await, json!(["Guest"]));
    assert_eq!(roles("after").await, json!(["member"]));
    for unknown_role in ["Gast", "guest", "", &unknown("role")] {
        let answer = owner.settle(json!({ "default_role": unknown_role })).await;
        answer.problem(400, "unknown_role");
    }
}

async fn nobody_makes_default_what_holds_more_than_they_do(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner
        .role("Clerk", &["organization:*", "member:invite", "member:list"])
        .await;
    owner.role("Reader", &["organization:read"]).await;
    owner.role("Writer", &["project:*"]).await;
    let clerk = world.member(&owner, "bob", "Clerk").await;
    let admin = world.member(&owner, "cleo", "admin").await;

    let own = clerk.settle(json!({ "default_role": "Reader" })).await;
    let more = clerk.settle(json!({ "default_role": "Writer" })).await;
    let admins = clerk.settle(json!({ "default_role": "admin" })).await;
    let owners = owner.settle(json!({ "default_role": "owner" })).await;
    let by_admin = admin.settle(json!({ "default_role": "Writer" })).await;
    let taken_back = clerk.settle(json!({ "default_role": "Reader" })).await;

    own.is(200);
    by_admin.is(200);
    owners.problem(400, "invalid_roles");
    for refused in [more, admins, taken_back] {
        refused.problem(403, "forbidden");
    }
    let read = owner.get(ORGANIZATION).await.json();
    assert_eq!(read["settings"]["default_role"], "Writer");
    // Nor does the default hand on what whoever invites does not hold.
    world.register("dan").await;
    add(&clerk, "dan").await.problem(403, "forbidden");
    invite(&clerk, "eli").await.problem(403, "forbidden");
}

async fn only_addresses_of_listed_domains_may_join(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.register("known").await;
    let invited = world.person("invited").await;
    owner.invite("invited", &["member"]).await.is(201);
    let secret = world.mailed_token("invited", "invitation").await;
    let invitation = owner.get(INVITATIONS).await.rows().remove(0);
    let resend = format!(
        "{INVITATIONS}/{}/resend",
        invitation["id"].as_str().unwrap()
    );

    let elsewhere = json!({ "allowed_domains": ["example.org", "example.net"] });
    owner.settle(elsewhere.clone()).await.is(200);
    let before = world.state().await;
    let refused = [
        owner.invite("new", &["member"]).await,
        owner.add("known", "member").await,
        owner.add("new", "member").await,
        owner.act(&resend).await,
    ];
    let accepted = invited.accept(&secret).await;

    for answer in refused {
        answer.problem(400, "domain_refused");
    }
    accepted.problem(400, "domain_refused");
    assert_eq!(world.state().await, before);
    let here = json!({ "allowed_domains": ["example.org", "EXAMPLE.com"] });
    let settings = owner.settle(here).await.is(200).json();
    assert_eq!(
        settings["settings"]["allowed_domains"],
        json!(["example.org", "example.com"])
    );
    owner.invite("new", &["member"]).await.is(201);
    owner.add("known", "member").await.is(201);
    invited.accept(&secret).await.is(200);
    // Whoever is in stays in.
    owner.settle(elsewhere).await.is(200);
    let at_acme = invited.enter(owner.organization()).await;
    at_acme.get(MEMBERS).await.is(200);
}

async fn a_domain_is_one_in_any_spelling(world: World) {
    let owner = world.owner("ada", "Acme").await;

    let set = owner
        .settle(json!({ "allowed_domains": ["Bücher.example", " Example.ORG "] }))
        .await;
    let ascii = invite_address(&owner, "ada@xn--bcher-kva.example").await;
    let unicode = invite_address(&owner, "bob@BÜCHER.example").await;
    let other = invite_address(&owner, "cleo@bucher.example").await;
    let subdomain = invite_address(&owner, "dan@a.example.org").await;

    assert_eq!(
        set.is(200).json()["settings"]["allowed_domains"],
        json!(["xn--bcher-kva.example", "example.org"])
    );
    ascii.is(201);
    unicode.is(201);
    other.problem(400, "domain_refused");
    subdomain.problem(400, "domain_refused");
}

async fn there_are_so_many_domains_and_no_more(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let domains = |count: usize| {
        let domains = (0..count).map(|number| format!("d{number}.example"));
        json!({ "allowed_domains": domains.collect::<Vec<_>>() })
    };

    owner.settle(domains(50)).await.is(200);
    let before = world.state().await;
    let many = owner.settle(domains(51)).await;

    let problem = many.problem(400, "invalid_body").json();
    assert_eq!(
        problem["errors"][0]["pointer"],
        "#/settings/allowed_domains"
    );
    for bad in [
        "",
        "example",
        "@x.example",
        "a b.example",
        "a@b.example",
        ".example",
        "x.example.",
        "x.example y.example",
        "*.example",
        "x.exa\0mple",
    ] {
        let answer = owner.settle(json!({ "allowed_domains": [bad] })).await;
        assert_eq!((answer.status, bad), (400, bad), "{}", answer.text);
        answer.problem(400, "invalid_body");
    }
    assert_eq!(world.state().await, before);
}

async fn a_second_factor_is_demanded_by_who_has_shown_one(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let before = world.state().await;

    let without = owner
        .settle(json!({ "second_factor_required": true }))
        .await;
    let unchanged = world.state().await;
    show_second_factor(&world, &owner).await;
    let with = owner
        .settle(json!({ "second_factor_required": true }))
        .await;
    let others = admin.get(ORGANIZATION).await;
    let own = owner.get(ORGANIZATION).await;
    let undone = owner
        .settle(json!({ "second_factor_required": false }))
        .await;

    without.problem(400, "second_factor_missing");
    assert_eq!(unchanged, before);
    assert_eq!(
        with.is(200).json()["settings"]["second_factor_required"],
        true
    );
    others.problem(403, "forbidden");
    own.is(200);
    undone.is(200);
    admin.get(ORGANIZATION).await.is(200);
}

async fn where_a_second_factor_is_demanded_nothing_is_permitted_without_one(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let project = owner.project("Apollo").await;
    let member = owner.member_id("ada").await;

    world
        .execute("UPDATE tenants SET second_factor_required = 1")
        .await;

    let project = format!("{PROJECTS}/{project}");
    for path in [
        ORGANIZATION,
        MEMBERS,
        ROLES,
        INVITATIONS,
        PROJECTS,
        &project,
    ] {
        owner.get(path).await.problem(403, "forbidden");
    }
    for path in [
        "/api/v1/organization/suspend",
        "/api/v1/organization/resume",
        "/api/v1/organization/restore",
        "/api/v1/organization/leave",
        ACCEPT,
    ] {
        owner.act(path).await.problem(403, "forbidden");
    }
    let offer = owner.post(TRANSFER, json!({ "member_id": member })).await;
    offer.problem(403, "forbidden");
    owner.delete(ORGANIZATION).await.problem(403, "forbidden");
    owner.refresh(&owner.refresh).await.is(401);
    owner.get("/api/v1/me").await.is(200);
    show_second_factor(&world, &owner).await;
    owner.get(ORGANIZATION).await.is(200);
    owner.get(&project).await.is(200);
}

async fn a_suspended_organization_permits_nothing_but_to_resume_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let member = world.member(&owner, "cleo", "member").await;
    owner.project("Apollo").await;

    let suspended = owner.act("/api/v1/organization/suspend").await;

    assert_eq!(suspended.is(200).json()["status"], "suspended");
    for person in [&admin, &member] {
        is_shut_out(&world, person).await;
    }
    for path in [ORGANIZATION, MEMBERS, PROJECTS, ROLES] {
        owner.get(path).await.problem(403, "forbidden");
    }
    owner.leave().await.problem(403, "forbidden");
    let resumed = owner.act("/api/v1/organization/resume").await;
    assert_eq!(resumed.is(200).json()["status"], "active");
    for person in [&owner, &admin, &member] {
        assert_eq!(person.get(PROJECTS).await.is(200).rows().len(), 1);
        person.refresh(&person.refresh).await.is(200);
    }
}

async fn an_owner_enters_a_suspended_organization_and_resumes_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let member = world.member(&owner, "bob", "member").await;
    owner.act("/api/v1/organization/suspend").await.is(200);

    let refreshed = owner.refresh(&owner.refresh).await.is(200).json();
    let again = sign_in(&world, "ada").await;
    let by_name = sign_in_to(&world, "ada", owner.organization()).await;
    let members = sign_in(&world, "bob").await;
    let member_by_name = sign_in_to(&world, "bob", owner.organization()).await;

    // Whoever can resume it need not guess that they have to go there.
    assert_eq!(org_id(&again), owner.organization());
    assert_eq!(again["organizations"][0]["status"], "suspended");
    assert_eq!(members["organizations"], json!([]));
    member_by_name.problem(403, "forbidden");
    let mine = member.get("/api/v1/organizations").await.is(200).rows();
    assert_eq!(mine[0]["status"], "suspended");
    assert_eq!(org_id(&by_name.is(200).json()), owner.organization());
    let renewed = world
        .nobody()
        .bearing(refreshed["access_token"].as_str().unwrap());
    renewed.get(ORGANIZATION).await.problem(403, "forbidden");
    owner
        .again(&world)
        .await
        .act("/api/v1/organization/resume")
        .await
        .is(200);
    renewed.get(ORGANIZATION).await.is(200);
    member.get(ORGANIZATION).await.is(200);
}

async fn a_deleted_organization_is_gone_for_all_but_its_owners(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let eve = world.owner("eve", "Eves").await;
    world.advance(Duration::from_secs(60));

    let deleted = owner.delete(ORGANIZATION).await.is(200).json();

    assert_eq!(deleted["status"], "deleted");
    assert_eq!(
        (&deleted["deleted_at"], &deleted["restorable_until"]),
        (
            &json!("2027-01-15T08:01:00Z"),
            &json!("2027-02-14T08:01:00Z")
        )
    );
    is_shut_out(&world, &admin).await;
    let listed = async |client: &Client| client.get("/api/v1/organizations").await.is(200).rows();
    assert_eq!(listed(&admin).await, [Value::Null; 0]);
    assert_eq!(texts(&listed(&owner).await, "status"), ["deleted"]);
    owner.get(ORGANIZATION).await.problem(403, "forbidden");
    let again = sign_in(&world, "ada").await;
    assert_eq!(org_id(&again), owner.organization());
    assert_eq!(again["organizations"][0]["status"], "deleted");
    found(&eve, "Acme").await.problem(400, "slug_taken");
    let restored = owner
        .again(&world)
        .await
        .act("/api/v1/organization/restore")
        .await
        .is(200)
        .json();
    assert_eq!(
        (&restored["status"], &restored["deleted_at"]),
        (&json!("active"), &Value::Null)
    );
    admin.get(ORGANIZATION).await.is(200);
}

async fn a_deleted_organization_can_be_restored_for_thirty_days(world: World) {
    let years = 3 * 365 * 24 * 60 * 60;
    let world = world
        .with(|config| {
            config.sessions.absolute_ttl = years;
            config.sessions.idle_ttl = years;
            config.tokens.access_ttl = 60 * 24 * 60 * 60;
        })
        .await;
    let owner = world.owner("ada", "Acme").await;
    owner.delete(ORGANIZATION).await.is(200);

    world.advance(30 * DAY - Duration::from_micros(1));
    let in_time = owner.act("/api/v1/organization/restore").await;
    let owner = owner.again(&world).await;
    owner.delete(ORGANIZATION).await.is(200);
    world.advance(30 * DAY);
    let too_late = owner.act("/api/v1/organization/restore").await;

    assert_eq!(in_time.is(200).json()["status"], "active");
    too_late.problem(400, "wrong_state");
    let rows = owner.get("/api/v1/organizations").await.is(200).rows();
    assert_eq!(rows, [Value::Null; 0]);
    let select = json!({ "org_id": owner.organization() });
    let selected = owner.post("/organization/select", select).await;
    selected.problem(403, "forbidden");
}

async fn what_is_suspended_or_deleted_is_turned_back_the_way_that_it_came(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let turn = async |turn: &str| {
        let path = format!("/api/v1/organization/{turn}");
        owner.act(&path).await
    };

    turn("restore").await.problem(400, "wrong_state");
    turn("suspend").await.is(200);
    turn("restore").await.problem(400, "wrong_state");
    owner.delete(ORGANIZATION).await.is(200);
    let before = world.state().await;
    let refused = [
        turn("suspend").await,
        turn("resume").await,
        owner.delete(ORGANIZATION).await,
    ];

    for answer in refused {
        answer.problem(400, "wrong_state");
    }
    assert_eq!(world.state().await, before);
    turn("restore").await.is(200);
}

async fn no_owner_undoes_what_an_operator_did(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let operator = world.operator("root").await;
    let path = format!("/api/v1/platform/tenants/{}", owner.organization());
    let reason = json!({ "reason": "unpaid" });
    owner.act("/api/v1/organization/suspend").await.is(200);

    let locked = operator
        .post(&format!("{path}/suspend"), reason.clone())
        .await;

    locked.is(204);
    for turn in ["resume", "suspend", "restore"] {
        let path = format!("/api/v1/organization/{turn}");
        owner.act(&path).await.problem(403, "forbidden");
    }
    owner.delete(ORGANIZATION).await.problem(403, "forbidden");
    is_shut_out(&world, &owner).await;
    let rows = owner.get("/api/v1/organizations").await.rows();
    assert_eq!(rows[0]["status"], "locked");
    operator
        .post(&format!("{path}/resume"), reason)
        .await
        .is(204);
    owner.get(ORGANIZATION).await.is(200);
}

async fn only_owners_turn_an_organization_or_offer_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let everything = owner.role("Everything", &["*"]).await;
    let nearly = world.member(&owner, "cleo", &everything).await;
    let own = admin.member_id("bob").await;
    let before = world.dump("tenants").await;

    for person in [&admin, &nearly] {
        for turn in ["suspend", "resume", "restore"] {
            let path = format!("/api/v1/organization/{turn}");
            person.act(&path).await.problem(403, "forbidden");
        }
        person.delete(ORGANIZATION).await.problem(403, "forbidden");
        let offer = person.post(TRANSFER, json!({ "member_id": own })).await;
        offer.problem(403, "forbidden");
        person.delete(TRANSFER).await.problem(403, "forbidden");
    }

    assert_eq!(world.dump("tenants").await, before);
    assert_eq!(world.dump("ownership_offers").await, [""; 0]);
}

async fn whoever_deletes_or_offers_an_organization_has_proved_a_while_ago_who_they_are(
    world: World,
) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "member").await;
    let bob = owner.member_id("bob").await;
    let offer = json!({ "member_id": bob });
    world.advance(Duration::from_secs(15 * 60));
    let renewed = owner.refresh(&owner.refresh).await.is(200).json();
    let renewed = world
        .nobody()
        .bearing(renewed["access_token"].as_str().unwrap());

    let deleted = renewed.delete(ORGANIZATION).await;
    let offered = renewed.post(TRANSFER, offer.clone()).await;
    let again = owner.again(&world).await;

    deleted.problem(401, "sign_in_again");
    offered.problem(401, "sign_in_again");
    renewed.get(ORGANIZATION).await.is(200);
    again.post(TRANSFER, offer).await.is(201);
    again.delete(ORGANIZATION).await.is(200);
}

async fn ownership_is_handed_over_by_an_offer_that_is_accepted(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let heir = world.member(&owner, "bob", "member").await;
    let ada = owner.member_id("ada").await;
    let bob = owner.member_id("bob").await;

    let offered = offer(&owner, &bob).await.is(201).json();
    let seen = heir.get(TRANSFER).await.is(200).json();
    let not_yet = owner.member("bob").await;
    heir.act(ACCEPT).await.is(204);

    assert_eq!(offered, seen);
    assert_eq!(
        (
            &offered["from_member_id"],
            &offered["to_member_id"],
            &offered["organization_id"]
        ),
        (&json!(ada), &json!(bob), &json!(owner.organization()))
    );
    assert_eq!(offered["expires_at"], "2027-01-22T08:00:00Z");
    assert_eq!(not_yet["roles"], json!(["member"]));
    assert_eq!(heir.member("bob").await["role"], "owner");
    assert_eq!(heir.member("ada").await["roles"], json!(["admin"]));
    heir.get(TRANSFER).await.problem(404, "not_found");
    let suspend = "/api/v1/organization/suspend";
    owner.act(suspend).await.problem(403, "forbidden");
    heir.act(suspend).await.is(200);
}

async fn an_offer_is_declined_withdrawn_or_lapses(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let heir = world.member(&owner, "bob", "member").await;
    let bob = owner.member_id("bob").await;
    let before = world.dump("member_roles").await;

    offer(&owner, &bob).await.is(201);
    heir.act(DECLINE).await.is(204);
    let declined = [
        heir.get(TRANSFER).await,
        heir.act(ACCEPT).await,
        heir.act(DECLINE).await,
    ];
    offer(&owner, &bob).await.is(201);
    owner.delete(TRANSFER).await.is(204);
    let withdrawn = [
        heir.get(TRANSFER).await,
        heir.act(ACCEPT).await,
        owner.delete(TRANSFER).await,
    ];
    offer(&owner, &bob).await.is(201);
    world.advance(7 * DAY);
    let heir = heir.again(&world).await;
    let lapsed = (heir.get(TRANSFER).await, heir.act(ACCEPT).await);

    for answer in declined.into_iter().chain(withdrawn) {
        answer.problem(404, "not_found");
    }
    lapsed.0.problem(404, "not_found");
    lapsed.1.problem(400, "offer_void");
    assert_eq!(world.dump("member_roles").await, before);
}

async fn ownership_is_offered_to_an_active_member_who_has_none(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eve = world.owner("eve", "Eves").await;
    for (name, role) in [("bob", "owner"), ("cleo", "member")] {
        world.register(name).await;
        owner.add(name, role).await.is(201);
    }
    let cleo = owner.member_id("cleo").await;
    owner.suspend(&cleo).await.is(204);

    for to in [
        owner.member_id("ada").await,
        owner.member_id("bob").await,
        cleo,
    ] {
        offer(&owner, &to).await.problem(400, "not_eligible");
    }
    for to in [unknown("member"), eve.member_id("eve").await] {
        offer(&owner, &to).await.problem(404, "not_found");
    }
    for to in ["", "member_", &unknown("user")] {
        offer(&owner, to).await.problem(400, "invalid_body");
    }

    assert_eq!(world.dump("ownership_offers").await, [""; 0]);
}

async fn an_offer_is_for_whoever_it_was_made_to(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let heir = world.member(&owner, "bob", "member").await;
    let other = world.member(&owner, "cleo", "admin").await;
    offer(&owner, &owner.member_id("bob").await).await.is(201);
    let before = world.state().await;

    for person in [&other, &owner] {
        for path in [ACCEPT, DECLINE] {
            person.act(path).await.problem(404, "not_found");
        }
    }

    assert_eq!(world.state().await, before);
    heir.act(ACCEPT).await.is(204);
}

async fn a_new_offer_takes_the_place_of_the_one_before(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let first = world.member(&owner, "bob", "member").await;
    let second = world.member(&owner, "cleo", "member").await;
    offer(&owner, &owner.member_id("bob").await).await.is(201);

    offer(&owner, &owner.member_id("cleo").await).await.is(201);

    first.act(ACCEPT).await.problem(404, "not_found");
    second.act(ACCEPT).await.is(204);
    assert_eq!(owner.member("bob").await["roles"], json!(["member"]));
    assert_eq!(owner.member("cleo").await["role"], "owner");
}

async fn an_offer_is_void_when_whoever_made_it_owns_no_more(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let partner = world.member(&owner, "bob", "owner").await;
    let heir = world.member(&owner, "cleo", "member").await;
    let (ada, cleo) = (owner.member_id("ada").await, owner.member_id("cleo").await);

    offer(&owner, &cleo).await.is(201);
    partner.assign(&ada, json!(["admin"])).await.is(200);
    let demoted = heir.act(ACCEPT).await;
    partner.assign(&ada, json!(["owner"])).await.is(200);
    partner.suspend(&ada).await.is(204);
    let suspended = heir.act(ACCEPT).await;
    partner.resume(&ada).await.is(204);
    let close = "UPDATE users SET disabled_at = 1 WHERE name = 'ada'";
    world.execute(close).await;
    let closed = heir.act(ACCEPT).await;
    partner.remove(&ada).await.is(204);
    let removed = heir.act(ACCEPT).await;

    demoted.problem(400, "offer_void");
    suspended.problem(400, "offer_void");
    closed.problem(400, "offer_void");
    removed.problem(404, "not_found");
    assert_eq!(heir.member("cleo").await["roles"], json!(["member"]));
}

async fn an_offer_is_void_when_whoever_it_was_made_to_owns_already(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let heir = world.member(&owner, "bob", "member").await;
    let bob = owner.member_id("bob").await;
    offer(&owner, &bob).await.is(201);
    owner.assign(&bob, json!(["owner"])).await.is(200);

    let accepted = heir.act(ACCEPT).await;

    accepted.problem(400, "offer_void");
    assert_eq!(heir.member("ada").await["role"], "owner");
}

/// Else they would have to guess that there is something to undo.
async fn an_owner_who_signs_in_enters_a_suspended_organization(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "admin").await;
    owner.act("/api/v1/organization/suspend").await.is(200);

    let ada = world.sign_in("ada").await;
    let bob = world.sign_in("bob").await;

    assert_eq!(claims(&ada.access)["org_id"], owner.organization());
    assert_eq!(claims(&bob.access).get("org_id"), None);
    ada.act("/api/v1/organization/resume").await.is(200);
}

async fn of_eight_at_once_an_offer_is_accepted_once(world: World) {
    let world = world
        .with(|config| config.http.workers = NonZero::new(2))
        .await;
    let owner = world.owner("ada", "Acme").await;
    let heir = world.member(&owner, "bob", "member").await;
    offer(&owner, &owner.member_id("bob").await).await.is(201);

    let requests = (0..8).map(|_| heir.request("POST", ACCEPT));
    let answers = at_once(requests.collect()).await;

    let expected = [("204", 1), ("404 not_found", 7)];
    assert_eq!(counted(&answers), expected.map(owned).into());
    assert_eq!(heir.member("bob").await["role"], "owner");
    assert_eq!(heir.member("ada").await["role"], "admin");
}

async fn found(person: &Person, name: &str) -> Answer {
    let body = json!({ "name": name });
    person.post("/api/v1/organizations", body).await
}

/// Adds somebody without saying as what.
async fn add(person: &Person, name: &str) -> Answer {
    person.post(MEMBERS, json!({ "email": email(name) })).await
}

/// Invites somebody without saying as what.
async fn invite(person: &Person, name: &str) -> Answer {
    invite_address(person, &email(name)).await
}

async fn invite_address(person: &Person, address: &str) -> Answer {
    person.post(INVITATIONS, json!({ "email": address })).await
}

async fn offer(owner: &Person, to: &str) -> Answer {
    owner.post(TRANSFER, json!({ "member_id": to })).await
}

/// As if a second factor had been shown in the session.
async fn show_second_factor(world: &World, person: &Person) {
    let sql = format!(
        "UPDATE sessions SET second_factor_at = 1
         WHERE user_id = (SELECT id FROM users WHERE name = '{}')",
        person.name
    );
    world.execute(&sql).await;
}

/// What they could do in the organization a moment ago, they cannot, and they come in by no door.
async fn is_shut_out(world: &World, person: &Person) {
    for path in [ORGANIZATION, MEMBERS, PROJECTS, ROLES] {
        person.get(path).await.problem(403, "forbidden");
    }
    for path in [
        "/api/v1/organization/resume",
        "/api/v1/organization/restore",
        "/api/v1/organization/leave",
    ] {
        person.act(path).await.problem(403, "forbidden");
    }
    person
        .refresh(&person.refresh)
        .await
        .problem(401, "invalid_token");
    let select = json!({ "org_id": person.organization() });
    let selected = person.post("/organization/select", select).await;
    selected.problem(403, "forbidden");
    let signed_in = sign_in_to(world, &person.name, person.organization()).await;
    signed_in.problem(403, "forbidden");
    assert_eq!(org_id(&sign_in(world, &person.name).await), Value::Null);
}

async fn sign_in(world: &World, name: &str) -> Value {
    let body = json!({ "email": email(name), "password": PASSWORD });
    world.nobody().post("/login", body).await.is(200).json()
}

async fn sign_in_to(world: &World, name: &str, organization: &str) -> Answer {
    let body =
        json!({ "email": email(name), "password": PASSWORD, "organization_id": organization });
    world.nobody().post("/api/v1/auth/login", body).await
}

fn org_id(answer: &Value) -> Value {
    claims(answer["access_token"].as_str().unwrap())["org_id"].clone()
}

/// The tag of what was answered.
fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

fn owned((text, count): (&str, usize)) -> (String, usize) {
    (text.to_owned(), count)
}
