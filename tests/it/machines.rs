//! Machines: service accounts and their keys, from being made to being gone.

use crate::{
    acts::{
        API_KEYS, INVITATIONS, Key, MEMBERS, ORGANIZATION, PROJECTS, ROLES, SERVICE_ACCOUNTS, names,
    },
    samples::{nowhere, sampled},
    world::{Ask, Client, Person, World, eventually, has_keys},
};
use bailiwick_api::{access::Access, routes::routes};
use bailiwick_domain::{
    access::{Catalogue, Permission},
    api_key::{ShownKey, manages},
    role::is_on_offer,
};
use serde_json::json;
use std::time::Duration;

both!(
    a_key_is_shown_once_and_kept_as_a_hash,
    a_key_works_as_far_as_its_account_and_itself_go,
    a_key_outlives_whoever_made_it,
    whatever_ends_a_key_is_refused_at_the_next_request,
    two_secrets_are_good_while_a_rotation_lasts,
    a_mistyped_key_is_no_key,
    a_machine_opens_nothing_that_is_about_people,
    a_key_opens_what_the_document_says_that_it_opens,
    what_manages_is_an_owners_to_give,
    a_machine_that_was_given_it_manages_and_hands_on_no_more,
    nobody_makes_or_changes_a_machine_that_holds_more_than_they,
    what_a_machine_did_is_on_its_name,
    what_a_machine_invited_to_is_checked_with_the_machine,
    what_a_machine_created_is_nobodys_own,
    a_role_in_use_by_a_machine_is_replaced_there,
    the_last_use_is_noted_once_a_minute,
    lists_of_machines_come_in_pages,
    bodies_of_machines_are_checked,
    a_second_factor_is_asked_of_people,
);

const HOUR: Duration = Duration::from_secs(60 * 60);

impl World {
    /// A machine that shows this key.
    fn machine(&self, key: &Key) -> Client {
        self.nobody().bearing(key.text.clone())
    }
}

/// An owner, and a machine with the roles whose key holds the permissions.
async fn furnished(world: &World, roles: &[&str], permissions: &[&str]) -> (Person, Client, Key) {
    let owner = world.owner("ada", "Acme").await;
    let account = owner.service_account("deploys", roles).await;
    let key = owner.api_key(&account, permissions).await;
    (owner, world.machine(&key), key)
}

async fn a_key_is_shown_once_and_kept_as_a_hash(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let account = owner.service_account("deploys", &["member"]).await;

    let made = owner.make_key(&account, &["project:read"]).await.is(201);

    let body = made.json();
    #[rustfmt::skip]
    has_keys(&body, &["id", "service_account_id", "name", "permissions", "status", "created_by", "created_at", "expires_at"]);
    assert_eq!(body["permissions"], json!(["project:read"]));
    assert_eq!(
        (body["status"].as_str(), body["last_used_at"].as_str()),
        (Some("active"), None)
    );
    let text = body["key"].as_str().unwrap();
    assert!(text.starts_with("bw_"), "{text}");
    let shown: ShownKey = text.parse().unwrap();
    assert_eq!(shown.id.to_string(), made.id());
    assert_eq!(made.header("cache-control"), Some("no-store"));

    let path = format!("{API_KEYS}/{}", made.id());
    for answer in [owner.get(&path).await, owner.get(API_KEYS).await] {
        assert!(
            !answer.text.contains("\"key\":") && !answer.text.contains(text),
            "{}",
            answer.text
        );
    }
    let secret: String = shown
        .secret
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let state = format!("{:?}", world.state().await).to_lowercase();
    assert!(!state.contains(&secret) && !state.contains(&text[30..]));
}

