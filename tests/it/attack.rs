//! Every row of the route table, attacked by everybody who has no business in an organization, with its ids in every
//! place where an id can stand.
//!
//! An id of another organization is answered in the same bytes as one that never was, nothing of the other organization
//! is in an answer, and nothing of it is changed. A new row has to be in these tables, or this fails.

use crate::{
    acts::{API_KEYS, MEMBERS, PROJECTS, ROLES, SERVICE_ACCOUNTS},
    samples::{filled, prefix_of, sample, things_of},
    world::{Answer, Ask, Client, PASSWORD, Person, World, email, unknown},
};
use bailiwick_api::{
    access::Access,
    routes::{Route, routes},
};
use bailiwick_domain::{
    access::{Catalogue, Level},
    role::is_on_offer,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

both!(
    nobody_without_a_token_gets_anywhere,
    whoever_is_in_no_organization_gets_nowhere,
    a_member_without_permissions_gets_nowhere,
    whoever_owns_another_organization_gets_nothing_of_this_one,
    a_member_who_was_suspended_gets_nowhere,
    a_member_who_was_removed_a_moment_ago_gets_nowhere,
    an_operator_gets_nothing_of_what_is_inside,
    a_key_without_permissions_gets_nowhere,
    a_machine_of_another_organization_gets_nothing_of_this_one,
    a_key_that_was_revoked_gets_nowhere,
);

/// In the name of all that the attacked organization holds.
const CANARY: &str = "canary";

/// What is no id, whatever it is for.
const MALFORMED: [&str; 7] = [
    "x",
    "member_",
    "member_zzzzzzzzzzzzzzzzzzzzzzzzzz",
    "00000000-0000-0000-0000-000000000000",
    "ses_01h455vb4pex5vsknk084sn02q",
    "' OR '1'='1",
    "\u{0}\u{202e}../..",
];

/// An organization that is attacked, another one, and whoever attacks.
struct Siege {
    world: World,
    owner: Person,
    /// What there is to attack, and what the attackers have themselves, by the prefix of the id.
    theirs: BTreeMap<&'static str, String>,
    own: BTreeMap<&'static str, String>,
    /// How the database writes the ids of the organization and of its people.
    marks: Vec<String>,
}

/// A request with one place in it where an id stands.
#[derive(Clone)]
struct Shot {
    method: String,
    path: String,
    body: Option<Value>,
    tag: String,
    /// What kind of id.
    prefix: &'static str,
    place: String,
}

/// Stands for the id.
const ID: &str = "THE-ID";

impl Siege {
    async fn laid(world: World) -> (Self, Person) {
        let owner = world.owner("canary-ada", "Canary").await;
        let theirs = furnished(&owner, "canary").await;
        let stranger = world.owner("eve", "Eves").await;
        let own = furnished(&stranger, "eves").await;
        // A version that nothing else has.
        let aged = ["tenants", "members", "roles"].map(|table| {
            let tenant = if table == "tenants" { "id" } else { "tenant_id" };
            format!(
                "UPDATE {table} SET version = 50 WHERE {tenant} = (SELECT id FROM tenants WHERE slug = 'canary')"
            )
        });
        world.execute(&aged.join(";")).await;
        let id = world.written("id");
        let marks = format!(
            "SELECT {id} FROM tenants WHERE slug = 'canary' UNION SELECT {id} FROM users WHERE name LIKE 'canary%'"
        );
        let marks = world.column(&marks).await;
        assert_eq!(marks.len(), 3);
        let siege = Self {
            world,
            owner,
            theirs,
            own,
            marks,
        };
        (siege, stranger)
    }

    /// Every row that holds an id of the organization or of its people.
    async fn state(&self) -> BTreeSet<String> {
        let all = self.world.state().await.into_iter();
        all.flat_map(|(table, rows)| {
            rows.into_iter()
                .filter(|row| self.marks.iter().any(|mark| row.contains(mark)))
                .map(move |row| format!("{table}: {row}"))
        })
        .collect()
    }

    /// Attacks each row in each place; `expected` says what a row answers before it looks at any id.
    async fn attack(
        &self,
        attacker: &Client,
        expected: impl Fn(&Route) -> Option<(u16, &'static str)>,
    ) {
        let table = routes();
        let mut met = (0, 0);
        for route in table.iter().filter(|route| !is_left_out(route)) {
            let before = self.state().await;
            let expected = expected(route);
            for shot in self.shots(route).await {
                let of_foreign = shot.fired(attacker, &self.foreign(&shot).await).await;
                let of_random = shot.fired(attacker, &self.random(&shot).await).await;
                let told = format!("{route:?} {}", shot.place);
                for answer in [&of_foreign, &of_random] {
                    self.is_safe(&told, answer, expected);
                }
                assert_eq!(of_foreign.bytes(), of_random.bytes(), "{told}");
                for id in MALFORMED {
                    let answer = shot.fired(attacker, id).await;
                    self.is_safe(&format!("{told} {id:?}"), &answer, expected);
                }
                met.0 += 1;
            }
            if let Some(expected) = expected {
                let shot = Shot::without_an_id(route);
                let answer = shot.fired(attacker, "").await;
                self.is_safe(&format!("{route:?}"), &answer, Some(expected));
                met.1 += 1;
            }
            let after = self.state().await;
            assert_eq!(after, before, "{route:?} changed what it must not");
        }
        assert!(met.0 > 60, "{met:?}");
    }

    #[track_caller]
    fn is_safe(&self, told: &str, answer: &Answer, expected: Option<(u16, &str)>) {
        let said = format!("{:?} {}", answer.headers, answer.text).to_lowercase();
        assert!(!said.contains(CANARY), "{told} tells {said}");
        assert!(answer.status < 500, "{told} {said}");
        if let Some((status, code)) = expected {
            assert_eq!((answer.status, &*answer.code()), (status, code), "{told}");
        }
    }

    /// Each place of the row in which an id can stand.
    async fn shots(&self, route: &Route) -> Vec<Shot> {
        let whole = Shot::without_an_id(route);
        let mut shots = Vec::new();
        if route.path.contains("{id}") {
            let prefix = prefix_of(route);
            let place = |path: String, prefix, place: &str| Shot {
                path,
                prefix,
                place: place.to_owned(),
                ..whole.clone()
            };
            let member = &self.own["member"];
            shots.push(place(filled(route.path, ID, member), prefix, "path"));
            // A tag that fits tells no more than one that does not.
            for tag in ["\"v50\"", "\"v51\"", "v50", "W/\"v50\"", ""] {
                shots.push(Shot {
                    tag: tag.to_owned(),
                    ..place(filled(route.path, ID, member), prefix, "path and tag")
                });
            }
            if route.path.contains("{member_id}") {
                let project = &self.own["proj"];
                let path = filled(route.path, project, ID);
                shots.push(place(path, "member", "second in the path"));
            }
        }
        let path = match route.path.contains("{id}") {
            true => filled(route.path, &self.own[prefix_of(route)], &self.own["member"]),
            false => route.path.to_owned(),
        };
        for (name, prefix) in queries(route) {
            shots.push(Shot {
                path: format!("{path}?{name}={ID}"),
                prefix,
                place: format!("query {name}"),
                ..whole.clone()
            });
        }
        for body in bodies(route) {
            for (pointer, prefix) in ids_in(&body) {
                let mut body = body.clone();
                *body.pointer_mut(&pointer).unwrap() = json!(ID);
                shots.push(Shot {
                    path: path.clone(),
                    body: Some(body),
                    prefix,
                    place: format!("body {pointer}"),
                    ..whole.clone()
                });
            }
        }
        shots
    }

    async fn foreign(&self, shot: &Shot) -> String {
        match shot.prefix {
            "cursor" => cursor(&self.owner, shot).await,
            prefix => self.theirs[prefix].clone(),
        }
    }

    /// One that never was, or a cursor of a third organization.
    async fn random(&self, shot: &Shot) -> String {
        match shot.prefix {
            "cursor" => {
                let third = self.world.sign_in("zoe").await;
                cursor(&third, shot).await
            }
            prefix => unknown(prefix),
        }
    }
}

impl Shot {
    fn without_an_id(route: &Route) -> Self {
        let path = match route.path.contains("{id}") {
            true => filled(route.path, &unknown(prefix_of(route)), &unknown("member")),
            false => route.path.to_owned(),
        };
        Self {
            method: route.method.to_string(),
            path,
            body: sample(route),
            tag: "*".to_owned(),
            prefix: "",
            place: String::new(),
        }
    }

    async fn fired(&self, client: &Client, id: &str) -> Answer {
        let escaped: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let path = self.path.replace(ID, &escaped.replace('+', "%20"));
        let mut request = client.request(&self.method, &path);
        if !self.tag.is_empty() {
            request = request.header("if-match", &self.tag);
        }
        if let Some(body) = &self.body {
            let mut body = body.clone();
            fill(&mut body, id);
            request = request.json(&body);
        }
        request.answer_by_name().await
    }
}

/// Two of everything, so that each list has a second page.
async fn furnished(owner: &Person, name: &str) -> BTreeMap<&'static str, String> {
    let things = things_of(owner).await;
    let friend = email(&format!("{name}-friend"));
    owner
        .post(MEMBERS, json!({ "email": friend, "role": "member" }))
        .await
        .is(201);
    owner
        .post(
            ROLES,
            json!({ "name": format!("{name} role"), "permissions": [] }),
        )
        .await
        .is(201);
    owner.project(&format!("{name} project")).await;
    let machine = format!("{name} machine");
    let machine = owner.service_account(&machine, &[]).await;
    owner.api_key(&machine, &[]).await;
    things
}

/// The cursor of the second page of the list that the shot is at.
async fn cursor(person: &Client, shot: &Shot) -> String {
    let (path, _) = shot.path.split_once('?').unwrap();
    let page = person.get(&format!("{path}?limit=1")).await;
    page.json()["next_cursor"]
        .as_str()
        .unwrap_or("none")
        .to_owned()
}

fn fill(body: &mut Value, id: &str) {
    match body {
        Value::String(text) if text == ID => id.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, id)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, id)),
        _ => {}
    }
}

