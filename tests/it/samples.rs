//! A request that each route takes: ids and a body, as far as both can be made up.

use crate::world::{Client, PASSWORD, Person, claims, email, unknown};
use bailiwick_api::routes::Route;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the `{id}` of a path names, as the prefix of its ids.
#[rustfmt::skip]
const IDS: &[(&str, &str)] = &[
    ("/api/v1/me/sessions/",      "ses"),
    ("/api/v1/organizations/",    "org"),
    ("/api/v1/members/",          "member"),
    ("/api/v1/invitations/",      "inv"),
    ("/api/v1/roles/",            "role"),
    ("/api/v1/projects/",         "proj"),
    ("/api/v1/service-accounts/", "svc"),
    ("/api/v1/api-keys/",         "key"),
    ("/api/v1/platform/tenants/", "org"),
    ("/api/v1/platform/users/",   "user"),
];

/// The prefix of the ids that stand in this path.
pub(crate) fn prefix_of(route: &Route) -> &'static str {
    let row = IDS.iter().find(|(path, _)| route.path.starts_with(path));
    row.unwrap_or_else(|| panic!("{route:?} has ids that are not in the table"))
        .1
}

/// The path with this id in it, and with this member where it names one.
pub(crate) fn filled(path: &str, id: &str, member: &str) -> String {
    path.replace("{id}", id).replace("{member_id}", member)
}

/// The path with ids in it that belong to nothing.
pub(crate) fn nowhere(route: &Route) -> String {
    if !route.path.contains("{id}") {
        return route.path.to_owned();
    }
    filled(route.path, &unknown(prefix_of(route)), &unknown("member"))
}

/// One thing of each kind that an owner has, by the prefix of its id.
pub(crate) async fn things_of(owner: &Person) -> BTreeMap<&'static str, String> {
    let said = claims(&owner.access);
    let friend = email(&format!("friend-of-{}", owner.name));
    let invitation = json!({ "email": friend, "roles": ["member"] });
    let invitation = owner.post("/api/v1/invitations", invitation).await;
    let machine = owner.service_account(&owner.name, &["member"]).await;
    let key = owner.api_key(&machine, &["project:read"]).await;
    BTreeMap::from([
        ("org", owner.organization().to_owned()),
        ("user", said["sub"].as_str().unwrap().to_owned()),
        ("ses", said["sid"].as_str().unwrap().to_owned()),
        ("member", owner.member_id_of(&email(&owner.name)).await),
        ("role", custom_role(owner).await),
        ("proj", owner.project("Apollo").await),
        ("inv", invitation.is(201).id()),
        ("svc", machine),
        ("key", key.id),
    ])
}

/// A role of the organization's own.
pub(crate) async fn custom_role(owner: &Person) -> String {
    let role = json!({ "name": "reader", "permissions": ["project:read"] });
    owner.post("/api/v1/roles", role).await.is(201).id()
}

/// A request with the sample of the route, whatever version there is of what it changes.
pub(crate) fn sampled(client: &Client, route: &Route, path: &str) -> RequestBuilder {
    let request = client.request(route.method.as_str(), path);
    let request = request.header("if-match", "*");
    match sample(route) {
        Some(body) => request.json(&body),
        None => request,
    }
}