async fn a_key_works_as_far_as_its_account_and_itself_go(world: World) {
    let (owner, machine, _) =
        furnished(&world, &["member"], &["project:read", "project:create"]).await;
    let apollo = owner.project("Apollo").await;

    machine.get(&format!("{PROJECTS}/{apollo}")).await.is(200);
    // The account holds it, and the key was not given it.
    machine.get(MEMBERS).await.problem(403, "forbidden");
    // The key was given it, and the account does not hold it.
    let zeta = json!({ "name": "Zeta" });
    machine
        .post(PROJECTS, zeta.clone())
        .await
        .problem(403, "forbidden");

    // From now on it does, and then no more.
    let accounts = owner.get(SERVICE_ACCOUNTS).await.is(200).rows();
    let path = format!("{SERVICE_ACCOUNTS}/{}", accounts[0]["id"].as_str().unwrap());
    let admin = json!({ "roles": ["admin"] });
    let changed = owner.patch(&path, admin).await.is(200);
    assert_eq!(changed.header("etag"), Some("\"v2\""));
    machine.post(PROJECTS, zeta).await.is(201);
    machine.get(MEMBERS).await.problem(403, "forbidden");
    let none = json!({ "roles": [], "name": "Idle" });
    let changed = owner.patch(&path, none).await.is(200).json();
    assert_eq!(
        (changed["name"].as_str(), &changed["roles"]),
        (Some("Idle"), &json!([]))
    );
    machine.get(PROJECTS).await.problem(403, "forbidden");
    let stale = owner.patch_if(&path, "\"v2\"", json!({ "name": "Late" }));
    stale.await.problem(412, "precondition_failed");
}

async fn a_key_outlives_whoever_made_it(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let account = admin.service_account("deploys", &["member"]).await;
    let key = admin.api_key(&account, &["project:read"]).await;
    let machine = world.machine(&key);
    machine.get(PROJECTS).await.is(200);

    let bob = owner.member_id("bob").await;
    owner.remove(&bob).await.is(204);

    machine.get(PROJECTS).await.is(200);
    world
        .execute("UPDATE users SET disabled_at = 1 WHERE name = 'bob'")
        .await;
    machine.get(PROJECTS).await.is(200);
    owner
        .delete(&format!("{API_KEYS}/{}", key.id))
        .await
        .is(204);
}

async fn whatever_ends_a_key_is_refused_at_the_next_request(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let account = owner.service_account("deploys", &["member"]).await;
    let path = format!("{SERVICE_ACCOUNTS}/{account}");
    let key = async || owner.api_key(&account, &["project:read"]).await;
    let (first, second) = (key().await, key().await);
    let (one, other) = (world.machine(&first), world.machine(&second));

    let revoke = format!("{API_KEYS}/{}", first.id);
    owner.delete(&revoke).await.is(204);
    one.get(PROJECTS).await.problem(401, "invalid_token");
    other.get(PROJECTS).await.is(200);
    let read = owner.get(&revoke).await.is(200).json();
    assert_eq!(read["status"], "revoked");
    let rotate = owner.act(&format!("{revoke}/rotate")).await;
    rotate.problem(400, "key_over");

    owner
        .patch(&path, json!({ "status": "suspended" }))
        .await
        .is(200);
    other.get(PROJECTS).await.problem(401, "invalid_token");
    owner
        .patch(&path, json!({ "status": "active" }))
        .await
        .is(200);
    other.get(PROJECTS).await.is(200);

    owner.act("/api/v1/organization/suspend").await.is(200);
    other.get(PROJECTS).await.problem(403, "forbidden");
    owner.act("/api/v1/organization/resume").await.is(200);
    other.get(PROJECTS).await.is(200);

    owner.delete(&path).await.is(204);
    other.get(PROJECTS).await.problem(401, "invalid_token");
    owner.get(&path).await.problem(404, "not_found");
    assert!(owner.get(API_KEYS).await.rows().is_empty());

    let brief = owner.service_account("brief", &["member"]).await;
    let body = json!({
        "service_account_id": brief, "name": "brief", "permissions": ["project:read"],
        "expires_at": "2027-01-15T09:00:00Z",
    });
    let brief = Key::shown(&owner.post(API_KEYS, body).await.is(201));
    let machine = world.machine(&brief);
    machine.get(PROJECTS).await.is(200);
    world.advance(HOUR);
    machine.get(PROJECTS).await.problem(401, "invalid_token");
}

