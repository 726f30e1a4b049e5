//! Problems: whatever is sent, the answer is a problem that says what is wrong, and nothing has changed.
//!
//! The table of routes is met with everything that can be wrong with a request, so a new route is met too.

use crate::{
    samples::{filled, nowhere, optional, prefix_of, sample, sampled, things_of},
    world::{Answer, Ask, PASSWORD, Person, World, email, unknown},
};
use bailiwick_api::{
    access::Access,
    routes::{Route, routes},
};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

both!(
    a_body_that_is_no_body_is_a_problem_and_changes_nothing,
    a_field_that_is_no_field_is_a_problem_and_changes_nothing,
    a_body_without_an_object_is_a_problem_and_changes_nothing,
    a_parameter_that_is_none_is_a_problem_and_changes_nothing,
    an_id_that_is_no_id_is_a_problem_and_changes_nothing,
    a_verb_that_a_path_does_not_have_is_a_problem_that_names_those_it_has,
    a_path_that_is_none_is_a_problem,
    nobody_is_told_what_is_wrong_with_a_request,
    every_answer_is_sealed,
    every_answer_names_its_request,
    a_fault_is_pointed_at,
    a_body_has_its_bounds,
    a_type_may_have_parameters,
    a_problem_tells_nothing_of_the_machine,
);

/// What every answer carries, and a part of what it says.
#[rustfmt::skip]
const SEALS: &[(&str, &str)] = &[
    ("x-content-type-options",  "nosniff"),
    ("referrer-policy",         ""),
    ("content-security-policy", "frame-ancestors"),
    ("cache-control",           ""),
    ("x-request-id",            ""),
];

/// A body that is not what the route takes.
struct Bad {
    what: &'static str,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    /// What it may be answered with.
    statuses: &'static [u16],
}

