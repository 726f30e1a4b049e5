//! The audit trail as an organization reads it: what was done, and what was refused.

use crate::{
    acts::{MEMBERS, PROJECTS, at_once, texts},
    company::Member,
    world::{
        Answer, Ask, COOKIE, Client, PASSWORD, Person, World, claims, email, eventually, unknown,
    },
};
use bailiwick_api::{access::Access, routes::routes};
use bailiwick_domain::access::{Catalogue, Level};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

both!(
    each_filter_narrows_the_trail_and_two_narrow_it_further,
    an_instant_is_one_in_any_spelling,
    all_pages_of_the_trail_together_hold_each_record_once,
    what_is_recorded_between_two_pages_repeats_nothing,
    a_cursor_is_good_for_its_own_trail_and_filter_only,
    what_the_trail_does_not_take_is_refused,
    a_trail_is_read_by_whoever_holds_the_permission,
    nothing_of_another_organization_is_in_a_trail,
    a_refusal_is_in_the_trail_within_five_seconds,
    a_refusal_names_the_permission_and_the_thing,
    what_one_sees_and_may_not_change_is_a_refusal_too,
    a_refusal_is_told_where_it_happened_and_nowhere_else,
    what_one_is_refused_elsewhere_is_not_told_here,
    what_is_not_refused_by_the_policy_is_no_refusal,
    what_operators_alone_may_do_is_in_no_trail,
    a_flood_of_refusals_is_answered_while_nothing_can_be_written,
    of_a_flood_of_refusals_a_hundred_a_minute_are_kept,
    an_export_holds_what_the_list_holds,
    an_export_takes_the_filters_and_nothing_else,
    nothing_takes_a_record_away,
);

const TRAIL: &str = "/api/v1/audit-events";
const EXPORT: &str = "/api/v1/audit-events/export";
const SECOND: Duration = Duration::from_secs(1);

async fn each_filter_narrows_the_trail_and_two_narrow_it_further(world: World) {
    let History {
        owner,
        people,
        project,
    } = History::of(&world).await;
    let all = trail(&owner, "").await;
    let [ada, bob, cleo] = people.map(|id| ("actor", id));
    let text = |name: &'static str, value: &str| (name, value.to_owned());
    let filters = [
        ada,
        bob,
        cleo,
        text("action", "project:create"),
        text("action", "project:update"),
        text("action", "project:delete"),
        text("target", &project),
        text("outcome", "permitted"),
        text("outcome", "denied"),
        text("since", "2027-01-15T08:00:03Z"),
        text("until", "2027-01-15T08:00:04Z"),
    ];

    for first in &filters {
        let (name, value) = first;
        let found = trail(&owner, &format!("{name}={value}")).await;
        assert_eq!(found, kept(&all, &[first]), "{first:?}");
        assert!(!found.is_empty() && found.len() < all.len(), "{first:?}");
        for second in filters.iter().filter(|(second, _)| second != name) {
            let query = format!("{name}={value}&{}={}", second.0, second.1);
            let found = trail(&owner, &query).await;
            assert_eq!(found, kept(&all, &[first, second]), "{query}");
        }
    }
    for (name, value) in [
        ("actor", unknown("user")),
        ("action", "project".to_owned()),
        ("action", "PROJECT:CREATE".to_owned()),
        ("action", "project:%25".to_owned()),
        ("target", unknown("proj")),
        ("target", "".to_owned()),
        ("since", "2027-01-15T09:00:00Z".to_owned()),
        ("until", "2027-01-15T08:00:00Z".to_owned()),
    ] {
        let found = trail(&owner, &format!("{name}={value}")).await;
        assert_eq!(found, [Value::Null; 0], "{name}={value}");
    }
}