async fn two_secrets_are_good_while_a_rotation_lasts(world: World) {
    let (owner, old, key) = furnished(&world, &["member"], &["project:read"]).await;
    let rotate = format!("{API_KEYS}/{}/rotate", key.id);
    let until = json!({ "previous_valid_until": "2027-01-15T09:00:00Z" });

    let rotated = owner.post(&rotate, until.clone()).await.is(200);
    assert_eq!(
        rotated.json()["previous_valid_until"],
        "2027-01-15T09:00:00Z"
    );
    let second = Key::shown(&rotated);
    assert_eq!(second.id, key.id);
    let new = world.machine(&second);
    for machine in [&old, &new] {
        machine.get(PROJECTS).await.is(200);
    }
    world.advance(HOUR);
    old.get(PROJECTS).await.problem(401, "invalid_token");
    new.get(PROJECTS).await.is(200);

    // Without a time the old one is over at once.
    let owner = world.sign_in("ada").await;
    let third = Key::shown(&owner.act(&rotate).await.is(200));
    new.get(PROJECTS).await.problem(401, "invalid_token");
    let new = world.machine(&third);
    new.get(PROJECTS).await.is(200);

    // And before its time when that is wanted; never two old ones.
    let until = json!({ "previous_valid_until": "2027-01-16T09:00:00Z" });
    let fourth = Key::shown(&owner.post(&rotate, until.clone()).await.is(200));
    let fifth = Key::shown(&owner.post(&rotate, until).await.is(200));
    new.get(PROJECTS).await.problem(401, "invalid_token");
    let (fourth, fifth) = (world.machine(&fourth), world.machine(&fifth));
    fourth.get(PROJECTS).await.is(200);
    let previous = format!("{API_KEYS}/{}/previous", key.id);
    owner.delete(&previous).await.is(204);
    fourth.get(PROJECTS).await.problem(401, "invalid_token");
    fifth.get(PROJECTS).await.is(200);
    let past = json!({ "previous_valid_until": "2027-01-15T07:00:00Z" });
    owner.post(&rotate, past).await.problem(400, "key_lifetime");
}

async fn a_mistyped_key_is_no_key(world: World) {
    let (_, _, key) = furnished(&world, &["member"], &["project:read"]).await;
    let shown: ShownKey = key.text.parse().unwrap();
    let another = ShownKey {
        secret: [7; 32],
        ..shown.clone()
    };
    let nowhere = ShownKey {
        id: "key_00000000000000000000000000".parse().unwrap(),
        ..shown
    };
    let mut mistyped = key.text.clone();
    mistyped.replace_range(40..41, if &mistyped[40..41] == "0" { "1" } else { "0" });

    for wrong in [
        mistyped,
        another.to_string(),
        nowhere.to_string(),
        "bw_".to_owned(),
        key.text.to_uppercase(),
        format!("{} ", key.text.trim_start_matches("bw_")),
    ] {
        let answer = world.nobody().bearing(wrong).get(PROJECTS).await;
        answer.problem(401, "invalid_token");
    }
}

async fn a_machine_opens_nothing_that_is_about_people(world: World) {
    let all: Vec<_> = Permission::ALL
        .iter()
        .copied()
        .filter(|one| is_on_offer(*one))
        .collect();
    let all: Vec<_> = all.iter().map(|one| one.name()).collect();
    let (_, machine, _) = furnished(&world, &["admin"], &all).await;
    machine.get(MEMBERS).await.is(200);

    for path in [
        "/users/me",
        "/users/list_orgs",
        "/api/v1/me",
        "/api/v1/me/organizations",
        "/api/v1/me/invitations",
        "/api/v1/me/sessions",
        "/api/v1/organizations",
    ] {
        machine.get(path).await.problem(403, "forbidden");
    }
    let found = json!({ "name": "Mine" });
    let organizations = machine.post("/api/v1/organizations", found);
    organizations.await.problem(403, "forbidden");
    machine.accept("x").await.problem(403, "forbidden");
    for path in ["leave", "suspend", "transfer/accept"] {
        let answer = machine.act(&format!("{ORGANIZATION}/{path}")).await;
        answer.problem(403, "forbidden");
    }
    machine.delete(ORGANIZATION).await.problem(403, "forbidden");
    let answer = machine.act("/logout").await;
    answer.problem(401, "invalid_token");
}

async fn a_key_opens_what_the_document_says_that_it_opens(world: World) {
    let all: Vec<_> = Permission::ALL
        .iter()
        .copied()
        .filter(|one| is_on_offer(*one))
        .map(|one| one.name())
        .collect();
    let (_, machine, _) = furnished(&world, &["admin"], &all).await;
    let table = routes();
    let document = table.openapi();
    let mut met = (0, 0);
    for route in table.iter().filter(|row| row.access != Access::Public) {
        let verb = route.method.as_str().to_lowercase();
        let security = document["paths"][route.path][&verb]["security"].as_array();
        let says = security
            .unwrap()
            .iter()
            .any(|way| way.get("apiKey").is_some());
        let answer = sampled(&machine, route, &nowhere(route)).answer().await;
        assert_eq!(answer.status != 403, says, "{route:?} {}", answer.text);
        match says {
            true => met.0 += 1,
            false => met.1 += 1,
        }
    }
    assert!(met.0 > 30 && met.1 > 20, "{met:?}");
}

