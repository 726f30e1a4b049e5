//! The audit trail: one record for each change, and none for what was not done.

use crate::world::{Ask, PASSWORD, Person, World, claims, email, eventually, unknown};
use bailiwick_api::routes::routes;
use reqwest::RequestBuilder;
use serde_json::json;

both!(
    every_change_leaves_one_record,
    a_rotation_leaves_one_record,
    a_record_names_what_was_changed,
    a_refusal_leaves_no_record_of_a_change,
    a_second_logout_leaves_no_second_record,
);

/// What each change is called in the trail; `None` where a test of its own asks.
#[rustfmt::skip]
const ACTIONS: &[(&str, &str, Option<&str>)] = &[
    ("POST",   "/users/register",                   Some("account:register")),
    ("POST",   "/login",                            Some("session:open")),
    ("POST",   "/refresh_token",                    None),
    ("POST",   "/logout",                           Some("session:end")),
    ("POST",   "/organization/register",            Some("organization:found")),
    ("POST",   "/organization/select",              Some("organization:select")),
    ("POST",   "/organization/add_users",           Some("member:add")),
    ("POST",   "/projects/create_project",          Some("project:create")),
    ("POST",   "/api/v1/auth/register",             Some("account:register")),
    ("POST",   "/api/v1/auth/login",                Some("session:open")),
    ("POST",   "/api/v1/auth/refresh",              None),
    ("POST",   "/api/v1/auth/logout",               Some("session:end")),
    ("POST",   "/api/v1/auth/password/forgot",      Some("email:send_token")),
    ("POST",   "/api/v1/auth/password/reset",       Some("password:reset")),
    ("POST",   "/api/v1/auth/email/verify",         Some("email:verify")),
    ("POST",   "/api/v1/auth/email/resend",         Some("email:send_token")),
    ("PUT",    "/api/v1/me/password",               Some("password:change")),
    ("DELETE", "/api/v1/me/sessions",               Some("session:end_all")),
    ("POST",   "/api/v1/me/sessions/revoke-others", Some("session:end_others")),
    ("DELETE", "/api/v1/me/sessions/{id}",          Some("session:end")),
    ("POST",   "/api/v1/organizations",             Some("organization:found")),
    ("POST",   "/api/v1/organizations/{id}/select", Some("organization:select")),
    ("PATCH",  "/api/v1/organization",              Some("organization:rename")),
    ("POST",   "/api/v1/members",                   Some("member:add")),
    ("POST",   "/api/v1/projects",                  Some("project:create")),
    ("PATCH",  "/api/v1/projects/{id}",             Some("project:rename")),
    ("DELETE", "/api/v1/projects/{id}",             Some("project:delete")),
];

async fn every_change_leaves_one_record(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let routes = routes();
    let changing = routes.iter().filter(|route| !route.method.is_safe());

    let mut met = 0;
    for (number, route) in changing.enumerate() {
        let method = route.method.as_str();
        let row = ACTIONS
            .iter()
            .find(|row| (row.0, row.1) == (method, route.path));
        let (.., action) = row.unwrap_or_else(|| panic!("{route:?} is not in the table"));
        let Some(action) = action else { continue };
        let request = prepared(&world, &owner, method, route.path, number).await;
        let before = world.audit_events().await;

        let answer = request.answer().await;

        assert!(
            (200..300).contains(&answer.status),
            "{route:?}: {}",
            answer.text
        );
        let after = eventually(async || {
            let after = world.audit_events().await;
            (after.len() > before.len()).then_some(after)
        })
        .await;
        assert_eq!(after.len(), before.len() + 1, "{route:?}");
        assert_eq!(after[before.len()].action, *action, "{route:?}");
        met += 1;
    }
    assert_eq!(met, ACTIONS.iter().filter(|row| row.2.is_some()).count());
}

async fn a_rotation_leaves_one_record(world: World) {
    let ada = world.person("ada").await;
    let before = world.audit_events().await.len();

    ada.refresh(&ada.refresh).await.is(200);
    let after_rotation = world.audit_events().await.len();
    ada.refresh(&ada.refresh).await.is(200);
    let after_replay = world.audit_events().await.len();

    assert_eq!((after_rotation, after_replay), (before + 1, before + 1));
}

async fn a_record_names_what_was_changed(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let project = owner.project("Apollo").await;
    owner.add("nobody-yet", "member").await.is(201);
    world.register("bob").await;
    owner.add("bob", "member").await.is(201);
    owner.request("POST", "/logout").answer().await.is(200);

    let events = world.audit_events().await;

    let target = |action: &str| {
        let events = events.iter().filter(|event| event.action == action);
        events
            .map(|event| event.target.as_str())
            .collect::<Vec<_>>()
    };
    let said = claims(&owner.access);
    assert_eq!(target("organization:found"), [owner.organization()]);
    assert_eq!(target("organization:select"), [owner.organization()]);
    assert_eq!(target("project:create"), [project]);
    assert_eq!(target("session:end"), [said["sid"].as_str().unwrap()]);
    assert_eq!(target("account:register")[0], said["sub"].as_str().unwrap());
    let [invitation, member] = target("member:add")[..] else {
        panic!("{events:?}")
    };
    assert!(
        invitation.starts_with("inv_") && member.starts_with("member_"),
        "{events:?}"
    );
}