async fn an_instant_is_one_in_any_spelling(world: World) {
    let History { owner, .. } = History::of(&world).await;

    let plain = trail(
        &owner,
        "since=2027-01-15T08:00:02Z&until=2027-01-15T08:00:04Z",
    )
    .await;

    assert_eq!(
        texts(&plain, "at"),
        ["2027-01-15T08:00:02Z", "2027-01-15T08:00:03Z"]
    );
    for (since, until) in [
        ("2027-01-15T08:00:02.000000Z", "2027-01-15T08:00:03.000001Z"),
        ("2027-01-15T09:00:02%2B01:00", "2027-01-15T03:00:04-05:00"),
        (
            "2027-01-15t08:00:01.999999999z",
            "2027-01-15T08:00:04-00:00",
        ),
        ("2027-01-15%2008:00:01.5Z", "2027-01-15T08:00:03.5Z"),
    ] {
        let query = format!("since={since}&until={until}");
        let found = trail(&owner, &query).await;
        assert_eq!(found, plain, "{query}");
    }
}

async fn all_pages_of_the_trail_together_hold_each_record_once(world: World) {
    let History {
        owner,
        people: [ada, ..],
        ..
    } = History::of(&world).await;

    for filter in [
        "".to_owned(),
        format!("&actor={ada}"),
        "&outcome=denied".to_owned(),
    ] {
        let whole = trail(&owner, &filter).await;
        let mut backwards = whole.clone();
        backwards.reverse();
        assert!(texts(&whole, "id").is_sorted());
        assert!(texts(&whole, "at").is_sorted());
        for limit in [1, 3, whole.len(), 100] {
            for (order, expected) in [("asc", &whole), ("desc", &backwards)] {
                let query = format!("{TRAIL}?limit={limit}&order={order}{filter}");
                let by_cursor = pages(&owner, &query, limit).await;
                let by_link = linked_pages(&owner, &query).await;

                assert_eq!(by_cursor, *expected, "{query}");
                assert_eq!(by_link, *expected, "{query}");
            }
        }
    }
}

async fn what_is_recorded_between_two_pages_repeats_nothing(world: World) {
    let History { owner, .. } = History::of(&world).await;
    let first = owner.get(&format!("{TRAIL}?limit=2&order=desc")).await;
    let first = first.is(200);
    let whole = trail(&owner, "").await;

    owner.project("Vostok").await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let path = format!("{TRAIL}?limit=100&order=desc&cursor={cursor}");
    let second = owner.get(&path).await.is(200);

    let mut seen = [first.rows(), second.rows()].concat();
    seen.reverse();
    assert_eq!(seen, whole);
}

async fn a_cursor_is_good_for_its_own_trail_and_filter_only(world: World) {
    let History {
        owner,
        people: [ada, ..],
        ..
    } = History::of(&world).await;
    let elsewhere = world.owner("eve", "Eves").await;
    elsewhere.project("Gemini").await;
    let cursor = async |person: &Client, query: &str| {
        let page = person.get(&format!("{TRAIL}?limit=1{query}")).await.is(200);
        page.json()["next_cursor"].as_str().unwrap().to_owned()
    };
    let own = cursor(&owner, "").await;
    let of_ada = cursor(&owner, &format!("&actor={ada}")).await;
    let foreign = cursor(&elsewhere, "").await;
    let members = owner.get(&format!("{MEMBERS}?limit=1")).await.is(200);
    let of_members = members.json()["next_cursor"].as_str().unwrap().to_owned();
    let with_more = format!("{own}AAAA");

    for query in [
        format!("cursor={foreign}"),
        format!("cursor={of_members}"),
        format!("cursor={of_ada}"),
        format!("cursor={own}&actor={ada}"),
        format!("cursor={own}&outcome=permitted"),
        format!("cursor={own}&since=2027-01-15T08:00:00Z"),
        format!("cursor={of_ada}&actor={ada}&outcome=permitted"),
        format!("cursor={own}&order=desc"),
        format!("cursor={with_more}"),
        format!("cursor={}", &own[..own.len() - 2]),
        "cursor=".to_owned(),
        "cursor=%00".to_owned(),
    ] {
        let answer = owner.get(&format!("{TRAIL}?{query}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_cursor"),
            "{query}"
        );
    }
    for query in [
        format!("cursor={own}"),
        format!("cursor={own}&limit=7&order=asc"),
        format!("actor={ada}&cursor={of_ada}"),
    ] {
        owner.get(&format!("{TRAIL}?{query}")).await.is(200);
    }
}