/// An admin holds what manages, and gives none of it to a machine; an owner does, by its name.
async fn what_manages_is_an_owners_to_give(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let admin = world.member(&owner, "bob", "admin").await;
    let account = admin.service_account("deploys", &["admin"]).await;

    for permission in Permission::ALL
        .iter()
        .copied()
        .filter(|one| is_on_offer(*one))
    {
        let by_admin = admin.make_key(&account, &[permission.name()]).await;
        assert_eq!(
            by_admin.status,
            if manages(permission) { 403 } else { 201 },
            "{permission}"
        );
        if by_admin.status == 201 {
            let key = format!("{API_KEYS}/{}", by_admin.id());
            admin.delete(&key).await.is(204);
        }
    }
    let key = owner.make_key(&account, &["*"]).await.is(201).json();
    let given = key["permissions"].as_array().unwrap();
    assert!(given.contains(&json!("project:create")));
    for permission in ["member:invite", "api_key:create", "role:update"] {
        assert!(!given.contains(&json!(permission)), "{permission}");
    }
    let named = owner.make_key(&account, &["member:invite"]).await.is(201);
    assert_eq!(named.json()["permissions"], json!(["member:invite"]));
    for wrong in [
        "organization:own",
        "tenant:list",
        "no:such",
        "project:read:own",
    ] {
        let answer = owner.make_key(&account, &[wrong]).await;
        answer.problem(400, "unknown_permission");
    }
}

async fn a_machine_that_was_given_it_manages_and_hands_on_no_more(world: World) {
    #[rustfmt::skip]
    let given = ["api_key:create", "api_key:list", "service_account:create", "member:invite", "member:list", "project:read"];
    let (owner, machine, _) = furnished(&world, &["admin"], &given).await;
    owner.role("viewer", &["project:read"]).await;
    world.register("bob").await;

    let body = json!({ "email": "bob@example.com", "roles": ["viewer"] });
    machine.post(MEMBERS, body).await.is(201);
    let body = json!({ "email": "eve@example.com", "roles": ["admin"] });
    machine.post(MEMBERS, body).await.problem(403, "forbidden");

    let child = machine.service_account("child", &["viewer"]).await;
    let body = json!({ "name": "child", "roles": ["admin"] });
    let more = machine.post(SERVICE_ACCOUNTS, body);
    more.await.problem(403, "forbidden");
    let key = machine.api_key(&child, &["project:read"]).await;
    world.machine(&key).get(PROJECTS).await.is(200);
    // It holds this itself, and hands it to no machine: it is no owner.
    for permission in ["member:invite", "project:create"] {
        let more = machine.make_key(&child, &[permission]).await;
        more.problem(403, "forbidden");
    }
}

async fn nobody_makes_or_changes_a_machine_that_holds_more_than_they(world: World) {
    let owner = world.owner("ada", "Acme").await;
    #[rustfmt::skip]
    let keeper = ["service_account:*", "api_key:*", "project:read"];
    owner.role("keeper", &keeper).await;
    owner.role("viewer", &["project:read"]).await;
    let keeper = world.member(&owner, "bob", "keeper").await;
    let mighty = owner.service_account("mighty", &["admin"]).await;
    let key = owner.api_key(&mighty, &["project:create"]).await;
    let path = format!("{SERVICE_ACCOUNTS}/{mighty}");
    let key = format!("{API_KEYS}/{}", key.id);

    let body = json!({ "name": "x", "roles": ["admin"] });
    let answer = keeper.post(SERVICE_ACCOUNTS, body).await;
    answer.problem(403, "forbidden");
    let body = json!({ "name": "x", "roles": ["owner"] });
    let answer = owner.post(SERVICE_ACCOUNTS, body).await;
    answer.problem(400, "invalid_roles");
    for change in [
        json!({ "name": "x" }),
        json!({ "roles": [] }),
        json!({ "status": "suspended" }),
    ] {
        let answer = keeper.patch(&path, change).await;
        answer.problem(403, "forbidden");
    }
    for path in [&path, &key, &format!("{key}/previous")] {
        keeper.delete(path).await.problem(403, "forbidden");
    }
    let answer = keeper.act(&format!("{key}/rotate")).await;
    answer.problem(403, "forbidden");
    // A key of the mighty machine that goes no further than they is theirs to make.
    keeper.api_key(&mighty, &["project:read"]).await;
    let small = keeper.service_account("small", &["viewer"]).await;
    let grown = json!({ "roles": ["admin"] });
    let small = format!("{SERVICE_ACCOUNTS}/{small}");
    let answer = keeper.patch(&small, grown).await;
    answer.problem(403, "forbidden");
}

