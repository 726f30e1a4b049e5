//! The audit trail: one record for each change, and none for what was not done.

use crate::{
    samples::{custom_role, filled},
    world::{Answer, Ask, PASSWORD, Person, World, claims, email, eventually, unknown},
};
use bailiwick_api::routes::routes;
use reqwest::RequestBuilder;
use serde_json::json;

both!(
    every_change_leaves_one_record,
    a_rotation_leaves_one_record,
    a_record_names_what_was_changed,
    a_refusal_leaves_no_record_of_a_change,
    a_second_logout_leaves_no_second_record,
    a_question_leaves_no_record,
    what_is_so_already_leaves_no_record,
);

const ORGANIZATION: &str = "/api/v1/organization";

/// What each change is called in the trail; `None` where a test of its own asks.
#[rustfmt::skip]
const ACTIONS: &[(&str, &str, Option<&str>)] = &[
    ("POST",   "/oauth/token",                               None),
    ("POST",   "/oauth/revoke",                              None),
    ("POST",   "/oauth/introspect",                          None),
    ("POST",   "/users/register",                            Some("account:register")),
    ("POST",   "/login",                                     Some("session:open")),
    ("POST",   "/refresh_token",                             None),
    ("POST",   "/logout",                                    Some("session:end")),
    ("POST",   "/organization/register",                     Some("organization:found")),
    ("POST",   "/organization/select",                       Some("organization:select")),
    ("POST",   "/organization/add_users",                    Some("member:invite")),
    ("POST",   "/projects/create_project",                   Some("project:create")),
    ("POST",   "/api/v1/auth/register",                      Some("account:register")),
    ("POST",   "/api/v1/auth/login",                         Some("session:open")),
    ("POST",   "/api/v1/auth/refresh",                       None),
    ("POST",   "/api/v1/auth/logout",                        Some("session:end")),
    ("POST",   "/api/v1/auth/password/forgot",               Some("email:send_token")),
    ("POST",   "/api/v1/auth/password/reset",                Some("password:reset")),
    ("POST",   "/api/v1/auth/email/verify",                  Some("email:verify")),
    ("POST",   "/api/v1/auth/email/resend",                  Some("email:send_token")),
    ("PUT",    "/api/v1/me/password",                        Some("password:change")),
    ("DELETE", "/api/v1/me/sessions",                        Some("session:end_all")),
    ("POST",   "/api/v1/me/sessions/revoke-others",          Some("session:end_others")),
    ("DELETE", "/api/v1/me/sessions/{id}",                   Some("session:end")),
    ("POST",   "/api/v1/organizations",                      Some("organization:found")),
    ("POST",   "/api/v1/organizations/{id}/select",          Some("organization:select")),
    ("PATCH",  "/api/v1/organization",                       Some("organization:update")),
    ("DELETE", "/api/v1/organization",                       Some("organization:delete")),
    ("POST",   "/api/v1/organization/suspend",               Some("organization:suspend")),
    ("POST",   "/api/v1/organization/resume",                Some("organization:resume")),
    ("POST",   "/api/v1/organization/restore",               Some("organization:restore")),
    ("POST",   "/api/v1/organization/transfer",              Some("organization:offer_ownership")),
    ("DELETE", "/api/v1/organization/transfer",              Some("organization:withdraw_ownership")),
    ("POST",   "/api/v1/organization/transfer/accept",       Some("organization:accept_ownership")),
    ("POST",   "/api/v1/organization/transfer/decline",      Some("organization:decline_ownership")),
    ("POST",   "/api/v1/organization/leave",                 Some("member:leave")),
    ("POST",   "/api/v1/members",                            Some("member:invite")),
    ("DELETE", "/api/v1/members/{id}",                       Some("member:remove")),
    ("PUT",    "/api/v1/members/{id}/roles",                 Some("member:assign")),
    ("POST",   "/api/v1/members/{id}/suspend",               Some("member:suspend")),
    ("POST",   "/api/v1/members/{id}/resume",                Some("member:resume")),
    ("POST",   "/api/v1/invitations",                        Some("member:invite")),
    ("DELETE", "/api/v1/invitations/{id}",                   Some("invitation:revoke")),
    ("POST",   "/api/v1/invitations/{id}/resend",            Some("invitation:resend")),
    ("POST",   "/api/v1/invitations/preview",                None),
    ("POST",   "/api/v1/invitations/accept",                 Some("invitation:accept")),
    ("POST",   "/api/v1/invitations/decline",                Some("invitation:decline")),
    ("POST",   "/api/v1/roles",                              Some("role:create")),
    ("PATCH",  "/api/v1/roles/{id}",                         Some("role:update")),
    ("PUT",    "/api/v1/roles/{id}",                         Some("role:update")),
    ("DELETE", "/api/v1/roles/{id}",                         Some("role:delete")),
    ("POST",   "/api/v1/service-accounts",                   Some("service_account:create")),
    ("PATCH",  "/api/v1/service-accounts/{id}",              Some("service_account:update")),
    ("DELETE", "/api/v1/service-accounts/{id}",              Some("service_account:delete")),
    ("POST",   "/api/v1/api-keys",                           Some("api_key:create")),
    ("POST",   "/api/v1/api-keys/{id}/rotate",               Some("api_key:rotate")),
    ("DELETE", "/api/v1/api-keys/{id}",                      Some("api_key:revoke")),
    ("DELETE", "/api/v1/api-keys/{id}/previous",             Some("api_key:revoke_previous")),
    ("POST",   "/api/v1/projects",                           Some("project:create")),
    ("PATCH",  "/api/v1/projects/{id}",                      Some("project:update")),
    ("DELETE", "/api/v1/projects/{id}",                      Some("project:delete")),
    ("POST",   "/api/v1/projects/{id}/members",              Some("project:share")),
    ("DELETE", "/api/v1/projects/{id}/members/{member_id}",  Some("project:share")),
    ("POST",   "/api/v1/access/explain",                     None),
    ("POST",   "/api/v1/platform/tenants/{id}/suspend",      Some("tenant:suspend")),
    ("POST",   "/api/v1/platform/tenants/{id}/resume",       Some("tenant:resume")),
    ("POST",   "/api/v1/platform/users/{id}/suspend",        Some("user:suspend")),
    ("POST",   "/api/v1/platform/users/{id}/resume",         Some("user:resume")),
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
    let role = custom_role(&owner).await;
    let bob = owner.member_id_of(&email("bob")).await;
    let roles = json!({ "roles": ["reader"] });
    owner
        .put_if(&format!("/api/v1/members/{bob}/roles"), "*", roles)
        .await
        .is(200);
    post(&owner, "/api/v1/organization/suspend").await.is(200);
    post(&owner, "/logout").await.is(200);

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
    assert_eq!(target("organization:suspend"), [owner.organization()]);
    assert_eq!(target("project:create"), [project]);
    assert_eq!(target("role:create"), [role]);
    assert_eq!(target("member:assign"), [bob.as_str()]);
    assert_eq!(target("session:end"), [said["sid"].as_str().unwrap()]);
    assert_eq!(target("account:register")[0], said["sub"].as_str().unwrap());
    let [invitation, member] = target("member:invite")[..] else {
        panic!("{events:?}")
    };
    assert!(invitation.starts_with("inv_"), "{events:?}");
    assert_eq!(member, bob);
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
    let ada = owner.member_id_of(&email("ada")).await;
    let ada = format!("/api/v1/members/{ada}");
    let roles = format!("{ada}/roles");
    let role = format!("/api/v1/roles/{}", custom_role(&owner).await);
    let nobody_there = format!("/api/v1/members/{}", unknown("member"));
    let more = json!({ "roles": ["owner"] });
    let less = json!({ "roles": ["member"] });
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
        (428, owner.patch(ORGANIZATION, json!({ "name": "a" })).await),
        (
            412,
            owner
                .patch_if(ORGANIZATION, "\"v9\"", json!({ "name": "a" }))
                .await,
        ),
        (428, owner.patch(&role, json!({ "name": "a" })).await),
        (
            412,
            owner
                .patch_if(&role, "\"v9\"", json!({ "name": "a" }))
                .await,
        ),
        (412, owner.put_if(&roles, "\"v9\"", less.clone()).await),
        (400, owner.put_if(&roles, "*", less).await),
        (403, member.put_if(&roles, "*", more).await),
        (403, member.delete(&role).await),
        (403, member.delete(&ada).await),
        (400, owner.delete(&ada).await),
        (400, post(&owner, &format!("{ada}/suspend")).await),
        (400, post(&owner, "/api/v1/organization/leave").await),
        (404, owner.delete(&nobody_there).await),
        (400, post(&owner, "/api/v1/organization/restore").await),
        (
            404,
            post(&member, "/api/v1/organization/transfer/accept").await,
        ),
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

async fn a_question_leaves_no_record(world: World) {
    let owner = world.owner("ada", "Acme").await;
    invited(&owner, "bob").await;
    let token = world.mailed_token("bob", "invitation").await;
    let before = world.state().await;

    let question = json!({ "permission": "project:create" });
    let explained = owner.post("/api/v1/access/explain", question).await;
    let shown = json!({ "token": token });
    let shown = world
        .nobody()
        .post("/api/v1/invitations/preview", shown)
        .await;

    explained.is(200);
    shown.is(200);
    assert_eq!(world.state().await, before);
}

async fn what_is_so_already_leaves_no_record(world: World) {
    let owner = world.owner("ada", "Acme").await;
    world.member(&owner, "bob", "member").await;
    let member = owner.member_id_of(&email("bob")).await;
    let member = format!("/api/v1/members/{member}");
    post(&owner, &format!("{member}/suspend")).await.is(204);
    let before = world.state().await;

    post(&owner, &format!("{member}/suspend")).await.is(204);
    post(&owner, "/api/v1/organization/resume").await.is(200);

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
        "/api/v1/invitations" => {
            let invited = json!({ "email": email(&name), "roles": ["member"] });
            owner.request(method, path).json(&invited)
        }
        "/api/v1/invitations/{id}" | "/api/v1/invitations/{id}/resend" => {
            let invitation = invited(owner, &name).await;
            owner.request(method, &filled(path, &invitation, ""))
        }
        "/api/v1/service-accounts" => owner.request(method, path).json(&named),
        "/api/v1/service-accounts/{id}" => {
            let account = owner.service_account(&name, &[]).await;
            let request = owner.request(method, &filled(path, &account, ""));
            if method == "PATCH" {
                request.json(&named)
            } else {
                request
            }
        }
        "/api/v1/api-keys" => {
            let account = owner.service_account(&name, &[]).await;
            let key = json!({ "service_account_id": account, "name": name, "permissions": [] });
            owner.request(method, path).json(&key)
        }
        "/api/v1/api-keys/{id}"
        | "/api/v1/api-keys/{id}/rotate"
        | "/api/v1/api-keys/{id}/previous" => {
            let account = owner.service_account(&name, &[]).await;
            let key = owner.api_key(&account, &[]).await;
            let until = json!({ "previous_valid_until": "2027-01-31T12:00:00Z" });
            let rotate = format!("/api/v1/api-keys/{}/rotate", key.id);
            owner.post(&rotate, until).await.is(200);
            owner.request(method, &filled(path, &key.id, ""))
        }
        "/api/v1/invitations/accept" => {
            let invitation = invited(owner, &name).await;
            let answer = json!({ "invitation_id": invitation });
            world
                .person(&name)
                .await
                .request(method, path)
                .json(&answer)
        }
        "/api/v1/invitations/decline" => {
            invited(owner, &name).await;
            let token = world.mailed_token(&name, "invitation").await;
            let answer = json!({ "token": token });
            world.nobody().request(method, path).json(&answer)
        }
        "/api/v1/organization" if method == "PATCH" => {
            let seen = owner.get(path).await.is(200);
            let tag = seen.header("etag").unwrap();
            owner
                .request(method, path)
                .header("if-match", tag)
                .json(&named)
        }
        "/api/v1/organization"
        | "/api/v1/organization/suspend"
        | "/api/v1/organization/resume"
        | "/api/v1/organization/restore" => {
            let founder = world.owner(&name, &name).await;
            match path {
                "/api/v1/organization/resume" => {
                    post(&founder, "/api/v1/organization/suspend").await.is(200)
                }
                "/api/v1/organization/restore" => founder.delete(ORGANIZATION).await.is(200),
                _ => founder.get(ORGANIZATION).await.is(200),
            };
            founder.request(method, path)
        }
        "/api/v1/organization/transfer" if method == "POST" => {
            world.member(owner, &name, "member").await;
            let heir = owner.member_id_of(&email(&name)).await;
            let heir = json!({ "member_id": heir });
            owner.request(method, path).json(&heir)
        }
        "/api/v1/organization/transfer"
        | "/api/v1/organization/transfer/accept"
        | "/api/v1/organization/transfer/decline" => {
            let founder = world.owner(&format!("{name}-1"), &name).await;
            let heir = world.member(&founder, &name, "member").await;
            let offer = json!({ "member_id": founder.member_id_of(&email(&name)).await });
            let transfer = "/api/v1/organization/transfer";
            founder.post(transfer, offer).await.is(201);
            let who = if path == transfer { founder } else { heir };
            who.request(method, path)
        }
        "/api/v1/organization/leave" => {
            let leaver = world.member(owner, &name, "member").await;
            leaver.request(method, path)
        }
        "/api/v1/members/{id}"
        | "/api/v1/members/{id}/roles"
        | "/api/v1/members/{id}/suspend"
        | "/api/v1/members/{id}/resume" => {
            world.member(owner, &name, "member").await;
            let member = owner.member_id_of(&email(&name)).await;
            if path.ends_with("resume") {
                let suspend = format!("/api/v1/members/{member}/suspend");
                post(owner, &suspend).await.is(204);
            }
            let request = owner.request(method, &filled(path, &member, ""));
            if method == "PUT" {
                let roles = json!({ "roles": ["admin"] });
                request.header("if-match", "*").json(&roles)
            } else {
                request
            }
        }
        "/api/v1/roles" => {
            let role = json!({ "name": name, "permissions": ["project:read"] });
            owner.request(method, path).json(&role)
        }
        "/api/v1/roles/{id}" => {
            let founder = world.owner(&name, &name).await;
            let role = custom_role(&founder).await;
            let request = founder.request(method, &filled(path, &role, ""));
            let request = request.header("if-match", "*");
            match method {
                "DELETE" => request,
                "PATCH" => request.json(&named),
                _ => request.json(&json!({ "name": name, "permissions": [] })),
            }
        }
        "/api/v1/projects/{id}" => {
            let project = owner.project(&format!("project-{number}")).await;
            let request = owner.request(method, &filled(path, &project, ""));
            if method == "DELETE" {
                request
            } else {
                request.json(&named)
            }
        }
        "/api/v1/projects/{id}/members" | "/api/v1/projects/{id}/members/{member_id}" => {
            let project = owner.project(&format!("project-{number}")).await;
            world.member(owner, &name, "member").await;
            let member = owner.member_id_of(&email(&name)).await;
            let share = json!({ "member_id": member });
            let request = owner.request(method, &filled(path, &project, &member));
            if method == "DELETE" {
                let shared = format!("/api/v1/projects/{project}/members");
                owner.post(&shared, share).await.is(201);
                request
            } else {
                request.json(&share)
            }
        }
        "/api/v1/platform/tenants/{id}/suspend"
        | "/api/v1/platform/tenants/{id}/resume"
        | "/api/v1/platform/users/{id}/suspend"
        | "/api/v1/platform/users/{id}/resume" => {
            let operator = world.operator(&format!("{name}-1")).await;
            let founder = world.owner(&name, &name).await;
            let id = if path.contains("tenants") {
                founder.organization().to_owned()
            } else {
                claims(&founder.access)["sub"].as_str().unwrap().to_owned()
            };
            let path = filled(path, &id, "");
            let reason = json!({ "reason": "they asked for it" });
            if let Some(thing) = path.strip_suffix("resume") {
                let suspend = format!("{thing}suspend");
                operator.post(&suspend, reason.clone()).await.is(204);
            }
            operator.request(method, &path).json(&reason)
        }
        _ => owner.request(method, path).json(&named),
    }
}

/// A request without a body.
async fn post(person: &Person, path: &str) -> Answer {
    person.request("POST", path).answer().await
}

/// Invites somebody who has no account, and says the id of the invitation.
async fn invited(owner: &Person, name: &str) -> String {
    let invitation = json!({ "email": email(name), "roles": ["member"] });
    let answer = owner.post("/api/v1/invitations", invitation).await;
    answer.is(201).id()
}