async fn what_the_trail_does_not_take_is_refused(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let member = unknown("member");
    let of_another_kind = format!("actor={member}");
    #[rustfmt::skip]
    let bad = [
        "x=1", "organization_id=1", "tenant=1", "sort=at", "search=x", "reason=x", "id=1", "at=1",
        "actor=", "actor=ada", &of_another_kind, "actor[]=1",
        "outcome=", "outcome=allowed", "outcome=DENIED", "outcome=denied,permitted",
        "since=", "since=now", "since=2027-01-15", "since=2027-01-15T08:00:00", "since=1800000000",
        "since=2027-13-15T08:00:00Z", "since=2027-01-15T24:00:00Z", "since=99999-01-15T08:00:00Z",
        "until=", "until=tomorrow", "until=2027-01-15T08:00:00%2B25:00",
        "actor=x&actor=y", "action=x&action=x", "target=x&target=y", "outcome=denied&outcome=denied",
        "since=2027-01-15T08:00:00Z&since=2027-01-15T08:00:00Z",
        "target=%00", "action=%00", "action=project:create%00", "%00=x",
    ];

    for query in bad {
        for path in [TRAIL, EXPORT] {
            let answer = owner.get(&format!("{path}?{query}")).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "invalid_query"),
                "{path}?{query}"
            );
        }
    }
}

async fn a_trail_is_read_by_whoever_holds_the_permission(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("auditor", &["audit:read"]).await;
    let admin = world.member(&owner, "bob", "admin").await;
    let plain = world.member(&owner, "cleo", "member").await;
    let auditor = world.member(&owner, "dora", "auditor").await;

    for path in [TRAIL, EXPORT] {
        plain.get(path).await.problem(403, "forbidden");
        let nobody = world.nobody();
        nobody.get(path).await.problem(401, "unauthenticated");
        for person in [&owner, &admin, &auditor] {
            person.get(path).await.is(200);
        }
    }
    auditor.get(MEMBERS).await.problem(403, "forbidden");
}

async fn nothing_of_another_organization_is_in_a_trail(world: World) {
    let History {
        owner,
        people,
        project,
    } = History::of(&world).await;
    let eve = world.owner("eve", "Eves").await;
    let bob = world.sign_in("bob").await;
    eve.add("bob", "admin").await.is(201);
    // Bob does something there too, and is refused something.
    let there = bob.enter(eve.organization()).await;
    let gemini = there.project("Gemini").await;
    there
        .delete("/api/v1/organization")
        .await
        .problem(403, "forbidden");
    refused(&world, "bob eves organization:own").await;
    let of_eves = trail(&eve, "").await;

    let [of_acme, exported] = [
        trail(&owner, "").await,
        lines(&owner.get(EXPORT).await.is(200)),
    ];

    assert_eq!(of_acme, exported);
    let ids = |rows: &[Value]| texts(rows, "id").into_iter().collect::<BTreeSet<_>>();
    assert!(ids(&of_acme).is_disjoint(&ids(&of_eves)));
    let eve_id = user_id(&eve);
    for here in [&of_acme, &kept(&of_acme, &[&("actor", people[1].clone())])] {
        let text = json!(here).to_string();
        for foreign in [eve.organization(), &gemini, &eve_id] {
            assert!(!text.contains(foreign), "{text}");
        }
    }
    let text = json!(of_eves).to_string();
    assert!(
        text.contains(&gemini) && text.contains("organization:own"),
        "{text}"
    );
    assert!(
        !text.contains(&project) && !text.contains(owner.organization()),
        "{text}"
    );
    for filter in [format!("target={project}"), format!("actor={}", people[0])] {
        assert_eq!(trail(&eve, &filter).await, [Value::Null; 0]);
    }
}