async fn what_a_machine_did_is_on_its_name(world: World) {
    let (owner, machine, key) =
        furnished(&world, &["admin"], &["project:create", "project:read"]).await;
    let project = machine.project_named("Apollo").await;
    machine.get(MEMBERS).await.is(403);

    let accounts = owner.get(SERVICE_ACCOUNTS).await.rows();
    let account = accounts[0]["id"].as_str().unwrap();
    let trail = format!("/api/v1/audit-events?actor={account}");
    let records = eventually(async || {
        let records = owner.get(&trail).await.is(200).rows();
        (records.len() == 2).then_some(records)
    })
    .await;
    for (record, action, target, outcome) in [
        (&records[0], "project:create", project.as_str(), "permitted"),
        (&records[1], "member:list", "", "denied"),
    ] {
        assert_eq!(record["actor"], account, "{record}");
        assert_eq!(record["key_id"], key.id.as_str());
        let said = ["action", "target", "outcome"].map(|field| record[field].as_str().unwrap());
        assert_eq!(said, [action, target, outcome]);
    }
    let of_person = owner.get("/api/v1/audit-events").await.rows();
    assert!(of_person.iter().any(|row| row["key_id"].is_null()));
}

async fn what_a_machine_invited_to_is_checked_with_the_machine(world: World) {
    let given = ["member:invite", "project:read", "invitation:list"];
    let (owner, machine, key) = furnished(&world, &["admin"], &given).await;
    owner.role("viewer", &["project:read"]).await;
    for name in ["bob", "eve"] {
        let body = json!({ "email": format!("{name}@example.com"), "roles": ["viewer"] });
        let invited = machine.post(INVITATIONS, body).await.is(201).json();
        let accounts = owner.get(SERVICE_ACCOUNTS).await.rows();
        assert_eq!(invited["invited_by"], accounts[0]["id"]);
        assert_eq!(invited["inviter"], "ada", "who answers for it");
    }
    let bob = world.person("bob").await;
    let token = world.mailed_token("bob", "invitation").await;
    bob.accept(&token).await.is(200);

    // Whoever made the key could still invite; the key cannot.
    owner
        .delete(&format!("{API_KEYS}/{}", key.id))
        .await
        .is(204);
    let eve = world.person("eve").await;
    let token = world.mailed_token("eve", "invitation").await;
    eve.accept(&token).await.problem(400, "invitation_void");
}

async fn what_a_machine_created_is_nobodys_own(world: World) {
    let owner = world.owner("ada", "Acme").await;
    owner
        .role("author", &["project:create", "project:*:own"])
        .await;
    let bob = world.member(&owner, "bob", "admin").await;
    let account = bob.service_account("deploys", &["admin"]).await;
    let key = bob
        .api_key(&account, &["project:create", "project:read"])
        .await;
    let made = world.machine(&key).project_named("Apollo").await;
    let id = owner.member_id("bob").await;
    owner.assign(&id, json!(["author"])).await.is(200);

    let mine = bob.project("Mine").await;
    assert_eq!(names(&bob.get(PROJECTS).await.is(200)), ["Mine"]);
    bob.get(&format!("{PROJECTS}/{mine}")).await.is(200);
    let path = format!("{PROJECTS}/{made}");
    bob.get(&path).await.problem(404, "not_found");
    let read = owner.get(&path).await.is(200).json();
    assert_eq!(read["created_by"], account.as_str());
}