/// Where in a body ids stand, by the names of the fields.
fn ids_in(body: &Value) -> Vec<(String, &'static str)> {
    fn walk(value: &Value, name: &str, pointer: String, found: &mut Vec<(String, &'static str)>) {
        let prefix = match name {
            "member_id" => "member",
            "project_id" => "proj",
            "service_account_id" => "svc",
            "invitation_id" => "inv",
            "org_id" | "organization_id" => "org",
            "role" | "roles" | "includes" | "default_role" => "role",
            _ => "",
        };
        match value {
            Value::String(_) if !prefix.is_empty() => found.push((pointer, prefix)),
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    walk(item, name, format!("{pointer}/{number}"), found);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    walk(field, name, format!("{pointer}/{name}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(body, "", String::new(), &mut found);
    found
}

/// The bodies of a row: the sample, and what it may hold instead.
fn bodies(route: &Route) -> Vec<Value> {
    let instead = match route.path {
        "/api/v1/invitations/accept" | "/api/v1/invitations/decline" => {
            vec![json!({ "invitation_id": "" })]
        }
        "/login" | "/api/v1/auth/login" => {
            vec![json!({ "email": email("eve"), "password": PASSWORD, "organization_id": "" })]
        }
        "/refresh_token" | "/api/v1/auth/refresh" => {
            vec![json!({ "refresh_token": "x", "organization_id": "" })]
        }
        "/api/v1/members" if route.method == "POST" => {
            vec![json!({ "email": email("eli"), "roles": ["member", "x"] })]
        }
        "/api/v1/access/explain" => vec![
            json!({ "permission": "project:read", "member_id": "" }),
            json!({ "permission": "project:read", "project_id": "" }),
        ],
        "/api/v1/projects/{id}/members" if route.method == "POST" => {
            vec![json!({ "member_id": "", "roles": ["member"] })]
        }
        _ => Vec::new(),
    };
    sample(route).into_iter().chain(instead).collect()
}

/// The parameters of a row in which an id or a cursor can stand.
fn queries(route: &Route) -> Vec<(&'static str, &'static str)> {
    const CURSOR: (&str, &str) = ("cursor", "cursor");
    match (route.method.as_str(), route.path) {
        ("GET", "/organization/list_users" | PROJECTS | "/api/v1/invitations")
        | ("GET", SERVICE_ACCOUNTS | API_KEYS)
        | ("GET", "/api/v1/admin/attention")
        | ("GET", "/api/v1/platform/tenants" | "/api/v1/platform/users")
        | ("GET", "/api/v1/projects/{id}/members") => vec![CURSOR],
        ("GET", MEMBERS) => vec![CURSOR, ("role", "role")],
        ("GET", "/api/v1/audit-events") => vec![
            CURSOR,
            ("actor", "user"),
            ("actor", "svc"),
            ("target", "proj"),
            ("target", "member"),
        ],
        ("GET", "/api/v1/audit-events/export") => vec![("actor", "user"), ("target", "role")],
        ("DELETE", "/api/v1/roles/{id}") => vec![("reassign_to", "role")],
        (
            "GET",
            "/health"
            | "/health/ready"
            | "/.well-known/jwks.json"
            | "/.well-known/oauth-authorization-server"
            | "/openapi.json"
            | "/docs"
            | "/docs/page.css"
            | "/docs/page.js"
            | "/docs/swagger-ui.css"
            | "/docs/swagger-ui-bundle.js"
            | "/users/me"
            | "/users/list_orgs"
            | "/api/v1/auth/password/policy"
            | "/api/v1/me"
            | "/api/v1/me/organizations"
            | "/api/v1/me/invitations"
            | "/api/v1/me/sessions"
            | "/api/v1/organizations"
            | "/api/v1/organization"
            | "/api/v1/organization/transfer"
            | "/api/v1/members/{id}"
            | "/api/v1/members/{id}/roles"
            | "/api/v1/invitations/{id}"
            | "/api/v1/permissions"
            | ROLES
            | "/api/v1/roles/{id}"
            | "/api/v1/projects/{id}"
            | "/api/v1/service-accounts/{id}"
            | "/api/v1/api-keys/{id}"
            | "/api/v1/admin/overview"
            | "/api/v1/admin/refusals"
            | "/api/v1/platform/tenants/{id}"
            | "/api/v1/platform/users/{id}",
        ) => Vec::new(),
        ("GET", path) => panic!("{path} is a new row: say in which parameters ids stand"),
        _ => Vec::new(),
    }
}

/// What ends the attacker's own session or membership: nothing would be left to attack with.
fn is_left_out(route: &Route) -> bool {
    matches!(
        (route.method.as_str(), route.path),
        (_, "/logout" | "/api/v1/auth/logout")
            | ("DELETE", "/api/v1/me/sessions")
            | (_, "/api/v1/me/sessions/revoke-others")
    )
}

fn is_of_platform(route: &Route) -> bool {
    let permission = route.access.permission();
    permission.is_some_and(|permission| permission.reach().level == Level::Platform)
}

fn is_of_a_tenant(route: &Route) -> bool {
    !matches!(route.access, Access::Public | Access::SignedIn)
}

async fn nobody_without_a_token_gets_anywhere(world: World) {
    let (siege, _) = besieged(world).await;

    let nobody = siege.world.nobody();
    let locked =
        |route: &Route| (route.access != Access::Public).then_some((401, "unauthenticated"));
    siege.attack(&nobody, locked).await;
}

async fn whoever_is_in_no_organization_gets_nowhere(world: World) {
    let (siege, _) = besieged(world).await;
    let stranger = siege.world.person("rita").await;

    let outside = |route: &Route| is_of_a_tenant(route).then_some((403, "forbidden"));
    siege.attack(&stranger, outside).await;
}

async fn a_member_without_permissions_gets_nowhere(world: World) {
    let (siege, eve) = besieged(world).await;
    let member = siege.world.member(&eve, "rita", "member").await;
    let id = eve.member_id("rita").await;
    eve.assign(&id, json!([])).await.is(200);

    let lacking = |route: &Route| route.access.permission().map(|_| (403, "forbidden"));
    siege.attack(&member, lacking).await;
}

/// They hold every permission that there is in an organization: only the tenant is in their way.
async fn whoever_owns_another_organization_gets_nothing_of_this_one(world: World) {
    let (siege, eve) = besieged(world).await;

    let platform = |route: &Route| is_of_platform(route).then_some((403, "forbidden"));
    siege.attack(&eve, platform).await;
}

/// Their token is from before, and their session goes on: what they were is not.
async fn a_member_who_was_suspended_gets_nowhere(world: World) {
    let (siege, _) = besieged(world).await;
    let member = insider(&siege).await;
    let suspend = "UPDATE members SET status = 'suspended'
                   WHERE user_id = (SELECT id FROM users WHERE name = 'rita')";
    siege.world.execute(suspend).await;

    let suspended = |route: &Route| is_of_a_tenant(route).then_some((403, "forbidden"));
    siege.attack(&member, suspended).await;
}

async fn a_member_who_was_removed_a_moment_ago_gets_nowhere(world: World) {
    let (siege, _) = besieged(world).await;
    let member = insider(&siege).await;
    let id = siege.owner.member_id("rita").await;
    siege.owner.remove(&id).await.is(204);

    let removed =
        |route: &Route| (route.access != Access::Public).then_some((401, "invalid_token"));
    siege.attack(&member, removed).await;
}

/// Its account holds what an admin holds; the key was given nothing.
async fn a_key_without_permissions_gets_nowhere(world: World) {
    let (siege, eve) = besieged(world).await;
    let machine = eve.service_account("deploys", &["admin"]).await;
    let key = eve.api_key(&machine, &[]).await;
    let machine = siege.world.nobody().bearing(key.text);

    let closed = |route: &Route| (route.access != Access::Public).then_some((403, "forbidden"));
    siege.attack(&machine, closed).await;
}

/// It holds every permission that a machine can hold.
async fn a_machine_of_another_organization_gets_nothing_of_this_one(world: World) {
    let (siege, eve) = besieged(world).await;
    let machine = eve.service_account("deploys", &["admin"]).await;
    let all = routes();
    let all = all.iter().filter_map(|route| route.access.permission());
    let all: BTreeSet<_> = all.filter(|permission| is_on_offer(*permission)).collect();
    let all: Vec<_> = all.iter().map(|permission| permission.name()).collect();
    let key = eve.api_key(&machine, &all).await;
    let machine = siege.world.nobody().bearing(key.text);
    machine.get(API_KEYS).await.is(200);

    let of_people = |route: &Route| {
        let open = route.access.permission().is_some_and(is_on_offer);
        (route.access != Access::Public && !open).then_some((403, "forbidden"))
    };
    siege.attack(&machine, of_people).await;
}

async fn a_key_that_was_revoked_gets_nowhere(world: World) {
    let (siege, _) = besieged(world).await;
    let machine = siege.owner.service_account("deploys", &["admin"]).await;
    let key = siege.owner.api_key(&machine, &["member:list"]).await;
    let machine = siege.world.nobody().bearing(key.text);
    machine.get(MEMBERS).await.is(200);
    let revoke = format!("{API_KEYS}/{}", key.id);
    siege.owner.delete(&revoke).await.is(204);

    let revoked =
        |route: &Route| (route.access != Access::Public).then_some((401, "invalid_token"));
    siege.attack(&machine, revoked).await;
}

/// They see that organizations and accounts are there; inside, and without a reason, they do nothing.
async fn an_operator_gets_nothing_of_what_is_inside(world: World) {
    let (siege, _) = besieged(world).await;
    let operator = siege.world.operator("olga").await;

    let before = siege.state().await;
    for route in routes().iter().filter(|route| is_of_platform(route)) {
        if route.method == "GET" {
            continue;
        }
        let path = filled(route.path, &siege.theirs[prefix_of(route)], "");
        for body in [
            json!({}),
            json!({ "reason": null }),
            json!({ "reason": " " }),
        ] {
            let answer = operator.post(&path, body).await;
            answer.is(400);
        }
    }
    assert_eq!(siege.state().await, before);

    let inside = |route: &Route| {
        (is_of_a_tenant(route) && !is_of_platform(route)).then_some((403, "forbidden"))
    };
    siege.attack_inside(&operator, inside).await;
}

impl Siege {
    /// Attacks the rows of organizations alone.
    async fn attack_inside(
        &self,
        operator: &Client,
        expected: impl Fn(&Route) -> Option<(u16, &'static str)>,
    ) {
        for route in routes().iter().filter(|route| expected(route).is_some()) {
            let before = self.state().await;
            for shot in self.shots(route).await {
                for id in [self.foreign(&shot).await, self.random(&shot).await] {
                    let answer = shot.fired(operator, &id).await;
                    let told = format!("{route:?} {}", shot.place);
                    self.is_safe(&told, &answer, expected(route));
                }
            }
            assert_eq!(self.state().await, before, "{route:?}");
        }
    }
}

async fn besieged(world: World) -> (Siege, Person) {
    world.register("canary-friend").await;
    world.register("eves-friend").await;
    let third = world.owner("zoe", "Zoes").await;
    world.register("zoes-friend").await;
    furnished(&third, "zoes").await;
    Siege::laid(world).await
}

/// Somebody of the attacked organization who could do much in it.
async fn insider(siege: &Siege) -> Person {
    let member = siege.world.member(&siege.owner, "rita", "admin").await;
    member.get(MEMBERS).await.is(200);
    member
}