async fn a_refusal_is_in_the_trail_within_five_seconds(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let apollo = owner.project("Apollo").await;
    world.advance(SECOND);

    bob.delete(&format!("{PROJECTS}/{apollo}")).await.is(403);
    let asked = Instant::now();
    let row = eventually(async || {
        let refusals = trail(&owner, "outcome=denied").await;
        refusals.into_iter().next()
    })
    .await;

    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    let id = row["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("audit_"), "{id}");
    assert_eq!(
        row,
        json!({
            "id": id,
            "at": "2027-01-15T08:00:01Z",
            "actor": user_id(&bob),
            "key_id": null,
            "action": "project:delete",
            "target": apollo,
            "outcome": "denied",
            "reason": null,
        })
    );
    assert_eq!(refusals(&world).await.len(), 1);
}

/// Of every route that a permission guards.
async fn a_refusal_names_the_permission_and_the_thing(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let bob = Member::of(&owner, bob).await;
    owner.assign(&bob.id, json!([])).await.is(200);
    let id = unknown("proj");
    let mut expected = BTreeSet::new();

    for route in routes().iter() {
        let Some(permission) = route.access.permission() else {
            continue;
        };
        if permission.reach().level == Level::Platform {
            continue;
        }
        let path = route.path.replace("{id}", &id);
        let path = path.replace("{member_id}", &unknown("member"));
        let answer = bob.request(route.method.as_str(), &path).answer().await;
        answer.problem(403, "forbidden");
        let target = if route.path.contains("{id}") {
            id.as_str()
        } else {
            ""
        };
        expected.insert(format!("bob acme {} {target}", permission.name()));
    }
    // The one that is asked for in the middle of a request.
    let of_another = json!({ "permission": "role:list", "member_id": unknown("member") });
    let of_another = bob.post("/api/v1/access/explain", of_another).await;
    of_another.problem(403, "forbidden");
    expected.insert("bob acme access:explain ".to_owned());

    let noted = eventually(async || {
        let noted: BTreeSet<_> = refusals(&world).await.into_iter().collect();
        (noted.len() >= expected.len()).then_some(noted)
    })
    .await;
    assert_eq!(noted, expected);
    assert!(expected.len() > 20);
}

async fn what_one_sees_and_may_not_change_is_a_refusal_too(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner.role("own", &["project:update:own"]).await;
    let bob = world.member(&owner, "bob", "member").await;
    let bob = Member::of(&owner, bob).await;
    owner
        .assign(&bob.id, json!(["member", "own"]))
        .await
        .is(200);
    let apollo = owner.project("Apollo").await;

    let path = format!("{PROJECTS}/{apollo}");
    let renaming = bob.patch(&path, json!({ "name": "Mine" })).await;
    renaming.problem(403, "forbidden");
    // Whoever hands on more than they hold is refused, too.
    let admin = world.member(&owner, "cleo", "admin").await;
    let owning = admin.assign(&bob.id, json!(["owner"])).await;
    owning.problem(403, "forbidden");

    refused(&world, &format!("bob acme project:update {apollo}")).await;
    refused(&world, &format!("cleo acme member:assign {}", bob.id)).await;
}

async fn a_refusal_is_told_where_it_happened_and_nowhere_else(world: World) {
    let acme = world.owner("ada", "Acme").await;
    let eves = world.owner("eve", "Eves").await;
    world.register("bob").await;
    for owner in [&acme, &eves] {
        owner.add("bob", "member").await.is(201);
    }
    let bob = world.sign_in("bob").await;

    bob.enter(acme.organization())
        .await
        .get(TRAIL)
        .await
        .is(403);
    bob.enter(eves.organization())
        .await
        .delete("/api/v1/organization")
        .await
        .is(403);
    // Nowhere, since nowhere is where this token leads.
    bob.get(MEMBERS).await.is(403);
    bob.enter(acme.organization())
        .await
        .post(MEMBERS, json!({}))
        .await
        .is(403);

    // Each organization's are written by themselves.
    refused(&world, "bob acme member:invite").await;
    refused(&world, "bob eves organization:own").await;
    let denied = "outcome=denied";
    let actions = async |owner: &Client| texts(&trail(owner, denied).await, "action");
    assert_eq!(actions(&acme).await, ["audit:read", "member:invite"]);
    assert_eq!(actions(&eves).await, ["organization:own"]);
    assert_eq!(refusals(&world).await.len(), 3);
}

/// Where else somebody belongs is nothing that this organization learns.
async fn what_one_is_refused_elsewhere_is_not_told_here(world: World) {
    let acme = world.owner("ada", "Acme").await;
    let eves = world.owner("eve", "Eves").await;
    world.register("bob").await;
    for owner in [&acme, &eves] {
        owner.add("bob", "member").await.is(201);
    }
    let there = eves.member_id("bob").await;
    eves.suspend(&there).await.is(204);
    let bob = world.sign_in("bob").await.enter(acme.organization()).await;

    let path = format!("/api/v1/organizations/{}/select", eves.organization());
    bob.act(&path).await.problem(403, "forbidden");
    let body = json!({ "org_id": eves.organization() });
    let by_body = bob.post("/organization/select", body).await;
    by_body.problem(403, "forbidden");
    bob.get(TRAIL).await.problem(403, "forbidden");

    refused(&world, "bob acme audit:read").await;
    assert_eq!(refusals(&world).await.len(), 1);
    let text = json!(trail(&acme, "").await).to_string();
    assert!(!text.contains(eves.organization()), "{text}");
}

async fn what_is_not_refused_by_the_policy_is_no_refusal(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    let login = |organization: &str| {
        json!({
            "email": email("bob"),
            "password": PASSWORD,
            "organization_id": organization,
        })
    };
    // Public routes, also when they are met with a token.
    for person in [&world.nobody(), &*bob] {
        let elsewhere = login(&unknown("org"));
        person.post("/api/v1/auth/login", elsewhere).await.is(403);
        let wrong = json!({ "email": email("bob"), "password": "wrong" });
        person.post("/login", wrong).await.is(401);
    }
    let crossing = world.nobody().request("POST", "/refresh_token");
    let crossing = crossing.header("origin", "https://evil.example");
    let crossing = crossing.header("cookie", format!("{COOKIE}={}", bob.refresh));
    crossing.answer().await.is(403);
    world.nobody().get(TRAIL).await.is(401);
    bob.bearing("x").get(TRAIL).await.is(401);
    bob.get("/api/v1/nothing").await.is(404);
    bob.delete(TRAIL).await.is(405);
    bob.get(&format!("{PROJECTS}/{}", unknown("proj")))
        .await
        .is(404);
    bob.get(&format!("{PROJECTS}?limit=0")).await.is(400);

    bob.get(TRAIL).await.is(403);

    refused(&world, "bob acme audit:read").await;
    assert_eq!(refusals(&world).await.len(), 1);
}

async fn what_operators_alone_may_do_is_in_no_trail(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let before = trail(&owner, "").await;
    let mut met = 0;

    for route in routes().iter() {
        let (Access::Requires(permission) | Access::RequiresOn(permission)) = route.access else {
            continue;
        };
        if permission.reach().level == Level::Platform {
            let path = route.path.replace("{id}", &unknown("org"));
            let answer = owner.request(route.method.as_str(), &path).answer().await;
            answer.problem(403, "forbidden");
            met += 1;
        }
    }
    let bob = world.member(&owner, "bob", "member").await;
    bob.get(TRAIL).await.is(403);

    refused(&world, "bob acme audit:read").await;
    assert!(met > 0);
    assert_eq!(refusals(&world).await.len(), 1);
    let after = trail(&owner, "").await;
    assert_eq!(after[..before.len()], before);
}

/// Whoever is refused does not wait for its being written down.
async fn a_flood_of_refusals_is_answered_while_nothing_can_be_written(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let bob = world.member(&owner, "bob", "member").await;
    // Nobody can add a record until this is over, on either database.
    world
        .hold("ALTER TABLE audit_events ADD COLUMN more text")
        .await;
    let started = Instant::now();

    for _ in 0..10 {
        let flood = (0..100).map(|_| bob.request("DELETE", "/api/v1/organization"));
        for answer in at_once(flood.collect()).await {
            answer.problem(403, "forbidden");
        }
        owner.get(PROJECTS).await.is(200);
    }

    let took = started.elapsed();
    world.let_go().await;
    assert!(took < Duration::from_secs(60), "{took:?}");
    bob.get(TRAIL).await.is(403);
    refused(&world, "bob acme audit:read").await;
}

async fn of_a_flood_of_refusals_a_hundred_a_minute_are_kept(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let eves = world.owner("eve", "Eves").await;
    let cleo = world.member(&owner, "cleo", "member").await;
    let bob = world.member(&owner, "bob", "member").await;
    eves.add("bob", "member").await.is(201);
    let there = bob.enter(eves.organization()).await;
    let count = async |who: &str| {
        let refusals = refusals(&world).await;
        refusals.iter().filter(|row| row.starts_with(who)).count()
    };

    // Each about another thing: the same, asked again in a moment, is noted once anyway.
    for round in 0..10 {
        let flood = (0..100).map(|number| {
            let path = format!("{MEMBERS}/member_{round}_{number}");
            bob.request("DELETE", &path)
        });
        for answer in at_once(flood.collect()).await {
            answer.problem(403, "forbidden");
        }
    }
    // They are written in their order, so whatever is kept of the flood is there when this is.
    cleo.get(TRAIL).await.is(403);
    there.get(TRAIL).await.is(403);
    refused(&world, "cleo acme audit:read").await;
    refused(&world, "bob eves audit:read").await;
    let in_one_minute = count("bob acme").await;
    world.advance(Duration::from_secs(60));
    bob.delete(&format!("{MEMBERS}/member_later")).await.is(403);
    refused(&world, "bob acme member:remove member_later").await;

    assert_eq!(in_one_minute, 100);
    assert_eq!(count("bob acme").await, 101);
    assert_eq!((count("cleo acme").await, count("bob eves").await), (1, 1));
}

async fn an_export_holds_what_the_list_holds(world: World) {
    let History { owner, .. } = History::of(&world).await;
    let apollo = owner.project("Vostok").await;
    let path = format!("{PROJECTS}/{apollo}");
    for number in 0..255 {
        let name = json!({ "name": format!("Vostok {number}") });
        owner.patch(&path, name).await.is(200);
    }
    let listed = trail(&owner, "").await;
    let denied = trail(&owner, "outcome=denied").await;

    let export = owner.get(EXPORT).await.is(200);
    let part = owner.get(&format!("{EXPORT}?outcome=denied")).await.is(200);
    let empty = owner
        .get(&format!("{EXPORT}?until=2000-01-01T00:00:00Z"))
        .await
        .is(200);

    assert!(listed.len() > 250, "{}", listed.len());
    assert_eq!(lines(&export), listed);
    assert_eq!(lines(&part), denied);
    assert_eq!(empty.text, "");
    assert!(export.text.ends_with("}\n"));
    for answer in [&export, &part, &empty] {
        assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
        assert_eq!(
            answer.header("content-disposition"),
            Some(r#"attachment; filename="audit-events.jsonl""#)
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

async fn an_export_takes_the_filters_and_nothing_else(world: World) {
    let History {
        owner,
        people,
        project,
    } = History::of(&world).await;

    for filter in [
        format!("actor={}", people[1]),
        "action=project:create".to_owned(),
        format!("target={project}"),
        "since=2027-01-15T08:00:02Z&until=2027-01-15T08:00:04Z".to_owned(),
    ] {
        let export = owner.get(&format!("{EXPORT}?{filter}")).await.is(200);
        let listed = trail(&owner, &filter).await;
        assert!(!listed.is_empty());
        assert_eq!(lines(&export), listed, "{filter}");
    }
    for query in ["limit=5", "order=asc", "cursor=x"] {
        let answer = owner.get(&format!("{EXPORT}?{query}")).await;
        answer.problem(400, "invalid_query");
    }
}

/// The database refuses it too, as the tests of the migrations show.
async fn nothing_takes_a_record_away(world: World) {
    let History { owner, .. } = History::of(&world).await;
    let before = trail(&owner, "").await;
    let record = before[0]["id"].as_str().unwrap();
    let one = format!("{TRAIL}/{record}");

    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for (path, status) in [(TRAIL, 405), (EXPORT, 405), (&one, 404)] {
            let request = owner.request(method, path).json(&json!({}));
            request.answer().await.is(status);
        }
    }
    // Whoever was in it goes, the project goes, and at last the organization.
    let bob = owner.member_id("bob").await;
    owner.remove(&bob).await.is(204);
    for project in owner.get(PROJECTS).await.is(200).rows() {
        let path = format!("{PROJECTS}/{}", project["id"].as_str().unwrap());
        owner.delete(&path).await.is(204);
    }
    owner.delete("/api/v1/organization").await.is(200);
    owner.act("/api/v1/organization/restore").await.is(200);

    let after = trail(&owner, "").await;
    assert_eq!(after[..before.len()], before);
    let last: Vec<_> = texts(&after[before.len()..], "action");
    assert_eq!(
        last,
        [
            "member:remove",
            "project:delete",
            "project:delete",
            "organization:delete",
            "organization:restore",
        ]
    );
}

/// An organization in which a few things were done, a second apart.
struct History {
    owner: Person,
    /// The accounts of ada, who owns it, of bob, and of cleo, who was refused something.
    people: [String; 3],
    project: String,
}

impl History {
    async fn of(world: &World) -> Self {
        let owner = world.owner("ada", "Acme").await;
        let bob = world.member(&owner, "bob", "admin").await;
        let cleo = world.member(&owner, "cleo", "member").await;
        world.advance(SECOND);
        let project = bob.project("Apollo").await;
        let path = format!("{PROJECTS}/{project}");
        world.advance(SECOND);
        owner
            .patch(&path, json!({ "name": "Mercury" }))
            .await
            .is(200);
        world.advance(SECOND);
        cleo.delete(&path).await.is(403);
        refused(world, "cleo acme project:delete").await;
        world.advance(SECOND);
        owner.project("Gemini").await;
        let people = [&owner, &bob, &cleo].map(user_id);
        Self {
            owner,
            people,
            project,
        }
    }
}

fn user_id(person: &Person) -> String {
    claims(&person.access)["sub"].as_str().unwrap().to_owned()
}

/// All records that keep the filter, the oldest first.
async fn trail(person: &Client, filter: &str) -> Vec<Value> {
    pages(person, &format!("{TRAIL}?limit=100&{filter}"), 100).await
}

/// All pages from this one on, by the cursor.
async fn pages(person: &Client, path: &str, limit: usize) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = path.to_owned();
    loop {
        let page = person.get(&next).await.is(200);
        let rows = page.rows();
        assert!(rows.len() <= limit);
        found.extend(rows);
        match page.json()["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}&cursor={cursor}"),
            None => return found,
        }
    }
}

/// All pages from this one on, by the header that says where the list goes on (RFC 8288 §3).
async fn linked_pages(person: &Client, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = path.to_owned();
    loop {
        let page = person.get(&next).await.is(200);
        found.extend(page.rows());
        let Some(link) = page.header("link") else {
            return found;
        };
        let link = link
            .strip_prefix('<')
            .and_then(|link| link.strip_suffix(r#">; rel="next""#));
        next = link.unwrap().to_owned();
    }
}

/// The records that keep all of these.
fn kept(rows: &[Value], filters: &[&(&str, String)]) -> Vec<Value> {
    let keeps = |row: &Value, (name, value): &(&str, String)| {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        match *name {
            "since" => text("at") >= value.as_str(),
            "until" => text("at") < value.as_str(),
            name => text(name) == value,
        }
    };
    let kept = rows.iter();
    let kept = kept.filter(|row| filters.iter().all(|filter| keeps(row, filter)));
    kept.cloned().collect()
}

/// The records of an export: an object a line.
fn lines(export: &Answer) -> Vec<Value> {
    let lines = export.text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// All refusals there are: who, where, what, and which thing.
async fn refusals(world: &World) -> Vec<String> {
    let rows = "SELECT u.name || ' ' || COALESCE(t.slug, '-') || ' ' || e.action || ' ' || e.target
                FROM audit_events e JOIN users u ON u.id = e.actor_id
                LEFT JOIN tenants t ON t.id = e.tenant_id
                WHERE e.outcome = 'denied' ORDER BY e.id";
    world.column(rows).await
}

/// Waits for a refusal that begins like this.
async fn refused(world: &World, like: &str) {
    eventually(async || {
        let all = refusals(world).await;
        all.iter().any(|row| row.starts_with(like)).then_some(())
    })
    .await;
}