/// A body that the route takes; none where it takes none.
pub(crate) fn sample(route: &Route) -> Option<Value> {
    if route.method == "GET" || route.method == "DELETE" {
        return None;
    }
    match route.path {
        "/users/register" | "/api/v1/auth/register" => {
            Some(json!({ "name": "Eve", "email": "eve@example.com", "password": PASSWORD }))
        }
        "/login" | "/api/v1/auth/login" => {
            Some(json!({ "email": email("ada"), "password": PASSWORD }))
        }
        "/refresh_token" | "/api/v1/auth/refresh" | "/logout" | "/api/v1/auth/logout" => {
            Some(json!({ "refresh_token": "x" }))
        }
        "/api/v1/auth/password/forgot" | "/api/v1/auth/email/resend" => {
            Some(json!({ "email": "eve@example.com" }))
        }
        "/api/v1/auth/password/reset" => Some(json!({ "token": "x", "password": PASSWORD })),
        "/api/v1/auth/email/verify"
        | "/api/v1/invitations/preview"
        | "/api/v1/invitations/accept"
        | "/api/v1/invitations/decline" => Some(json!({ "token": "x" })),
        "/api/v1/me/password" => {
            Some(json!({ "current_password": "another", "new_password": PASSWORD }))
        }
        "/organization/register"
        | "/projects/create_project"
        | "/api/v1/organizations"
        | "/api/v1/projects"
        | "/api/v1/projects/{id}" => Some(json!({ "name": "Zeta" })),
        "/api/v1/organization" => Some(json!({
            "name": "Zeta",
            "slug": "zeta",
            "settings": {
                "default_role": "member",
                "allowed_domains": ["example.com"],
                "second_factor_required": false,
            },
        })),
        "/organization/select" => Some(json!({ "org_id": unknown("org") })),
        "/api/v1/organization/transfer" => Some(json!({ "member_id": unknown("member") })),
        "/organization/add_users" | "/api/v1/members" => {
            Some(json!({ "email": "eve@example.com", "role": "member" }))
        }
        "/api/v1/invitations" => Some(json!({ "email": "eve@example.com", "roles": ["member"] })),
        "/api/v1/members/{id}/roles" => Some(json!({ "roles": ["member", until()] })),
        "/api/v1/projects/{id}/members" => {
            Some(json!({ "member_id": unknown("member"), "roles": ["member", until()] }))
        }
        "/api/v1/roles" | "/api/v1/roles/{id}" => Some(json!({
            "name": "Zeta",
            "permissions": ["project:read"],
            "includes": ["member"],
        })),
        "/api/v1/service-accounts" => Some(json!({ "name": "Zeta", "roles": ["member"] })),
        "/api/v1/service-accounts/{id}" => {
            Some(json!({ "name": "Zeta", "roles": ["member"], "status": "active" }))
        }
        "/api/v1/api-keys" => Some(json!({
            "service_account_id": unknown("svc"),
            "name": "Zeta",
            "permissions": ["project:read"],
            "expires_at": "2027-06-30T12:00:00Z",
        })),
        "/api/v1/api-keys/{id}/rotate" => {
            Some(json!({ "previous_valid_until": "2027-01-31T12:00:00Z" }))
        }
        "/api/v1/access/explain" => Some(json!({
            "permission": "project:read",
            "member_id": unknown("member"),
            "project_id": unknown("proj"),
        })),
        "/api/v1/platform/tenants/{id}/suspend"
        | "/api/v1/platform/tenants/{id}/resume"
        | "/api/v1/platform/users/{id}/suspend"
        | "/api/v1/platform/users/{id}/resume" => Some(json!({ "reason": "Zeta" })),
        // Forms, and told in words of their own.
        "/oauth/token"
        | "/oauth/revoke"
        | "/oauth/introspect"
        | "/api/v1/organizations/{id}/select"
        | "/api/v1/me/sessions/revoke-others"
        | "/api/v1/organization/suspend"
        | "/api/v1/organization/resume"
        | "/api/v1/organization/restore"
        | "/api/v1/organization/transfer/accept"
        | "/api/v1/organization/transfer/decline"
        | "/api/v1/organization/leave"
        | "/api/v1/members/{id}/suspend"
        | "/api/v1/members/{id}/resume"
        | "/api/v1/invitations/{id}/resend" => None,
        _ => panic!("{route:?} takes a body that is not among the samples"),
    }
}

/// A role that ends.
fn until() -> Value {
    json!({ "role": "admin", "expires_at": "2030-01-31T12:00:00Z" })
}

/// The fields of the sample that may be left out.
pub(crate) fn optional(route: &Route) -> &'static [&'static str] {
    match (route.method.as_str(), route.path) {
        // The credential may be elsewhere.
        (_, "/refresh_token" | "/api/v1/auth/refresh" | "/logout" | "/api/v1/auth/logout") => {
            &["refresh_token"]
        }
        // What is not named stays as it is.
        ("PATCH", "/api/v1/organization") => &[
            "name",
            "slug",
            "settings",
            "default_role",
            "allowed_domains",
            "second_factor_required",
        ],
        ("PATCH", "/api/v1/roles/{id}") => &["name", "permissions", "includes"],
        // Without one there is a default.
        ("POST", "/organization/add_users" | "/api/v1/members") => &["role"],
        ("POST", "/api/v1/invitations") => &["roles"],
        ("POST", "/api/v1/projects/{id}/members") => &["roles", "expires_at"],
        ("PUT", "/api/v1/members/{id}/roles") => &["expires_at"],
        ("POST" | "PUT", "/api/v1/roles" | "/api/v1/roles/{id}") => &["includes"],
        ("POST", "/api/v1/access/explain") => &["member_id", "project_id"],
        ("POST", "/api/v1/service-accounts") => &["roles"],
        ("PATCH", "/api/v1/service-accounts/{id}") => &["name", "roles", "status"],
        ("POST", "/api/v1/api-keys") => &["expires_at"],
        ("POST", "/api/v1/api-keys/{id}/rotate") => &["previous_valid_until"],
        _ => &[],
    }
}