async fn a_body_that_is_no_body_is_a_problem_and_changes_nothing(world: World) {
    let owner = world.operating_owner("ada", "Acme").await;

    meets(&world, &owner, |route, sample| {
        let good = sample.to_string();
        let json = Some("application/json");
        let form_or_none: &[u16] = if takes_forms(route) { &[400] } else { &[415] };
        let deep = |depth| nested(sample, depth);
        let mut bad = vec![
            bad("malformed", json, &good[..good.len() - 1], &[400]),
            bad("nonsense", json, "{not json", &[400]),
            bad("two documents", json, format!("{good} {good}"), &[400]),
            bad("something behind it", json, format!("{good}x"), &[400]),
            bad("a comma too much", json, good.replace('}', ",}"), &[400]),
            bad("a comment", json, format!("/**/{good}"), &[400]),
            bad("a byte order mark", json, format!("\u{feff}{good}"), &[400]),
            bad("bytes that are no text", json, b"{\"\xff\xfe\":1}", &[400]),
            bad("half a surrogate", json, r#"{"name":"\ud800"}"#, &[400]),
            bad("a bare NUL", json, good.replace("\":\"", "\":\"\0"), &[400]),
            bad("another type", Some("text/plain"), good.clone(), &[415]),
            bad(
                "nearly its type",
                Some("application/jsonp"),
                good.clone(),
                &[415],
            ),
            bad("a type of nothing", Some("/"), good.clone(), &[415]),
            bad(
                "the type of a form",
                Some("application/x-www-form-urlencoded"),
                good.clone(),
                form_or_none,
            ),
            bad(
                "parts",
                Some("multipart/form-data; boundary=x"),
                good.clone(),
                &[415],
            ),
            bad("no type", None, good.clone(), &[415]),
            bad("32 levels too deep", json, deep(33), &[400]),
            bad("200 levels", json, deep(200), &[400]),
            bad("100,000 levels", json, deep(100_000), &[400, 413]),
            bad(
                "100,000 levels of nothing else",
                json,
                "[".repeat(100_000),
                &[400, 413],
            ),
            bad("too large", json, enlarged(sample), &[413]),
        ];
        // A body that may be absent may be empty.
        if !may_be_absent(route) {
            bad.push(self::bad("empty", json, "", &[400]));
            bad.push(self::bad("blank", json, " \n", &[400]));
            bad.push(self::bad("nothing at all", None, "", &[415, 400]));
        }
        bad
    })
    .await;
}

async fn a_field_that_is_no_field_is_a_problem_and_changes_nothing(world: World) {
    let owner = world.operating_owner("ada", "Acme").await;

    meets(&world, &owner, |route, sample| {
        let json = Some("application/json");
        let mut found = Vec::new();
        for place in objects(sample) {
            let object = sample.pointer(&place).unwrap();
            let written = |change: &dyn Fn(String) -> String| {
                let text = object.to_string();
                sample.to_string().replacen(&text, &change(text.clone()), 1)
            };
            let with = |field: &str, value: Value| {
                let mut other = sample.clone();
                other.pointer_mut(&place).unwrap()[field] = value;
                other
            };
            let more = with("surprise", json!(1)).to_string();
            found.push(bad("an unknown field", json, more, &[400]));
            let unnamed = written(&|text| text.replacen('{', r#"{"":1,"#, 1));
            found.push(bad("an unnamed field", json, unnamed, &[400]));
            for (field, value) in object.as_object().unwrap() {
                let again = format!("{{\"{field}\":{value},");
                let twice = written(&|text| text.replacen('{', &again, 1));
                found.push(bad("a field twice", json, twice, &[400]));
                let upper = written(&|text| text.replace(field.as_str(), &field.to_uppercase()));
                found.push(bad("a field in capitals", json, upper, &[400]));
                for wrong in [
                    json!(17),
                    json!(true),
                    json!([value]),
                    json!({ "$ne": "" }),
                    json!(1.5e300),
                ] {
                    if value.is_boolean() && wrong.is_boolean() {
                        continue;
                    }
                    let other = with(field, wrong).to_string();
                    found.push(bad("a value of another type", json, other, &[400]));
                }
                if !optional(route).contains(&field.as_str()) {
                    let null = with(field, Value::Null);
                    found.push(bad("null", json, null.to_string(), &[400]));
                    let mut less = sample.clone();
                    let fields = less.pointer_mut(&place).unwrap().as_object_mut().unwrap();
                    fields.remove(field);
                    found.push(bad("a field too few", json, less.to_string(), &[400]));
                }
                // A password may hold what it wants.
                if let Some(nul) = with_nul(value).filter(|_| !field.contains("password")) {
                    let other = with(field, nul).to_string();
                    found.push(bad("a NUL", json, other, &[400, 401]));
                }
            }
        }
        found
    })
    .await;
}

async fn a_body_without_an_object_is_a_problem_and_changes_nothing(world: World) {
    let owner = world.operating_owner("ada", "Acme").await;

    meets(&world, &owner, |_, sample| {
        let json = Some("application/json");
        let mut found = vec![
            bad("an empty list", json, "[]", &[400]),
            bad("null", json, "null", &[400]),
            bad("a number", json, "17", &[400]),
            bad("a text", json, "\"x\"", &[400]),
        ];
        for place in objects(sample) {
            let instead = |other: Value| {
                let mut whole = sample.clone();
                *whole.pointer_mut(&place).unwrap() = other;
                whole.to_string()
            };
            let object = sample.pointer(&place).unwrap();
            let values: Vec<_> = object.as_object().unwrap().values().collect();
            let values = instead(json!(values));
            found.push(bad("its values in a list", json, values, &[400]));
            let listed = instead(json!([object]));
            found.push(bad("itself in a list", json, listed, &[400]));
            let text = instead(json!(object.to_string()));
            found.push(bad("itself in a text", json, text, &[400]));
        }
        found
    })
    .await;
}

async fn a_parameter_that_is_none_is_a_problem_and_changes_nothing(world: World) {
    let owner = world.operating_owner("ada", "Acme").await;
    let things = things_of(&owner).await;
    let before = world.state().await;

    for route in routes().iter() {
        let id = if route.path.contains("{id}") {
            &things[prefix_of(route)]
        } else {
            ""
        };
        let path = filled(route.path, id, &things["member"]);
        for query in [
            "dry_run=true",
            "surprise",
            "=1",
            "org_id=",
            "limit=1&limit=1",
        ] {
            let asked = sampled(&owner, route, &format!("{path}?{query}"));
            let answer = asked.answer().await;
            let told = (answer.status, answer.text.contains("invalid_query"));
            assert_eq!(told, (400, true), "{route:?}?{query}: {}", answer.text);
        }
    }

    assert_eq!(world.state().await, before);
}

async fn an_id_that_is_no_id_is_a_problem_and_changes_nothing(world: World) {
    let owner = world.operating_owner("ada", "Acme").await;
    owner.project("Apollo").await;
    let before = world.state().await;
    let good = "01h455vb4pex5vsknk084sn02q";

    let mut wrong = Vec::new();
    for route in routes().iter().filter(|route| route.path.contains("{id}")) {
        let prefix = prefix_of(route);
        let other = if prefix == "user" { "org" } else { "user" };
        let strange = [
            "x".to_owned(),
            "1".to_owned(),
            "null".to_owned(),
            good.to_owned(),
            "018d4e2a-8b9d-7c3e-a5f1-000000000000".to_owned(),
            format!("{prefix}_"),
            format!("{prefix}-{good}"),
            format!("{other}_{good}"),
            format!("{prefix}_{good}0"),
            format!("{prefix}_{}", &good[1..]),
            format!("{prefix}_8{}", &good[1..]),
            format!("{prefix}_{}", good.to_uppercase()),
            format!("{prefix}_{}", good.replace('h', "u")),
            format!("{}_{good}", prefix.to_uppercase()),
            format!("{prefix}_{good}%00"),
            format!("%20{prefix}_{good}"),
            format!("{prefix}_{good}%0A"),
            format!("{prefix}_{good}%2F..%2F.."),
            format!("{prefix}_{good}'%20OR%201=1"),
            "%00".to_owned(),
            "%FF%FE".to_owned(),
            "%F0%9F%9A%80".to_owned(),
            "%".to_owned(),
            "{id}".to_owned(),
            "a".repeat(10_000),
        ];
        for id in strange {
            let path = filled(route.path, &id, &unknown("member"));
            let answer = sampled(&owner, route, &path).answer().await;
            let what = format!("{route:?} with the id `{id:.40}`");
            wrong.extend(complaint(&what, &answer, &[400]));
            if route.path.contains("{member_id}") {
                let id = id.replace(&format!("{prefix}_"), "member_");
                let path = filled(route.path, &unknown(prefix), &id);
                let answer = sampled(&owner, route, &path).answer().await;
                let what = format!("{route:?} with the member `{id:.40}`");
                wrong.extend(complaint(&what, &answer, &[400]));
            }
        }
    }

    assert_eq!(wrong, [""; 0]);
    assert_eq!(world.state().await, before);
}

async fn a_verb_that_a_path_does_not_have_is_a_problem_that_names_those_it_has(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let mut verbs: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for route in routes().iter() {
        verbs
            .entry(route.path)
            .or_default()
            .insert(route.method.to_string());
    }
    let before = world.state().await;

    let mut wrong = Vec::new();
    for (path, has) in verbs {
        for verb in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "post",
        ] {
            if has.contains(verb) {
                continue;
            }
            for client in [world.nobody(), owner.bearing(&owner.access)] {
                let path = filled(path, &unknown("proj"), &unknown("member"));
                let answer = client.request(verb, &path).json(&json!({})).answer().await;
                let what = format!("{verb} {path}");
                wrong.extend(complaint(&what, &answer, &[405]));
                let allow = answer.header("allow").unwrap_or_default();
                let allowed: BTreeSet<_> = allow.split(", ").map(str::to_owned).collect();
                if !allowed.is_superset(&has) {
                    wrong.push(format!("{what}: `Allow: {allow}`"));
                }
            }
        }
    }

    assert_eq!(wrong, [""; 0]);
    assert_eq!(world.state().await, before);
}

async fn a_path_that_is_none_is_a_problem(world: World) {
    let owner = world.owner("ada", "Acme").await;
    #[rustfmt::skip]
    let paths = [
        "/", "/nowhere", "/users", "/users/", "/users/me/", "//users/me", "/USERS/ME", "/api", "/api/v1", "/api/v1/", "/api/v2/me",
        "/api/v1/projects/", "/api/v1/projects/a/b", "/api/v1/organizations/", "/health/", "/%00", "/%", "/%FF", "/{id}", "/.env", "/users/me%2f", "/*",
    ];

    let mut wrong = Vec::new();
    for path in paths {
        for client in [world.nobody(), owner.bearing(&owner.access)] {
            let read = client.get(path).await;
            let written = client.post(path, json!({})).await;
            wrong.extend(complaint(path, &read, &[404]));
            wrong.extend(complaint(path, &written, &[404]));
        }
    }

    assert_eq!(wrong, [""; 0]);
}

/// Who is not signed in learns that, and not what else is wrong.
async fn nobody_is_told_what_is_wrong_with_a_request(world: World) {
    let nobody = world.nobody();
    let forger = nobody.bearing("forged");
    let before = world.state().await;

    let mut wrong = Vec::new();
    for route in routes()
        .iter()
        .filter(|route| route.access != Access::Public)
    {
        for path in [nowhere(route), filled(route.path, "x", "x")] {
            for client in [&nobody, &forger] {
                let request = || client.request(route.method.as_str(), &path);
                let queried = client.request(route.method.as_str(), &format!("{path}?limit=0&x&x"));
                let requests = [
                    request(),
                    queried,
                    typed(request(), "application/json", "{not json"),
                    typed(request(), "application/json", "{}"),
                    typed(request(), "text/plain", "x"),
                    typed(request(), "application/json", "[".repeat(300_000)),
                ];
                for (number, request) in requests.into_iter().enumerate() {
                    let answer = request.answer().await;
                    let what = format!("request {number} to {route:?}");
                    wrong.extend(complaint(&what, &answer, &[401]));
                    if answer.header("www-authenticate").is_none() {
                        wrong.push(format!("{what}: no `WWW-Authenticate`"));
                    }
                }
            }
        }
    }

    assert_eq!(wrong, [""; 0]);
    assert_eq!(world.state().await, before);
}

async fn every_answer_is_sealed(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let member = world.member(&owner, "bob", "member").await;
    let project = owner.project("Apollo").await;

    let answers = [
        (200, world.nobody().get("/health").await),
        (200, world.nobody().get("/health/ready").await),
        (200, world.nobody().get("/.well-known/jwks.json").await),
        (200, owner.get("/api/v1/projects").await),
        (
            201,
            owner
                .post("/api/v1/projects", json!({ "name": "Gemini" }))
                .await,
        ),
        (
            202,
            owner
                .post(
                    "/organization/select",
                    json!({ "org_id": owner.organization() }),
                )
                .await,
        ),
        (
            204,
            owner.delete(&format!("/api/v1/projects/{project}")).await,
        ),
        (400, owner.post("/api/v1/projects", json!({})).await),
        (401, world.nobody().get("/users/me").await),
        (
            403,
            member
                .post("/api/v1/projects", json!({ "name": "Mine" }))
                .await,
        ),
        (404, owner.get("/nowhere").await),
        (405, owner.delete("/health").await),
        (
            413,
            owner
                .post("/api/v1/projects", json!({ "name": "x".repeat(300_000) }))
                .await,
        ),
        (
            415,
            typed(owner.request("POST", "/api/v1/projects"), "text/plain", "x")
                .answer()
                .await,
        ),
    ];

    for (status, answer) in answers {
        let answer = answer.is(status);
        assert_eq!(unsealed(&answer), [""; 0], "{status}: {}", answer.text);
    }
    let of_tenant = owner.get("/api/v1/projects").await;
    let caching = of_tenant.header("cache-control").unwrap();
    assert!(
        caching.contains("private") || caching.contains("no-store"),
        "{caching}"
    );
}

async fn every_answer_names_its_request(world: World) {
    let nobody = world.nobody();
    let named = async |name: &str| {
        let request = nobody
            .request("GET", "/users/me")
            .header("x-request-id", name);
        let answer = request.answer().await;
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert_eq!(answer.json()["request_id"], id);
        id
    };

    let plain = named("my-request_1.0").await;
    let first = nobody.get("/users/me").await;
    let second = nobody.get("/users/me").await;
    let strange = ["a b", "<script>", "\"", "", "{}", "ü", &"x".repeat(1_000)];

    assert_eq!(plain, "my-request_1.0");
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    for name in strange {
        assert_ne!(named(name).await, name);
    }
}

async fn a_fault_is_pointed_at(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let register = "POST /users/register";
    let add = "POST /organization/add_users";
    let settings = "PATCH /api/v1/organization";
    let role = "POST /api/v1/roles";
    let give = &format!("PUT /api/v1/members/{}/roles", unknown("member"));
    #[rustfmt::skip]
    let cases = [
        (register, r#"{}"#.to_owned(),                                                        "missing_field",   "#/name"),
        (register, r#"{"name":"a","email":"a@example.com"}"#.to_owned(),                      "missing_field",   "#/password"),
        (add,      r#"{"email":"a@example.com","role":"member","x":1}"#.to_owned(),           "unknown_field",   "#/x"),
        (add,      r#"{"email":"a@example.com","role":"member","role":"owner"}"#.to_owned(),  "duplicate_field", "#/role"),
        (add,      r#"{"email":17,"role":"member"}"#.to_owned(),                              "wrong_type",      "#/email"),
        (add,      r#"{"email":"nowhere","role":"member"}"#.to_owned(),                       "invalid_value",   "#/email"),
        (add,      r#"{"email":"a@example.com","role":""}"#.to_owned(),                       "invalid_value",   "#/role"),
        (add,      r#"{"email":"a@example.com","role":"member","roles":["admin"]}"#.to_owned(), "invalid_value", "#/role"),
        (add,      r#"{"email":"a@example.com","roles":["member",""]}"#.to_owned(),           "invalid_value",   "#/roles/1"),
        (add,      r#"{"email":"a@example.com","roles":["member",1]}"#.to_owned(),            "wrong_type",      "#/roles/1"),
        (register, json!({ "name": "a", "email": "a@b.c", "password": "short" }).to_string(), "invalid_value",   "#/password"),
        (settings, r#"{"slug":"No slug"}"#.to_owned(),                                        "invalid_value",   "#/slug"),
        (settings, r#"{"settings":{"default_role":1}}"#.to_owned(),                           "wrong_type",      "#/settings/default_role"),
        (settings, r#"{"settings":{"colour":"red"}}"#.to_owned(),                             "unknown_field",   "#/settings/colour"),
        (settings, r#"{"settings":{"allowed_domains":["a.com","no domain"]}}"#.to_owned(),    "invalid_value",   "#/settings/allowed_domains/1"),
        (role,     json!({ "name": "a", "permissions": ["x".repeat(101)] }).to_string(),      "invalid_value",   "#/permissions/0"),
        (role,     r#"{"name":"a","permissions":[],"includes":[1]}"#.to_owned(),              "wrong_type",      "#/includes/0"),
        (give,     r#"{"roles":["member",""]}"#.to_owned(),                                   "invalid_value",   "#/roles/1"),
        (give,     r#"{"roles":[1]}"#.to_owned(),                                             "wrong_type",      "#/roles/0"),
        (give,     r#"{"roles":[{"role":"member","expires_at":"tomorrow"}]}"#.to_owned(),     "invalid_value",   "#/roles/0/expires_at"),
    ];

    let mut found = Vec::new();
    for (route, body, ..) in &cases {
        let (method, path) = route.split_once(' ').unwrap();
        let request = owner.request(method, path).header("if-match", "*");
        let request = typed(request, "application/json", body.clone());
        let answer = request.answer().await;
        let problem = answer.problem(400, "invalid_body").json();
        let fault = problem["errors"][0].clone();
        assert!(fault["detail"].is_string(), "{problem}");
        found.push((fault["code"].clone(), fault["pointer"].clone()));
    }

    let expected = cases.map(|(.., code, pointer)| (json!(code), json!(pointer)));
    assert_eq!(found, expected);
}

/// 16 KiB where anybody may call, 256 KiB elsewhere.
async fn a_body_has_its_bounds(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let login = json!({ "email": email("ada"), "password": PASSWORD }).to_string();
    let project = json!({ "name": "Apollo" }).to_string();
    let padded = |body: &str, length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let login = async |length: usize| {
        let request = world.nobody().request("POST", "/login");
        typed(request, "application/json", padded(&login, length))
            .answer()
            .await
    };
    let create = async |length: usize| {
        let request = owner.request("POST", "/api/v1/projects");
        typed(request, "application/json", padded(&project, length))
            .answer()
            .await
    };

    let too_much_for_anybody = login(16 * 1024 + 1).await;
    let too_much = create(256 * 1024 + 1).await;
    let just_for_anybody = login(16 * 1024).await;
    let just = create(256 * 1024).await;

    too_much_for_anybody.problem(413, "body_too_large");
    too_much.problem(413, "body_too_large");
    just_for_anybody.is(200);
    just.is(201);
}

async fn a_type_may_have_parameters(world: World) {
    let owner = world.owner("ada", "Acme").await;
    let types = [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json;charset=UTF-8",
    ];

    for (number, content_type) in types.into_iter().enumerate() {
        let body = json!({ "name": format!("Apollo {number}") }).to_string();
        let request = owner.request("POST", "/api/v1/projects");

        typed(request, content_type, body).answer().await.is(201);
    }
}

async fn a_problem_tells_nothing_of_the_machine(world: World) {
    let owner = world.owner("ada", "Acme").await;

    let answers = [
        owner.post("/api/v1/projects", json!({ "name": 1 })).await,
        owner.post("/api/v1/projects", json!(["x", "y"])).await,
        owner.get("/api/v1/projects/x").await,
        owner.get("/api/v1/projects?limit=x").await,
        owner.add("ada", "king").await,
        owner
            .put_if(
                &format!("/api/v1/members/{}/roles", unknown("member")),
                "*",
                json!({ "roles": [{ "role": 1 }] }),
            )
            .await,
        owner.get("/api/v1/members?search=%00").await,
        owner.add("ada", "member").await,
        world.nobody().bearing("x").get("/users/me").await,
        world.nobody().get("/nowhere").await,
    ];

    for answer in answers {
        for word in [
            "Body",
            "struct",
            "::",
            "serde",
            "sql",
            "SQL",
            "constraint",
            ".rs",
            "panic",
            "actix",
        ] {
            assert!(!answer.text.contains(word), "`{word}` in {}", answer.text);
        }
    }
}

/// Where in the sample there are objects, as JSON pointers (RFC 6901).
fn objects(sample: &Value) -> Vec<String> {
    let within = |key: String, value: &Value| -> Vec<String> {
        let below = objects(value).into_iter();
        below.map(|place| format!("/{key}{place}")).collect()
    };
    match sample {
        Value::Object(fields) => {
            let below = fields.iter();
            let below = below.flat_map(|(field, value)| within(field.clone(), value));
            [String::new()].into_iter().chain(below).collect()
        }
        Value::Array(values) => {
            let below = values.iter().enumerate();
            let below = below.flat_map(|(place, value)| within(place.to_string(), value));
            below.collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// The same value with a NUL behind its text, or behind the first of its texts.
fn with_nul(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => Some(json!(format!("{text}\0"))),
        Value::Array(values) => {
            let (first, rest) = values.split_first()?;
            Some(json!([vec![with_nul(first)?], rest.to_vec()].concat()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// The credential may be elsewhere, or nothing has to be said.
fn may_be_absent(route: &Route) -> bool {
    [
        "/refresh_token",
        "/logout",
        "/api/v1/auth/refresh",
        "/api/v1/auth/logout",
        "/api/v1/api-keys/{id}/rotate",
    ]
    .contains(&route.path)
}

/// OAuth's password grant is a form.
fn takes_forms(route: &Route) -> bool {
    ["/login", "/api/v1/auth/login"].contains(&route.path)
}

fn bad(
    what: &'static str,
    content_type: Option<&'static str>,
    body: impl AsRef<[u8]>,
    statuses: &'static [u16],
) -> Bad {
    Bad {
        what,
        content_type,
        body: body.as_ref().to_vec(),
        statuses,
    }
}

fn typed(
    request: RequestBuilder,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> RequestBuilder {
    request.header("content-type", content_type).body(body)
}

/// The sample with this depth in place of its first value.
fn nested(sample: &Value, depth: usize) -> String {
    let mut fields = sample.as_object().unwrap().iter();
    let (first, _) = fields.next().unwrap();
    let deep = format!("{}1{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let rest: String = fields
        .map(|(field, value)| format!(",\"{field}\":{value}"))
        .collect();
    format!("{{\"{first}\":{deep}{rest}}}")
}

/// The sample with 300,000 bytes in each field.
fn enlarged(sample: &Value) -> String {
    let mut large = sample.clone();
    for value in large.as_object_mut().unwrap().values_mut() {
        *value = json!("x".repeat(300_000));
    }
    large.to_string()
}

/// Sends every bad body to every route that takes a body, as an owner, about things that are there.
async fn meets(world: &World, owner: &Person, bad: impl Fn(&Route, &Value) -> Vec<Bad>) {
    let things = things_of(owner).await;
    let mut before = world.state().await;
    let mut wrong = Vec::new();
    for route in routes().iter() {
        let Some(sample) = sample(route) else {
            continue;
        };
        let sample = sample.to_string();
        let sample = sample.replace(&unknown("member"), &things["member"]);
        let sample = sample.replace(&unknown("proj"), &things["proj"]);
        let sample = serde_json::from_str(&sample).unwrap();
        let path = if route.path.contains("{id}") {
            filled(route.path, &things[prefix_of(route)], &things["member"])
        } else {
            route.path.to_owned()
        };
        for Bad {
            what,
            content_type,
            body,
            statuses,
        } in bad(route, &sample)
        {
            let request = owner.request(route.method.as_str(), &path).body(body);
            let request = request.header("if-match", "*");
            let request = match content_type {
                Some(content_type) => request.header("content-type", content_type),
                None => request,
            };
            let answer = request.answer().await;
            let what = format!("{what} for {route:?}");
            wrong.extend(complaint(&what, &answer, statuses));
        }
        let after = world.state().await;
        if after != before {
            wrong.push(format!("{route:?} has changed the database"));
            before = after;
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// What is wrong with an answer that should be a problem (RFC 9457) of one of these statuses.
fn complaint(what: &str, answer: &Answer, statuses: &[u16]) -> Option<String> {
    if !statuses.contains(&answer.status) {
        return Some(format!("{what}: {} instead of {statuses:?}", answer.status));
    }
    let problem: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let mut wrong = unsealed(answer);
    if answer.header("content-type") != Some("application/problem+json") {
        wrong.push(format!("content type {:?}", answer.header("content-type")));
    }
    for member in ["type", "title", "detail", "code", "request_id"] {
        if !problem[member].is_string() {
            wrong.push(format!("no `{member}`"));
        }
    }
    if problem["status"] != answer.status {
        wrong.push(format!("`status` is {}", problem["status"]));
    }
    if problem["request_id"].as_str() != answer.header("x-request-id") {
        wrong.push("another `request_id` than in the header".to_owned());
    }
    (!wrong.is_empty()).then(|| format!("{what}: {}; {:.300}", wrong.join(", "), answer.text))
}

/// The headers that every answer should have, and this one has not.
fn unsealed(answer: &Answer) -> Vec<String> {
    let missing = SEALS.iter().filter(|(name, part)| {
        !answer
            .header(name)
            .is_some_and(|value| value.contains(part))
    });
    missing.map(|(name, _)| format!("no `{name}`")).collect()
}