async fn a_role_in_use_by_a_machine_is_replaced_there(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let old = owner.role("old", &["project:read"]).await;
    owner.role("new", &["project:create"]).await;
    let account = owner.service_account("deploys", &["old", "new"]).await;
    let path = format!("{ROLES}/{old}");

    owner.delete(&path).await.problem(400, "role_in_use");
    owner
        .delete(&format!("{path}?reassign_to=new"))
        .await
        .is(204);

    let path = format!("{SERVICE_ACCOUNTS}/{account}");
    let roles = owner.get(&path).await.is(200).json()["roles"].clone();
    assert_eq!(roles.as_array().unwrap().len(), 1);
    assert_eq!(roles[0]["name"], "new");
}

async fn the_last_use_is_noted_once_a_minute(world: World) {
    let (owner, machine, key) = furnished(&world, &["member"], &["project:read"]).await;
    let path = format!("{API_KEYS}/{}", key.id);
    let last = async |at: &str| {
        eventually(async || {
            let read = owner.get(&path).await.json();
            (read["last_used_at"] == at).then_some(())
        })
        .await;
    };

    machine.get(PROJECTS).await.is(200);
    last("2027-01-15T08:00:00Z").await;
    world.advance(Duration::from_secs(59));
    machine.get(PROJECTS).await.is(200);
    world.advance(Duration::from_secs(1));
    let read = owner.get(&path).await.json();
    assert_eq!(read["last_used_at"], "2027-01-15T08:00:00Z");
    machine.get(PROJECTS).await.is(200);
    last("2027-01-15T08:01:00Z").await;
    // It is no change that anybody made.
    let events = world.audit_events().await;
    assert!(events.last().unwrap().action.starts_with("api_key:create"));
}

async fn lists_of_machines_come_in_pages(world: World) {
    let owner = world.owner("ada", "Acme").await;
    for name in ["one", "two", "three"] {
        let account = owner.service_account(name, &["member", "admin"]).await;
        owner.api_key(&account, &[]).await;
    }
    for path in [SERVICE_ACCOUNTS, API_KEYS] {
        let first = owner.get(&format!("{path}?limit=2")).await.is(200);
        assert_eq!(first.rows().len(), 2);
        let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
        let rest = owner.get(&format!("{path}?limit=2&cursor={cursor}")).await;
        assert_eq!(rest.is(200).rows().len(), 1);
    }
    let newest = owner.get(&format!("{SERVICE_ACCOUNTS}?order=desc")).await;
    assert_eq!(names(&newest), ["three", "two", "one"]);
    assert_eq!(newest.rows()[0]["roles"].as_array().unwrap().len(), 2);
}

async fn bodies_of_machines_are_checked(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let account = owner.service_account("deploys", &["member"]).await;
    let key = |expires_at: &str| {
        json!({
            "service_account_id": account, "name": "key", "permissions": [], "expires_at": expires_at,
        })
    };

    for (path, body, code) in [
        (SERVICE_ACCOUNTS, json!({ "name": " " }), "invalid_body"),
        (
            SERVICE_ACCOUNTS,
            json!({ "name": "x", "roles": ["no"] }),
            "unknown_role",
        ),
        (API_KEYS, key("2027-01-15T08:00:00Z"), "key_lifetime"),
        (API_KEYS, key("2029-01-15T08:00:00Z"), "key_lifetime"),
        (API_KEYS, key("soon"), "invalid_body"),
    ] {
        owner.post(path, body).await.problem(400, code);
    }
    let path = format!("{SERVICE_ACCOUNTS}/{account}");
    let answer = owner.patch(&path, json!({ "status": "gone" })).await;
    answer.problem(400, "invalid_body");
    let nowhere = json!({
        "service_account_id": "svc_01h455vb4pex5vsknk084sn02q", "name": "key", "permissions": [],
    });
    owner
        .post(API_KEYS, nowhere)
        .await
        .problem(404, "not_found");
}

/// A machine has none to show: its key is all that it has.
async fn a_second_factor_is_asked_of_people(world: World) {
    let (_, machine, _) = furnished(&world, &["member"], &["project:read"]).await;

    world
        .execute("UPDATE tenants SET second_factor_required = 1")
        .await;

    machine.get(PROJECTS).await.is(200);
}

impl Client {
    async fn project_named(&self, name: &str) -> String {
        let answer = self.post(PROJECTS, json!({ "name": name })).await;
        answer.is(201).id()
    }
}