async fn a_refusal_leaves_no_record_of_a_change(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let member = world.member(&owner, "bob", "member").await;
    let project = owner.project("Apollo").await;
    let path = format!("/api/v1/projects/{project}");
    let nowhere = format!("/api/v1/projects/{}", unknown("proj"));
    let name = json!({ "name": "Apollo" });
    let account = json!({ "name": "ada", "email": email("ada"), "password": PASSWORD });
    let wrong = json!({ "email": email("ada"), "password": "not the password" });
    let elsewhere = json!({ "org_id": unknown("org") });
    let nobody = world.nobody();
    let before = world.state().await;

    let refused = [
        (400, nobody.post("/users/register", account).await),
        (
            400,
            nobody.post("/users/register", json!({ "name": "" })).await,
        ),
        (401, nobody.post("/login", wrong).await),
        (401, nobody.refresh("x").await),
        (401, nobody.request("POST", "/logout").answer().await),
        (
            401,
            nobody.post("/projects/create_project", name.clone()).await,
        ),
        (
            400,
            owner
                .post("/organization/register", json!({ "name": "ACME" }))
                .await,
        ),
        (403, owner.post("/organization/select", elsewhere).await),
        (400, owner.add("bob", "member").await),
        (403, member.add("cleo", "member").await),
        (
            400,
            owner.post("/projects/create_project", name.clone()).await,
        ),
        (
            403,
            member.post("/projects/create_project", name.clone()).await,
        ),
        (
            403,
            member.patch("/api/v1/organization", name.clone()).await,
        ),
        (403, member.patch(&path, name.clone()).await),
        (403, member.delete(&path).await),
        (404, owner.patch(&nowhere, name).await),
        (404, owner.delete(&nowhere).await),
        (400, owner.patch(&path, json!({ "name": "" })).await),
        (200, owner.get("/api/v1/projects").await),
    ];

    for (status, answer) in refused {
        answer.is(status);
    }
    assert_eq!(world.state().await, before);
}

async fn a_second_logout_leaves_no_second_record(world: World) {
    let ada = world.person("ada").await;
    ada.request("POST", "/logout").answer().await.is(200);
    let before = world.state().await;

    ada.request("POST", "/logout").answer().await.is(200);

    assert_eq!(world.state().await, before);
}

/// A request to this route that will succeed, and that nothing has to be recorded for any more but itself.
async fn prepared(
    world: &World,
    owner: &Person,
    method: &str,
    path: &str,
    number: usize,
) -> RequestBuilder {
    let name = format!("thing-{number}");
    let account = json!({ "name": name, "email": email(&name), "password": PASSWORD });
    let named = json!({ "name": name });
    let credentials = json!({ "email": email("ada"), "password": PASSWORD });
    match path {
        "/users/register" | "/api/v1/auth/register" => {
            world.nobody().request(method, path).json(&account)
        }
        "/login" | "/api/v1/auth/login" => world.nobody().request(method, path).json(&credentials),
        "/logout" | "/api/v1/auth/logout" => world.sign_in("ada").await.request(method, path),
        "/api/v1/auth/password/forgot" | "/api/v1/auth/email/resend" => {
            world.register(&name).await;
            let address = json!({ "email": email(&name) });
            world.nobody().request(method, path).json(&address)
        }
        "/api/v1/auth/password/reset" => {
            world.register(&name).await;
            let address = json!({ "email": email(&name) });
            let forgot = "/api/v1/auth/password/forgot";
            world.nobody().post(forgot, address).await.is(202);
            let token = world.mailed_token(&name, "reset-password").await;
            let reset = json!({ "token": token, "password": "another horse, another staple" });
            world.nobody().request(method, path).json(&reset)
        }
        "/api/v1/auth/email/verify" => {
            world.register(&name).await;
            let token = world.mailed_token(&name, "verify-email").await;
            let verify = json!({ "token": token });
            world.nobody().request(method, path).json(&verify)
        }
        "/api/v1/me/password" => {
            let change = json!({
                "current_password": PASSWORD,
                "new_password": "another horse, another staple",
            });
            world
                .person(&name)
                .await
                .request(method, path)
                .json(&change)
        }
        "/api/v1/me/sessions" | "/api/v1/me/sessions/revoke-others" => {
            world.person(&name).await;
            world.sign_in(&name).await.request(method, path)
        }
        "/api/v1/me/sessions/{id}" => {
            let session = claims(&world.person(&name).await.access)["sid"].clone();
            let path = path.replace("{id}", session.as_str().unwrap());
            world.sign_in(&name).await.request(method, &path)
        }
        "/organization/select" => {
            let organization = json!({ "org_id": owner.organization() });
            owner.request(method, path).json(&organization)
        }
        "/api/v1/organizations/{id}/select" => {
            owner.request(method, &path.replace("{id}", owner.organization()))
        }
        "/organization/add_users" | "/api/v1/members" => {
            let invited = json!({ "email": email(&name), "role": "member" });
            owner.request(method, path).json(&invited)
        }
        "/api/v1/organization" => {
            let seen = owner.get(path).await.is(200);
            let tag = seen.header("etag").unwrap_or("*");
            owner
                .request(method, path)
                .header("if-match", tag)
                .json(&named)
        }
        "/api/v1/projects/{id}" => {
            let project = owner.project(&format!("project-{number}")).await;
            let request = owner.request(method, &path.replace("{id}", &project));
            if method == "DELETE" {
                request
            } else {
                request.json(&named)
            }
        }
        _ => owner.request(method, path).json(&named),
    }
}
